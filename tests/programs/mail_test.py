#!/usr/bin/env python3
"""Invitations by e-mail: hundreds of customers, a mail server with STARTTLS and sign-in that refuses some.

Who answers, unsubscribes, cannot be reached or gets nothing twice is looked at from outside: at the mail
server, at the form, and at the (simulated) Zoho.
"""
import base64
import email
import email.policy
import http.client
import json
import os
import re
import socketserver
import ssl
import subprocess
import sys
import threading
import unittest
import urllib.parse

from world import World, until

BIN = sys.argv.pop(1)
PEOPLE = 200
FEW = 40

SURVEY = """id = "mail"
title = { en = "How are we doing?", zh = "我们做得怎么样？" }
privacy = "Kept for a year."
channels = ["link"]
[audience]
default_language = "zh"
[limits]
batch = 1000
[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "Would you recommend us?", zh = "您会推荐我们吗？" }
"""


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mail after STARTTLS and AUTH PLAIN. `answer(recipient)` may refuse."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, certificate, key, secret):
        super().__init__(("127.0.0.1", 0), Talk)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self.secret, self.messages, self.lock = secret, [], threading.Lock()
        self.answer = lambda recipient: None
        self.refused = self.connections = 0
        self.messages_in_connection = None  # how many are taken before it is closed; None: any number
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        pass  # clients that are killed


class Talk(socketserver.BaseRequestHandler):
    def say(self, text):
        self.file.write(text.encode() + b"\r\n")
        self.file.flush()

    def handle(self):
        self.file = self.request.makefile("rwb")
        try:
            self.talk()
        finally:
            self.file.close()
            self.request.close()

    def talk(self):
        with self.server.lock:
            self.server.connections += 1
        self.say("220 localhost")
        tls = known = False
        recipient, taken = None, 0
        while line := self.file.readline().decode().strip():
            word = line.split(" ", 1)[0].upper()
            if word == "EHLO":
                self.say("250-localhost")
                self.say("250 AUTH PLAIN" if tls else "250 STARTTLS")
            elif word == "STARTTLS":
                self.say("220 go on")
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
                self.file, tls = self.request.makefile("rwb"), True
            elif not tls:
                self.say("530 STARTTLS first")
            elif word == "AUTH":
                given = line.split(" ")[2] if line.count(" ") > 1 else None
                if given is None:
                    self.say("334 ")
                    given = self.file.readline().decode().strip()
                known = base64.b64decode(given).split(b"\0")[1:] == [b"kontor", self.server.secret.encode()]
                self.say("235 welcome" if known else "535 no")
            elif word == "QUIT":
                self.say("221 bye")
                return
            elif not known:
                self.say("530 sign in first")
            elif word == "MAIL" and taken == self.server.messages_in_connection:
                self.say("421 4.7.0 too many messages over one connection")
                return
            elif word == "RCPT":
                recipient = line[line.index("<") + 1:line.index(">")]
                refusal = self.server.answer(recipient)
                self.server.refused += 1 if refusal else 0
                self.say(refusal or "250 ok")
            elif word == "DATA":
                self.say("354 go on")
                body = b""
                while (line := self.file.readline()) not in (b".\r\n", b""):
                    body += line[1:] if line.startswith(b"..") else line
                with self.server.lock:
                    self.server.messages.append(
                        (recipient, email.message_from_bytes(body, policy=email.policy.default)))
                taken += 1
                self.say("250 taken")
            else:
                self.say("250 ok")


