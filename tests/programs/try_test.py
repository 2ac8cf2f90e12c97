#!/usr/bin/env python3
"""`kontor connector try`: what somebody sees who writes a description, mistake by mistake."""
import json
import os
import pathlib
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)
REST = pathlib.Path(__file__).resolve().parents[2] / "plugins/rest"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from crm_server import CrmServer, Espo, Plain, SuiteCrmV4, Vtiger, Webhooks  # noqa: E402

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

    def test_fields_are_looked_for_where_the_description_has_them(self):
        for n in range(3):
            self.server.crm.add("people", {"was": {"name": f"N{n}", "post": "x"}}, key=str(n + 1))
        below = DESCRIPTION.replace('id = "/id"', 'id = "/id"\nfields_at = "/was"')
        done = self.run_try(below)
        self.assertIn("people: none of these records has mail at /was; there a record has: name, post",
                      done.stderr)
        asked = json.loads(self.run_try(below.replace('records = "/items"', 'records = "/data"'),
                                        "--json").stdout)["streams"][0]["problems"][0]["request"]
        self.assertEqual((asked["members"], asked["fields"]), (["id", "was"], ["name", "post"]))
        done = self.run_try(below.replace('"/was"', '"/now"'))
        self.assertIn("people: no record has name, mail: nothing is at /now (fields_at); it has: id, was",
                      done.stderr)

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


