#!/usr/bin/env python3
"""`kontor connector try`: what somebody sees who writes a description, mistake by mistake."""
import json
import os
import pathlib
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from crm_server import CrmServer, Plain  # noqa: E402

DESCRIPTION = """
name = "mycrm"
base_url = "{url}/api"
[option.url]
type = "url"
required = true
[auth]
kind = "bearer"
[stream.people]
entity = "contact"
id = "/id"
paging = { kind = "page", size = 100, total = "/total" }
[stream.people.list]
path = "people"
query = { page = "{page}", limit = "{limit}" }
records = "/items"
[stream.people.get]
path = "people/{id}"
[stream.people.fields]
name = { column = "last_name", required = true }
mail = { type = "email", column = "email" }
"""


class Try(unittest.TestCase):
    def setUp(self):
        self.server = CrmServer(Plain())
        self.addCleanup(self.server.close)
        for n in range(250):
            self.server.crm.add("people", {"name": f"N{n}", "mail": f"n{n}@example.com"})
        self.world = World(BIN, "try")
        self.addCleanup(self.world.close)

    def run_try(self, text, *words, secret=None, **how):
        path = os.path.join(self.world.dir, "mycrm.toml")
        with open(path, "w") as out:
            out.write(text)
        token = secret or self.server.crm.token
        done = self.world.kontor(
            "connector", "try", path, "--allow-http-loopback", "--option",
            "url=" + self.server.url, "--secret",
            "token=file:" + self.world.secret_file("token", {"token": token}), *words, check=False,
            **how)
        self.assertNotIn(token, done.stdout + done.stderr)
        return done

    def test_records_are_shown(self):
        done = self.run_try(DESCRIPTION, "--records", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split() for line in done.stdout.splitlines()],
                         [["people"], ["id", "name", "mail"]] +
                         [[str(n + 1), f"N{n}", f"n{n}@example.com"] for n in range(3)])
        self.assertIn("All that was tried works.", done.stderr)

        told = json.loads(self.run_try(DESCRIPTION, "--all", "--json").stdout)
        self.assertTrue(told["ok"])
        record = told["streams"][0]["records"][4]
        self.assertEqual((record["id"], record["fields"]),
                         ("5", {"name": "N4", "mail": "n4@example.com"}))

    def test_each_mistake_is_told_with_what_was_asked_and_what_came(self):
        people = f"{self.server.url}/api/people?page=1&limit=100"
        for change, words in (
                (('"/items"', '"/data"'), [
                    'the answer has no list at "/data"', "GET " + people,
                    'HTTP 200 {"items": [{"id": number, "mail": text, "name": text} × 100]',
                    "has lists at: /items"]),
                (('id = "/id"', 'id = "/key"'),
                 ["a record has no id at /key", "a record has: id, mail, name"]),
                (('path = "people"', 'path = "peple"'),
                 ["HTTP 404", "nothing here", "base_url and path"]),
                (('mail = {', 'post = {'),
                 ["none of these records has post; a record has: id, mail, name"]),
                (('type = "email"', 'type = "integer"'),
                 ["values of mail do not fit their type"]),
                (('path = "people/{id}"', 'path = "persons/{id}"'),
                 ["a single record could not be read", "/api/persons/1"]),
                (('kind = "bearer"', 'kind = "query"\nparameter = "key"'),
                 ["HTTP 401", "key=***", "[auth] and the secrets"])):
            with self.subTest(change):
                done = self.run_try(DESCRIPTION.replace(*change))
                self.assertEqual(done.returncode, 1, done.stderr)
                for text in words:
                    self.assertIn(text, done.stderr)

    def test_what_the_server_echoes_is_hidden(self):
        done = self.run_try(DESCRIPTION, secret="falsch-0815-abcdef")
        self.assertIn("HTTP 401", done.stderr)
        self.assertIn("***", done.stderr)

    def test_in_chinese_and_what_was_said_wrongly(self):
        done = self.run_try(DESCRIPTION.replace('"/items"', '"/data"'),
                            env={**self.world.env, "LANG": "zh_CN.UTF-8"})
        self.assertIn("请检查：", done.stderr)
        for words, said in ((["--stream", "persons"], "it has: people"),
                            (["--records", "0"], "from 1 to 1000")):
            done = self.run_try(DESCRIPTION, *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)
        done = self.run_try(DESCRIPTION.replace("[auth]", "[author]"))
        self.assertIn("mycrm.toml:", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
