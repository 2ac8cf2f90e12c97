#!/usr/bin/env python3
"""A real server that was not written here: Tryton on PostgreSQL, connected by its description file.

Both are started on free ports of 127.0.0.1 and end with the test."""
import base64
import json
import os
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from postgres_server import PostgresServer, free_port  # noqa: E402
from kit import Kit  # noqa: E402
from world import World, until  # noqa: E402

BIN = Kit.programs = sys.argv.pop(1)
PASSWORD = "tryton-Geheimnis-1"


class Tryton:
    """The server, with parties and nothing else; and a colleague who works in it."""

    def __init__(self):
        self.postgres = PostgresServer(database="tryton", user="tryton")
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        info, self.port, self.process = self.postgres.info, free_port(), None
        folder = self.postgres.dir
        config = os.path.join(folder, "trytond.conf")
        with open(config, "w") as out:
            out.write(f"[database]\nuri = postgresql://tryton@127.0.0.1:{info['port']}/\n"
                      f"[web]\nlisten = 127.0.0.1:{self.port}\n")
        with open(os.path.join(folder, "password"), "w") as out:
            out.write(PASSWORD)
        env = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8",
               "PGPASSWORD": info["password"], "PGSSLMODE": "require",
               "TRYTONPASSFILE": os.path.join(folder, "password")}
        self.log = open(os.path.join(folder, "tryton.log"), "ab")
        subprocess.run(["trytond-admin", "-c", config, "-d", "tryton", "--email", "a@example.org",
                        "-u", "ir", "res", "party", "--activate-dependencies"], check=True, env=env,
                       stdout=self.log, stderr=self.log, timeout=400)
        self.process = subprocess.Popen(["trytond", "-c", config, "-d", "tryton"], env=env,
                                        stdout=self.log, stderr=self.log)
        self.session = None
        until(self.sign_in, "Tryton answers", 120)

    def sign_in(self):
        try:
            user, key = self.ask("common.db.login", "admin", {"password": PASSWORD}, "en")
        except OSError:
            return False
        self.session = base64.b64encode(f"admin:{user}:{key}".encode()).decode()
        return True

    def ask(self, method, *params):
        headers = {"Content-Type": "application/json"}
        if self.session:
            headers["Authorization"] = "Session " + self.session
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/tryton/", headers=headers,
            data=json.dumps({"id": 1, "method": method, "params": params}).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.loads(answer.read())
        assert "error" not in said, said
        return said["result"]

    def party(self, method, *params):
        return self.ask("model.party.party." + method, *params, {})

    def parties(self):
        rows = self.party("search_read", [], 0, None, [["id", "ASC"]], ["name", "code"])
        return {row["id"]: row for row in rows}

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.postgres.close()


def setUpModule():
    global server
    server = Tryton()
    unittest.addModuleCleanup(server.close)


class Conformance(Kit):
    def test_the_kit(self):
        server.party("create", [{"name": f"P{n}"} for n in range(20)])
        secret = self.world.secret_file("password", {"password": PASSWORD})
        report = self.check("tryton", "--scratch", "--allow-http-loopback",
                            "--option", f"url=http://127.0.0.1:{server.port}",
                            "--option", "database=tryton", "--value", "user=admin",
                            "--secret", "password=file:" + secret)
        self.assert_passed(report, "party", "fetch_unknown", "values", "change_during",
                           "stale_version", "lost_create", "delete_seen")
        server.party("delete", list(server.parties()))


class Parties(unittest.TestCase):
    def setUp(self):
        self.tryton = server
        self.world = World(BIN, "tryton")
        self.addCleanup(self.world.close)
        self.world.kontor("init")
        self.world.start_daemon()

    def connect(self, password=PASSWORD, check=True):
        secret = self.world.secret_file("password", {"password": password})
        return self.world.kontor(
            "connect", "tryton", "--no-input", "--allow-http-loopback",
            "--option", f"url=http://127.0.0.1:{self.tryton.port}", "--option", "database=tryton",
            "--value", "user=admin", "--secret", "password=file:" + secret, check=check)

    def sync(self, *words):
        self.world.kontor("sync", "tryton", *words)

    def names(self):
        return sorted(name for (name,) in self.world.sql("SELECT name FROM account"))

    def remote_id(self, name):
        return int(self.world.sql(
            "SELECT l.ext_id FROM kontor_link l JOIN account a ON a.id = l.record WHERE a.name = ?",
            name)[0][0])

    def test_a_wrong_password_is_told(self):
        told = self.connect("wrong", check=False)
        self.assertEqual(told.returncode, 4, told.stderr)
        self.assertIn("Nothing was stored.", told.stderr)

    def test_both_ways(self):
        world, tryton = self.world, self.tryton
        ada, grace, konrad, gone = tryton.party(
            "create", [{"name": n} for n in ("Ada", "Grace", "康拉德", "Gone")])
        self.connect()
        self.sync()
        self.assertEqual(self.names(), sorted(["Ada", "Grace", "康拉德", "Gone"]))

        # Theirs to ours: an edit (the first one moves write_date from null), a new one; a deletion
        # leaves no trace and is found by the sweep.
        tryton.party("write", [ada], {"name": "Ada Lovelace"})
        tryton.party("create", [{"name": "Alan"}])
        tryton.party("delete", [gone])
        self.sync("--sweep")
        self.assertEqual(self.names(), sorted(["Ada Lovelace", "Alan", "Grace", "康拉德"]))

        # Ours to theirs.
        world.kontor("push", "on", "tryton")
        world.sql("UPDATE account SET name = 'Grace Hopper' WHERE name = 'Grace'")
        world.sql("INSERT INTO account(name) VALUES('Edsger')")
        world.sql("DELETE FROM account WHERE name = 'Alan'")
        self.sync()
        theirs = tryton.parties()
        self.assertEqual(theirs[grace]["name"], "Grace Hopper")
        self.assertEqual(sorted(row["name"] for row in theirs.values()),
                         sorted(["Ada Lovelace", "Edsger", "Grace Hopper", "康拉德"]))
        self.assertEqual(world.json("blocked")["blocked"], [])

        # A person decides where both sides changed a field.
        mapping = os.path.join(world.config, "tryton.mapping.toml")
        with open(mapping) as file:
            text = file.read()
        with open(mapping, "w") as file:
            file.write(text.replace('policy = "newest"', 'policy = "manual"'))
        world.kontor("reload")

        # Different fields on both sides are joined; the same field waits for a person.
        tryton.party("write", [grace], {"code": "G-1"})
        world.sql("UPDATE account SET name = 'G. Hopper' WHERE name = 'Grace Hopper'")
        tryton.party("write", [konrad], {"name": "Konrad there"})
        world.sql("UPDATE account SET name = 'Konrad here' WHERE name = '康拉德'")
        self.sync()
        self.assertEqual(tryton.parties()[grace], {"id": grace, "name": "G. Hopper", "code": "G-1"})
        self.assertEqual(tryton.parties()[konrad]["name"], "Konrad there")
        conflict, = world.json("conflicts")["conflicts"]
        world.kontor("resolve", str(conflict["id"]), "--ours")
        self.sync()
        self.assertEqual(tryton.parties()[konrad]["name"], "Konrad here")

        # At rest nothing is written.
        def stamps():
            return tryton.party("search_read", [], 0, None, [["id", "ASC"]], ["_timestamp"])
        self.sync()
        before = stamps()
        self.sync("--sweep")
        self.assertEqual(stamps(), before)
        self.assertNotIn(PASSWORD, world.logged())


if __name__ == "__main__":
    unittest.main(verbosity=2)
