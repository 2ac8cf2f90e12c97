#!/usr/bin/env python3
"""Two laptops of a team that mean to ask the same people, with a hub in a real PostgreSQL between them and a
real mail server (Postfix): everybody gets one letter.

Postfix is started by root, as in mailbox_test.py (exit 77).
"""
import collections
import json
import os
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from hub_fleet import Laptop, init_hub
from mail_servers import Beyond, MailServers, become_root
from postgres_server import PostgresServer
from world import World, until

BIN = sys.argv.pop(1)
PATIENCE = 180  # seconds; the remote is asked again after 10, 20, 40 …
SENDER = "feedback@kontor.example"

SURVEY = """id = "{id}"
title = "How are we doing?"
[audience]
where = ["title={title}"]
{more}
[[question]]
id = "score"
kind = "nps"
text = "Would you recommend us?"
"""
ITSELF = """[timing]
schedule = "monthly 1 03:00"
"""


def at_once(do, *each):
    """do() of all of them at the same time."""
    threads = [threading.Thread(target=do, args=(one,)) for one in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Asking(Laptop):
    """A laptop that sends invitations. `link_key`: the team's."""

    def __init__(self, server, mail, link_key, name):
        super().__init__(BIN, server, name)
        os.mkdir(os.path.join(self.config, "surveys"))
        password = self.secret_file("mail_password", {"mail_password": mail.password})
        self.write("feedback.toml", f'link_key = "file:{link_key}"\npublic_url = "https://feedback.example.com"\n'
                   f'[mail]\nsmtp = "smtp://localhost:{mail.smtp}"\nuser = "{SENDER}"\n'
                   f'password = "file:{password}"\nca_file = "{mail.certificate}"\nfrom = "{SENDER}"\n')

    def write(self, name, text):
        with open(os.path.join(self.config, name), "w") as file:
            file.write(text)

    def survey(self, name, title, more=""):
        self.write(f"surveys/{name}.toml", SURVEY.format(id=name, title=title, more=more))

    def ask(self, survey):
        """A person's `kontor feedback send`."""
        said = self.kontor("feedback", "send", survey, "--json", check=False)
        assert said.returncode in (0, 3), said.stderr
        return json.loads(said.stdout)


class TwoLaptops(unittest.TestCase):
    """Each test has people of its own, known by their title; a survey of that name asks them."""

    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)
        cls.beyond = Beyond()
        cls.addClassCleanup(cls.beyond.close)
        cls.mail = MailServers(cls.beyond.port)
        cls.addClassCleanup(cls.mail.close)
        admin = World(BIN, "admin")
        cls.addClassCleanup(admin.close)
        init_hub(admin, cls.server)
        cls.laptops = [Asking(cls.server, cls.mail, admin.dir + "/link_key", name) for name in ("one", "two")]
        for laptop in cls.laptops:
            cls.addClassCleanup(laptop.close)
        at_once(Laptop.join, *cls.laptops)

    def people(self, title, count):
        one, two = self.laptops
        one.sql("INSERT INTO contact(last_name,title,email) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1"
                " FROM n WHERE i<?2) SELECT 'P'||i, ?1, ?1||i||'@customers.example' FROM n", title, count)
        one.sync()
        two.sync()
        # The same people under other numbers: what the laptops have in common is the hub.
        return {f"{title}{i}@customers.example" for i in range(1, count + 1)}

    def letters(self, title):
        """Who has got how many."""
        with self.beyond.lock:
            return collections.Counter(who for who, _ in self.beyond.letters if who.startswith(title))

    def each_has_one(self, title, people):
        until(lambda: set(self.letters(title)) == people, f"a letter to each of {title}", PATIENCE)
        # Postfix has nothing left that would come later.
        until(lambda: not self.mail.queued(), "Postfix to be done")
        self.assertEqual(set(self.letters(title).values()), {1})

    def test_people_at_both_send_at_the_same_time(self):
        people = self.people("both", 25)
        for laptop in self.laptops:
            laptop.survey("both", "both")
        at_once(lambda each: self.assertEqual(each.ask("both")["reserved"], 25), *self.laptops)
        self.assertEqual(self.letters("both"), {}, "nobody is asked before the hub knows of it")
        for _ in range(3):
            at_once(lambda each: each.sync(check=False), *self.laptops)
            at_once(lambda each: each.ask("both"), *self.laptops)
        self.each_has_one("both", people)
        for laptop in self.laptops:
            self.assertEqual(laptop.sql("SELECT count(*), count(DISTINCT ask_key) FROM survey_invitation"
                                        " WHERE survey = 'both'"), [(25, 25)])
            preview = laptop.json("feedback", "preview", "both")
            self.assertEqual(preview["asked"], 0)
        self.assertEqual(self.server.sql("SELECT count(*), count(DISTINCT ask_key) FROM"
                                         " kontor.survey_invitation WHERE survey = 'both'"), ["25|25"])

    def test_one_was_off_line_when_it_chose(self):
        people = self.people("away", 12)
        for laptop in self.laptops:
            laptop.survey("away", "away")
        one, two = self.laptops
        self.assertEqual(two.ask("away")["reserved"], 12)  # and does not sync
        self.assertEqual(one.ask("away")["reserved"], 12)
        one.sync()
        # Killed while it sends; what it was about to send is not sent twice.
        sending = threading.Thread(target=lambda: one.kontor("feedback", "send", "away", check=False))
        sending.start()
        until(lambda: self.letters("away"), "the first letter")
        one.daemon.kill()
        one.daemon.wait()
        sending.join()
        one.start_daemon()
        for _ in range(2):
            at_once(lambda each: each.sync(check=False), one, two)
            at_once(lambda each: each.ask("away"), one, two)
        until(lambda: not self.mail.queued(), "Postfix to be done")
        got = self.letters("away")
        self.assertEqual(set(got.values()), {1})
        # Rather one too few than one too many: the letter that was on its way.
        self.assertGreaterEqual(len(got), len(people) - 1)

    def test_two_surveys_mean_the_same_people(self):
        people = self.people("pair", 10)
        for laptop, name in zip(self.laptops, ("pair", "other")):
            laptop.survey(name, "pair")
            self.assertEqual(laptop.ask(name)["reserved"], 10)
        for _ in range(3):
            for laptop, name in zip(self.laptops, ("pair", "other")):
                laptop.sync()
                laptop.ask(name)
        self.each_has_one("pair", people)

    def test_by_itself(self):
        people = self.people("itself", 8)
        for laptop in self.laptops:
            laptop.survey("itself", "itself", ITSELF)
            laptop.kontor("reload")
        # A sync that has just ended may have started it.
        started = (lambda each: each.kontor("jobs", "run", "survey:itself", check=False).returncode == 0)
        at_once(lambda each: until(lambda: started(each), "the survey's job to begin"), *self.laptops)
        # kontord syncs what was reserved, hears of the hub's word and sends, without anybody's doing.
        self.each_has_one("itself", people)


if __name__ == "__main__":
    become_root(BIN)
    unittest.main(verbosity=2)
