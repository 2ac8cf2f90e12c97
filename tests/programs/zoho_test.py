#!/usr/bin/env python3
"""What a Zoho account does by itself, and what its administrator does to it, as a person at Kontor meets it:
the built programs on the simulated account."""
import json
import os
import signal
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)


class Account(unittest.TestCase):
    options = ()

    def setUp(self):
        self.world = World(BIN, "zoho")
        self.addCleanup(self.world.close)
        self.start_peer()
        self.world.kontor("init")
        self.world.start_daemon()
        self.world.connect()
        self.world.kontor("sync", "zoho")
        self.world.kontor("push", "on", "zoho")

    def start_peer(self):
        self.world.start_peer("--records", "30", "--accounts", "5", "--deals", "5", "--leads", "5", "--seed", "3",
                              *self.options)

    def there(self, record, module, *fields):
        """Values of a record at the account."""
        (ext_id,), = self.world.sql(
            "SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
            " WHERE s.name = ? AND l.record = ?", module, record)
        row, = (r for r in self.world.dump(module, ",".join(fields)) if r["id"] == ext_id)
        return {field: row[field] for field in fields}

    def blocked(self):
        return [(b["entity"], b["record"], b["status"], b["code"], b["field"])
                for b in self.world.json("blocked")["blocked"]]


class Refusals(Account):
    def test_a_role_that_may_not_write_a_module_holds_its_edits_until_it_may(self):
        self.world.control("/fault", {"kind": "role", "params": {"change": "deny_write", "module": "Deals"}})
        self.world.kontor("set", "deal", "1", "next_step=call them")
        self.world.kontor("set", "contact", "1", "title=Boss")
        told = self.world.kontor("sync", "zoho").stdout
        self.assertIn("1 changed there", told)
        self.assertIn("1 refused", told)
        self.assertEqual(self.blocked(), [("deal", 1, "forbidden", "NO_PERMISSION", "")])
        self.assertIn("NO_PERMISSION", self.world.kontor("blocked").stdout)
        self.assertEqual(self.there(1, "Contacts", "Title"), {"Title": "Boss"})
        self.assertEqual(self.world.sql("SELECT next_step FROM deal WHERE id = 1"), [("call them",)])
        # Asking again changes nothing as long as the role stays as it is.
        self.world.kontor("blocked", "--retry")
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.blocked(), [("deal", 1, "forbidden", "NO_PERMISSION", "")])
        self.world.clear_faults()
        self.world.kontor("blocked", "--retry")
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.blocked(), [])
        self.assertEqual(self.there(1, "Deals", "Next_Step"), {"Next_Step": "call them"})

    def test_a_layout_rule_refuses_until_the_field_that_it_demands_is_filled(self):
        self.world.control("/switch", {"name": "layout_rules", "value": "always"})
        self.world.control("/fault", {"kind": "layout_rule", "params": {
            "module": "Deals", "when_field": "Stage", "equals": "Closed Lost",
            "field": "Reason_For_Loss__s", "name": "Why lost"}})
        self.world.kontor("set", "deal", "1", "stage=Closed Lost", "reason_for_loss=")
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.blocked(),
                         [("deal", 1, "invalid", "MANDATORY_NOT_FOUND", "Reason_For_Loss__s")])
        self.world.kontor("set", "deal", "1", "reason_for_loss=Price")
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.blocked(), [])
        self.assertEqual(self.there(1, "Deals", "Stage", "Reason_For_Loss__s"),
                         {"Stage": "Closed Lost", "Reason_For_Loss__s": "Price"})


