"""A real CardDAV server for tests: Radicale with a folder, a user and a port of its own.

    with RadicaleServer() as server:
        server.make_book("people")
        server.put("people", "a.vcf", card)
"""
import base64
import http.client
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RadicaleServer:
    """`info`: base_url, user, password. The user's books are at base_url/user/NAME/."""

    def __init__(self, user="alice"):
        self.dir = tempfile.mkdtemp(prefix="kontor-radicale-")
        self.port = free_port()
        self.process = None
        self.info = {"base_url": f"http://127.0.0.1:{self.port}", "user": user,
                     "password": "Geheim-密码-" + secrets.token_hex(8)}
        try:
            self.configure()
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, name):
        return os.path.join(self.dir, name)

    def configure(self):
        subprocess.run(["htpasswd", "-ciB", "-C", "4", self.path("users"), self.info["user"]],
                       input=self.info["password"].encode(), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(self.path("config"), "w") as config:
            config.write(f"[server]\nhosts = 127.0.0.1:{self.port}\n"
                         f"[auth]\ntype = htpasswd\nhtpasswd_filename = {self.path('users')}\n"
                         "htpasswd_encryption = bcrypt\ndelay = 0\n"
                         f"[storage]\nfilesystem_folder = {self.path('collections')}\n"
                         "[rights]\ntype = owner_only\n")

    def start(self):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                ["radicale", "--config", self.path("config")], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={**os.environ, "RADICALE_CONFIG": ""})
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError("Radicale does not start:\n" + self.logged()) from None
            time.sleep(0.05)

    def logged(self):
        with open(self.path("log"), errors="replace") as log:
            return log.read()

    def request(self, method, path, body=None, headers=None, accept=()):
        """The answer's status, headers and bytes. RuntimeError unless it is 2xx or in `accept`."""
        pair = f"{self.info['user']}:{self.info['password']}".encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body if body is None else body.encode(),
                               {"Authorization": "Basic " + base64.b64encode(pair).decode(),
                                **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status // 100 != 2 and answer.status not in accept:
            raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
        return answer.status, answer.headers, text

    def make_book(self, name):
        self.request("MKCOL", f"/{self.info['user']}/{name}/", body=(
            '<mkcol xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype>'
            f"<collection/><c:addressbook/></resourcetype><displayname>{name}</displayname></prop>"
            "</set></mkcol>"), headers={"Content-Type": "application/xml"})

    def card_path(self, book, name):
        return f"/{self.info['user']}/{book}/{name}"

    def put(self, book, name, card):
        self.request("PUT", self.card_path(book, name), card, {"Content-Type": "text/vcard"})

    def alter(self, book, name, change):
        """As a phone that is careful does it: nobody's change meanwhile is overwritten. `change` makes the
        new text of the old one."""
        path, status = self.card_path(book, name), 412
        while status == 412:
            _, headers, card = self.request("GET", path)
            status, _, _ = self.request("PUT", path, change(card.decode()), {
                "Content-Type": "text/vcard", "If-Match": headers["ETag"]}, accept=(412,))

    def delete(self, book, name):
        self.request("DELETE", self.card_path(book, name))

    def card(self, book, name):
        """The bytes of a card; None if there is none."""
        status, _, text = self.request("GET", self.card_path(book, name), accept=(404,))
        return None if status == 404 else text

    def names(self, book):
        folder = self.path(f"collections/collection-root/{self.info['user']}/{book}")
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))

    def forget_tokens(self, book):
        """As after a restored backup, or when tokens are kept for some days."""
        shutil.rmtree(self.path(f"collections/collection-root/{self.info['user']}/{book}/"
                                ".Radicale.cache/sync-token"))

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
