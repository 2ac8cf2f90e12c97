#!/usr/bin/env python3
"""Whatever a remote sends, the replica stays as it was, and the error says what was wrong.

The simulated Zoho answers reads of contacts with hostile and broken messages, one kind after the
other, while an honest change waits there. Each sync must fail in part, say in both
languages what is wrong with what, and what to do; the tables must not change; the daemon must live on
in bounded memory. At the end the waiting change arrives.
"""
import hashlib
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)
ODD = "The other side sent something unexpected: pull Contacts: "
PAGE = ODD + "a page of Contacts: "
AGAIN = "Syncs are tried again by themselves; if it stays so, run: kontor doctor"
RIGHTS = "its administrator has to grant"
# kind, parameters, what the error says, what to do, and what is wrong in Chinese
CASES = [
    ("big_json", {"shape": "depth"},
     PAGE + "record no. 1 of the page: not of the form that Zoho sends", AGAIN, "不是 Zoho 发送的格式"),
    ("big_json", {"shape": "id"},
     PAGE + "record no. 1 of the page, field id: an id that is none of Zoho's", AGAIN,
     "字段 id：不是 Zoho 的记录 ID"),
    ("big_json", {"shape": "number"},
     PAGE + "record 1, field Last_Name: no number, or one of too many digits", AGAIN,
     "记录 1 的字段 Last_Name：不是数字，或位数过多"),
    ("big_json", {"shape": "exponent"},
     PAGE + "record 1, field Last_Name: no number, or one of too many digits", AGAIN,
     "记录 1 的字段 Last_Name：不是数字，或位数过多"),
    ("big_json", {"shape": "huge"}, "the answer is larger than 32 MiB", AGAIN, "答复大于 32 MiB"),
    ("big_json", {"shape": "utf8"}, PAGE + "a text that is not UTF-8", AGAIN, "不是 UTF-8 的文本"),
    ("malformed_json", {}, PAGE, AGAIN, "不是有效的 JSON"),
    ("html_200", {}, PAGE + "an HTML page, not Zoho's JSON", AGAIN, "HTML 页面，而不是 Zoho 的 JSON"),
    ("redirect", {}, ODD + "unexpected HTTP 302", AGAIN, "意外的 HTTP 302"),
    ("status", {"status": 403, "code": "NO_PERMISSION"},
     "Not permitted: pull Contacts: list Contacts: HTTP 403 NO_PERMISSION", RIGHTS, "没有权限"),
    ("status", {"status": 401, "code": "OAUTH_SCOPE_MISMATCH"},
     "Not permitted: pull Contacts: list Contacts: HTTP 401 OAUTH_SCOPE_MISMATCH", RIGHTS, "没有权限"),
    ("status", {"status": 400, "code": "INVALID_DATA"},
     ODD + "list Contacts: HTTP 400 INVALID_DATA", AGAIN, "HTTP 400 INVALID_DATA"),
    ("status", {"status": 404, "code": "INVALID_MODULE"},
     ODD + "list Contacts: HTTP 404 INVALID_MODULE", AGAIN, "HTTP 404 INVALID_MODULE"),
]
TABLES = ("contact", "account", "deal", "lead", "kontor_link", "kontor_shadow", "kontor_history")
PARTLY = 3  # the other streams are synced
MEMORY_MAX = 300 << 20


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
        """In English and in Chinese."""
        self.world.control("/fault", {"kind": kind, "probability": 1.0, "params": params,
                                      "match": {"method": "GET",
                                                "path_prefix": "/crm/v8/Contacts"}})
        results = [self.world.kontor("sync", "zoho", check=False,
                                     env={**self.world.env, "LANG": language})
                   for language in ("C.UTF-8", "zh_CN.UTF-8")]
        self.world.clear_faults()
        self.assertIsNone(self.world.daemon.poll(), "kontord ended: " + self.world.logged()[-2000:])
        return results

    def test_answers(self):
        before = self.digest()
        for kind, params, what, to_do, in_chinese in CASES:
            with self.subTest(kind=kind, params=params):
                english, chinese = self.sync_with(kind, params)
                self.assertEqual(english.returncode, PARTLY, english.stderr)
                self.assertIn(what, english.stderr)
                self.assertIn(to_do, english.stderr)
                self.assertEqual(chinese.returncode, PARTLY, chinese.stderr)
                self.assertIn(in_chinese, chinese.stderr)
                for text in (english.stderr, chinese.stderr):
                    self.assertLess(len(text), 2000)
                self.assertEqual(self.digest(), before)
                error = self.world.json("status", "zoho")["error"]
                self.assertIn(what.split(": ")[-1], error["message"])
        # A key that nobody knows is no reason to refuse the rest.
        for result in self.sync_with("unknown_field", {}):
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(("Waits",), self.world.sql("SELECT last_name FROM contact"))
        self.assertEqual(self.world.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertLess(self.world.memory_peak(), MEMORY_MAX)


if __name__ == "__main__":
    unittest.main()
