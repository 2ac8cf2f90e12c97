#!/usr/bin/env python3
"""A Fxiaoke connection as a person has it: kontord, kontor and the simulated tenant; then beside
Zoho on one replica."""
import json
import os
import pathlib
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)


class Tenant(unittest.TestCase):
    records = "60"

    def setUp(self):
        self.world = World(BIN, "fxiaoke")
        self.addCleanup(self.world.close)
        self.world.start_fxiaoke("--records", self.records, "--seed", "5")
        self.world.kontor("init")
        self.world.start_daemon()

    def tearDown(self):
        for peer in (self.world.fxiaoke, self.world.zoho):
            if peer:
                self.assertEqual(peer.violations(), [], "messages that the documents do not know")
        for secret in ("app_secret", "permanent_code"):
            self.assertNotIn(self.world.fxiaoke.info[secret], self.world.logged())

    def control(self, path, body):
        return json.loads(self.world.fxiaoke.request(path, body))

    def stats(self):
        return json.loads(self.world.fxiaoke.request("/stats"))

    def theirs(self, what="ContactObj"):
        return {row["_id"]: row for row in self.world.fxiaoke.lines("/dump?object=" + what)}

    def one(self, sql, *values):
        return self.world.sql(sql, *values)[0][0]

    def ext_id(self, entity, record):
        return self.one("SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
                        " JOIN kontor_entity e ON e.id = s.entity WHERE l.record = ? AND e.name = ?",
                        record, entity)