class SignIns(unittest.TestCase):
    """Ways to sign in that say a secret in a digest, in the query or in the address: it is nowhere to be
    seen, neither on the terminal nor in the daemon's log."""

    def check(self, crm, text, more, secret, hidden, records="/result", then=None, also=None):
        """Tried, rightly and wrongly, then connected and synced; all that was said meanwhile. `then`
        gets the world while the daemon still runs; `also` are further secrets."""
        world = World(BIN, "sign-in")
        self.addCleanup(world.close)
        server = CrmServer(crm)
        self.addCleanup(server.close)
        path = os.path.join(world.dir, "mycrm.toml")
        with open(path, "w") as out:
            out.write(text)
        for name, value in (also or {}).items():
            more = [*more, "--secret", f"{name}=file:" + world.secret_file(name, {name: value})]
        account = ["--allow-http-loopback", "--option", "url=" + server.url, *more, "--secret",
                   f"{secret}=file:" + world.secret_file(secret, {secret: crm.token})]
        said = ""
        for wrong in (False, True):
            if wrong:
                with open(path, "w") as out:
                    out.write(text.replace(f'records = "{records}"', 'records = "/rezult"'))
            done = world.kontor("connector", "try", path, *account, check=False)
            said += done.stdout + done.stderr
            self.assertEqual(done.returncode, 1 if wrong else 0, done.stderr)
        bad = ["--secret", f"{secret}=file:" + world.secret_file("bad", {"bad": "falsch-0815-abc"})]
        done = world.kontor("connector", "try", path, *account[:-2], *bad, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("falsch-0815-abc", done.stdout + done.stderr)
        said += done.stderr
        os.makedirs(os.path.join(world.config, "rest"), exist_ok=True)
        with open(os.path.join(world.config, "rest", "mycrm.toml"), "w") as out:
            out.write(text)
        world.kontor("init")
        world.start_daemon()
        said += world.kontor("connect", "mycrm", "--no-input", *account).stderr
        world.kontor("sync", "mycrm")
        self.assertEqual(world.sql("SELECT count(*) FROM contact"), [(120,)])
        if then:
            then(world)
        world.stop_daemon()
        said += world.logged()
        for text in (crm.token, *hidden):
            self.assertNotIn(text, said)
        return said

    def test_a_challenge_and_a_session_in_the_query(self):
        crm = Vtiger()
        for n in range(120):
            crm.add("Contacts", {"lastname": f"N{n}"})
        said = self.check(crm, """
name = "mycrm"
base_url = "{url}"
[option.url]
type = "url"
required = true
[auth]
kind = "login"
url = "{url}/webservice.php"
values = ["user"]
secrets = ["key"]
md5 = { proof = "{nonce}{key}" }
form = { operation = "login", username = "{user}", accessKey = "{proof}" }
token = "/result/sessionName"
code = "/error/code"
query = { sessionName = "{token}" }
refused_codes = ["INVALID_SESSIONID"]
[auth.challenge]
url = "{url}/webservice.php"
query = { operation = "getchallenge", username = "{user}" }
keep = { nonce = "/result/token" }
[errors]
message = "/error/message"
[[errors.rule]]
path = "/error/code"
equals = "RECORD_NOT_FOUND"
means = "missing"
[[errors.rule]]
path = "/error/code"
means = "invalid"
[stream.Contacts]
entity = "contact"
id = "/id"
paging = { kind = "offset" }
[stream.Contacts.list]
path = "webservice.php"
query = { operation = "query", query = "SELECT * FROM Contacts ORDER BY id LIMIT {offset}, {limit};" }
records = "/result"
[stream.Contacts.get]
path = "webservice.php"
query = { operation = "retrieve", id = "{id}" }
records = "/result"
[stream.Contacts.fields]
lastname = { column = "last_name", required = true }
""", ["--value", "user=ada&eve"], "key", ["sitzung-4711-1", "sitzung-4711-2", "sitzung-4711-3"])
        self.assertGreaterEqual(crm.sign_ins, 2)
        self.assertIn("sessionName=***", said)

    def test_json_in_a_form_with_the_session_in_it(self):
        crm = SuiteCrmV4()
        for n in range(120):
            crm.add("Contacts", {"first_name": "A & B", "last_name": f"N{n}", "email1": "", "phone_work": ""})
        with open(REST / "examples/suitecrm-v4.toml") as file:
            text = file.read().replace('name = "suitecrm-v4"', 'name = "mycrm"', 1)

        def both_ways(world):
            world.kontor("push", "on", "mycrm")
            world.kontor("create", "contact", "last_name=Neu & alt", "first_name=李")
            world.kontor("set", "contact", str(world.sql(
                "SELECT id FROM contact WHERE last_name = 'N7'")[0][0]), "first_name=Ada")
            world.kontor("delete", "--force", "contact", str(world.sql(
                "SELECT id FROM contact WHERE last_name = 'N8'")[0][0]))
            world.kontor("sync", "mycrm")
            there = {row["fields"]["last_name"]: row["fields"]["first_name"]
                     for _, row in crm.live("Contacts")}
            self.assertEqual(there["N7"], "Ada")
            self.assertEqual(there["Neu & alt"], "李")
            self.assertNotIn("N8", there)
            self.assertEqual(len(there), 120)

        self.check(crm, text, ["--value", "user=ada"], "password",
                   ["sitzung-4711-1", "sitzung-4711-2", "sitzung-4711-3"], "/entry_list", both_ways)
        self.assertGreaterEqual(crm.sign_ins, 2)

    def test_signed_requests(self):
        with open(REST / "descriptions/espocrm.toml") as file:
            text = file.read().replace('name = "espocrm"', 'name = "mycrm"', 1)

        def both_ways(world):
            def number(name):
                return str(world.sql("SELECT id FROM contact WHERE last_name = ?", name)[0][0])
            world.kontor("push", "on", "mycrm")
            world.kontor("create", "contact", "last_name=Neu & alt")
            world.kontor("set", "contact", number("N7"), "first_name=李")
            world.kontor("delete", "--force", "contact", number("N8"))
            world.kontor("sync", "mycrm")
            there = {row["fields"]["lastName"]: row["fields"].get("firstName")
                     for _, row in crm.live("Contact")}
            self.assertEqual(there["N7"], "李")
            self.assertIn("Neu & alt", there)
            self.assertNotIn("N8", there)
            # Asked for is what this way of signing in needs; a mistyped secret leaves the old one.
            terminal = world.terminal("connection", "sign-in", "mycrm")
            terminal.expect("api_key (not shown): ")
            terminal.enter()
            terminal.expect("secret_key (not shown): ")
            terminal.enter("falsch-4712-xyz")
            self.assertEqual(terminal.end(), 4)
            world.kontor("sync", "mycrm")

        for form, sign_in in (("hex", "hmac"), ("raw", "hmac_raw")):
            with self.subTest(form):
                crm = Espo(form)
                for n in range(120):
                    crm.add("Contact", {**dict.fromkeys(
                        ("firstName", "emailAddress", "phoneNumber", "accountId", "description")),
                        "lastName": f"N{n}"})
                said = self.check(crm, text, ["--option", "sign_in=" + sign_in], "secret_key",
                                  crm.borne, "/list", both_ways, {"api_key": crm.api_key})
                # The wrong secret was refused once and not tried again; what the server echoes is hidden.
                self.assertEqual(crm.refused, 2 * ["/api/v1/App/user"])
                self.assertIn("no user for ***", said)

    def test_a_key_in_the_address(self):
        crm = Webhooks()
        for n in range(120):
            crm.add("contact", {"LAST_NAME": f"N{n}"})
        said = self.check(crm, """
name = "mycrm"
base_url = "{url}/rest/{user}/{key}"
[option.url]
type = "url"
required = true
[option.user]
default = "7"
[auth]
kind = "keys"
secrets = ["key"]
[errors]
message = "/error_description"
[stream.contacts]
entity = "contact"
id = "/ID"
paging = { kind = "cursor", next = "/next" }
[stream.contacts.list]
path = "crm.contact.list"
query = { start = "{cursor}" }
records = "/result"
[stream.contacts.get]
path = "crm.contact.get"
query = { ID = "{id}" }
records = "/result"
[[errors.rule]]
status = 400
requests = ["get"]
means = "missing"
[stream.contacts.fields]
LAST_NAME = { column = "last_name", required = true }
""", [], "key", [])
        self.assertIn("/rest/7/%7Bkey%7D/crm.contact.list", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
