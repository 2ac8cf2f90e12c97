#!/usr/bin/env python3
"""A proxy that wants a user and a password: with the right ones everything goes through it. With wrong ones, or
none, it is said which proxy refuses and what to do, once, and nothing is spent at the CRM. What is put right
counts from the next reload on.
"""
import base64
import json
import os
import socket
import sys
import threading
import unittest

from world import World, until

BIN = sys.argv.pop(1)
RIGHT = "me:p@ss:w0rd"


class Proxy:
    """Opens tunnels (CONNECT), on loopback, for whoever knows the password; `answers` to the others."""

    def __init__(self, password):
        self.password = password
        self.answers = 407
        self.asked = []  # each request's head
        self.opened = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:  # closed
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        with client:
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            text = head.decode()
            self.asked.append(text)
            known = "Proxy-Authorization: Basic " + base64.b64encode(self.password.encode()).decode()
            if known not in text.split("\r\n"):
                client.sendall(b"HTTP/1.1 %d No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n"
                               b"Connection: close\r\n\r\n" % self.answers)
                return
            host, port = text.split()[1].split(":")
            with socket.create_connection((host, int(port))) as server:
                self.opened += 1
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
                back.start()
                self.pump(client, server)
                back.join()

    @staticmethod
    def pump(one, other):
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class ProxyPassword(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "proxy")
        self.addCleanup(self.world.close)
        self.proxy = Proxy(RIGHT)
        self.addCleanup(self.proxy.close)
        self.world.start_peer("--records", "30", "--seed", "4")
        self.world.kontor("init")
        self.world.start_daemon()
        self.secret = os.path.join(self.world.dir, "proxy")
        self.write(RIGHT)
        self.world.connect("--proxy", self.proxy.url, "--secret", "proxy=file:" + self.secret)
        self.world.kontor("sync", "zoho")

    def write(self, text):
        with open(os.open(self.secret, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)

    def used(self):
        return json.loads(self.world.control("/stats"))["credits_used"]

    def status(self):
        return self.world.json("status", "zoho")

    def reload(self):
        self.assertEqual(self.world.json("reload")["changed"], ["zoho"])

    def refused(self, exit_code):
        """What a sync says that the proxy does not let through; how often it was tried."""
        used, spent, asked = self.used(), self.status()["credits"]["spent"], len(self.proxy.asked)
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, exit_code, failed.stderr)
        self.assertEqual(self.used(), used)
        self.assertEqual(self.status()["credits"]["spent"], spent)
        self.assertIn("The proxy " + self.proxy.url, failed.stderr)
        self.assertNotIn("broke off", failed.stderr)
        for text in (failed.stderr, self.world.logged()):
            for word in ("p@ss", "wrong"):
                self.assertNotIn(word, text)
        return failed.stderr, len(self.proxy.asked) - asked

    def test_a_password_that_is_wrong_is_told_costs_nothing_and_is_put_right_by_a_reload(self):
        self.assertGreater(self.proxy.opened, 0)
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(30,)])
        self.assertGreater(self.status()["credits"]["spent"], 0)

        self.write("me:wrong")
        self.reload()
        told, attempts = self.refused(1)
        self.assertIn("does not accept the user and password", told)
        self.assertIn("it answers 407", told)
        self.assertIn("proxy in [connection.zoho.secrets]", told)
        self.assertNotIn("no answer yet", told)
        self.assertEqual(attempts, 1)
        status = self.status()
        self.assertEqual(status["state"], "error")
        self.assertEqual(status["error"]["code"], "proxy")
        chinese = self.world.kontor("sync", "zoho", "--lang", "zh", check=False)
        self.assertIn("不接受所给的用户名和密码", chinese.stderr)
        checks = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)["checks"]
        found = next(c for c in checks if c["check"] == "proxy")
        self.assertFalse(found["ok"])
        self.assertIn(self.proxy.url, found["text"])
        self.assertIn("[connection.zoho.secrets]", found["fix"])

        self.write(RIGHT + "\n")
        self.reload()
        until(lambda: self.status()["error"] is None, "it is tried again by itself")
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.json("reload")["changed"], [])
        checks = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)["checks"]
        self.assertNotIn("proxy", [c["check"] for c in checks])

    def test_an_edit_waits_and_its_fate_is_known(self):
        self.world.kontor("push", "on", "zoho")
        self.write("me:wrong")
        self.reload()
        self.world.kontor("set", "contact", "1", "phone=+86 10 5555 0001")
        self.world.kontor("create", "contact", "last_name=Born")
        self.refused(1)
        status = self.status()
        self.assertEqual((status["to_push"], status["unknown"]), (2, 0))
        self.write(RIGHT)
        self.reload()
        until(lambda: self.status()["to_push"] == 0, "both are sent")
        self.assertEqual(self.status()["unknown"], 0)
        there = self.world.dump("Contacts", "Last_Name,Phone")
        self.assertEqual([c["Last_Name"] for c in there].count("Born"), 1)
        self.assertIn("+86 10 5555 0001", [c["Phone"] for c in there])

    def test_a_proxy_that_refuses_or_is_cut_off_itself(self):
        self.write("me:wrong")
        self.proxy.answers = 403
        self.reload()
        told, attempts = self.refused(1)
        self.assertIn("Ask whoever runs the proxy", told)
        self.assertEqual(attempts, 1)
        # What may pass by itself is tried again, and the connection is offline.
        self.proxy.answers = 503
        told, attempts = self.refused(75)
        self.assertIn("does not reach https://127.0.0.1", told)
        self.assertGreater(attempts, 1)
        self.assertEqual(self.status()["state"], "offline")

    def test_any_secret_that_changes_is_taken_by_a_reload(self):
        with open(os.path.join(self.world.dir, "client_secret"), "w") as file:
            file.write("another")
        self.reload()
        # Another token has to be asked for, and the old secret would do for it.
        self.world.control("/fault", {"kind": "expire_access_tokens"})
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, 4, failed.stderr)
        self.assertNotIn("another", failed.stderr + self.world.logged())


if __name__ == "__main__":
    unittest.main(verbosity=2)
