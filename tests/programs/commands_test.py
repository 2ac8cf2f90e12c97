#!/usr/bin/env python3
"""Every command of kontor against the real daemon and the simulated Zoho, as a new user tries them."""
import csv
import io
import json
import os
import pwd
import re
import subprocess
import sys
import time
import unicodedata
import unittest

from world import World, until

BIN = sys.argv.pop(1)
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(BIN, "commands")
        cls.addClassCleanup(cls.world.close)
        cls.world.start_peer("--records", "600", "--accounts", "40", "--deals", "60", "--seed", "9")
        cls.first = [cls.world.kontor("init", "--json")]
        cls.world.start_daemon()
        cls.first += [cls.world.connect("--json"), cls.world.kontor("sync", "zoho", "--json")]
        cls.world.kontor("push", "on", "zoho")

    def run_kontor(self, *words, **how):
        return self.world.kontor(*words, **how)

    def linked_contact(self, which):
        """Its id here and at the remote."""
        return self.world.sql(
            "SELECT c.id, l.ext_id FROM contact c JOIN kontor_link l ON l.record = c.id JOIN"
            f" kontor_stream s ON s.id = l.stream AND s.name = 'Contacts' {which}")[0]

    def refused(self, code, *words, **how):
        """Fails with that exit code, as text and as one JSON object; the JSON."""
        plain = self.world.kontor(*words, check=False, **how)
        self.assertEqual(plain.returncode, code, plain.stderr)
        self.assertTrue(plain.stderr.startswith("kontor: "), plain.stderr)
        told = self.world.kontor(*words, "--json", check=False, **how)
        self.assertEqual(told.returncode, code, told.stderr)
        document = json.loads(told.stderr)
        self.assertEqual(document["message_type"], "error")
        self.assertEqual(document["exit"], code)
        return document

    def test_help_of_every_command_has_an_example_that_parses(self):
        listing = self.run_kontor("--help").stdout
        self.assertEqual(self.run_kontor("help").stdout, listing)
        listed = listing[listing.index("Commands:"):listing.index("Options of")]
        commands = re.findall(r"^  ([a-z]+)  ", listed, re.M)
        for wanted in ("init connect status sync list get create set delete search conflicts resolve "
                       "history why undo blocked sql events doctor config").split():
            self.assertTrue(any(c.split()[0] == wanted for c in commands), wanted)
        for command in commands:
            for language in ("en", "zh"):
                text = self.run_kontor(*command.split(), "--help", "--lang", language).stdout
                self.assertIn("kontor " + command.split()[0], text)
        self.assertIn("用法", self.run_kontor("sync", "--help", "--lang", "zh").stdout)

    def test_every_command_answers_in_json_and_nothing_else(self):
        made = str(self.world.json("create", "contact", "last_name=Json")["ids"][0])
        results = self.first + [self.run_kontor(*words, "--json") for words in (
            ("status",), ("sync",), ("sync", "zoho", "--dry-run"), ("list", "contact"),
            ("get", "contact", made), ("set", "contact", made, "phone=1"), ("search", "Json"),
            ("history", "contact", made), ("why", "contact", made, "phone"), ("conflicts",),
            ("resolve", "--all", "--ours"), ("blocked",), ("blocked", "--retry"), ("runs",),
            ("undo", f"contact:{made}:phone", "--dry-run"), ("delete", "contact", made, "--force"),
            ("sql", "SELECT 1"), ("doctor",), ("config", "check"), ("--version",))]
        for result in results:
            with self.subTest(result.args[1:]):
                lines = result.stdout.splitlines()
                self.assertTrue(lines)
                for line in lines:
                    self.assertIsInstance(json.loads(line), dict)
                self.assertEqual(result.stderr, "")

    def test_each_program_tells_its_version(self):
        for program in ("kontor", "kontord", "kontor-peer-zoho"):
            told = subprocess.run([self.world.program(program), "--version"], env=self.world.env,
                                  capture_output=True, text=True, timeout=60, check=True).stdout
            self.assertRegex(told, rf"^{program} \d+\.\d+\.\d+\n$")

    def test_wrong_words_are_told_with_what_was_meant(self):
        self.assertIn("did you mean", self.refused(2, "stauts")["hint"])
        self.assertIn("--dry-run", self.refused(2, "sync", "--dry-rn")["hint"])
        self.refused(2, "get", "contact")
        self.refused(2, "get", "contact", "1", "2")
        self.refused(2, "list", "contact", "--limit", "many")
        self.refused(6, "get", "contact", "999999")
        self.refused(6, "list", "nothing")
        self.refused(6, "sync", "nobody")
        self.assertIn("mailing_city",
                      self.refused(6, "set", "contact", "1", "mailing_ctiy=1")["hint"])
        self.assertIn("phone", self.refused(6, "list", "contact", "--where", "phon=1")["hint"])
        self.assertIn("contact", self.refused(6, "get", "contcat", "1")["hint"])
        self.refused(2, "resolve", "1")
        self.refused(6, "resolve", "99999", "--ours")
        self.refused(2, "undo", "yesterday")

    def test_without_a_daemon(self):
        words = ("--socket", os.path.join(self.world.dir, "none.sock"))
        told = self.refused(69, "status", *words)
        self.assertIn("kontord", told["hint"])
        self.run_kontor("--version", *words)
        self.run_kontor("config", "check", *words)
        self.run_kontor("help", "sync", *words)

    def test_chinese_by_locale_by_option_and_in_the_answers_of_the_daemon(self):
        chinese = {**self.world.env, "LANG": "zh_CN.UTF-8"}
        self.assertIn("连接", self.run_kontor("status", env=chinese).stdout)
        english = {**chinese, "LC_ALL": "C.UTF-8"}
        self.assertNotIn("连接", self.run_kontor("status", env=english).stdout)
        failed = self.world.kontor("get", "contact", "999999", check=False, env=chinese)
        self.assertIn("没有记录 contact 999999", failed.stderr)
        told = json.loads(self.world.kontor("get", "contact", "999999", "--json", check=False,
                                            env=chinese).stderr)
        self.assertEqual(told["code"], "not_found")

    def test_list_filters_sorts_and_pages(self):
        cities = self.world.json("sql", "SELECT mailing_city, count(*) FROM contact "
                                 "WHERE mailing_city IS NOT NULL GROUP BY 1 ORDER BY 2 DESC")["rows"]
        city, count = cities[0]
        rows = self.world.json("list", "contact", "--where", f"mailing_city={city}", "--sort",
                               "-last_name,id", "--limit", "1000")["records"]
        self.assertEqual(len(rows), count)
        names = [r["fields"]["last_name"] for r in rows]
        self.assertEqual(names, sorted(names, reverse=True))
        seen, after = [], None
        while True:
            page = self.world.json("list", "contact", "--limit", "250", "--fields", "last_name",
                                   *(["--after", after] if after else []))
            seen += [r["id"] for r in page["records"]]
            after = page.get("next")
            if not after:
                break
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(len(seen), self.world.sql("SELECT count(*) FROM contact")[0][0])
        blank = self.world.json("list", "contact", "--where", "email=", "--limit", "1000")["records"]
        self.assertTrue(all(r["fields"]["email"] in (None, "") for r in blank))
        big = self.world.json("list", "deal", "--where", "amount>=100000", "--limit", "1000")
        self.assertTrue(all(float(r["fields"]["amount"]) >= 100000 for r in big["records"]))
        self.assertLess(len(big["records"]), 60)

    def test_csv_is_safe_whole_and_readable_by_spreadsheets(self):
        name = '=HYPERLINK("http://x","y"), and\nmore'
        self.run_kontor("create", "contact", "last_name=" + name, "first_name=+86 10")
        raw = subprocess.run([self.world.program("kontor"), "list", "contact", "--csv", "--bom",
                              "--fields", "last_name,first_name"], env=self.world.env,
                             capture_output=True, timeout=60, check=True).stdout
        self.assertTrue(raw.startswith(b"\xef\xbb\xbf"))
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
        self.assertEqual(rows[0], ["id", "last_name", "first_name"])
        self.assertEqual(len(rows) - 1, self.world.sql("SELECT count(*) FROM contact")[0][0])
        mine = next(r for r in rows if r[1].endswith("more"))
        self.assertEqual(mine[1], "'" + name)
        self.assertEqual(mine[2], "+86 10")
        self.assertFalse(any(cell[:1] in "=+@-" and cell[:1] and
                             not re.fullmatch("[0-9 +().-]+", cell) for row in rows for cell in row))
        for words in (("sql", "SELECT last_name FROM contact", "--limit", "100000"),
                      ("search", "HYPERLINK")):
            out = self.run_kontor(*words, "--csv").stdout
            self.assertNotRegex(out, r'(?m)^"?=')

    def test_a_list_on_a_terminal_fits_its_lines(self):
        terminal = self.world.terminal("list", "contact", "--limit", "5")
        self.assertEqual(terminal.end(), 0)
        lines = ESCAPE.sub("", terminal.seen).replace("\r", "").splitlines()
        self.assertTrue(all(width(line) <= 100 for line in lines[:6]), lines[:6])
        self.assertRegex(lines[0], r"^id +last_name +first_name ")
        self.assertIn("--fields", lines[-1] + lines[-2])
        # A program that reads the output gets all of it.
        self.assertIn("we_chat_id", self.run_kontor("list", "contact", "--limit", "5").stdout)

    def test_columns_line_up_in_chinese(self):
        terminal = self.world.terminal("list", "contact", "--fields", "last_name,mailing_city,phone",
                                       "--limit", "30")
        self.assertEqual(terminal.end(), 0)
        lines = [ESCAPE.sub("", l) for l in terminal.seen.replace("\r", "").splitlines()]
        head = lines[0]
        at = width(head[:head.index("phone")])
        rows = [l for l in lines[1:] if re.match(r"\s*\d+ ", l)]
        self.assertGreater(len(rows), 20)
        self.assertTrue(any(width(l) != len(l) for l in rows), "no Chinese in the sample")
        for line in rows:
            column = 0
            for position, char in enumerate(line):
                if column >= at:
                    break
                column += width(char)
            if len(line) > position + 1:
                self.assertEqual(column, at, line)
                self.assertEqual(line[position - 1], " ", line)

    def test_colours_only_where_they_can_be_seen(self):
        def coloured(env):
            terminal = self.world.terminal("status", env={**self.world.env, **env})
            self.assertEqual(terminal.end(), 0)
            return "\x1b[" in terminal.seen
        self.assertTrue(coloured({}))
        self.assertFalse(coloured({"NO_COLOR": "1"}))
        self.assertNotIn("\x1b", self.run_kontor("status").stdout)
        terminal = self.world.terminal("status", "--no-color")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn("\x1b[", terminal.seen)

    def test_sql_reads_only_unless_told_and_never_leaves_its_place(self):
        self.assertEqual(self.world.json("sql", "SELECT 1 AS one")["rows"], [[1]])
        before = self.world.sql("SELECT count(*), max(id) FROM contact")
        attempts = [
            "DELETE FROM contact", "UPDATE contact SET phone = 'x'", "DROP TABLE contact",
            "INSERT INTO contact(last_name) VALUES('x')", "CREATE TABLE mine(a)",
            "CREATE TEMP TABLE mine(a)", "PRAGMA user_version = 4711", "PRAGMA writable_schema = ON",
            "PRAGMA journal_mode = DELETE", "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM",
            f"VACUUM INTO '{self.world.dir}/copy.db'", f"ATTACH '{self.world.dir}/new.db' AS n",
            "DETACH main", "SELECT load_extension('/tmp/x.so')",
            "SELECT 1; DELETE FROM contact", "WITH x AS (SELECT 1) DELETE FROM contact",
            "BEGIN", "REINDEX", "ANALYZE", "EXPLAIN DELETE FROM contact; DELETE FROM contact",
            "SELECT * FROM pragma_wal_checkpoint", "SELECT writefile('x', 'y')",
            "REPLACE INTO contact(id, last_name) VALUES(1, 'x')",
            "SELECT fts3_tokenizer('simple')"]
        for statement in attempts:
            with self.subTest(statement):
                failed = self.world.kontor("sql", statement, check=False)
                self.assertNotEqual(failed.returncode, 0, failed.stdout)
        self.assertEqual(self.world.sql("SELECT count(*), max(id) FROM contact"), before)
        self.assertNotEqual(self.world.sql("PRAGMA user_version")[0][0], 4711)
        for name in ("copy.db", "new.db"):
            self.assertFalse(os.path.exists(os.path.join(self.world.dir, name)))
        # With --write records can be written; our own tables and the schema cannot.
        for statement in ("DELETE FROM kontor_history", "UPDATE kontor_link SET ext_id = 'x'",
                          "DROP TABLE contact", "PRAGMA user_version = 4711",
                          f"ATTACH '{self.world.dir}/new.db' AS n", "CREATE TABLE mine(a)"):
            with self.subTest(statement):
                failed = self.world.kontor("sql", "--write", statement, check=False)
                self.assertNotEqual(failed.returncode, 0, failed.stdout)
                self.assertIn("change records", failed.stderr)
        self.run_kontor("sql", "--write", "UPDATE contact SET fax = '1' WHERE id = 2")
        why = self.world.json("why", "contact", "2", "fax")
        self.assertEqual(why["value"], "1")
        self.assertIn(f"uid:{os.getuid()}", json.dumps(why))

    def test_a_first_load_has_no_old_value(self):
        # One entry for all its records: how many it has is not a value of this one.
        loaded = [e for e in self.world.json("history", "contact", "3")["entries"]
                  if e["op"] == "loaded"]
        self.assertEqual([(e["old"], e["run"]) for e in loaded], [(None, 1)])

    def test_a_push_leaves_no_trace_of_lists_that_are_blank_on_both_sides(self):
        self.run_kontor("set", "contact", "80", "title=Blank")
        self.run_kontor("sync", "zoho")
        self.run_kontor("sync", "zoho")
        fields = [e["field"] for e in self.world.json("history", "contact", "80")["entries"]]
        self.assertIn("title", fields)
        self.assertNotIn("tags", fields)

    def test_a_record_from_beginning_to_end(self):
        made = self.world.json("create", "contact", "last_name=欧阳", "first_name=娜娜",
                               "email=nn@example.com")
        record = str(made["ids"][0])
        self.assertEqual(self.world.json("get", "contact", record)["fields"]["last_name"], "欧阳")
        until(lambda: any(str(h["id"]) == record
                          for h in self.world.json("search", "欧阳娜娜")["hits"]), "found by search")
        self.run_kontor("set", "contact", record, "phone=+86 10 5555 0199", "email=")
        entries = self.world.json("history", "contact", record)["entries"]
        self.assertIn("phone", [e["field"] for e in entries])
        change = max(e["seq"] for e in entries if e["field"] == "phone")
        preview = self.world.json("undo", f"change:{change}", "--preview")
        self.assertEqual(preview["changes"][0]["now"], "+86 10 5555 0199")
        self.assertEqual(self.world.json("get", "contact", record)["fields"]["phone"],
                         "+86 10 5555 0199")
        terminal = self.world.terminal("undo", f"change:{change}")
        terminal.expect("[y/N]")
        terminal.enter("n")
        self.assertEqual(terminal.end(), 0)
        self.run_kontor("undo", f"change:{change}")
        self.assertIsNone(self.world.json("get", "contact", record)["fields"]["phone"])
        self.run_kontor("sync", "zoho")
        self.assertEqual(len([r for r in self.world.dump("Contacts", "Last_Name,First_Name")
                              if r["First_Name"] == "娜娜" and r["Last_Name"] == "欧阳"]), 1)
        self.run_kontor("delete", "contact", record, "--force")
        self.refused(6, "get", "contact", record)
        self.run_kontor("sync", "zoho")
        self.assertEqual([r for r in self.world.dump("Contacts", "Last_Name,First_Name")
                          if r["First_Name"] == "娜娜" and r["Last_Name"] == "欧阳"], [])

    def test_undoing_what_came_from_zoho_deletes_nothing_there(self):
        there = sorted(r["id"] for r in self.world.dump("Contacts", "Last_Name"))
        counts = "SELECT (SELECT count(*) FROM contact), (SELECT count(*) FROM user)"
        here = self.world.sql(counts)
        undone = self.world.kontor("undo", "run:1", "--force", "--json", check=False)
        self.assertEqual(undone.returncode, 3, undone.stderr)
        told = json.loads(undone.stdout)
        self.assertEqual((told["undone"], told["deleted"]), (0, 0))
        self.assertEqual(self.world.sql(counts), here)

        self.world.control("/create", {"module": "Contacts", "set": {"Last_Name": "Colleague"}})
        self.run_kontor("sync", "zoho")
        [newest] = self.world.json("runs", "--limit", "1")["runs"]
        run = newest["id"]
        listed = self.run_kontor("runs", "--limit", "1").stdout.splitlines()[1].split()
        changes = [sum(counts[f"{change}_{side}"] for counts in newest["counts"].values()
                       for change in ("created", "updated", "deleted")) for side in ("here", "there")]
        self.assertGreaterEqual(changes[0], 1)
        self.assertEqual(listed[:1] + listed[4:6], [str(n) for n in (run, *changes)])
        [[record]] = self.world.sql("SELECT id FROM contact WHERE last_name = 'Colleague'")
        undone = self.world.kontor("undo", f"run:{run}", check=False)
        self.assertEqual(undone.returncode, 3, undone.stderr)
        self.assertIn("came from the remote", undone.stdout)
        self.assertIn(f"kontor delete contact {record}\n", undone.stderr)
        self.run_kontor("sync", "zoho")
        now = sorted(r["id"] for r in self.world.dump("Contacts", "Last_Name"))
        self.assertEqual(len(now), len(there) + 1)

    def test_undo_asks_where_it_deletes_and_writes_nothing_that_set_refuses(self):
        record = str(self.world.json("create", "contact", "last_name=Undone")["ids"][0])
        for words in ((), ("--json",)):
            told = self.world.kontor("undo", f"contact:{record}", *words, check=False)
            self.assertEqual(told.returncode, 2, told.stderr)
            self.assertIn("--force is needed", told.stderr)
        self.run_kontor("get", "contact", record)
        self.run_kontor("undo", f"contact:{record}", "--force")
        self.refused(6, "get", "contact", record)

        [(change, user)] = self.world.sql(
            "SELECT h.seq, h.record FROM kontor_history h JOIN kontor_entity e ON e.id = h.entity"
            " WHERE e.name = 'user' AND h.op = 'i' LIMIT 1")
        self.refused(1, "delete", "user", str(user), "--force")
        undone = self.world.kontor("undo", f"change:{change}", "--force", check=False)
        self.assertEqual(undone.returncode, 3, undone.stderr)
        self.assertIn("only read from zoho", undone.stdout)
        self.run_kontor("get", "user", str(user))

    def test_an_undo_that_is_repeated_takes_back_the_undo_as_a_whole(self):
        record = str(self.world.json("create", "contact", "last_name=Twice", "title=Cook")["ids"][0])
        self.run_kontor("sync", "zoho")
        self.run_kontor("delete", "contact", record, "--force")
        self.run_kontor("undo", f"contact:{record}", "--force")
        self.assertEqual(self.world.json("get", "contact", record)["fields"]["title"], "Cook")
        self.run_kontor("undo", f"contact:{record}", "--force")
        self.refused(6, "get", "contact", record)
        self.run_kontor("undo", f"contact:{record}", "--force")
        self.run_kontor("sync", "zoho")
        self.assertEqual([r["Title"] for r in self.world.dump("Contacts", "Last_Name,Title")
                          if r["Last_Name"] == "Twice"], ["Cook"])

    def test_what_was_made_here_and_filled_in_by_zoho_can_be_undone(self):
        record = str(self.world.json("create", "contact", "last_name=Filled")["ids"][0])
        for _ in range(2):
            self.run_kontor("sync", "zoho")
        self.assertIsNotNone(self.world.json("get", "contact", record)["fields"]["owner_id"])
        [(made,)] = self.world.sql(
            "SELECT h.seq FROM kontor_history h JOIN kontor_entity e ON e.id = h.entity"
            " WHERE e.name = 'contact' AND h.op = 'i' AND h.record = ?", record)
        self.run_kontor("undo", f"change:{made}", "--force")
        self.refused(6, "get", "contact", record)

    def test_text_in_another_encoding_is_kept_here_and_told(self):
        record = str(self.world.json("create", "contact", "last_name=Encoded", "title=Cook")["ids"][0])
        self.run_kontor("sync", "zoho")
        self.world.sql("UPDATE contact SET title = CAST(? AS TEXT) WHERE id = ?",
                       "财务部".encode("gbk"), record)
        self.run_kontor("sync", "zoho")
        self.assertIn("not text in UTF-8", self.world.kontor("blocked").stdout)
        self.assertEqual([r["Title"] for r in self.world.dump("Contacts", "Last_Name,Title")
                          if r["Last_Name"] == "Encoded"], ["Cook"])
        self.run_kontor("set", "contact", record, "title=财务部")
        self.run_kontor("sync", "zoho")
        self.assertEqual([r["Title"] for r in self.world.dump("Contacts", "Last_Name,Title")
                          if r["Last_Name"] == "Encoded"], ["财务部"])

    def test_an_update_that_zoho_refuses_is_blocked_whatever_the_answer_names(self):
        # Answers name the record's id, as those of an unknown id do; some the field as well.
        for record, details in (("50", {}), ("51", {"api_name": "Title"})):
            self.world.control("/fault", {
                "kind": "reject_record", "count": 50,
                "params": {"module": "Contacts", "field": "Title", "contains": "BAD",
                           "code": "INVALID_DATA", "message": "no such title",
                           "details": details}})
            self.addCleanup(self.world.clear_faults)
            self.run_kontor("set", "contact", record, "title=BADone")
            told = self.run_kontor("sync", "zoho").stdout
            self.assertIn("1 refused", told)
            blocked = self.world.json("blocked")["blocked"]
            self.assertEqual([(b["record"], b["status"], b["message"]) for b in blocked],
                             [(int(record), "invalid", "no such title")])
            self.world.clear_faults()
            self.run_kontor("set", "contact", record, "title=Good")
            self.run_kontor("sync", "zoho")
            self.assertEqual(self.world.json("blocked")["blocked"], [])

    def test_refusals_are_told_apart_and_what_may_pass_goes_by_itself(self):
        records = {"MANDATORY_NOT_FOUND": ("60", "invalid"), "DUPLICATE_DATA": ("61", "duplicate"),
                   "NO_PERMISSION": ("62", "forbidden"), "RECORD_LOCKED": ("63", "locked"),
                   "LIMIT_EXCEEDED": ("64", "retry")}
        self.addCleanup(self.world.clear_faults)
        for code, (record, _) in records.items():
            self.world.control("/fault", {
                "kind": "reject_record", "count": 50,
                "params": {"module": "Contacts", "field": "Title", "contains": code, "code": code,
                           "message": "refused"}})
            self.run_kontor("set", "contact", record, "title=" + code)
        self.run_kontor("sync", "zoho")
        blocked = {b["code"]: b for b in self.world.json("blocked")["blocked"]}
        self.assertEqual({code: (str(b["record"]), b["status"]) for code, b in blocked.items()},
                         records)
        # A person has to edit what is refused for good; the rest is tried again at its time.
        self.assertEqual({code for code, b in blocked.items() if b["retry_at"]},
                         {"RECORD_LOCKED", "LIMIT_EXCEEDED"})
        self.world.clear_faults()
        self.run_kontor("blocked", "--retry")
        self.run_kontor("sync", "zoho")
        self.assertEqual(self.world.json("blocked")["blocked"], [])
        there = {r["Title"] for r in self.world.dump("Contacts", "Title")}
        self.assertEqual(there & set(records), set(records))

    def test_status_counts_edits_that_wait_to_be_sent_before_any_sync(self):
        self.run_kontor("sync", "zoho")
        self.run_kontor("push", "off", "zoho")
        self.addCleanup(self.run_kontor, "push", "on", "zoho")
        waiting = lambda: self.world.json("status")["connections"][0]["to_push"]
        self.assertEqual(waiting(), 0)
        for record in ("70", "71", "72"):
            self.run_kontor("set", "contact", record, "title=Waits")
        self.assertEqual(waiting(), 3)
        self.run_kontor("sync", "zoho")
        self.assertEqual(waiting(), 3)

    def test_what_zoho_takes_no_changes_of_cannot_be_edited(self):
        user = self.world.sql("SELECT id, last_name FROM user LIMIT 1")[0]
        for words in (("set", "user", str(user[0]), "last_name=zz"),
                      ("delete", "user", str(user[0]), "--force"),
                      ("create", "user", "last_name=Boss"),
                      ("set", "contact", "5", 'tags:=["a"]')):
            told = self.refused(1, *words)
            self.assertIn("only read from zoho", told["message"])
            self.assertIn("mapping file", told["hint"])
        # Another program can: it is put back, and told.
        self.world.sql("UPDATE user SET last_name = 'zz' WHERE id = ?", user[0])
        self.run_kontor("sync", "zoho")
        self.assertEqual(self.world.sql("SELECT id, last_name FROM user LIMIT 1")[0], user)
        self.assertEqual(self.world.sql("SELECT count(*) FROM kontor_notice WHERE kind ="
                                        " 'read_only'"), [(1,)])

    def test_an_edit_that_zoho_will_not_take_succeeds_and_is_warned_of(self):
        self.run_kontor("sync", "zoho")
        record = str(self.world.sql("SELECT id FROM contact WHERE email IS NOT NULL LIMIT 1")[0][0])
        before = self.world.sql("SELECT email, last_name FROM contact WHERE id = ?", record)[0]
        self.addCleanup(self.run_kontor, "sync", "zoho")
        self.addCleanup(self.run_kontor, "set", "contact", record, "email=" + before[0],
                        "last_name=" + before[1])
        long = "a" * 90 + "@example.com"
        told = self.run_kontor("set", "contact", record, "email=" + long, "last_name=")
        self.assertIn(f"changed contact {record}", told.stdout)
        self.assertIn("email: is longer than 100 characters (zoho). It stays here, and contact "
                      f"{record} is not sent to zoho until it is shorter.", told.stderr)
        self.assertIn("last_name: is required by the remote and has no value (zoho).", told.stderr)
        self.assertEqual(self.world.sql("SELECT email FROM contact WHERE id = ?", record), [(long,)])
        told = self.run_kontor("set", "contact", record, "email=" + long + "m", "--lang", "zh")
        self.assertIn("email：超过 100 个字符（zoho）。该值已保存在本地；", told.stderr)
        answer = json.loads(self.run_kontor("set", "contact", record, "email=" + long, "--json")
                            .stdout)
        self.assertEqual([(w["connection"], w["field"], w["code"], w["record"])
                          for w in answer["warnings"]],
                         [("zoho", "email", "KONTOR_LENGTH", int(record))])
        self.run_kontor("sync", "zoho")
        blocked = self.world.json("blocked")["blocked"]
        self.assertIn(int(record), [b["record"] for b in blocked])
        # What is typed is text; it is warned of as what is kept of it.
        typed = self.run_kontor("set", "contact", record, "email_opt_out=true", "--json")
        self.addCleanup(self.run_kontor, "set", "contact", record, "email_opt_out=")
        self.assertEqual(json.loads(typed.stdout)["warnings"], [])
        self.assertEqual(json.loads(self.run_kontor("set", "contact", record, "title=x", "--json")
                                    .stdout)["warnings"], [])

    def test_references_show_the_name_of_what_they_point_to(self):
        self.run_kontor("sync", "zoho")
        record, owner = self.world.sql("SELECT id, owner_id FROM contact WHERE owner_id IS NOT NULL"
                                       " LIMIT 1")[0]
        users = dict(self.world.sql(
            "SELECT id, coalesce(full_name, last_name) FROM user ORDER BY id"))
        other = next(u for u in users if u != owner)
        def named(user):
            return f"user:{user} ({users[user]})"
        self.assertIn(named(owner), self.run_kontor("get", "contact", str(record)).stdout)
        listed = self.run_kontor("list", "contact", "--where", f"id={record}", "--fields",
                                 "owner_id").stdout
        self.assertIn(named(owner), listed)
        self.run_kontor("set", "contact", str(record), f"owner_id={other}")
        self.addCleanup(self.run_kontor, "set", "contact", str(record), f"owner_id={owner}")
        for words in (("history", "contact", str(record)),
                      ("why", "contact", str(record), "owner_id")):
            shown = self.run_kontor(*words).stdout
            line = next(l for l in shown.splitlines() if named(other) in l and named(owner) in l)
            self.assertIn(f"uid:{os.getuid()} ({pwd.getpwuid(os.getuid()).pw_name})", line)
        # Programs get the number as before, and the name beside.
        why = self.world.json("why", "contact", str(record), "owner_id")
        self.assertEqual(why["value"], other)
        self.assertEqual(why["names"]["owner_id"][str(other)]["name"], users[other])
        page = self.world.json("list", "contact", "--where", f"id={record}", "--fields", "owner_id")
        self.assertEqual(page["records"][0]["fields"]["owner_id"], other)
        self.assertEqual(page["names"]["owner_id"][str(other)],
                         {"entity": "user", "id": other, "name": users[other]})
        csv_text = self.run_kontor("list", "contact", "--where", f"id={record}", "--fields",
                                   "owner_id", "--csv").stdout
        self.assertNotIn("user:", csv_text)

    def test_who_decided_a_conflict_and_what_was_not_taken_is_told(self):
        self.run_kontor("sync", "zoho")
        record, ext = self.linked_contact("WHERE c.mobile IS NOT NULL ORDER BY c.id DESC LIMIT 1")
        record = str(record)
        self.run_kontor("set", "contact", record, "mobile=+86 10 1111")
        self.world.control("/edit", {"module": "Contacts", "id": ext,
                                     "set": {"Mobile": "+86 21 2222"}})
        time.sleep(1.1)
        self.run_kontor("sync", "zoho")
        [conflict] = [c for c in self.world.json("conflicts")["conflicts"]
                      if str(c["record"]) == record]
        number = str(conflict["id"])
        # The remote's user by the name that he has here.
        [(name,)] = self.world.sql(
            "SELECT coalesce(u.full_name, u.last_name) FROM user u JOIN kontor_link l"
            " ON l.record = u.id JOIN kontor_stream s ON s.id = l.stream AND s.name = 'users'"
            " WHERE l.ext_id = ?", conflict["theirs_by"])
        self.assertEqual(conflict["theirs_by_name"], name)
        them = f"{conflict['theirs_by']} ({name})"
        self.assertIn(f"theirs: {them}", self.run_kontor("conflicts", number).stdout)
        [row] = [l for l in self.run_kontor("conflicts").stdout.splitlines() if "+86 10 1111" in l]
        for part in ("+86 21 2222", name, pwd.getpwuid(os.getuid()).pw_name):
            self.assertIn(part, row)
        why = self.run_kontor("why", "contact", record, "mobile").stdout
        self.assertIn(f"conflict {number} (both changed it): open since", why)
        self.assertNotIn("conflict ", self.run_kontor("why", "contact", record, "title").stdout)
        self.run_kontor("resolve", number, "--ours")
        me = f"uid:{os.getuid()} ({pwd.getpwuid(os.getuid()).pw_name})"
        listed = self.run_kontor("conflicts", "--decided").stdout
        line = next(l for l in listed.splitlines() if f"contact {record} " in l)
        for part in (number, "mobile", "ours", "+86 10 1111", "+86 21 2222", me, "a person decided"):
            self.assertIn(part, line)
        why = self.run_kontor("why", "contact", record, "mobile").stdout
        self.assertIn(f"{me} decided at 20", why)
        self.assertIn("taken: mobile +86 10 1111; not taken: mobile +86 21 2222", why)
        kept = next(l for l in why.splitlines() if "kept" in l)
        for part in (me, "+86 21 2222", f"decided as conflict {number}"):
            self.assertIn(part, kept)
        self.assertIn(f"decided as conflict {number}",
                      self.run_kontor("history", "contact", record).stdout)
        self.world.control("/edit", {"module": "Contacts", "id": ext, "set": {"Title": "Dr"}})
        time.sleep(1.1)
        self.run_kontor("sync", "zoho")
        for words in (("history", "contact", record), ("why", "contact", record, "title")):
            self.assertIn(f"remote:zoho:{them}", self.run_kontor(*words).stdout)
        self.world.sql("UPDATE contact SET title = 'Prof' WHERE id = ?", record)
        self.assertIn("somebody", self.run_kontor("why", "contact", record, "title").stdout)

    def test_an_undo_by_number_says_what_stands_now(self):
        record = str(self.linked_contact("ORDER BY c.id LIMIT 1 OFFSET 45")[0])
        changes = []
        for value in ("First", "Second"):
            self.run_kontor("set", "contact", record, f"assistant={value}")
            changes.append(self.world.sql("SELECT max(seq) FROM kontor_history")[0][0])
        first, second = (f"change:{change}" for change in changes)
        told, = self.world.json("undo", first, "--dry-run")["changes"]
        self.assertEqual((told["reason"], told["now"]), ("changed_since", "Second"))
        self.run_kontor("undo", second)
        told, = self.world.json("undo", second, "--dry-run")["changes"]
        self.assertEqual((told["reason"], told["now"]), ("already_so", "First"))
        self.assertIn("First", self.run_kontor("undo", second, "--dry-run").stdout)

    def home_phone_in_conflict(self, place, ours, theirs):
        """Both sides type into the contact at that place of the list; its id here."""
        record, ext = self.linked_contact(f"ORDER BY c.id LIMIT 1 OFFSET {place}")
        self.run_kontor("set", "contact", str(record), f"home_phone={ours}")
        self.world.control("/edit", {"module": "Contacts", "id": ext, "set": {"Home_Phone": theirs}})
        time.sleep(1.1)
        self.run_kontor("sync", "zoho")
        return record

    def test_an_undo_since_a_time_tells_of_the_decisions_that_stay(self):
        self.run_kontor("sync", "zoho")
        since, = self.world.sql("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")[0]
        record = self.home_phone_in_conflict(47, "+86 10 7777", "+86 21 8888")
        undo = ("undo", "--since", since, "--local", "--dry-run")
        before = self.world.json(*undo)["decisions"]
        conflict, = (c for c in self.world.json("conflicts", "--field", "home_phone")["conflicts"]
                     if c["record"] == record)
        self.run_kontor("resolve", str(conflict["id"]), "--ours")
        self.assertEqual(self.world.json(*undo)["decisions"], before + 1)
        self.assertIn("decided since then", self.run_kontor(*undo).stderr)

    def test_taking_back_many_decisions_shows_what_would_stand_here(self):
        self.run_kontor("sync", "zoho")
        record = self.home_phone_in_conflict(40, "+86 10 5555", "+86 21 6666")
        told = self.run_kontor("resolve", "--all", "--take", "theirs", "--field", "home_phone",
                               "--yes")
        run, = re.findall(r"kontor undo (run:\d+)", told.stderr)
        [change] = self.world.json("undo", run, "--dry-run")["changes"]
        self.assertEqual((change["now"], change["then"]), ("+86 21 6666", "+86 10 5555"))
        line = next(l for l in self.run_kontor("undo", run, "--dry-run").stdout.splitlines()
                    if "home_phone" in l)
        self.assertIn("+86 21 6666", line)
        self.assertIn("+86 10 5555", line)
        self.run_kontor("undo", run, "--force")
        self.assertEqual(self.world.sql("SELECT home_phone FROM contact WHERE id = ?", record),
                         [("+86 10 5555",)])

    def test_an_undo_of_the_first_load_counts_its_records(self):
        [(run, records)] = self.world.sql(
            "SELECT run, sum(old - record + 1) FROM kontor_history WHERE op = 'l' GROUP BY run")
        answer = self.world.json("undo", f"run:{run}", "--preview")
        self.assertEqual((answer["loaded"], answer["undone"]), (records, 0))
        told = self.run_kontor("undo", f"run:{run}", "--preview")
        self.assertIn(f"{records:,} records came with a first load", told.stderr)
        load = next(c for c in answer["changes"]
                    if (c["entity"], c["reason"]) == ("contact", "loaded"))
        self.assertIn(f"contact {load['record']}–{load['last_record']} ", told.stdout)

    def test_an_id_that_is_none_is_repeated(self):
        for words in (("get", "contact", "abc"), ("history", "contact", "abc"), ("conflicts", "abc"),
                      ("resolve", "abc", "--ours"), ("delete", "contact", "abc", "--force")):
            with self.subTest(words):
                told = self.refused(2, *words)
                self.assertIn("'abc'", told["message"])
                self.assertIn("kontor list ENTITY", told["hint"])

    def test_a_conflict_about_a_reference_names_the_records(self):
        self.run_kontor("sync", "zoho")
        linked = ("SELECT r.id, l.ext_id, {} FROM {} r JOIN kontor_link l ON l.record = r.id"
                  " JOIN kontor_stream s ON s.id = l.stream AND s.name = '{}' ")
        (here, _, ours), (there, account, theirs) = self.world.sql(
            linked.format("r.name", "account", "Accounts") + "ORDER BY r.id LIMIT 2")
        record, ext, name = self.world.sql(
            linked.format("r.last_name", "contact", "Contacts") +
            f"WHERE r.account_id NOT IN ({here}, {there}) LIMIT 1")[0]
        self.run_kontor("set", "contact", str(record), f"account_id={here}")
        self.world.control("/edit", {"module": "Contacts", "id": ext,
                                     "set": {"Account_Name": {"id": account}}})
        time.sleep(1.1)
        self.run_kontor("sync", "zoho")
        [conflict] = [c for c in self.world.json("conflicts")["conflicts"]
                      if c["record"] == record]
        self.assertIn(name, conflict["name"])
        [field] = conflict["fields"]
        self.assertEqual(field["theirs"], account)
        self.assertEqual(field["records"]["ours"], {"entity": "account", "id": here, "name": ours})
        self.assertEqual(field["records"]["theirs"],
                         {"entity": "account", "id": there, "name": theirs})
        shown = self.run_kontor("conflicts", str(conflict["id"])).stdout
        for part in (conflict["name"], f"account:{here} ({ours})", f"account:{there} ({theirs})"):
            self.assertIn(part, shown)
        self.assertNotIn(account, shown)
        self.run_kontor("resolve", str(conflict["id"]), "--theirs")
        self.assertEqual(self.world.sql(f"SELECT account_id FROM contact WHERE id = {record}"),
                         [(there,)])

    def test_the_dry_run_lists_what_a_sync_then_does(self):
        self.run_kontor("sync", "zoho")
        record = self.world.sql("SELECT id FROM contact WHERE phone IS NOT NULL LIMIT 1")[0][0]
        self.run_kontor("push", "off", "zoho")
        self.addCleanup(self.run_kontor, "push", "on", "zoho")
        self.run_kontor("set", "contact", str(record), "title=采购总监")
        plan = [json.loads(l) for l in self.run_kontor("sync", "zoho", "--dry-run", "--json")
                .stdout.splitlines()]
        changes = [p for p in plan if p["message_type"] == "change"]
        mine = [c for c in changes if (c["side"], c["record"]) == ("there", record)]
        self.assertEqual([(v["column"], v["remote_field"], v["new"]) for v in mine[0]["values"]],
                         [("title", "Title", "采购总监")])
        shown = self.run_kontor("sync", "zoho", "--dry-run").stdout
        self.assertRegex(shown, rf"there +update +contact {record} .*title .*采购总监")
        self.assertEqual(plan[-1]["message_type"], "summary")
        self.assertNotIn("采购总监", [r["Title"] for r in self.world.dump("Contacts", "Title")])

    def test_a_new_field_of_zoho_is_listed_added_and_read(self):
        mapping = self.world.json("status", "zoho")["mapping"]
        self.assertEqual(self.world.json("connection", "fields", "zoho")["unmapped"], [])
        self.world.control("/fault", {"kind": "schema", "params": {
            "change": "add", "module": "Contacts", "field": "Shoe_Size", "type": "text"}})
        self.assertIn("Contacts  Shoe_Size", self.run_kontor("connection", "fields", "zoho").stdout)
        refused = self.refused(6, "connection", "fields", "zoho", "--add", "Contacts.Hat_Size")
        self.assertIn("Contacts.Hat_Size", refused["message"])
        with open(mapping) as file:
            before = file.read()
        told = self.run_kontor("connection", "fields", "zoho", "--add", "Contacts.Shoe_Size")
        self.assertIn("mapping.toml: 1. kontor sync zoho", told.stderr)
        with open(mapping + ".old") as file:
            self.assertEqual(file.read(), before)
        someone = self.world.sql("SELECT l.record, l.ext_id FROM kontor_link l JOIN kontor_stream s "
                                 "ON s.id = l.stream WHERE s.name = 'Contacts' LIMIT 1")[0]
        self.world.control("/edit", {"module": "Contacts", "id": someone[1],
                                     "set": {"Shoe_Size": "41"}})
        self.run_kontor("sync", "zoho")
        self.assertEqual(self.world.json("get", "contact", str(someone[0]))["fields"]["shoe_size"], "41")

    def test_events_are_a_live_stream_that_can_be_taken_up_again(self):
        stream = subprocess.Popen([self.world.program("kontor"), "events", "--json"],
                                  env=self.world.env, stdout=subprocess.PIPE, text=True)
        self.addCleanup(stream.stdout.close)
        self.addCleanup(stream.wait)
        self.addCleanup(stream.kill)
        # Nothing tells that the stream is open: ask for syncs until it shows one.
        import threading
        stop = threading.Event()
        def syncs():
            while not stop.is_set():
                self.world.kontor("sync", "zoho", check=False)
        helper = threading.Thread(target=syncs)
        helper.start()
        first = json.loads(stream.stdout.readline())
        second = json.loads(stream.stdout.readline())
        stop.set()
        helper.join()
        self.assertEqual(int(second["id"]), int(first["id"]) + 1)
        again = self.run_kontor("events", "--after", first["id"], "--limit", "1", "--json").stdout
        self.assertEqual(json.loads(again)["id"], second["id"])

    def test_events_are_followed_over_a_restart_of_kontord(self):
        stream = subprocess.Popen([self.world.program("kontor"), "events", "--json", "--after",
                                   str(self.world.json("status")["event_id"])],
                                  env=self.world.env, stdout=subprocess.PIPE, text=True)
        self.addCleanup(stream.stdout.close)
        self.addCleanup(stream.wait)
        self.addCleanup(stream.kill)
        self.world.kontor("reload")
        numbers = [int(json.loads(stream.stdout.readline())["id"])]
        self.assertEqual(self.world.stop_daemon(), 0)
        self.world.start_daemon()
        self.world.kontor("sync", "zoho")
        event = {"type": ""}
        while event["type"] != "sync.finished":  # how often progress is told depends on the time
            event = json.loads(stream.stdout.readline())
            self.assertNotEqual(event["type"], "gap")
            numbers.append(int(event["id"]))
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def test_doctor_finds_nothing_wrong_here(self):
        told = self.world.json("doctor")
        self.assertTrue(told["ok"], told)
        self.assertEqual({c["check"] for c in told["checks"]},
                         {"config", "disk", "writable", "in_place", "clock", "connection", "sync",
                          "integrity", "secret", "ca_file", "plugin", "sandbox", "permissions",
                          "stale", "mapping"})

    def test_forecast_is_of_ordinary_syncs(self):
        """600 contacts came by the first load; a day of syncs costs what quiet syncs cost."""
        for _ in range(3):
            self.run_kontor("sync", "zoho")
        forecast = self.world.json("connection", "forecast", "zoho")
        self.assertTrue(forecast["measured"])
        streams = len(self.world.json("status", "zoho")["streams"])
        self.assertLessEqual(forecast["credits_per_sync"], 3 * streams)
        self.assertAlmostEqual(forecast["credits_per_day"],
                               forecast["credits_per_sync"] * forecast["syncs_per_day"])


