#!/usr/bin/env python3
"""Whatever a remote sends, the replica stays as it was, and the error says what was wrong.

The simulated Zoho answers reads of contacts with hostile and broken messages, one kind after the
other, while an honest change waits there. Each sync must fail, naming the thing; the tables must not
change; the daemon must live on in bounded memory. At the end the waiting change arrives.
"""
import hashlib
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)
# kind, parameters, a word that the error must have
CASES = [
    ("big_json", {"shape": "depth"}, "Contacts"),
    ("big_json", {"shape": "string"}, "Contacts"),
    ("big_json", {"shape": "huge"}, "MiB"),
    ("big_json", {"shape": "utf8"}, "UTF-8"),
    ("malformed_json", {}, "Contacts"),
    ("html_200", {}, "HTML"),
    ("redirect", {}, "302"),
    ("status", {"status": 403, "code": "NO_PERMISSION"}, "NO_PERMISSION"),
    ("status", {"status": 401, "code": "OAUTH_SCOPE_MISMATCH"}, "OAUTH_SCOPE_MISMATCH"),
    ("status", {"status": 400, "code": "INVALID_DATA"}, "INVALID_DATA"),
]
# Odd, but JSON of the right form: taken as it is or refused, never half.
ODD = [("big_json", {"shape": "number"}), ("big_json", {"shape": "exponent"}),
       ("unknown_field", {})]
TABLES = ("contact", "account", "deal", "lead", "kontor_link", "kontor_shadow", "kontor_history")
MEMORY_MAX_KIB = 300 * 1024


class Hostile(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "hostile")
        self.addCleanup(self.world.close)
        self.world.start_peer("--records", "60", "--accounts", "10", "--deals", "10", "--leads", "5")
        self.world.start_daemon()
        self.world.connect()
        self.world.kontor("sync", "zoho")
        first = self.world.dump("Contacts", "Last_Name")[0]["id"]
        self.world.control("/edit", {"module": "Contacts", "id": first,
                                     "set": {"Last_Name": "Waits"}})

    def digest(self):
        """Everything that a sync could change, the list of runs apart."""
        tables = [row[0] for row in self.world.sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        self.assertIn("contact", tables)
        self.assertIn("kontor_link", tables)
        out = hashlib.sha256()
        for table in (each for each in tables if each in TABLES):
            rows = self.world.sql(f'SELECT * FROM "{table}"')
            out.update(repr(sorted(map(repr, rows))).encode())
        return out.hexdigest()

    def sync_with(self, kind, params):
        self.world.control("/fault", {"kind": kind, "probability": 1.0, "params": params,
                                      "match": {"method": "GET",
                                                "path_prefix": "/crm/v8/Contacts"}})
        result = self.world.kontor("sync", "zoho", check=False)
        self.world.clear_faults()
        self.assertIsNone(self.world.daemon.poll(), "kontord ended: " + self.world.logged()[-2000:])
        return result

    def peak_kib(self):
        with open(f"/proc/{self.world.daemon.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    def test_answers(self):
        before = self.digest()
        for kind, params, word in CASES:
            with self.subTest(kind=kind, params=params):
                result = self.sync_with(kind, params)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(word, result.stdout + result.stderr)
                self.assertEqual(self.digest(), before)
        for kind, params in ODD:
            with self.subTest(kind=kind, params=params):
                self.sync_with(kind, params)
        self.world.kontor("sync", "zoho")
        self.assertIn(("Waits",), self.world.sql("SELECT last_name FROM contact"))
        self.assertEqual(self.world.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertLess(self.peak_kib(), MEMORY_MAX_KIB)


if __name__ == "__main__":
    unittest.main()
