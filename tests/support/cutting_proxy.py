"""A TCP proxy before a PostgreSQL server that cuts a connection at COMMIT.

It answers the client's request for TLS with "no", so that it can read what is said; the client must
allow that on loopback, and the server sign-ins without TLS (PostgresServer(plain=True)).
"""
import socket
import struct
import threading

SSL_REQUEST = struct.pack("!II", 8, 80877103)


class CuttingProxy:
    """`cut`: what becomes of the next COMMIT that is sent alone. "lost": the server gets it and
    its answer is lost; "unsent": the server never gets it; a function: neither does it, and is called
    before anybody gets through again; None: nothing. `cuts` counts them."""

    def __init__(self, port):
        self.server_port = port
        self.cut = None
        self.cuts = 0
        self.passable = threading.Lock()
        self.away = False  # nobody gets through
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.away:
                client.close()
                continue
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def go_away(self):
        self.away = True

    def serve(self, client):
        with client:
            if client.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
                return
            client.sendall(b"N")
            with self.passable:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            with server:
                back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
                back.start()
                while True:
                    try:
                        said = client.recv(1 << 20)
                    except OSError:
                        break
                    if not said:
                        break
                    # Alone: the first transaction of a hub's push ends in one breath with its work.
                    if self.cut and said.startswith(b"P") and b"\0COMMIT\0" in said[:16]:
                        how, self.cut = self.cut, None
                        self.cuts += 1
                        with self.passable:
                            # From here on the client hears nothing any more.
                            client.shutdown(socket.SHUT_RDWR)
                            if how == "lost":
                                server.sendall(said)
                            elif callable(how):
                                how()
                        break
                    server.sendall(said)
                # The server ends what it was told, and then sees that nobody is there.
                try:
                    server.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                back.join()

    @staticmethod
    def pump(server, client):
        while True:
            try:
                said = server.recv(1 << 20)
                if not said:
                    return
                client.sendall(said)
            except OSError:
                # The client is gone; what the server still says is read and dropped.
                try:
                    while server.recv(1 << 20):
                        pass
                except OSError:
                    pass
                return
