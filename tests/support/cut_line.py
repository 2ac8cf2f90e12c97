"""A line to a server that can be cut: a relay on a port of its own, for servers that order no faults.

    with CutLine(server_port) as line:      # programs connect to line.port
        line.lose_answer()                  # the next answer never arrives, its request does
        line.refuse()                       # the next request is answered with 503 (plain HTTP)
        line.down(); line.up()              # nobody answers, for as long as it is down

`requests` counts what went through, by the first word of each piece (plain HTTP: the method).
"""
import collections
import selectors
import socket
import threading


class CutLine:
    def __init__(self, port):
        self.server = ("127.0.0.1", port)
        self.requests = collections.Counter()
        self.lock = threading.Lock()
        self.losing = self.refusing = 0
        self.listener = None
        self.open = set()
        self.port = 0
        self.up()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def up(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def down(self):
        # Closing alone does not wake the one that waits in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for one in self.open:
                one.shutdown(socket.SHUT_RDWR)

    close = down

    def lose_answer(self, times=1):
        with self.lock:
            self.losing += times

    def refuse(self, times=1):
        with self.lock:
            self.refusing += times

    def forgive(self):
        """Faults that were ordered and have not happened do not."""
        with self.lock:
            self.losing = self.refusing = 0

    def take(self, what):
        with self.lock:
            if getattr(self, what) == 0:
                return False
            setattr(self, what, getattr(self, what) - 1)
            return True

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        with client, socket.socket() as server, selectors.DefaultSelector() as ready:
            try:
                server.connect(self.server)
                with self.lock:
                    self.open.add(client)
                ready.register(client, selectors.EVENT_READ, (server, self.asked))
                ready.register(server, selectors.EVENT_READ, (client, self.answered))
                while True:
                    for key, _ in ready.select():
                        other, passes = key.data
                        piece = key.fileobj.recv(65536)
                        if not piece or not passes(piece, client):
                            return
                        other.sendall(piece)
            except OSError:
                pass
            finally:
                with self.lock:
                    self.open.discard(client)

    def asked(self, piece, client):
        word = piece.split(b" ", 1)[0].decode("latin-1") if piece[:1].isalpha() else ""
        with self.lock:
            self.requests[word if word.isupper() else ""] += 1
        if word.isupper() and self.take("refusing"):
            client.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                           b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        return True

    def answered(self, _piece, _client):
        return not self.take("losing")