class Doctor(unittest.TestCase):
    """Each check is made to fail on the real thing; faults_test.py has those of disk, integrity,
    plugin, certificate and network."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(BIN, "doctor")
        cls.addClassCleanup(cls.world.close)
        cls.world.start_peer("--records", "20", "--seed", "9")
        cls.world.kontor("init")
        cls.world.start_daemon()
        cls.world.connect()
        cls.world.kontor("sync", "zoho")

    def findings(self):
        told = self.world.kontor("doctor", "--json", check=False)
        document = json.loads(told.stdout)
        found = {c["check"]: c for c in document["checks"] if not c["ok"]}
        self.assertEqual(told.returncode, 1 if found else 0)
        for finding in found.values():
            self.assertTrue(finding["text"] and finding["fix"], finding)
        return found

    def assert_only(self, check, about):
        found = self.findings()
        self.assertEqual(list(found), [check])
        self.assertIn(about, found[check]["text"] + found[check]["fix"])
        plain = self.world.kontor("doctor", check=False)
        self.assertEqual(plain.returncode, 1)
        self.assertIn("✗ ", plain.stdout)

    def replaced(self, path, text):
        with open(path) as file:
            before = file.read()
        with open(path, "w") as file:
            file.write(text)
        def restore():
            with open(path, "w") as file:
                file.write(before)
        self.addCleanup(restore)
        return before

    def test_nothing(self):
        self.assertEqual(self.findings(), {})

    def test_config(self):
        self.replaced(os.path.join(self.world.config, "kontor.toml"), "[deamon]\n")
        self.assert_only("config", "did you mean 'daemon'")

    def test_clock(self):
        self.world.control("/fault", {"kind": "clock_offset", "params": {"seconds": 300}})
        self.addCleanup(self.world.clear_faults)
        self.assert_only("clock", "timedatectl")

    def test_permissions(self):
        os.chmod(self.world.replica, 0o644)
        self.addCleanup(os.chmod, self.world.replica, 0o600)
        self.assert_only("permissions", "chmod 600 " + self.world.replica)

    def test_secret(self):
        path = os.path.join(self.world.dir, "refresh_token")
        os.chmod(path, 0o644)
        self.addCleanup(os.chmod, path, 0o600)
        found = self.findings()
        self.assertIn("secret", found)
        self.assertIn(path, found["secret"]["text"])

    def test_ca_file(self):
        self.replaced(self.world.info["ca_file"], "no certificate\n")
        found = self.findings()
        self.assertIn("ca_file", found)
        self.assertIn(self.world.info["ca_file"], found["ca_file"]["text"])

    def test_mapping(self):
        path = os.path.join(self.world.config, "zoho.mapping.toml")
        self.addCleanup(self.world.kontor, "sync", "zoho")  # or its failure stays a finding
        self.replaced(path, "[[stream]]\nname = 5\n")
        self.assert_only("mapping", path)

    def test_folder(self):
        conf = os.path.join(self.world.config, "conf.d", "zoho.toml")
        self.addCleanup(self.world.kontor, "reload")
        before = self.replaced(conf, "")
        with open(conf, "w") as file:
            file.write(before + '\n[connection.zoho.folders.inbox]\npath = "/no/such/folder"\n')
        self.world.kontor("reload")
        self.world.kontor("sync", "zoho")
        self.assert_only("folder", "/no/such/folder")

    def test_without_kontord_the_configuration_is_still_looked_at(self):
        self.replaced(os.path.join(self.world.config, "kontor.toml"), "[deamon]\n")
        told = self.world.kontor("doctor", "--socket", os.path.join(self.world.dir, "no"),
                                 check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("kontord is not running", told.stdout)
        self.assertIn("did you mean 'daemon'", told.stdout)


class FirstLoad(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "load")
        self.addCleanup(self.world.close)
        self.world.kontor("init")

    def begin(self):
        self.world.start_peer("--records", "4000", "--latency", "400", "--seed", "2")
        self.world.start_daemon()
        self.world.connect()
        self.world.begin_sync()

    def test_nothing_is_fetched_before_the_first_sync_is_asked_for(self):
        self.world.start_peer("--records", "20", "--seed", "2")
        self.world.start_daemon()
        self.world.connect()
        self.assertEqual(self.world.stop_daemon(), 0)
        self.world.start_daemon()
        until(lambda: self.world.json("status", "zoho")["state"] == "new", "it waits")
        self.assertIn("waits for: kontor sync zoho", self.world.kontor("status").stdout)
        self.world.kontor("sync", "zoho", "--dry-run")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(0,)])
        self.assertEqual(self.world.json("status", "zoho")["state"], "new")
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(20,)])
        self.assertEqual(self.world.json("status", "zoho")["state"], "idle")

    def test_a_sync_shows_the_load_that_is_under_way(self):
        self.begin()
        terminal = self.world.terminal("sync", "zoho")
        terminal.expect("first load")
        terminal.expect("/s")  # a rate
        # Each of its many requests takes 400 ms here, and the sync that was asked for comes after it.
        self.assertEqual(terminal.end(patience=240), 0)
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(4000,)])

    def test_ctrl_c_leaves_kontord_syncing_and_says_so(self):
        self.begin()
        terminal = self.world.terminal("sync", "zoho")
        terminal.expect("zoho")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 130)
        self.assertIn("goes on in kontord", terminal.seen)
        until(lambda: self.world.sql("SELECT count(*) FROM contact") == [(4000,)], "the load")

    def test_progress_without_a_terminal_is_json_lines(self):
        self.world.start_peer("--records", "4000", "--latency", "200", "--seed", "2")
        self.world.start_daemon()
        self.world.connect("--option", "bulk=never")
        lines = [json.loads(l) for l in
                 self.world.kontor("sync", "zoho", "--json").stdout.splitlines()]
        status = [l for l in lines if l["message_type"] == "status"]
        self.assertTrue(status)
        self.assertTrue(all("records_per_second" in l for l in status))
        # Zoho says how many there are, so how far it is and how long it will take can be told.
        load = [l for l in status if l["stage"] == "load" and l["stream"] == "Contacts"]
        self.assertTrue(load)
        self.assertEqual({l["total"] for l in load}, {4000})
        self.assertTrue(any("seconds_left" in l for l in load), load)
        self.assertEqual(lines[-1]["message_type"], "summary")


class Afresh(unittest.TestCase):
    """A replica that is gone, or was damaged: the mapping stays, and makes what it needs."""

    def test_a_new_replica_under_the_mapping_of_the_old_one(self):
        world = World(BIN, "afresh")
        self.addCleanup(world.close)
        world.start_peer("--records", "60", "--seed", "5")
        world.kontor("init")
        world.start_daemon()
        world.connect()
        world.kontor("sync", "zoho")
        columns = "SELECT f.name FROM kontor_field f WHERE f.origin = 'zoho' ORDER BY 1"
        custom, visits = world.sql(columns), world.sql("SELECT count(*) FROM service_visits")
        self.assertTrue(custom and visits[0][0])
        world.stop_daemon()
        for name in os.listdir(world.state):
            if name.startswith(("replica.db", "search.db")):
                os.remove(os.path.join(world.state, name))
        world.start_daemon()
        world.kontor("sync", "zoho")
        self.assertEqual(world.sql(columns), custom)
        self.assertEqual(world.sql("SELECT count(*) FROM service_visits"), visits)
        # A misspelt stream is not a sync of nothing.
        done = world.kontor("sync", "zoho", "--dry-run", "--stream", "Contact", check=False)
        self.assertEqual(done.returncode, 6)
        self.assertIn("maps no stream 'Contact'", done.stderr)
        self.assertIn("Contacts", done.stderr)


class Early(unittest.TestCase):
    def test_an_edit_by_another_program_is_sent_without_waiting_for_the_interval(self):
        world = World(BIN, "early")
        self.addCleanup(world.close)
        world.start_peer("--records", "20", "--seed", "2")
        world.kontor("init")
        world.start_daemon()
        world.connect("--interval", "24h")
        world.kontor("sync", "zoho")
        world.kontor("push", "on", "zoho")
        world.kontor("sync", "zoho")
        world.sql("UPDATE contact SET title = 'by sqlite3' WHERE id = 1")
        until(lambda: any(r["Title"] == "by sqlite3" for r in world.dump("Contacts", "Title")),
              "the edit is in Zoho")
        # And one through the API.
        world.kontor("set", "contact", "2", "title=by kontor")
        until(lambda: any(r["Title"] == "by kontor" for r in world.dump("Contacts", "Title")),
              "the edit is in Zoho")


if __name__ == "__main__":
    unittest.main(verbosity=2)