class OneConnection(Tenant):
    def round_trip(self, api):
        world = self.world
        told = world.connect_fxiaoke(api=api).stdout
        self.assertIn("Connection fxiaoke is set up.", told)
        world.kontor("sync", "fxiaoke")
        for entity, what in (("contact", "ContactObj"), ("account", "AccountObj"),
                             ("lead", "LeadsObj"), ("deal", "NewOpportunityObj"),
                             ("product", "ProductObj"), ("quote", "QuoteObj"),
                             ("sales_order", "SalesOrderObj"), ("note", "ActiveRecordObj")):
            self.assertEqual(self.one(f"SELECT count(*) FROM {entity}"), len(self.theirs(what)), what)
        self.assertEqual(self.one("SELECT count(*) FROM user"), 5)
        # Names in two parts, references resolved, a custom object in a table of its own.
        self.assertGreater(self.one("SELECT count(*) FROM contact WHERE length(last_name) = 1"
                                    " AND first_name > ''"), 0)
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE owner_id IS NULL"), 0)
        self.assertGreater(self.one("SELECT count(*) FROM contact WHERE account_id IS NOT NULL"), 0)
        tables = [name for (name,) in world.sql("SELECT name FROM kontor_entity")]
        self.assertTrue([name for name in tables if "visit" in name], tables)

        # Theirs to ours.
        contact = sorted(self.theirs())[0]
        self.control("/edit", {"object": "ContactObj", "id": contact, "set": {"job_title": "总监"}})
        self.control("/create", {"object": "ContactObj", "set": {"name": "欧阳小明"}})
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE title = '总监'"), 1)
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 61)

        # Ours to theirs: an edit, a new record, an owner, a deletion.
        world.kontor("push", "on", "fxiaoke")
        edited, owned, gone = (row[0] for row in world.sql(
            "SELECT id FROM contact WHERE title IS NOT '总监' ORDER BY id LIMIT 3"))
        ids = {record: self.ext_id("contact", record) for record in (edited, owned, gone)}
        owner = self.one("SELECT id FROM user WHERE full_name = '张强'")
        world.sql("UPDATE contact SET mobile = '13700001111', date_of_birth = '1990-02-28' WHERE id = ?",
                  edited)
        world.sql("UPDATE contact SET owner_id = ? WHERE id = ?", owner, owned)
        world.sql("DELETE FROM contact WHERE id = ?", gone)
        world.sql("INSERT INTO contact(last_name, first_name, mobile) VALUES('诸葛', '亮', '13700002222')")
        world.kontor("sync", "fxiaoke")
        theirs = self.theirs()
        self.assertEqual(theirs[ids[edited]]["mobile1"], "13700001111")
        self.assertEqual(theirs[ids[edited]]["date_of_birth"], 636134400000)
        self.assertEqual(theirs[ids[owned]]["owner"], ["1003"])
        self.assertNotIn(ids[gone], theirs)
        made = [row for row in theirs.values() if row.get("name") == "诸葛亮"]
        self.assertEqual([row["mobile1"] for row in made], ["13700002222"])
        stats = self.stats()
        self.assertEqual((stats["workflows"], stats["approvals"]), (0, 0))
        self.assertEqual(world.json("blocked")["blocked"], [])

        # Deleted there: not listed, found by the sweep.
        self.control("/invalid", {"object": "ContactObj", "id": contact})
        world.kontor("sync", "fxiaoke", "--sweep")
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE title = '总监'"), 0)

        # The same field on both sides: nobody's value is overwritten, and a person decides.
        self.control("/edit", {"object": "ContactObj", "id": ids[edited], "set": {"job_title": "他们"}})
        world.sql("UPDATE contact SET title = '我们' WHERE id = ?", edited)
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.one("SELECT title FROM contact WHERE id = ?", edited), "我们")
        self.assertEqual(self.theirs()[ids[edited]]["job_title"], "他们")
        conflict, = world.json("conflicts")["conflicts"]
        field, = conflict["fields"]
        self.assertEqual((field["ours"], field["theirs"]), ("我们", "他们"))
        world.kontor("resolve", str(conflict["id"]), "--ours")
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.theirs()[ids[edited]]["job_title"], "我们")
        self.assertEqual(world.json("conflicts")["conflicts"], [])

        # At rest nothing is written.
        world.kontor("sync", "fxiaoke")
        before = self.stats()["records_written"]
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.stats()["records_written"], before)

    def test_new_generation(self):
        self.round_trip("new")

    def test_old_generation(self):
        self.round_trip("old")

    def test_tokens_are_asked_for_once_and_again_when_they_die(self):
        world = self.world
        world.connect_fxiaoke()
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.stats()["requests"]["token"], 1)
        world.stop_daemon()
        world.start_daemon()
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.stats()["requests"]["token"], 1)
        # Dead before its time: 20016 inside a 200, a new token, and on; a write as well. A token
        # younger than a minute is believed, so that no other program fights with us over it.
        for path in pathlib.Path(world.state).rglob("token-*.json"):
            state = json.loads(path.read_text())
            state["obtained_ms"] -= 120_000
            path.write_text(json.dumps(state))
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        world.stop_daemon()
        world.start_daemon()
        self.control("/fault", {"kind": "expire_access_tokens"})
        world.kontor("push", "on", "fxiaoke")
        world.sql("UPDATE contact SET title = '新' WHERE id = (SELECT min(id) FROM contact)")
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.stats()["requests"]["token"], 2)
        self.assertIn("新", [row.get("job_title") for row in self.theirs().values()])

    def test_an_answer_that_is_lost_makes_no_second_record(self):
        world = self.world
        world.connect_fxiaoke()
        world.kontor("sync", "fxiaoke")
        world.kontor("push", "on", "fxiaoke")
        self.control("/fault", {"kind": "lost_answer",
                                "match": {"path_prefix": "/cgi/crm/v2/data/create"}})
        world.sql("INSERT INTO contact(last_name, first_name) VALUES('司马', '懿')")
        for _ in range(3):
            world.kontor("sync", "fxiaoke", check=False)
        made = [row for row in self.theirs().values() if row.get("name") == "司马懿"]
        self.assertEqual(len(made), 1)
        self.assertEqual(world.json("blocked")["blocked"], [])

    def test_guided(self):
        world, info = self.world, self.world.fxiaoke.info
        terminal = world.terminal("connect", "fxiaoke", "--ca-file", info["ca_file"])
        terminal.expect("[fxiaoke]: ")
        terminal.enter("custom")
        terminal.expect("gateway: ")
        terminal.enter(info["base_url"])
        terminal.expect("FSUID_…): ")
        terminal.enter("1000")
        terminal.expect("self-built application")
        terminal.expect("app_id: ")
        terminal.enter(info["app_id"])
        terminal.expect("app_secret (not shown): ")
        terminal.enter(info["app_secret"])
        terminal.expect("permanent_code (not shown): ")
        terminal.enter(info["permanent_code"])
        terminal.expect("Trying the credentials")
        terminal.expect("Connection fxiaoke is set up.")
        terminal.expect("Next: kontor sync fxiaoke")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(info["app_secret"], terminal.seen)
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 60)

    def test_a_wrong_new_secret_leaves_the_old_one(self):
        world = self.world
        world.connect_fxiaoke()
        terminal = world.terminal("connection", "sign-in", "fxiaoke")
        terminal.expect("app_secret (not shown): ")
        terminal.enter("mistyped")
        terminal.expect("permanent_code (not shown): ")
        terminal.enter()  # stays as it is
        self.assertEqual(terminal.end(), 4)
        self.assertNotIn("mistyped", terminal.seen)
        world.kontor("sync", "fxiaoke")
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 60)

    def test_what_is_wrong_is_told_and_leaves_nothing(self):
        world, info = self.world, dict(self.world.fxiaoke.info)
        wrong = dict(info, app_secret="wrong")
        told = world.kontor(
            "connect", "fxiaoke", "--no-input", *world.fxiaoke_account(), "--value",
            "app_id=" + info["app_id"], "--secret",
            "app_secret=file:" + world.secret_file("app_secret", wrong), "--secret",
            "permanent_code=file:" + world.secret_file("permanent_code", info), check=False)
        self.assertEqual(told.returncode, 4, told.stderr)
        self.assertIn("10006", told.stderr)
        self.assertIn("Nothing was stored.", told.stderr)
        told = world.kontor("connect", "fxiaoke", "--no-input", *world.fxiaoke_account(), check=False)
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertIn("--value app_id=", told.stderr)
        self.assertEqual(world.json("connection", "list")["connections"], [])


