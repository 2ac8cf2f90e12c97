#!/usr/bin/env python3
"""A PostgreSQL database as a connection: kontord, kontor and a real server."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from cutting_proxy import CuttingProxy
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
        self.server = PostgresServer(plain=True)
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
        trust = [] if "--allow-http-loopback" in more else ["--ca-file", info["ca_file"]]
        return self.world.kontor(
            "connect", "postgres", "--no-input", "--option", "host=" + info["host"], "--option",
            f"port={info['port']}", "--option", "database=" + info["database"], "--value",
            "user=" + info["user"], "--secret",
            "password=file:" + self.world.secret_file("password", info), *trust, *more,
            check=check)

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

    def connect_through_proxy(self):
        """Loads, and sends from now on."""
        proxy = CuttingProxy(self.server.info["port"])
        self.addCleanup(proxy.close)
        self.connect("--allow-http-loopback", port=proxy.port)
        self.world.kontor("sync", "postgres")
        self.world.kontor("push", "on", "postgres")
        return proxy

    def test_triggers(self):
        world, server = self.world, self.server
        self.connect("--option", "install_triggers=true")
        world.kontor("sync", "postgres")
        server.sql("DELETE FROM contacts WHERE id = 5; UPDATE contacts SET title = 'neu' WHERE id = 6")
        world.kontor("sync", "postgres")  # no sweep, no stamp
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 299)
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE title = 'neu'"), 1)

    def test_a_lost_answer_to_commit(self):
        world, server = self.world, self.server
        proxy = self.connect_through_proxy()
        made = 0
        # Records enough for COPY as well.
        for how, count in (("lost", 3), ("unsent", 3), ("lost", 150), ("unsent", 150)):
            with self.subTest(how=how, count=count):
                world.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
                          " INSERT INTO contact(last_name, first_name) SELECT 'Lost', ?2 || i FROM n",
                          count, f"{how}{count}-")
                made += count
                proxy.cut, cuts = how, proxy.cuts
                world.kontor("sync", "postgres", check=False)
                self.assertEqual(proxy.cuts, cuts + 1)
                world.sql("UPDATE contact SET title = ? WHERE last_name = 'Lost'", str(made))
                proxy.cut = how
                world.kontor("sync", "postgres", check=False)
                self.assertEqual(proxy.cuts, cuts + 2)
                if how == "unsent":  # which the server knows, and so it was tried again at once
                    self.assertEqual(world.json("blocked")["blocked"], [])
                for _ in range(2):
                    world.kontor("blocked", "--retry")
                    world.kontor("sync", "postgres", check=False)
                self.assertEqual(world.json("blocked")["blocked"], [])
                self.assertEqual(
                    self.one("SELECT count(*) FROM kontor_intent WHERE state <> 'acked'"), 0)
                self.assertEqual(server.sql(
                    "SELECT count(*), count(DISTINCT first_name), count(DISTINCT kontor_id)"
                    f" FROM contacts WHERE last_name = 'Lost' AND title = '{made}'"),
                    [f"{made}|{made}|{made}"])
                self.assertEqual(
                    self.one("SELECT count(*) FROM contact WHERE last_name = 'Lost'"), made)

    def test_a_crash_at_commit_gives_the_number_of_the_transaction_to_another_one(self):
        world, server = self.world, self.server
        server.sql("ALTER SYSTEM SET wal_writer_delay = '10s'")
        server.sql("SELECT pg_reload_conf()")
        proxy = self.connect_through_proxy()
        numbers = []

        def crash():
            numbers[:] = server.sql("SELECT max(backend_xid::text::bigint) FROM pg_stat_activity")
            server.kill()
            server.start()
            while len(numbers) == 1 or int(numbers[-1]) < int(numbers[0]):
                numbers.extend(server.sql("SELECT pg_current_xact_id()"))

        # Now and then something else has made it last that the number is taken.
        for attempt in range(5):
            world.sql("UPDATE contact SET title = ? WHERE id = 7", f"ours {attempt}")
            proxy.cut = crash
            world.kontor("sync", "postgres", check=False)
            self.assertEqual(proxy.cuts, attempt + 1)
            world.kontor("sync", "postgres")
            self.assertEqual(world.json("blocked")["blocked"], [])
            self.assertEqual(server.sql(f"SELECT count(*) FROM contacts WHERE title = 'ours {attempt}'"), ["1"])
            if numbers[0] in numbers[1:]:
                return
        self.fail("no number was given again")

    def test_what_was_refused_stays_so_where_the_rest_was_rolled_back(self):
        world, server = self.world, self.server
        proxy = self.connect_through_proxy()
        world.sql("UPDATE contact SET email = 'p9@example.com' WHERE first_name = '三7'")
        world.sql("UPDATE contact SET title = 'ours' WHERE first_name = '三8'")
        proxy.cut = "unsent"
        world.kontor("sync", "postgres", check=False)
        self.assertEqual(proxy.cuts, 1)
        self.assertEqual(sorted((b["status"], b["code"]) for b in world.json("blocked")["blocked"]),
                         [("duplicate", "23505"), ("retry", "")])
        self.assertEqual(self.one("SELECT count(*) FROM kontor_intent WHERE state <> 'acked'"), 0)
        world.kontor("blocked", "--retry")
        world.kontor("sync", "postgres", check=False)
        self.assertEqual(server.sql("SELECT count(*) FROM contacts WHERE title = 'ours'"), ["1"])

    def partitioned(self, *options):
        world, server = self.world, self.server
        server.sql("""
            SET ROLE kontor;
            CREATE TABLE visits (region text NOT NULL, id bigint NOT NULL, subject text,
                updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (region, id))
                PARTITION BY LIST (region);
            CREATE TABLE visits_north PARTITION OF visits FOR VALUES IN ('north');
            CREATE TABLE visits_rest PARTITION OF visits DEFAULT PARTITION BY RANGE (id);
            CREATE TABLE visits_rest_1 PARTITION OF visits_rest FOR VALUES FROM (0) TO (50);
            CREATE TABLE visits_rest_2 PARTITION OF visits_rest DEFAULT;
            INSERT INTO visits(region, id, subject) SELECT (ARRAY['north', 'south'])[1 + n % 2], n, 'v' || n
                FROM generate_series(1, 100) n""")
        self.connect(*options)
        world.kontor("sync", "postgres")
        # The partitions are no tables of their own.
        self.assertEqual(self.one("SELECT count(*) FROM kontor_stream WHERE name LIKE 'visits%'"), 1)
        self.assertEqual(self.one("SELECT count(*) FROM visits"), 100)
        server.sql("UPDATE visits SET subject = 'theirs', updated_at = now() WHERE id IN (7, 8)")
        world.kontor("sync", "postgres")
        self.assertEqual(self.one("SELECT count(*) FROM visits WHERE subject = 'theirs'"), 2)
        world.kontor("push", "on", "postgres")
        world.sql("UPDATE visits SET subject = 'ours' WHERE subject IN ('v70', 'v71', 'v10')")
        world.sql("DELETE FROM visits WHERE subject IN ('v99', 'v98')")
        world.sql("INSERT INTO visits(region, id_, subject) VALUES ('north', 500, 'new'), ('west', 1, 'new')")
        world.kontor("sync", "postgres")
        self.assertEqual(world.json("blocked")["blocked"], [])
        self.assertEqual(
            server.sql("SELECT tableoid::regclass, id FROM visits WHERE subject IN ('ours', 'new')"
                       " ORDER BY 1, 2"),
            ["visits_north|10", "visits_north|70", "visits_north|500", "visits_rest_1|1",
             "visits_rest_2|71"])
        self.assertEqual(server.sql("SELECT count(*) FROM visits"), ["100"])
        # Nobody's edit is written over in a partition either.
        server.sql("UPDATE visits SET subject = 'they', updated_at = now() WHERE id = 71")
        world.sql("UPDATE visits SET subject = 'we' WHERE id_ = 71")
        world.kontor("sync", "postgres")
        self.assertEqual(server.sql("SELECT subject FROM visits WHERE id = 71"), ["they"])
        server.sql("DELETE FROM visits WHERE id = 5")

    def test_a_partitioned_table(self):
        self.partitioned()
        self.world.kontor("sync", "postgres", "--sweep")
        self.assertEqual(self.one("SELECT count(*) FROM visits"), 99)

    def test_a_partitioned_table_by_triggers(self):
        self.partitioned("--option", "install_triggers=true")
        self.world.kontor("sync", "postgres")
        self.assertEqual(self.one("SELECT count(*) FROM visits"), 99)


if __name__ == "__main__":
    unittest.main(verbosity=2)