class Mail(unittest.TestCase):
    def start(self, people):
        self.world = world = World(BIN, "mail")
        self.addCleanup(world.close)
        world.start_peer("--seed", "3", "--records", str(people), "--accounts", "5", "--deals", "2",
                         "--leads", "2")
        self.certificate, key = (os.path.join(world.dir, name) for name in ("mail.pem", "mail.key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        self.server = MailServer(self.certificate, key, "open sesame")
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.password = os.path.join(world.dir, "password")
        self.write(self.password, "open sesame", 0o600)
        world.kontor("init")
        os.mkdir(os.path.join(world.config, "surveys"))
        self.write(os.path.join(world.config, "surveys", "mail.toml"), SURVEY)
        self.settings(self.certificate)
        world.start_daemon()
        world.connect()
        world.kontor("sync", "zoho")
        world.kontor("push", "on", "zoho")
        self.port = int(until(lambda: re.search(r"form\.listening.*port=(\d+)", world.logged()), "the form")[1])

    @staticmethod
    def write(path, text, mode=0o644):
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w") as file:
            file.write(text)

    def settings(self, ca_file):
        self.write(os.path.join(self.world.config, "feedback.toml"),
                   f'link_key = "file:{self.world.dir}/link_key"\nlisten = "127.0.0.1:0"\n'
                   'public_url = "https://feedback.example.com"\nforwarded = true\n'
                   'requests_per_minute = 10000\n[mail]\n'
                   f'smtp = "smtp://localhost:{self.server.server_address[1]}"\nuser = "kontor"\n'
                   f'password = "file:{self.password}"\nfrom = "客户反馈 <feedback@example.com>"\n'
                   f'ca_file = "{ca_file}"\n')

    def send(self, code=0):
        result = self.world.kontor("feedback", "send", "mail", "--json", check=False)
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout)["mailed"]

    def visit(self, method, link, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, link.removeprefix("https://feedback.example.com"),
                           urllib.parse.urlencode(fields) if method == "POST" else None,
                           {"Content-Type": "application/x-www-form-urlencoded"} if fields else {})
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        return answer.status, page

    def test_hundreds_are_asked_once_and_what_they_do_arrives(self):
        self.start(PEOPLE)
        late, lock = set(), threading.Lock()
        def answer(recipient):
            number = sum(recipient.encode())
            if number % 10 == 0:
                return "550 5.1.1 no such person"
            with lock:
                if number % 10 == 1 and recipient not in late:
                    late.add(recipient)
                    return "451 4.7.1 greylisted"
            return None
        self.server.answer = answer
        mailed = self.send(3)
        self.assertGreater(mailed["refused"], 5)
        self.assertEqual(mailed["failed"], len(late))
        self.assertGreater(len(late), 5)
        # The first, and another after each that was not taken.
        self.assertLessEqual(self.server.connections, 1 + mailed["refused"] + mailed["failed"])
        before = self.server.connections
        self.assertEqual(self.send()["sent"], len(late))
        self.assertEqual(self.server.connections, before + 1)
        self.assertEqual(self.send(), {"sent": 0, "refused": 0, "failed": 0, "problem": None})
        people = [who for who, _ in self.server.messages]
        self.assertEqual(len(people), len(set(people)))
        self.assertGreater(len(people), PEOPLE // 2)
        states = dict(self.world.sql("SELECT state, count(*) FROM survey_invitation GROUP BY 1"))
        self.assertEqual(states, {"sent": len(people), "unreachable": mailed["refused"]})

        # What a person reads, and what a mail program does.
        who, message = self.server.messages[0]
        self.assertEqual(message["To"], who)
        self.assertEqual(str(message["From"]), "客户反馈 <feedback@example.com>")
        self.assertEqual(message["Subject"], "我们做得怎么样？")
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertRegex(message["Message-ID"], r"^<[0-9a-f]{48}\.0@example\.com>$")
        plain = message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        self.assertIn("您会推荐我们吗？", plain)
        self.assertEqual(len(re.findall(r'href="[^"]+\?q\.score=\d+"', html)), 11)

        answered = left = 0
        for number, (who, message) in enumerate(self.server.messages[:60]):
            link = re.search(r"https://\S+/s/\S+", message.get_body(("plain",)).get_content())[0]
            leave = message["List-Unsubscribe"].strip("<>")
            if number % 3 == 0:
                rating = re.search(r'href="([^"]+\?q\.score=9)"', message.get_body(("html",)).get_content())[1]
                self.assertIn('value="9" checked', self.visit("GET", rating)[1])
                self.assertEqual(self.visit("POST", link, **{"q.score": 9, "asked": "score"})[0], 200)
                self.visit("POST", link, **{"q.score": 0, "asked": "score"})  # twice
                answered += 1
            elif number % 3 == 1:
                self.assertEqual(self.visit("POST", leave, **{"List-Unsubscribe": "One-Click"})[0], 200)
                left += 1
            else:
                self.assertEqual(self.visit("POST", link[:-4] + "AAAA", **{"q.score": 0, "asked": "score"})[0], 404)
        self.world.kontor("sync", "zoho")
        report = self.world.json("feedback", "report", "mail")
        self.assertEqual((report["answered"], report["score"]["nps"]["value"]), (answered, 100))
        opted_out = self.world.dump("Contacts", "Email_Opt_Out")
        self.assertGreaterEqual(sum(1 for c in opted_out if c["Email_Opt_Out"] is True), left)
        self.assertNotIn("open sesame", self.world.logged())
        self.assertNotIn(people[0], self.world.logged())

    def test_a_server_that_is_not_ours_or_refuses_us_gets_nothing_and_all_are_due_again(self):
        self.start(FEW)
        other = os.path.join(self.world.dir, "other.pem")
        with open(self.world.info["ca_file"]) as ca:
            self.write(other, ca.read())
        self.settings(other)
        untrusted = self.send(3)
        self.assertEqual((untrusted["sent"], untrusted["refused"]), (0, 0))
        self.assertGreater(untrusted["failed"], FEW // 2)
        self.settings(self.certificate)
        self.write(self.password, "wrong", 0o600)
        self.assertEqual(self.send(3)["failed"], untrusted["failed"])
        self.assertEqual(self.server.messages, [])
        self.write(self.password, "open sesame", 0o600)
        self.assertEqual(self.send()["sent"], untrusted["failed"])

    def test_a_run_takes_one_connection_and_a_new_one_where_the_server_ends_it(self):
        self.start(FEW)
        self.server.messages_in_connection = 10
        mailed = self.send()
        self.assertGreater(mailed["sent"], 20)
        self.assertEqual((mailed["refused"], mailed["failed"]), (0, 0))
        people = [who for who, _ in self.server.messages]
        self.assertEqual(len(people), len(set(people)))
        self.assertEqual(self.server.connections, -(-mailed["sent"] // 10))

    def test_killed_in_the_middle_nobody_is_asked_twice(self):
        self.start(FEW)
        sending = threading.Thread(target=lambda: self.world.kontor("feedback", "send", "mail", check=False))
        sending.start()
        until(lambda: len(self.server.messages) > 8, "some mail")
        self.world.daemon.kill()
        self.world.daemon.wait()
        sending.join()
        self.world.start_daemon()
        self.send()
        people = [who for who, _ in self.server.messages]
        self.assertEqual(len(people), len(set(people)))


if __name__ == "__main__":
    unittest.main()