class BesideZoho(Tenant):
    records = "8"

    def setUp(self):
        super().setUp()
        self.world.start_peer("--records", "8", "--accounts", "3", "--deals", "3", "--leads", "3",
                              "--seed", "9")

    def written(self):
        zoho = json.loads(self.world.control("/stats"))["records_written"]
        return zoho, self.stats()["records_written"]

    def sync_both(self):
        for name in ("zoho", "fxiaoke"):
            self.world.kontor("sync", name)

    def test_an_edit_in_one_arrives_in_the_other(self):
        world = self.world
        person = {"mobile": "13912345678", "email": "weiming@example.cn"}
        self.control("/create", {"object": "ContactObj", "set": {
            "name": "张伟明", "mobile1": person["mobile"], "email": person["email"]}})
        world.control("/create", {"module": "Contacts", "set": {
            "Last_Name": "张", "First_Name": "伟明", "Mobile": person["mobile"],
            "Email": person["email"]}})
        world.connect()
        world.connect_fxiaoke()
        self.sync_both()
        # The same person is one record; all others are two people's.
        self.assertEqual(world.sql("SELECT count(*) FROM contact WHERE email = ?", person["email"]),
                         [(1,)])
        for name in ("zoho", "fxiaoke"):
            world.kontor("push", "on", name)
        for _ in range(3):
            self.sync_both()

        fxiaoke_id = next(key for key, row in self.theirs().items()
                          if row.get("email") == person["email"])
        zoho_id = next(row["id"] for row in world.dump("Contacts", "Email")
                       if row["Email"] == person["email"])
        def zoho():
            return next(row for row in world.dump("Contacts", "Title,Department") if row["id"] == zoho_id)

        self.control("/edit", {"object": "ContactObj", "id": fxiaoke_id, "set": {"job_title": "总工"}})
        world.kontor("sync", "fxiaoke")
        world.kontor("sync", "zoho")
        self.assertEqual(zoho()["Title"], "总工")
        world.control("/edit", {"module": "Contacts", "id": zoho_id, "set": {"Department": "研发"}})
        self.sync_both()
        self.assertEqual(self.theirs()[fxiaoke_id]["department"], "研发")

        # A new person in one comes to be in the other, once.
        self.control("/create", {"object": "ContactObj", "set": {"name": "林黛玉",
                                                                 "mobile1": "13911112222"}})
        world.kontor("sync", "fxiaoke")
        self.sync_both()
        came = [row for row in world.dump("Contacts", "Last_Name,First_Name")
                if row["Last_Name"] == "林" and row["First_Name"] == "黛玉"]
        self.assertEqual(len(came), 1)

        # No ping-pong: the third round writes nothing anywhere.
        for _ in range(2):
            self.sync_both()
        before = self.written()
        self.sync_both()
        self.assertEqual(self.written(), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
