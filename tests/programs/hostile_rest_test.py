#!/usr/bin/env python3
"""A REST server that was taken over, connected by a description: ids with the syntax of paths and of
SQL, references in circles, values of no use, lists that lead to other hosts or to plain HTTP, redirects,
bombs, and answers that repeat the token. What is refused is said, nothing leaks, other records go on.
"""
import gzip
import os
import pathlib
import sys
import unittest

from world import World

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from crm_server import Crm, CrmServer  # noqa: E402

BIN = sys.argv.pop(1)
PARTLY = 3  # another stream is synced
DESCRIPTION = """
name = "taken"
base_url = "{url}/api"
[option.url]
type = "url"
required = true
[auth]
kind = "bearer"
[errors]
message = "/error"
[check]
path = "me"
user = "/id"
[every_stream]
id = "/id"
[every_stream.list]
path = "{stream}"
records = "/items"
paging = { kind = "link", next = "/next" }
[every_stream.get]
path = "{stream}/{id}"
[every_stream.update]
path = "{stream}/{id}"
body = "{record}"
[stream.people]
entity = "contact"
[stream.people.fields]
name = { column = "last_name", required = true }
boss = { type = "reference", to = "people", column = "reports_to_id" }
born = { type = "date", column = "date_of_birth" }
[stream.companies]
entity = "account"
[stream.companies.fields]
name = { column = "name" }
"""
IDS = ["../../../etc/passwd", "..%2f..%2fx", "1'; DROP TABLE contact; --", "1 OR 1=1", "a/b?c=d#e",
       "http://evil.example/", "%00", "{id}", "张"]


class Taken(Crm):
    """People as a test likes; one company, so that there is something that goes on."""

    def __init__(self):
        super().__init__()
        self.people = {each: {"id": each, "name": f"N {n}"} for n, each in enumerate(IDS)}
        self.people.update({
            "1": {"id": "1", "name": "Own boss", "boss": "1"},
            "2": {"id": "2", "name": "Circle a", "boss": "3"},
            "3": {"id": "3", "name": "Circle b", "boss": "2"},
            "4": {"id": "4", "name": "Odd", "born": {"a": [1]}, "boss": {"x": 1}},
            "5": {"id": "5", "name": "Of nobody", "boss": "../9"}})
        self.company = "Sound"
        self.spoilt = None  # (status, body, headers) instead of the list of people
        self.asked = []

    def answer(self, request):
        self.asked.append((request.method, request.path))
        if request.headers.get("Authorization") != "Bearer " + self.token:
            return 401, {"error": "no"}
        kind, *rest = request.parts[1:]
        if kind == "me":
            return 200, {"id": "u1"}
        if kind == "companies":
            return 200, {"items": [{"id": "c1", "name": self.company}]} if not rest else {"id": "c1",
                                                                                        "name": self.company}
        if not rest:
            return self.spoilt or (200, {"items": list(self.people.values())})
        row = self.people.get("/".join(rest))
        if row and request.method == "PATCH":
            row.update(request.body)
        return (200, row) if row else (404, None)


class HostileRest(unittest.TestCase):
    def setUp(self):
        self.crm = Taken()
        self.server = CrmServer(self.crm)
        self.addCleanup(self.server.close)
        self.world = World(BIN, "taken")
        self.addCleanup(self.world.close)
        os.makedirs(os.path.join(self.world.config, "rest"), exist_ok=True)
        with open(os.path.join(self.world.config, "rest", "taken.toml"), "w") as out:
            out.write(DESCRIPTION)
        self.world.kontor("init")
        self.world.start_daemon()
        self.world.kontor("connect", "taken", "--no-input", "--allow-http-loopback", "--option",
                          "url=" + self.server.url, "--secret",
                          "token=file:" + self.world.secret_file("token", {"token": self.crm.token}))

    def names(self):
        return {name for (name,) in self.world.sql("SELECT last_name FROM contact")}

    def test_ids_and_references(self):
        world, crm = self.world, self.crm
        world.kontor("sync", "taken")
        self.assertEqual(self.names(), {row["name"] for row in crm.people.values()})
        boss = dict(world.sql("SELECT a.last_name, b.last_name FROM contact a"
                              " LEFT JOIN contact b ON b.id = a.reports_to_id"))
        self.assertEqual((boss["Own boss"], boss["Circle a"], boss["Circle b"], boss["Of nobody"]),
                         ("Own boss", "Circle b", "Circle a", None))
        # Each is written where it is, and nowhere else.
        world.kontor("push", "on", "taken")
        crm.asked.clear()
        world.sql("UPDATE contact SET last_name = last_name || ' edited'")
        world.kontor("sync", "taken")
        self.assertEqual({row["name"] for row in crm.people.values()}, self.names())
        self.assertTrue(all(name.endswith(" edited") for name in self.names()))
        self.assertTrue(all(path.startswith("/api/") for _, path in crm.asked), crm.asked)
        self.assertEqual(world.json("blocked")["blocked"], [])
        asked = len(crm.asked)
        world.kontor("sync", "taken")
        self.assertEqual([method for method, _ in crm.asked[asked:] if method != "GET"], [])
        self.assertEqual(world.sql("PRAGMA integrity_check"), [("ok",)])

    def test_answers(self):
        world, crm = self.world, self.crm
        world.kontor("sync", "taken")
        known = self.names()
        other = CrmServer(Taken())
        self.addCleanup(other.close)
        row = {"id": "6", "name": "New"}
        token = crm.token
        cases = [
            ("other host", (200, {"items": [row], "next": other.url + "/api/people"}), "is not among the hosts of this connection"),
            ("plain HTTP", (200, {"items": [row], "next": "http://crm.example.com/people"}), "is not among the hosts of this connection"),
            ("a file", (200, {"items": [row], "next": "file:///etc/passwd"}), "file:"),
            ("redirect", (302, {}, {"Location": other.url + "/api/people"}), "302"),
            ("deep", (200, b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested too deeply"),
            ("gzip", (200, gzip.compress(b"[" + b" " * (64 << 20) + b"]"),
                      {"Content-Encoding": "gzip"}), "larger than 32 MiB"),
            ("no JSON", (200, b"<html>" + token.encode() + b"</html>"), "not valid JSON"),
            ("no id", (200, {"items": [{"name": "x"}]}), "no id"),
            ("echo", (400, {"error": f"bad token Bearer {token} for ada@example.com"}), "400"),
            ("again and again", (200, {"items": [row], "next": "/api/people"}), "for ever"),
        ]
        for n, (what, spoilt, said) in enumerate(cases):
            with self.subTest(what):
                crm.spoilt, crm.company = spoilt, f"Sound {n}"
                told = world.kontor("sync", "taken", check=False)
                self.assertEqual(told.returncode, PARTLY, told.stdout + told.stderr)
                self.assertIn(said, told.stderr)
                self.assertNotIn(token, told.stdout + told.stderr)
                self.assertIsNone(world.daemon.poll())
                self.assertEqual(world.sql("SELECT name FROM account"), [(f"Sound {n}",)])
                self.assertLessEqual(known, self.names())
        self.assertEqual(other.crm.asked, [])
        crm.spoilt = None
        world.kontor("sync", "taken")
        self.assertNotIn(token, world.logged())
        self.assertNotIn("ada@example.com", world.logged())


if __name__ == "__main__":
    unittest.main(verbosity=2)
