#!/usr/bin/env python3
"""A first load of many records: kontord stays small, its log too, and other programs write meanwhile.

Also a text of 8 MiB. There are so many records that the limits would be exceeded where something grew with
them.
"""
import os
import sqlite3
import sys
import threading
import unittest

from world import World, until

BIN = sys.argv.pop(1)
RECORDS = 100_000
MEMORY_MAX = 120 << 20  # of kontord
WAL_MAX = 64 << 20
IDLE = 20  # seconds after which kontord writes its log back


class Stranger(threading.Thread):
    """Another program: writes all the time, by plain SQL with a busy timeout, and looks at sizes."""

    def __init__(self, world):
        super().__init__()
        self.world, self.done = world, threading.Event()
        self.made, self.changed, self.wal = [], {}, 0
        self.error = None

    def run(self):
        database = sqlite3.connect(self.world.replica, timeout=20, isolation_level=None)
        try:
            while not self.done.is_set():
                self.write(database)
                self.wal = max(self.wal, self.world.wal_bytes())
                self.done.wait(0.01)
        except sqlite3.Error as error:
            self.error = error
        finally:
            database.close()

    def write(self, database):
        name = f"Stranger {len(self.made)}"
        database.execute("INSERT INTO lead(last_name, company) VALUES(?, 'Elsewhere')", [name])
        self.made.append(name)
        row = database.execute("SELECT max(id) FROM account").fetchone()
        if row[0]:
            database.execute("UPDATE account SET phone = ? WHERE id = ?", [name, row[0]])
            self.changed[row[0]] = name


class Load(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "load")
        self.addCleanup(self.world.close)

    def start(self, *peer):
        self.world.start_peer("--seed", "4", *peer)
        self.world.kontor("init")
        self.world.start_daemon()
        self.world.connect()

    def test_many_records(self):
        self.start("--records", str(RECORDS), "--accounts", "2000", "--deals", "5", "--leads", "5")
        stranger = Stranger(self.world)
        stranger.start()
        try:
            self.world.kontor("sync", "zoho")
        finally:
            stranger.done.set()
            stranger.join()
        self.assertIsNone(stranger.error)
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(RECORDS,)])
        self.assertGreater(os.path.getsize(self.world.replica), WAL_MAX, "too little to prove it")
        self.assertLess(self.world.memory_peak(), MEMORY_MAX)
        self.assertLess(stranger.wal, WAL_MAX)

        # Whatever the other program wrote has been captured, and goes out.
        self.assertGreater(len(stranger.made), 20)
        self.assertTrue(stranger.changed)
        names = [row[0] for row in self.world.sql(
            "SELECT l.last_name FROM lead l JOIN kontor_history h ON h.record = l.id AND h.op = 'i'"
            " AND h.run IS NULL JOIN kontor_entity e ON e.id = h.entity AND e.name = 'lead'")]
        self.assertEqual(sorted(names), sorted(stranger.made))
        self.world.kontor("push", "on", "zoho")
        self.world.kontor("sync", "zoho", "--confirm-mass")
        there = {lead["Last_Name"] for lead in self.world.dump("Leads", "Last_Name")}
        self.assertLessEqual(set(stranger.made), there)
        phones = {a["Phone"] for a in self.world.dump("Accounts", "Phone")}
        self.assertLessEqual(set(stranger.changed.values()), phones)

        # The log is written back when all is quiet, and at the end.
        until(lambda: self.world.wal_bytes() == 0, "the log is written back", IDLE + 40)
        self.world.sql("UPDATE contact SET title = 'later' WHERE id = 1")
        self.assertGreater(self.world.wal_bytes(), 0)
        self.assertEqual(self.world.stop_daemon(), 0)
        self.assertEqual(self.world.wal_bytes(), 0)
        self.assertEqual(self.world.sql("SELECT title FROM contact WHERE id = 1"), [("later",)])

    def test_a_long_text(self):
        self.start("--records", "20", "--accounts", "5", "--deals", "5")
        self.world.kontor("sync", "zoho")
        self.world.kontor("push", "on", "zoho")
        piece = "汉字 and words "
        long = piece * ((8 << 20) // len(piece.encode()) + 1)
        self.assertGreaterEqual(len(long.encode()), 8 << 20)

        # Typed here: kept whole, though the remote has room for its beginning only; undone.
        self.world.sql("UPDATE contact SET description = ? WHERE id = 1", long)
        self.world.kontor("set", "contact", "2", "title=Short")
        self.world.kontor("sync", "zoho")
        there = self.world.dump("Contacts", "Title,Description")
        self.assertIn("Short", [c["Title"] for c in there])
        beginning = max((c["Description"] or "" for c in there), key=len)
        self.assertGreater(len(beginning), 1000)
        self.assertTrue(long.startswith(beginning))
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.json("get", "contact", "1")["fields"]["description"], long)
        self.world.kontor("undo", "contact:1")
        self.world.kontor("sync", "zoho")
        self.assertFalse([c for c in self.world.dump("Contacts", "Description")
                          if (c["Description"] or "").startswith("汉字")])
        self.assertEqual(self.world.json("blocked")["blocked"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
