#!/usr/bin/env python3
"""Replies and bounces, with real mail servers: what customers do with an invitation ends where it should.

Postfix and Dovecot are started for it; what Postfix cannot deliver comes back as it does everywhere. A
hundred customers, or as many as KONTOR_CUSTOMERS says (1,000 in `./dev nightly`). Both servers are started
by root: another user needs a sudo that asks for no password, else the test says so and is skipped (exit 77).
"""
import email.message
import http.client
import json
import os
import re
import sys
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mail_servers import Beyond, MailServers, become_root  # noqa: E402
from world import World, until  # noqa: E402

BIN = sys.argv.pop(1)
CUSTOMERS = int(os.environ.get("KONTOR_CUSTOMERS", "96"))
DOMAIN = "kontor.example"

SURVEY = """id = "mail"
title = { en = "How are we doing?", zh = "我们做得怎么样？" }
[limits]
batch = 5000
[[question]]
id = "score"
kind = "nps"
required = true
text = "Would you recommend us?"
[[question]]
id = "why"
kind = "text"
text = "Why?"
"""

# What customer i does is DEEDS[i % 12].
DEEDS = ("nobody", "full", "tagged", "thread", "leaves", "twice", "forges", "late", "absent", "form", "quotes",
         "silent")


class Mailbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.beyond = Beyond()
        cls.addClassCleanup(cls.beyond.close)
        cls.servers = MailServers(cls.beyond.port, DOMAIN)
        cls.addClassCleanup(cls.servers.close)

    def start(self, people, name, domain="customers.example"):
        self.user = f"{name}@{DOMAIN}"
        self.people, self.domain = people, domain
        self.world = world = World(BIN, "mailbox")
        self.addCleanup(world.close)
        self.password = os.path.join(world.dir, "password")
        self.write(self.password, self.servers.password, 0o600)
        world.kontor("init")
        os.mkdir(os.path.join(world.config, "surveys"))
        self.survey_file = os.path.join(world.config, "surveys", "mail.toml")
        self.write(self.survey_file, SURVEY)
        self.settings()
        self.write(os.path.join(world.config, "conf.d", "jobs.toml"),
                   '[job.mail]\nrun = "feedback receive"\n')
        world.start_daemon()
        world.sql("INSERT INTO contact(last_name,email) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 "
                  "FROM n WHERE i<?-1) SELECT 'Customer '||i, printf('c%04d@%s',i,?) FROM n", people, domain)
        self.port = int(until(lambda: re.search(r"form\.listening.*port=(\d+)", world.logged()), "the form")[1])

    @staticmethod
    def write(path, text, mode=0o644):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w") as file:
            file.write(text)

    def settings(self, ca_file=None, folder="INBOX"):
        trusted = ca_file or self.servers.certificate
        account = f'user = "{self.user}"\npassword = "file:{self.password}"\nca_file = "{trusted}"\n'
        self.write(os.path.join(self.world.config, "feedback.toml"),
                   f'link_key = "file:{self.world.dir}/link_key"\nlisten = "127.0.0.1:0"\n'
                   'public_url = "https://feedback.example.com"\nrequests_per_minute = 10000\n'
                   f'[mail]\nsmtp = "smtp://localhost:{self.servers.smtp}"\nfrom = "反馈 <{self.user}>"\n'
                   f'tagged = true\n{account}'
                   f'[mailbox]\nimap = "imaps://localhost:{self.servers.imap}"\nfolder = "{folder}"\n{account}')

    def deed(self, number):
        return DEEDS[number % len(DEEDS)]

    def number(self, address):
        return int(address[1:5])

    def ask(self):
        """Sends the invitations; by customer's number, what each of them got."""
        before = self.servers.sessions()
        mailed = self.world.json("feedback", "send", "mail", wait=900)["mailed"]
        self.assertEqual((mailed["sent"], mailed["failed"]), (self.people, 0))
        until(lambda: self.servers.sessions() > before, "Postfix to write its log")
        self.assertEqual(self.servers.sessions(), before + 1, "a run's messages take one connection")
        deliverable = [i for i in range(self.people) if self.deed(i) not in ("nobody", "full")]
        def arrived():
            with self.beyond.lock:
                found = {self.number(who): letter for who, letter in self.beyond.letters
                         if who.endswith("@" + self.domain)}
            return found if len(found) == len(deliverable) else None
        return until(arrived, "the invitations")

    def reply(self, number, letter, text, to=None, thread=True, **headers):
        """What a mail program makes of an answer."""
        out = email.message.EmailMessage()
        out["From"] = f"Customer <c{number:04}@{self.domain}>"
        out["To"] = to or str(letter["Reply-To"])
        out["Subject"] = "Re: " + str(letter["Subject"])
        out["Message-ID"] = f"<{number}.{time.monotonic_ns()}@{self.domain}>"
        if thread:
            out["In-Reply-To"] = out["References"] = str(letter["Message-ID"])
        for name, value in headers.items():
            out[name.replace("_", "-")] = value
        quoted = "\n".join("> " + line for line in letter.get_body(("plain",)).get_content().splitlines())
        out.set_content(f"{text}\n\nOn Wed, 20 May 2026 at 10:00, {self.user} wrote:\n{quoted}\n")
        return f"c{number:04}@{self.domain}", re.search(r"[^<>\s]+@[^<>\s]+", out["To"])[0], out.as_bytes()

    def deliver(self, messages, expected):
        self.servers.hand_in(messages)
        until(lambda: self.servers.count(self.user) >= expected, f"{expected} messages", 120)
        self.assertEqual(self.servers.count(self.user), expected)

    def receive(self, code=0):
        result = self.world.kontor("feedback", "receive", "--json", check=False, wait=600)
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout)

    @staticmethod
    def seen(received):
        return {kind: count for kind, count in received["counts"].items() if count}

    def visit(self, link, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", link.removeprefix("https://feedback.example.com"),
                           urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def test_whatever_customers_do_ends_where_it_should_and_is_counted(self):
        def answer(recipient):
            deed = self.deed(self.number(recipient))
            return {"nobody": "550 5.1.1 no such user", "full": "451 4.2.2 mailbox full"}.get(deed)
        self.beyond.answer = answer
        self.addCleanup(setattr, self.beyond, "answer", lambda recipient: None)
        self.start(CUSTOMERS, "feedback")
        who = {deed: [i for i in range(CUSTOMERS) if self.deed(i) == deed] for deed in DEEDS}
        letters = self.ask()
        self.assertRegex(str(letters[2]["Reply-To"]), rf"^feedback\+[0-9a-f]{{48}}@{DOMAIN}$")
        self.assertRegex(str(letters[2]["Message-ID"]), rf"^<[0-9a-f]{{48}}\.0@{DOMAIN}>$")

        # Months go by for some before they answer.
        late = ",".join(str(i + 1) for i in who["late"])
        self.world.sql(f"UPDATE survey_invitation SET expires_at='2026-01-01T00:00:00.000Z' "
                       f"WHERE who IN (SELECT 'contact:'||id FROM contact WHERE id IN ({late}))")
        for i in who["form"]:
            link = re.search(r"https://\S+/s/\S+", letters[i].get_body(("plain",)).get_content())[0]
            self.assertEqual(self.visit(link, **{"q.score": 7, "asked": "score why"}), 200)
        mails = []
        def forged(i):
            tag = str(letters[i]["Message-ID"])
            changed = tag.replace(tag[1:9], "00000000" if tag[1:9] != "00000000" else "11111111")
            return self.reply(i, letters[i], "0", to=f"{changed[1:49].join(['feedback+', ''])}@{DOMAIN}", thread=False)
        for i, letter in letters.items():
            deed = self.deed(i)
            if deed == "tagged":
                mails.append(self.reply(i, letter, "9", thread=False))
            elif deed == "thread":
                mails.append(self.reply(i, letter, "3，太慢了\n\n发自我的 iPhone", to=self.user))
            elif deed == "leaves":
                mails.append(self.reply(i, letter, "退订。"))
            elif deed == "twice":
                mails.append(self.reply(i, letter, "10"))
            elif deed == "forges":
                mails.append(forged(i))
            elif deed == "late":
                mails.append(self.reply(i, letter, "1"))
            elif deed == "absent":
                mails.append(self.reply(i, letter, "I am away until 10 May", Auto_Submitted="auto-replied"))
            elif deed == "form":
                mails.append(self.reply(i, letter, "0"))
            elif deed == "quotes":
                mails.append(self.reply(i, letter, ""))
        mails.append(("spam@spam.example", self.user, b"From: spam@spam.example\r\nSubject: 10\r\n\r\n10 of 10!\r\n"))
        bounces = len(who["nobody"]) + len(who["full"])
        self.deliver(mails, len(mails) + bounces)
        self.deliver([self.reply(i, letters[i], "0") for i in who["twice"]],
                     len(mails) + bounces + len(who["twice"]))

        begun = time.monotonic()
        received = self.receive(3)  # some are for a person to read
        took = time.monotonic() - begun
        count = {deed: len(numbers) for deed, numbers in who.items()}
        self.assertEqual(self.seen(received), {
            "answer": count["tagged"] + count["thread"] + count["twice"], "unsubscribe": count["leaves"],
            "bounced": count["nobody"], "delayed": count["full"], "automatic": count["absent"],
            "answered": count["twice"] + count["form"], "expired": count["late"], "forged": count["forges"],
            "unclear": count["quotes"], "other": 1})
        self.assertEqual(sorted(note["who"] for note in received["noted"]),
                         sorted(f"contact:{i + 1}" for i in who["quotes"])[:100]
                         if count["quotes"] <= 100 else [note["who"] for note in received["noted"]])
        print(f"{CUSTOMERS} customers, {self.servers.count(self.user)} messages read in {took:.1f} s")

        # Each where it should be.
        for deed, state in {"nobody": "unreachable", "full": "sent", "tagged": "answered", "thread": "answered",
                            "leaves": "withdrawn", "twice": "answered", "forges": "sent", "late": "sent",
                            "absent": "sent", "form": "answered", "quotes": "sent", "silent": "sent"}.items():
            ids = ",".join(f"'contact:{i + 1}'" for i in who[deed])
            self.assertEqual(self.world.sql(f"SELECT state,count(*) FROM survey_invitation WHERE who IN ({ids}) "
                                            "GROUP BY 1"), [(state, count[deed])], deed)
        self.assertEqual(self.world.sql("SELECT channel,score,coalesce(comment,''),count(*) FROM survey_response "
                                        "GROUP BY 1,2,3 ORDER BY 1,2"),
                         [("link", 7, "", count["form"]), ("mail", 3, "太慢了", count["thread"]),
                          ("mail", 9, "", count["tagged"]), ("mail", 10, "", count["twice"])])
        self.assertEqual([i - 1 for i, in self.world.sql("SELECT id FROM contact WHERE email_opt_out ORDER BY id")],
                         who["leaves"])
        # Who cannot be reached is not asked by the next survey either.
        self.write(os.path.join(self.world.config, "surveys", "next.toml"),
                   SURVEY.replace('"mail"', '"next"'))
        preview = self.world.json("feedback", "preview", "next")
        self.assertEqual((preview["not_asked"]["bounced"], preview["not_asked"]["opted_out"]),
                         (count["nobody"], count["leaves"]))

        # Once; and the mailbox is as it was.
        self.assertEqual(self.seen(self.receive()), {})
        box = self.servers.mailbox(self.user)
        flags = box.uid("FETCH", "1:*", "FLAGS")[1]
        box.logout()
        self.assertEqual(len(flags), len(mails) + bounces + count["twice"])
        self.assertFalse([line for line in flags if b"\\Seen" in line or b"\\Deleted" in line])
        # A folder that was made anew is read anew, and nothing counts twice.
        self.servers.renumber(self.user)
        again = self.seen(self.receive(3))
        self.assertNotIn("answer", again)
        self.assertNotIn("bounced", again)
        self.assertEqual(again["known"], count["tagged"] + count["thread"] + count["twice"] + count["nobody"])
        logged = self.world.logged()
        for secret in (self.servers.password, "customers.example", "太慢了"):
            self.assertNotIn(secret, logged)

    def test_killed_in_the_middle_every_answer_is_there_once(self):
        self.start(40, "killed", "killed.example")
        self.deed = lambda number: "tagged"
        letters = self.ask()
        self.deliver([self.reply(i, letter, str(i % 11)) for i, letter in letters.items()], 40)
        reading = threading.Thread(target=lambda: self.world.kontor("feedback", "receive", check=False))
        reading.start()
        until(lambda: self.world.sql("SELECT count(*) FROM survey_response")[0][0] > 5, "some answers")
        self.world.daemon.kill()
        self.world.daemon.wait()
        reading.join()
        self.world.start_daemon()
        # By the scheduler this time.
        self.world.kontor("jobs", "run", "mail")
        self.assertEqual(self.world.sql("SELECT count(*),count(DISTINCT invitation_id) FROM survey_response"),
                         [(40, 40)])
        self.assertEqual(self.world.sql("SELECT score,count(*) FROM survey_response GROUP BY 1"),
                         [(score, len(range(score, 40, 11))) for score in range(11)])
        run = self.world.json("jobs", "history", "mail")["runs"][0]
        self.assertEqual(run["result"], "ok", run)
        self.assertRegex(run["summary"], r"^\d+ messages read, \d+ answers, 0 bounces$")

    def test_what_stands_in_the_way_is_told_and_loses_nothing(self):
        self.start(6, "trouble", "trouble.example")
        self.deed = lambda number: "tagged"
        # Before anything was sent there is nothing to read.
        self.assertEqual(self.seen(self.receive()), {})
        letters = self.ask()
        self.deliver([self.reply(i, letter, "8") for i, letter in letters.items()], 6)
        other = os.path.join(self.world.dir, "other.pem")
        with open("/etc/ssl/certs/ca-certificates.crt") as system:
            self.write(other, system.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
        receive = lambda: self.world.kontor("feedback", "receive", check=False, env={**self.world.env, "LANG": "en_US.UTF-8"})
        self.settings(other)
        self.assertIn("certificate", receive().stderr)
        self.settings(folder="Nowhere")
        refused = receive()
        self.assertEqual(refused.returncode, 6)
        self.assertIn("The mail server refuses the folder", refused.stderr)
        self.settings()
        self.write(self.password, "wrong", 0o600)
        self.assertNotEqual(receive().returncode, 0)
        self.write(self.password, self.servers.password, 0o600)
        # Without the survey's file an answer cannot be read: it waits.
        os.rename(self.survey_file, self.survey_file + ".away")
        waiting = self.receive(3)
        self.assertEqual((self.seen(waiting), [note["open"] for note in waiting["noted"]]), ({}, [True] * 6))
        self.assertEqual(self.seen(self.receive(3)), {})
        os.rename(self.survey_file + ".away", self.survey_file)
        # Nothing of it was lost, and the words are Chinese where they should be.
        shown = self.world.kontor("feedback", "receive", "--lang", "zh").stdout
        self.assertRegex(shown, r"已收录的答复 +6")
        self.assertEqual(self.world.sql("SELECT count(*) FROM survey_response"), [(6,)])
        self.assertIn("没有新邮件", self.world.kontor("feedback", "receive", "--lang", "zh").stderr)
        # The server goes away and comes back.
        self.servers.stop_dovecot()
        self.assertNotEqual(receive().returncode, 0)
        self.servers.start_dovecot()
        self.assertEqual(self.seen(self.receive()), {})


if __name__ == "__main__":
    become_root(BIN)
    unittest.main()
