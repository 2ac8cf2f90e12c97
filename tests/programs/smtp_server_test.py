#!/usr/bin/env python3
"""Invitations by e-mail through npm's smtp-server: STARTTLS, both ways to sign in, refusals of each kind.

Part of `./dev nightly`: the server comes from the npm registry, at the versions of its lock file.
Usage: smtp_server_test.py BIN BUILD_FOLDER
"""
import base64
import email
import email.policy
import json
import os
import subprocess
import sys
import threading
import unittest

from world import World

BUILD = os.path.abspath(sys.argv.pop(2))
BIN = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "mail.localhost"  # loopback by RFC 6761, but none of the names that may do without TLS
PASSWORD = "offen, Sesam! 芝麻"
STAY, LATER, GONE = 6, 3, 2

SURVEY = """id = "mail"
title = { en = "How are we doing?", zh = "我们做得怎么样？" }
channels = ["link"]
[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "Would you recommend us?", zh = "您会推荐我们吗？" }
"""


def setUpModule():
    install = ("import { npmInstall } from " + json.dumps(os.path.join(
        HERE, "..", "peers", "base", "npm_install.mjs")) +
        f"; npmInstall({json.dumps(os.path.join(HERE, 'smtp_server'))}, {json.dumps(BUILD)}, ['serve.mjs'])")
    subprocess.run(["node", "--input-type=module", "-e", install], check=True)


class Server:
    """The process, and what it has told."""

    def __init__(self, **orders):
        self.process = subprocess.Popen(["node", os.path.join(BUILD, "serve.mjs"), json.dumps(orders)],
                                        stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.told = []
        self.reading = threading.Thread(target=self.read)
        self.reading.start()

    def read(self):
        for line in self.process.stdout:
            self.told.append(json.loads(line))

    def end(self):
        """All that it has told."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reading.join()
        self.process.stdout.close()
        return self.told

    def events(self, kind):
        return [one for one in self.told if one["event"] == kind]


class SmtpServer(unittest.TestCase):
    def setUp(self):
        self.world = world = World(BIN, "smtp")
        self.addCleanup(world.close)
        self.certificate, self.key = (os.path.join(world.dir, name) for name in ("mail.pem", "mail.key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", "/CN=" + HOST, "-addext", "subjectAltName=DNS:" + HOST,
                        "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        world.kontor("init")
        os.mkdir(os.path.join(world.config, "surveys"))
        with open(os.path.join(world.config, "surveys", "mail.toml"), "w") as file:
            file.write(SURVEY)
        # The form has a port of its own before the daemon is there, for it keeps the settings.
        self.form = world.free_port()
        self.settings(1, PASSWORD)
        world.start_daemon()
        for name, count in (("stay", STAY), ("later", LATER), ("gone", GONE)):
            for number in range(count):
                world.sql("INSERT INTO contact(last_name, email) VALUES(?, ?)", name,
                          f"{name}{number}@example.com")
        self.all = STAY + LATER + GONE

    def settings(self, port, password):
        with open(os.path.join(self.world.config, "feedback.toml"), "w") as file:
            file.write(f'link_key = "file:{self.world.dir}/link_key"\nlisten = "127.0.0.1:{self.form}"\n'
                       f'public_url = "https://feedback.example.com"\n[mail]\nsmtp = "smtp://{HOST}:{port}"\n'
                       f'user = "kontor"\npassword = "file:{self.world.secret_file("p", {"p": password})}"\n'
                       f'from = "feedback@example.com"\nca_file = "{self.certificate}"\n')

    def serve(self, password=PASSWORD, auth=("PLAIN",), **orders):
        """A new server, to which Kontor is told to send; `password` is what Kontor says."""
        server = Server(**{"certificate": self.certificate, "key": self.key, "password": PASSWORD,
                           "auth": auth, "startTls": True, "size": 1000000, **orders})
        self.addCleanup(server.end)
        self.settings(server.port, password)
        return server

    def send(self, code):
        result = self.world.kontor("feedback", "send", "mail", "--json", check=False)
        self.assertEqual(result.returncode, code, result.stderr)
        mailed = json.loads(result.stdout)["mailed"]
        return (mailed["sent"], mailed["refused"], mailed["failed"]), mailed["problem"]

    def states(self):
        return dict(self.world.sql("SELECT state, count(*) FROM survey_invitation GROUP BY 1"))

    def test_refusals_for_now_and_for_good(self):
        server = self.serve()
        counts, problem = self.send(3)
        self.assertEqual(counts, (STAY, GONE, LATER))
        self.assertEqual(problem, "the mail server answers 451")
        self.assertEqual(self.send(0)[0], (LATER, 0, 0))  # what was refused for now is tried again
        self.assertEqual(self.send(0)[0], (0, 0, 0))      # and nobody else
        self.assertEqual(self.states(), {"sent": STAY + LATER, "unreachable": GONE})
        server.end()
        refused = [one["code"] for one in server.events("refused")]
        self.assertEqual((refused.count(451), refused.count(550)), (LATER, GONE))
        messages = server.events("message")
        self.assertEqual(sorted(address for one in messages for address in one["to"]),
                         sorted([f"stay{n}@example.com" for n in range(STAY)] +
                                [f"later{n}@example.com" for n in range(LATER)]))
        for one in messages:
            self.assertTrue(one["secure"])
            self.assertEqual(one["user"], "kontor")
            letter = email.message_from_bytes(base64.b64decode(one["bytes"]), policy=email.policy.default)
            self.assertEqual([letter["To"]], one["to"])
            self.assertIn("https://feedback.example.com/s/", letter.get_body(("plain",)).get_content())

    def test_sign_in_right_and_wrong(self):
        for method in ("PLAIN", "LOGIN"):
            with self.subTest(method):
                wrong = self.serve("falsch", (method,))
                counts, problem = self.send(3)
                self.assertEqual(counts, (0, 0, self.all))
                self.assertEqual(problem, "the mail server answers 535")
                # Once, not for each person: servers lock out who guesses.
                self.assertEqual(wrong.end(), [{"event": "sign-in", "method": method, "known": False,
                                                "secure": True}])
        right = self.serve(auth=("LOGIN",))
        self.assertEqual(self.send(3)[0], (STAY, GONE, LATER))
        right.end()
        self.assertEqual({(one["method"], one["known"], one["secure"]) for one in right.events("sign-in")},
                         {("LOGIN", True, True)})
        self.assertEqual(len(right.events("message")), STAY)
        for secret in (PASSWORD, "falsch"):
            self.assertNotIn(secret, self.world.logged())

    def test_without_starttls_neither_the_password_nor_a_message_goes(self):
        stripped = self.serve(startTls=False)
        counts, problem = self.send(3)
        self.assertEqual(counts, (0, 0, self.all))
        self.assertIn("STARTTLS", problem)
        self.assertEqual(stripped.end(), [])
        self.serve()
        self.assertEqual(self.send(3)[0], (STAY, GONE, LATER))  # all were due again

    def test_what_is_too_large_is_due_again_and_said(self):
        self.world.sql("DELETE FROM contact WHERE last_name <> 'stay'")
        small = self.serve(size=500)
        self.assertEqual(self.send(3), ((0, 0, STAY), "the mail server answers 552"))
        small.end()
        self.assertEqual(len(small.events("too large")), STAY)
        self.assertEqual(small.events("message"), [])
        self.serve()
        self.assertEqual(self.send(0)[0], (STAY, 0, 0))
        self.assertEqual(self.states(), {"sent": STAY})


if __name__ == "__main__":
    unittest.main(verbosity=2)