class Values(Account):
    options = ("--switch", "trim_text=false")
    rules = {  # of the account: what is typed here, and what it makes of that
        "Assistant": ("trim", "assistant", "  Ada  ", "Ada"),
        "Department": ("truncate", "department", "销售一部和二部", "销售一部"),
        "Title": ("title", "title", "head of SALES", "Head Of Sales"),
        "WeChat_ID": ("upper", "we_chat_id", "ada99x", "ADA99X"),
        "Twitter": ("lower", "twitter", "ADA99X", "ada99x"),
        "Phone": ("phone", "phone", "021-5555", "+86 0215555"),
    }

    def test_what_the_account_makes_of_values_stays_there_and_nothing_goes_to_and_fro(self):
        for field, (rule, *_) in self.rules.items():
            params = {"module": "Contacts", "field": field, "rule": rule}
            self.world.control("/fault", {"kind": "normalise", "params": {
                **params, **({"length": 4} if rule == "truncate" else {})}})
        columns = {column: typed for _, column, typed, _ in self.rules.values()}
        here = lambda: self.world.sql(f"SELECT {', '.join(columns)} FROM contact WHERE id = 7")  # noqa: E731
        self.world.kontor("set", "contact", "7", *(f"{column}={typed}" for column, typed in columns.items()))
        self.world.kontor("sync", "zoho")
        written = json.loads(self.world.control("/stats"))["records_written"]
        made = {field: made for field, (*_, made) in self.rules.items()}
        for _ in range(3):
            self.assertIn("0 changed here, 0 changed there, 0 conflicts, 0 refused",
                          self.world.kontor("sync", "zoho").stdout)
            self.assertEqual(self.there(7, "Contacts", *self.rules), made)
            # What a person has typed stays as it was typed, and counts as sent.
            self.assertEqual(here(), [tuple(columns.values())])
        self.assertEqual(json.loads(self.world.control("/stats"))["records_written"], written)
        self.assertEqual(self.world.json("status")["connections"][0]["to_push"], 0)
        self.assertEqual(self.world.json("conflicts")["conflicts"], [])
        told = self.world.kontor("verify", "zoho", "--json", check=False).stdout
        self.assertIn('"explained":{"kept_otherwise":%d}' % len(columns), told)
        # A colleague's edit of such a field is one, and touches no other.
        row, = (r for r in self.world.dump("Contacts", "Assistant,Twitter")
                if (r["Assistant"], r["Twitter"]) == ("Ada", "ada99x"))
        self.world.control("/edit", {"module": "Contacts", "id": row["id"], "set": {"Assistant": "Grace"}})
        self.world.kontor("sync", "zoho")
        columns["assistant"] = "Grace"
        self.assertEqual(here(), [tuple(columns.values())])


class Late(Account):
    def test_what_becomes_visible_later_than_a_pull_looks_back_is_found_by_the_sweep(self):
        for late_s, swept in ((60, False), (400, True)):
            with self.subTest(late_s=late_s):
                name = f"Late {late_s}"
                self.world.control("/fault", {"kind": "late_visible", "params": {"seconds": late_s}})
                made = json.loads(self.world.control("/create", {"module": "Contacts", "set": {"Last_Name": name}}))
                self.world.control("/fault", {"kind": "late_visible", "params": {"seconds": 0}})
                self.world.control("/time", {"advance_s": min(late_s - 10, 300)})
                # This one is seen, and the cursor passes the other one's time.
                self.world.control("/create", {"module": "Contacts", "set": {"Last_Name": "Seen"}})
                self.world.kontor("sync", "zoho")
                here = lambda: self.world.sql("SELECT count(*) FROM contact WHERE last_name = ?", name)[0][0]
                self.assertEqual(here(), 0)
                self.world.control("/time", {"advance_s": 200})
                self.world.kontor("sync", "zoho")
                self.assertEqual(here(), 0 if swept else 1)
                self.world.kontor("sync", "zoho", "--sweep")
                self.assertEqual(here(), 1, made)


class Restarted(Account):
    def start_peer(self):
        """The same account each time, on its own port."""
        folder = os.path.join(self.world.dir, "peer")
        os.makedirs(folder, exist_ok=True)
        if not hasattr(self, "port"):
            self.port = self.world.free_port()
        self.world.start_peer("--records", "30", "--accounts", "5", "--deals", "5", "--leads", "5", "--seed", "3",
                              "--db", os.path.join(folder, "account.db"), "--dir", folder, "--port", str(self.port))

    def test_an_account_that_is_killed_comes_back_with_all_that_it_has_confirmed(self):
        self.world.kontor("set", "contact", "1", "title=Ours")
        self.world.kontor("create", "contact", "last_name=Born", "first_name=Here")
        self.world.kontor("sync", "zoho")
        ids = [r["id"] for r in self.world.dump("Contacts", "Last_Name")]
        self.world.control("/edit", {"module": "Contacts", "id": ids[5], "set": {"Title": "Theirs"}})
        self.world.control("/delete", {"module": "Contacts", "id": ids[6]})
        before = self.world.dump("Contacts", "Last_Name,Title,Modified_Time,Kontor_Id")
        known = {name: self.world.info[name] for name in ("client_id", "client_secret", "refresh_token")}
        self.world.peer.send_signal(signal.SIGKILL)
        self.world.peer.wait()
        self.world.zoho.end()
        self.start_peer()
        self.assertEqual({name: self.world.info[name] for name in known}, known)
        self.assertEqual(self.world.dump("Contacts", "Last_Name,Title,Modified_Time,Kontor_Id"), before)
        # The token is still good, and what colleagues did before it was killed arrives.
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact WHERE title = 'Theirs'"), [(1,)])
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(30,)])
        self.assertEqual([r for r in json.loads(self.world.control("/log"))["log"] if r["kind"] == "token"], [])
        made = json.loads(self.world.control("/create", {"module": "Contacts", "set": {"Last_Name": "After"}}))
        self.assertNotIn(made["id"], ids)


if __name__ == "__main__":
    unittest.main(verbosity=2)
