#!/usr/bin/env python3
"""A budget of API credits a day: once reading has used up its part, edits still go out from the reserve,
with the reads that they need. Status says whose limit it is, and nothing is lost when all is spent.
"""
import json
import os
import sys
import unittest

from world import World, until

BIN = sys.argv.pop(1)
RESERVE = 40


def started(test):
    """A small account and a kontord that is not connected to it yet."""
    world = World(BIN, "budget")
    test.addCleanup(world.close)
    world.start_peer("--records", "40", "--accounts", "5", "--deals", "5", "--seed", "9")
    world.kontor("init")
    world.start_daemon()
    return world


class Budget(unittest.TestCase):
    def setUp(self):
        self.world = started(self)
        self.world.connect()
        self.world.kontor("sync", "zoho")
        self.world.kontor("push", "on", "zoho")
        self.conf = os.path.join(self.world.config, "conf.d", "zoho.toml")
        with open(self.conf) as file:
            self.text = file.read()
        spent = json.loads(self.world.control("/stats"))["credits_used"]
        self.limit(spent + RESERVE + 25)
        for _ in range(20):
            self.refused = self.world.kontor("sync", "zoho", check=False)
            if self.refused.returncode != 0:
                break

    def limit(self, daily):
        with open(self.conf, "w") as file:
            file.write(self.text + f"\n[connection.zoho.limits]\ndaily_credits = {daily}\n"
                       f"credit_reserve = {RESERVE}\n")
        self.daily = daily
        self.world.kontor("reload")

    def there(self, record):
        ext_id = self.world.sql("SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s "
                                "ON s.id = l.stream WHERE s.name = 'Contacts' AND l.record = ?",
                                record)[0][0]
        return next(c for c in self.world.dump("Contacts", "Phone,Title,Email") if c["id"] == ext_id)

    def status(self):
        return self.world.json("status", "zoho")

    def test_edits_go_out_from_the_reserve(self):
        self.assertEqual(self.refused.returncode, 75, self.refused.stderr)
        self.assertIn(f"Of the {self.daily} API credits that daily_credits allows", self.refused.stderr)
        self.assertIn("Edits are still sent", self.refused.stderr)
        self.assertIn("[connection.zoho.limits]", self.refused.stderr)
        status = self.status()
        self.assertEqual(status["state"], "budget")
        self.assertEqual(status["error"]["args"]["reason"], "budget_reserve")
        told = self.world.kontor("status").stdout
        self.assertIn("daily_credits", told)
        self.assertNotIn("throttled by the remote", told)

        # A colleague changes another field of the same record: found by the look before the write.
        record = self.there(1)
        self.world.control("/edit", {"module": "Contacts", "id": record["id"],
                                     "set": {"Title": "Colleague"}})
        self.world.control("/edit", {"module": "Contacts", "id": self.there(2)["id"],
                                     "set": {"Title": "Waits"}})
        self.world.kontor("set", "contact", "1", "phone=+86 10 5555 0001")
        until(lambda: self.there(1)["Phone"] == "+86 10 5555 0001", "the edit is sent")
        until(lambda: self.status()["to_push"] == 0, "it is settled")
        self.assertEqual(self.there(1)["Title"], "Colleague")
        self.assertEqual(self.world.sql("SELECT title FROM contact WHERE id = 1"), [("Colleague",)])
        self.assertNotEqual(self.world.sql("SELECT title FROM contact WHERE id = 2"), [("Waits",)])
        until(lambda: self.status()["state"] == "budget", "it rests again")

        # All of it spent: the edit waits here, and says so.
        for number in range(RESERVE):
            self.world.kontor("set", "contact", "3", f"phone=+86 10 5555 {number:04}")
            result = self.world.kontor("sync", "zoho", check=False)
            self.assertEqual(result.returncode, 75, result.stderr)
            if self.status()["error"]["args"]["reason"] == "budget_spent":
                break
        status = self.status()
        self.assertEqual(status["error"]["args"]["reason"], "budget_spent")
        self.assertEqual(status["state"], "budget")
        self.assertEqual(status["credits"]["left"], 0)
        self.world.kontor("set", "contact", "4", "phone=+86 10 5555 9999")
        self.assertGreaterEqual(self.status()["to_push"], 1)

        self.limit(100000)
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.there(4)["Phone"], "+86 10 5555 9999")
        self.assertEqual(self.there(3)["Phone"],
                         self.world.sql("SELECT phone FROM contact WHERE id = 3")[0][0])
        self.assertEqual(self.world.sql("SELECT title FROM contact WHERE id = 2"), [("Waits",)])
        self.assertEqual(self.status()["to_push"], 0)


class Accounts(unittest.TestCase):
    """Two connections of one organisation: what one has spent, the other has not."""

    def setUp(self):
        self.world = started(self)
        self.world.connect("--option", "modules=Leads", "--option", "custom_modules=false")
        self.world.connect("--name", "second", "--option", "modules=Products",
                           "--option", "custom_modules=false")

    def limit(self, daily):
        for name in ("zoho", "second"):
            with open(os.path.join(self.world.config, "conf.d", name + ".toml"), "a") as file:
                file.write(f"\n[connection.{name}.limits]\ndaily_credits = {daily}\n"
                           f"credit_reserve = {RESERVE}\n")
        self.world.kontor("reload")

    def left(self, name):
        return self.world.json("status", name)["credits"]["left"]

    def test_connections_of_one_organisation_share_its_credits(self):
        self.world.kontor("sync", "zoho")
        self.world.kontor("sync", "second")
        spent = json.loads(self.world.control("/stats"))["credits_used"]
        self.limit(spent + RESERVE + 25)
        for _ in range(30):
            if self.world.kontor("sync", "zoho", check=False).returncode != 0:
                break
        refused = self.world.kontor("sync", "second", check=False)
        self.assertEqual(refused.returncode, 75, refused.stderr)
        self.assertEqual(self.world.json("status", "second")["state"], "budget")
        self.assertLessEqual(self.left("second"), RESERVE + 5)
        # The reserve is there for either's edits, also after a restart.
        self.assertEqual(self.world.stop_daemon(), 0)
        self.world.start_daemon()
        self.world.kontor("push", "on", "second")
        record = self.world.json("list", "product", "--limit", "1")["records"][0]
        self.world.kontor("set", "product", str(record["id"]), "description=From the reserve")
        until(lambda: self.world.json("status", "second")["to_push"] == 0, "the edit is sent")
        used = json.loads(self.world.control("/stats"))["credits_used"]
        self.assertLess(used, spent + RESERVE + 25)


if __name__ == "__main__":
    unittest.main(verbosity=2)
