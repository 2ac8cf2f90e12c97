#!/usr/bin/env python3
"""A team's hub in a real PostgreSQL: laptops that create, edit and delete, together and apart."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from cutting_proxy import CuttingProxy
from hub_fleet import Laptop, account, init_hub
from postgres_server import PostgresServer
from world import World

BIN = sys.argv.pop(1)


class Hub(unittest.TestCase):
    """`one` and `two` are there throughout; each test has records of its own, known by their names."""

    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer(plain=True)
        cls.addClassCleanup(cls.server.close)
        cls.admin = World(BIN, "admin")
        cls.addClassCleanup(cls.admin.close)
        init_hub(cls.admin, cls.server)
        cls.one, cls.two = (Laptop(BIN, cls.server, name) for name in ("one", "two"))
        for each in (cls.one, cls.two):
            cls.addClassCleanup(each.close)
            each.join()

    def laptop(self, name, port=None):
        out = Laptop(BIN, self.server, name, port)
        self.addCleanup(out.close)
        out.join()
        return out

    @classmethod
    def hub(cls, sql):
        return cls.server.sql("SET search_path = kontor; " + sql)

    @staticmethod
    def seen(laptop, names, columns="last_name, title, phone"):
        return laptop.sql(f"SELECT {columns} FROM contact WHERE last_name GLOB ? ORDER BY last_name",
                          names)

    def all_agree(self, names, *laptops):
        for each in (*laptops, *laptops[:-1]):
            each.sync()
        seen = [self.seen(each, names) for each in laptops]
        self.assertTrue(all(one == seen[0] for one in seen), seen)
        return seen[0]

    def test_it_is_made_once_and_again_and_listed(self):
        said = init_hub(self.admin, self.server).stdout
        self.assertIn("The hub is ready", said)
        listed = self.admin.kontor("init", "hub", "--dry-run", "--option", "schema=other",
                                   "--grant", "crew").stdout
        self.assertIn('CREATE TABLE IF NOT EXISTS "other"."contact"', listed)
        self.assertIn('TO "crew"', listed)
        # Nothing but what engines share: no triggers, functions, xmin, advisory locks, COPY.
        for word in ("TRIGGER", "FUNCTION", "xmin", "advisory", "COPY ", "SERIAL", "DROP"):
            self.assertNotIn(word, listed)
        # What is listed is what is run: by hand it makes the same hub.
        self.server.sql(listed.replace('"crew"', '"kontor"'))
        same = ("SELECT table_name, column_name, data_type, column_default FROM"
                " information_schema.columns WHERE table_schema = '{}' ORDER BY 1, 2")
        self.assertEqual(self.server.sql(same.format("other")), self.server.sql(same.format("kontor")))
        self.server.sql("DROP SCHEMA other CASCADE")
        told = self.admin.kontor("init", "hub", "--option", "schema=Bad Name", check=False)
        self.assertEqual(told.returncode, 2)

    def test_a_database_without_a_hub_is_told(self):
        told = self.one.kontor("connect", "hub", "--no-input", "--name", "other", "--option",
                               "schema=public", *account(self.one, self.server.info), check=False)
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("kontor init hub", told.stderr)

    def test_records_travel_with_their_references(self):
        one, two = self.one, self.two
        one.sql("INSERT INTO account(name) VALUES ('欧阳有限公司')")
        one.sql("INSERT INTO contact(last_name, first_name, account_id, tags, date_of_birth)"
                " VALUES ('张', '三', (SELECT max(id) FROM account), '[\"a\",\"b\"]', '1990-02-03')")
        one.sql("INSERT INTO deal(name, account_id, amount, currency, contact_id)"
                " SELECT 'Deal', account_id, 1234.5, 'CNY', id FROM contact WHERE last_name = '张'")
        one.sql("INSERT INTO note(title, parent) SELECT 'Note', 'contact:' || id FROM contact"
                " WHERE last_name = '张'")
        two.sql("INSERT INTO contact(last_name) VALUES ('Elsewhere')")  # other numbers there
        one.sync()
        two.sync()
        self.assertEqual(two.sql(
            "SELECT c.last_name, c.tags, c.date_of_birth, a.name, d.amount, d.currency, n.title FROM contact c"
            " JOIN account a ON a.id = c.account_id JOIN deal d ON d.contact_id = c.id"
            " JOIN note n ON n.parent = 'contact:' || c.id"),
            [("张", '["a","b"]', "1990-02-03", "欧阳有限公司", 1234.5, "CNY", "Note")])
        # At rest nothing is written, by anybody.
        one.sync(), two.sync(), one.sync()
        state = "SELECT kontor_id, kontor_version, kontor_stamp FROM contact ORDER BY 1"
        before = self.hub(state)
        stamp = self.hub("SELECT stamp FROM kontor_hub_clock")
        for each in (one, two, one, two):
            each.sync()
        self.assertEqual(self.hub(state), before)
        self.assertEqual(self.hub("SELECT stamp FROM kontor_hub_clock"), stamp)
        self.assertEqual(self.hub("SELECT count(*) FROM kontor_hub_writer"), ["0"])

    def test_edits_on_two_laptops(self):
        one, two = self.one, self.two
        one.sql("INSERT INTO contact(last_name, title, phone)"
                " VALUES ('Ada', 't', '1'), ('Bob', 't', '1')")
        self.all_agree("[AB]*", one, two)
        # Different fields of one record: both stay.
        one.sql("UPDATE contact SET title = 'one' WHERE last_name = 'Ada'")
        two.sql("UPDATE contact SET phone = '2' WHERE last_name = 'Ada'")
        # The same field: whoever comes second is asked, and nobody else.
        one.sql("UPDATE contact SET title = 'by one' WHERE last_name = 'Bob'")
        two.sql("UPDATE contact SET title = 'by two' WHERE last_name = 'Bob'")
        one.sync()
        two.sync()
        one.sync()
        for each in (one, two):
            self.assertEqual(self.seen(each, "Ada"), [("Ada", "one", "2")])
        conflict, = two.json("conflicts")["conflicts"]
        self.assertEqual(one.json("conflicts")["conflicts"], [])
        two.kontor("resolve", str(conflict["id"]), "--ours")
        self.assertEqual(self.all_agree("Bob", two, one), [("Bob", "by two", "1")])

    def test_deletions(self):
        one, two, three = self.one, self.two, self.laptop("three")
        one.sql("INSERT INTO contact(last_name, phone) VALUES ('DGone', '1'), ('DKept', '1'),"
                " ('DOld', '1')")
        before = int(self.hub("SELECT count(*) FROM contact")[0])
        self.all_agree("D*", one, two, three)
        # Deleted on one, untouched on two. Deleted on one, edited on two: the edit wins.
        one.sql("DELETE FROM contact WHERE last_name IN ('DGone', 'DKept')")
        two.sql("UPDATE contact SET title = 'edited' WHERE last_name = 'DKept'")
        one.sync()
        # The mark says nothing of whom it was.
        self.assertEqual(self.hub("SELECT count(*) FROM contact WHERE kontor_deleted_at IS NOT NULL"
                                  " AND last_name IS NULL AND phone IS NULL"), ["2"])
        two.sync()
        left = [("DKept", "edited", "1"), ("DOld", None, "1")]
        self.assertEqual(self.seen(two, "D*"), left)
        self.assertEqual(self.all_agree("D*", one, two, three), left)
        self.assertEqual(self.hub("SELECT count(*) FROM contact"), [str(before + 3)])  # under its id

        # A laptop that was away for longer than marks are kept finds out by the list of ids.
        one.sql("DELETE FROM contact WHERE last_name = 'DOld'")
        one.sync()
        self.hub("UPDATE contact SET kontor_deleted_at = now() - interval '200 days'"
                 " WHERE kontor_deleted_at IS NOT NULL")
        one.sync("--sweep")
        self.assertEqual(self.hub("SELECT count(*) FROM contact"), [str(before + 1)])
        three.sync("--sweep")
        self.assertEqual(self.seen(three, "D*"), left[:1])

    def test_a_row_that_is_committed_late_is_not_missed(self):
        one, two = self.one, self.two
        # Another laptop has taken a stamp, and is slow.
        self.hub("UPDATE kontor_hub_clock SET stamp = stamp + 1; INSERT INTO kontor_hub_writer"
                 " SELECT 'slow', stamp, now(), false FROM kontor_hub_clock")
        stamp, = self.hub("SELECT stamp FROM kontor_hub_clock")
        # Meanwhile others write under later stamps, and all is read.
        two.sql("INSERT INTO contact(last_name) VALUES ('LQuick')")
        two.sync()
        one.sync()
        self.assertEqual(self.seen(one, "L*", "last_name"), [("LQuick",)])
        # Only now the slow one commits, with its earlier stamp.
        self.hub(f"""INSERT INTO contact(kontor_id, kontor_version, kontor_stamp, kontor_by, last_name)
                     VALUES (repeat('a', 32), 1, {stamp}, 'slow', 'LSlow');
                     DELETE FROM kontor_hub_writer WHERE id = 'slow'""")
        one.sync()
        self.assertEqual(self.seen(one, "L*", "last_name"), [("LQuick",), ("LSlow",)])
        # One that died holds nobody up for ever, and what it had not committed it cannot any more.
        self.hub("UPDATE kontor_hub_clock SET stamp = stamp + 1; INSERT INTO kontor_hub_writer"
                 " SELECT 'dead', stamp, now() - interval '1 hour', false FROM kontor_hub_clock")
        one.sync()
        self.assertEqual(self.hub("SELECT count(*) FROM kontor_hub_writer"), ["0"])

    def test_a_lost_answer_to_commit(self):
        proxy = CuttingProxy(self.server.info["port"])
        self.addCleanup(proxy.close)
        one, two = self.laptop("cut", proxy.port), self.two
        for round, how in enumerate(("lost", "unsent", proxy.go_away)):
            with self.subTest(how):
                for name in ("a", "b", "c"):
                    one.sql("INSERT INTO contact(last_name, title) VALUES (?, 'new')",
                            f"C{name}{round}")
                proxy.cut = how
                one.sync(check=False)
                self.assertEqual(proxy.cuts, 2 * round + 1)
                proxy.away = False
                one.sql("UPDATE contact SET title = 'changed' WHERE last_name GLOB 'C[abc]*'")
                proxy.cut = how
                one.sync(check=False)
                self.assertEqual(proxy.cuts, 2 * round + 2)
                proxy.away = False
                if how == "unsent":  # which the hub knows, and so it was tried again at once
                    self.assertEqual(one.json("blocked")["blocked"], [])
                for _ in range(2):
                    one.sync(check=False)
                    one.kontor("blocked", "--retry")
                one.sync()
                self.assertEqual(one.json("blocked")["blocked"], [])
                self.assertEqual(one.sql("SELECT count(*) FROM kontor_intent WHERE state <> 'acked'"),
                                 [(0,)])
                two.sync()
                self.assertEqual(self.seen(two, "C*"), self.seen(one, "C*"))
                self.assertEqual(self.hub("SELECT count(*), count(DISTINCT last_name),"
                                          " count(*) FILTER (WHERE title = 'changed') FROM contact"
                                          " WHERE last_name LIKE 'C%'"),
                                 [f"{3 * round + 3}|{3 * round + 3}|{3 * round + 3}"])
        # What the pushes have left that found the hub away, others remove after a quarter of an hour.
        self.assertEqual(self.hub("SELECT count(*) FROM kontor_hub_writer"), ["2"])
        self.hub("DELETE FROM kontor_hub_writer")

    def test_z_a_hub_that_is_restored_from_a_dump(self):
        one, two = self.one, self.two
        one.sql("INSERT INTO contact(last_name, title) VALUES ('RBefore', 'old')")
        self.all_agree("R*", one, two)
        dump = self.server.dump()
        one.sql("UPDATE contact SET title = 'newer' WHERE last_name = 'RBefore'")
        one.sql("INSERT INTO contact(last_name) VALUES ('RAfter')")
        self.all_agree("R*", one, two)
        self.server.restore(dump)
        # One that knows nothing of the past goes first, so that the clock is past what others saw.
        three = self.laptop("three")
        for n in range(5):
            three.sql("INSERT INTO contact(last_name) VALUES (?)", f"RThree {n}")
            three.sync()
        for each in (one, two):
            told = each.sync(check=False)
            self.assertEqual(told.returncode, 5, told.stderr)
            self.assertIn("set back", told.stderr)
            self.assertNotEqual(each.sync(check=False).returncode, 0)  # it waits for a person
            self.assertEqual(len(self.seen(each, "R*")), 2)  # nothing is lost meanwhile
        # The first to go on begins a new epoch; so the third learns of it too.
        for each in (one, two, three):
            each.kontor("connection", "resume", "hub", "--accept-remote", "--send-missing")
            each.kontor("push", "on", "hub")
            each.sync()
        for each in (one, two, three):
            each.sync()
        names = [("RAfter",), ("RBefore",), *((f"RThree {n}",) for n in range(5))]
        for each in (one, two, three):
            self.assertEqual(self.seen(each, "R*", "last_name"), names)
        self.assertEqual(self.hub("SELECT count(*) FROM contact WHERE last_name LIKE 'R%'"), ["7"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
