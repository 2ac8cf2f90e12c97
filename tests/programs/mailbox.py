"""Where alerts arrive: a mail server and a web server, both behind TLS on loopback."""
import base64
import http.server
import json
import os
import ssl
import subprocess
import threading
import socketserver


def certificate(folder):
    """A certificate of 127.0.0.1 that vouches for itself; its path and its key's."""
    paths = [os.path.join(folder, name) for name in ("tls.pem", "tls.key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0],
                    "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class Mailbox:
    """SMTP (RFC 5321) as far as one client needs it: AUTH PLAIN is asked for, over TLS from the first
    byte or after STARTTLS; without TLS nothing is taken."""

    def __init__(self, files, user, password, at_once):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        box = self
        self.letters = []

        class Session(socketserver.StreamRequestHandler):
            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def upgrade(self):
                self.request = context.wrap_socket(self.request, server_side=True)
                socketserver.StreamRequestHandler.setup(self)

            def finish(self):
                super().finish()
                self.request.close()

            def letter(self, sender, recipients):
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b"..") else line)
                box.letters.append((sender, recipients, b"".join(lines)))
                self.say("250 taken")

            def handle(self):
                secure, known, sender, recipients = at_once, False, "", []
                if at_once:
                    self.upgrade()
                self.say("220 here")
                while line := self.rfile.readline().decode().strip():
                    verb = line.upper()
                    if verb.startswith("EHLO"):
                        self.say("250-here")
                        self.say("250 AUTH PLAIN" if secure else "250 STARTTLS")
                    elif verb == "STARTTLS" and not secure:
                        self.say("220 go on")
                        self.upgrade()
                        secure = True
                    elif verb.startswith("AUTH PLAIN") and secure:
                        if verb == "AUTH PLAIN":
                            self.say("334 ")
                            line = "AUTH PLAIN " + self.rfile.readline().decode().strip()
                        told = base64.b64decode(line.split()[2]).decode().split("\0")
                        known = told[1:] == [user, password]
                        self.say("235 welcome" if known else "535 who are you")
                    elif verb == "QUIT":
                        return self.say("221 bye")
                    elif not known:
                        self.say("530 sign in first")
                    elif verb.startswith("MAIL FROM:"):
                        sender, recipients = line[10:].split()[0], []
                        self.say("250 ok")
                    elif verb.startswith("RCPT TO:"):
                        recipients.append(line[8:].split()[0])
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.letter(sender, recipients)
                    else:
                        self.say("500 what")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):  # a client that does not trust us goes away
                pass

        self.server = Server(("127.0.0.1", 0), Session)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Hook:
    """Keeps what is posted to it."""

    def __init__(self, files):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        self.posted = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posted.append((self.path, json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
