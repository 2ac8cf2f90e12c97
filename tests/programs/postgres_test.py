#!/usr/bin/env python3
"""A PostgreSQL database as a connection: kontord, kontor and a real server."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from postgres_server import PostgresServer
from world import World

BIN = sys.argv.pop(1)
TABLES = """
    SET ROLE kontor;
    CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(), kontor_id text UNIQUE);
    CREATE TABLE contacts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        last_name text NOT NULL, first_name text, title varchar(20), email text UNIQUE,
        companies_id bigint REFERENCES companies, shoe_size int,
        updated_at timestamptz NOT NULL DEFAULT now(), kontor_id text UNIQUE);
    INSERT INTO companies(name) SELECT '公司' || n FROM generate_series(1, 20) n;
    INSERT INTO contacts(last_name, first_name, email, companies_id)
        SELECT '张', '三' || n, 'p' || n || '@example.com', 1 + n % 20
          FROM generate_series(1, 300) n;
"""


class Connection(unittest.TestCase):
    def setUp(self):
        self.server = PostgresServer()
        self.addCleanup(self.server.close)
        self.server.sql(TABLES)
        self.world = World(BIN, "postgres")
        self.addCleanup(self.world.close)
        self.world.kontor("init")
        self.world.start_daemon()

    def tearDown(self):
        self.assertNotIn(self.server.info["password"], self.world.logged())

    def connect(self, *more, check=True, **changed):
        info = {**self.server.info, **changed}
        return self.world.kontor(
            "connect", "postgres", "--no-input", "--option", "host=" + info["host"], "--option",
            f"port={info['port']}", "--option", "database=" + info["database"], "--value",
            "user=" + info["user"], "--secret",
            "password=file:" + self.world.secret_file("password", info), "--ca-file",
            info["ca_file"], *more, check=check)

    def one(self, sql, *values):
        return self.world.sql(sql, *values)[0][0]

    def test_a_round_trip(self):
        world, server = self.world, self.server
        self.assertIn("is set up", self.connect().stdout)
        world.kontor("sync", "postgres")
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 300)
        self.assertEqual(self.one("SELECT count(*) FROM account"), 20)
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE account_id IS NULL"), 0)

        # Theirs to ours.
        server.sql("UPDATE contacts SET title = '总监', updated_at = now() WHERE id = 1;"
                   "INSERT INTO contacts(last_name) VALUES ('欧阳')")
        world.kontor("sync", "postgres")
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE title = '总监'"), 1)
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 301)

        # Ours to theirs: an edit, a new record with a reference, a deletion, one that is refused.
        world.kontor("push", "on", "postgres")
        company = self.one("SELECT min(id) FROM account")
        world.sql("UPDATE contact SET title = '经理' WHERE email = 'p7@example.com'")
        world.sql("INSERT INTO contact(last_name, email, account_id) VALUES('诸葛', 'z@example.com', ?)",
                  company)
        world.sql("DELETE FROM contact WHERE email = 'p9@example.com'")
        world.sql("UPDATE contact SET email = 'p1@example.com' WHERE email = 'p8@example.com'")
        world.kontor("sync", "postgres", check=False)
        self.assertEqual(server.sql("SELECT title FROM contacts WHERE email = 'p7@example.com'"),
                         ["经理"])
        self.assertEqual(server.sql("SELECT companies_id IS NOT NULL, length(kontor_id) > 20"
                                    " FROM contacts WHERE email = 'z@example.com'"), ["t|t"])
        self.assertEqual(server.sql("SELECT count(*) FROM contacts WHERE email = 'p9@example.com'"),
                         ["0"])
        blocked, = world.json("blocked")["blocked"]
        self.assertIn("23505", str(blocked))
        world.sql("UPDATE contact SET email = 'p8@example.com' WHERE email = 'p1@example.com'"
                  " AND first_name = '三8'")

        # Deleted there: found by the sweep.
        server.sql("DELETE FROM contacts WHERE id = 20")
        world.kontor("sync", "postgres", "--sweep")
        self.assertEqual(world.json("blocked")["blocked"], [])
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE email = 'p20@example.com'"), 0)

        # Both sides: nobody's value is overwritten, and a person decides.
        server.sql("UPDATE contacts SET title = '他们', updated_at = now() WHERE id = 30")
        world.sql("UPDATE contact SET title = '我们' WHERE email = 'p30@example.com'")
        world.kontor("sync", "postgres")
        conflict, = world.json("conflicts")["conflicts"]
        world.kontor("resolve", str(conflict["id"]), "--ours")
        world.kontor("sync", "postgres")
        self.assertEqual(server.sql("SELECT title FROM contacts WHERE id = 30"), ["我们"])

        # At rest nothing is written.
        world.kontor("sync", "postgres")
        rows = "SELECT id, xmin FROM contacts ORDER BY id"
        before = server.sql(rows)
        for _ in range(2):
            world.kontor("sync", "postgres")
        self.assertEqual(server.sql(rows), before)

        # The server goes down, and is back.
        server.stop()
        self.assertNotEqual(world.kontor("sync", "postgres", check=False).returncode, 0)
        world.sql("UPDATE contact SET title = '后来' WHERE email = 'p40@example.com'")
        server.start()
        world.kontor("sync", "postgres")
        self.assertEqual(server.sql("SELECT title FROM contacts WHERE id = 40"), ["后来"])

    def test_what_is_wrong_is_told_and_leaves_nothing(self):
        world = self.world
        for changed, code in (({"password": "mistyped"}, 4), ({"database": "nowhere"}, None),
                              ({"host": "localhost"}, None)):  # not the certificate's
            told = self.connect(check=False, **changed)
            self.assertNotEqual(told.returncode, 0, changed)
            if code is not None:
                self.assertEqual(told.returncode, code, told.stderr)
            self.assertNotIn("mistyped", told.stderr)
        told = self.connect("--option", "tables=nowhere", check=False)
        self.assertIn("nowhere", told.stderr)
        self.assertEqual(world.json("connection", "list")["connections"], [])

    def test_triggers(self):
        world, server = self.world, self.server
        self.connect("--option", "install_triggers=true")
        world.kontor("sync", "postgres")
        server.sql("DELETE FROM contacts WHERE id = 5; UPDATE contacts SET title = 'neu' WHERE id = 6")
        world.kontor("sync", "postgres")  # no sweep, no stamp
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 299)
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE title = 'neu'"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
