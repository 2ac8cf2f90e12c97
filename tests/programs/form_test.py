#!/usr/bin/env python3
"""The form that personal links lead to, as browsers, mail programs and strangers meet it.

A real kontord, and a simulated Zoho whose contacts are asked; answers, and who will not be asked any more,
are at the account afterwards.
"""
import http.client
import os
import random
import re
import socket
import sys
import threading
import unittest
import urllib.parse

from world import World, until

BIN = sys.argv.pop(1)
PER_MINUTE = 60

SURVEY = """id = "how"
title = { en = "How are we doing?", zh = "我们做得怎么样？" }
channels = ["link"]
[audience]
entity = "contact"
[limits]
batch = 12
[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "Recommend?", zh = "推荐？" }
[[question]]
id = "why"
kind = "text"
max_length = 50
text = "What went wrong?"
show_if = "score<=6"
[[action]]
create = "note"
set = { title = "Form: {score}" }
"""


class Form(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world = World(BIN, "form")
        cls.addClassCleanup(world.close)
        world.start_peer("--seed", "6", "--records", "60", "--accounts", "5", "--deals", "2", "--leads", "2")
        world.kontor("init")
        os.mkdir(os.path.join(world.config, "surveys"))
        with open(os.path.join(world.config, "surveys", "how.toml"), "w") as file:
            file.write(SURVEY)
        with open(os.path.join(world.config, "feedback.toml"), "w") as file:
            file.write(f'link_key = "file:{world.dir}/link_key"\nlisten = "127.0.0.1:0"\n'
                       'public_url = "https://feedback.example.com/"\nforwarded = true\n'
                       f'requests_per_minute = {PER_MINUTE}\n')
        world.start_daemon()
        world.connect()
        world.kontor("sync", "zoho")
        world.kontor("push", "on", "zoho")
        cls.port = int(until(lambda: re.search(r"form\.listening.*port=(\d+)", world.logged()), "the form")[1])
        sent = world.json("feedback", "send", "how")
        cls.links = [link for link in sent["due"]]
        cls.client = 0

    def request(self, method, path, body=None, headers=None, client=None):
        """The answer's status, text and headers. Each test comes from elsewhere."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {
                "X-Forwarded-For": client or f"9.9.9.9, 198.51.100.{Form.client}",
                **({"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}),
                **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            connection.close()

    def setUp(self):
        Form.client += 1

    def take_link(self):
        link = Form.links.pop()
        base = "https://feedback.example.com"
        self.assertTrue(link["link"].startswith(base + "/s/"), link)
        return link["who"], link["link"][len(base):], link["unsubscribe"][len(base):]

    def post(self, path, **fields):
        return self.request("POST", path, urllib.parse.urlencode(fields, doseq=True))

    def responses(self, who):
        return self.world.sql("SELECT score, comment, channel, language FROM survey_response WHERE who = ?", who)

    def test_a_person_answers_once_and_the_answer_is_in_zoho(self):
        who, path, _ = self.take_link()
        status, page, headers = self.request("GET", path)
        self.assertEqual(status, 200)
        self.assertIn("Recommend?", page)
        self.assertNotIn("What went wrong?", page)
        self.assertNotIn("<script", page)
        for name, value in (("Content-Security-Policy", "default-src 'none'"), ("Referrer-Policy", "no-referrer"),
                            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")):
            self.assertIn(value, headers[name])
        self.assertIn("推荐？", self.request("GET", path + "?lang=zh")[1])

        # A link of a mail suggests an answer; opening it records nothing, however often.
        for _ in range(3):
            page = self.request("GET", path + "?q.score=2")[1]
        self.assertRegex(page, r'name="q\.score" value="2" checked')
        self.assertEqual(self.responses(who), [])

        status, page, _ = self.post(path, asked="score")
        self.assertEqual(status, 422)
        self.assertIn('role="alert"', page)
        status, page, _ = self.post(path, **{"q.score": "2", "asked": "score"})
        self.assertEqual(status, 200)
        self.assertIn("What went wrong?", page)
        self.assertIn('<input type="hidden" name="q.score" value="2">', page)
        self.assertEqual(self.responses(who), [])
        status, page, _ = self.post(path, **{"q.score": "2", "q.why": "<b>late</b>" * 9, "asked": "score why"})
        self.assertEqual(status, 422)
        self.assertNotIn("<b>", page)
        status, page, _ = self.post(path, **{"q.score": "2", "q.why": "late & slow", "asked": "score why"})
        self.assertEqual((status, "Thank you" in page), (200, True))
        self.assertEqual(self.responses(who), [(2, "late & slow", "link", "en")])

        for score in ("10", "0"):
            self.assertIn("answered already", self.post(path, **{"q.score": score, "asked": "score"})[1])
        self.assertIn("answered already", self.request("GET", path)[1])
        self.assertEqual(len(self.responses(who)), 1)
        self.world.kontor("sync", "zoho")
        titles = [note["Note_Title"] for note in self.world.dump("Notes", "Note_Title")]
        self.assertEqual(titles.count("Form: 2"), 1)

    def test_of_answers_that_race_one_is_taken(self):
        who, path, _ = self.take_link()
        pages = []
        racing = [threading.Thread(target=lambda n=n: pages.append(
            self.post(path, **{"q.score": str(7 + n % 4), "asked": "score why"}))) for n in range(8)]
        for thread in racing:
            thread.start()
        for thread in racing:
            thread.join()
        self.assertEqual(sum("Thank you<" in page for _, page, _ in pages), 1)
        self.assertEqual(len(self.responses(who)), 1)

    def test_unsubscribing_takes_a_button_or_a_mail_program_and_reaches_zoho(self):
        who, path, unsubscribe = self.take_link()
        number = int(who.split(":")[1])
        opted_out = lambda: self.world.sql("SELECT coalesce(email_opt_out, 0) FROM contact WHERE id = ?", number)[0][0]
        self.assertIn("<button", self.request("GET", unsubscribe)[1])
        self.assertEqual(opted_out(), 0)
        # As RFC 8058 has it.
        status, _, _ = self.request("POST", unsubscribe, "List-Unsubscribe=One-Click")
        self.assertEqual(status, 200)
        self.assertEqual(opted_out(), 1)
        self.assertEqual(self.request("POST", unsubscribe, "")[0], 200)
        self.assertEqual(self.request("GET", path)[0], 410)
        # One kind of link cannot do the other's work.
        self.assertEqual(self.request("GET", "/s/" + unsubscribe[3:])[0], 404)
        self.world.kontor("sync", "zoho")
        there = self.world.sql("SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
                               " WHERE s.name = 'Contacts' AND l.record = ?", number)[0][0]
        person = next(c for c in self.world.dump("Contacts", "Email_Opt_Out") if c["id"] == there)
        self.assertIs(person["Email_Opt_Out"], True)

    def test_forged_links_tell_nothing_and_do_nothing(self):
        _, path, unsubscribe = self.take_link()
        pages = set()
        for at in range(3, len(path), 5):
            forged = path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1:]
            for method in ("GET", "POST"):
                status, page, _ = self.request(method, forged, "q.score=9&asked=score" if method == "POST" else None)
                self.assertEqual(status, 404, forged)
                pages.add(page)
        for other in ("/s/", "/s/x", "/s/" + "A" * 5000, "/u/" + path[3:], path + "A", "/", "/etc/passwd",
                      "/s/..%2F..%2Fetc%2Fpasswd", "/api/v1/surveys", "/s/%00"):
            self.assertIn(self.request("GET", other)[0], (400, 404), other)
        self.assertEqual(len(pages), 1)
        self.assertEqual(self.request("GET", path)[0], 200)
        self.assertEqual(self.request("GET", unsubscribe)[0], 200)

    def test_hostile_input_is_refused_and_harms_nobody(self):
        who, path, _ = self.take_link()
        self.assertEqual(self.request("POST", path, "q.score=9&" + "x" * 70_000)[0], 413)
        self.assertEqual(self.request("GET", path, headers={"X-Long": "y" * 9000})[0], 431)
        self.assertEqual(self.request("PUT", path, "q.score=9")[0], 405)
        for body in ("q.score=%zz", "&".join(["a=1"] * 500), "=1"):
            self.assertEqual(self.request("POST", path, body)[0], 400, body)
        self.assertEqual(self.request("POST", path, '{"q.score":9}', {"Content-Type": "application/json"})[0], 400)
        for fields in ({"q.score": "11"}, {"q.score": "9 or 1=1"}, {"q.score": ["1", "2"]}, {"q.score": "\xff"}):
            self.assertEqual(self.post(path, asked="score", **fields)[0], 422, fields)
        # Whoever fills in what people do not see is thanked, and not heard.
        self.assertIn("Thank you", self.post(path, website="http://spam", **{"q.score": "9", "asked": "score"})[1])
        self.assertEqual(self.responses(who), [])

        # Connections that never finish hold up no other; noise ends in an answer or a cut.
        slow = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(20)]
        for n, connection in enumerate(slow):
            connection.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nX-A: " + b"b" * n)
        noise = random.Random(1)
        whole = (f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                 "X-Forwarded-For: 192.0.2.1\r\nContent-Length: 21\r\n\r\nq.score=9&asked=score").encode()
        for _ in range(200):
            bad = bytearray(whole)
            for _ in range(noise.randrange(1, 6)):
                bad[noise.randrange(len(bad) - 21)] = noise.randrange(256)
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                try:
                    connection.sendall(bytes(bad[:noise.randrange(1, len(bad))]))
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(4096)
                except OSError:
                    pass
        self.assertEqual(self.request("GET", "/robots.txt")[0], 200)
        for connection in slow:
            connection.close()
        self.assertIsNone(self.world.daemon.poll())
        # Nothing that a stranger said, and no link, is in the log.
        self.assertNotIn(path[3:], self.world.logged())
        self.assertNotIn("1=1", self.world.logged())

    def test_who_asks_too_often_waits_and_others_do_not(self):
        seen = [self.request("GET", "/robots.txt", client="203.0.113.5")[0] for _ in range(PER_MINUTE + 20)]
        self.assertEqual(seen[:PER_MINUTE], [200] * PER_MINUTE)
        self.assertIn(429, seen[PER_MINUTE:])
        # What a client says of itself in front of what the proxy saw does not help.
        self.assertEqual(self.request("GET", "/robots.txt", client="198.51.100.250, 203.0.113.5")[0], 429)
        self.assertEqual(self.request("GET", "/robots.txt", client="203.0.113.6")[0], 200)

    def test_the_links_can_be_had_once_more(self):
        again = {link["who"]: link["link"] for link in self.world.json("feedback", "links", "how")["links"]}
        for link in Form.links:
            self.assertEqual(again[link["who"]], link["link"])
        due = self.world.json("feedback", "send", "how")["due"]
        self.assertTrue(due, "another batch")
        self.assertFalse({link["who"] for link in due} & set(again))


if __name__ == "__main__":
    unittest.main()
