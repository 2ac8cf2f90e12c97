#!/usr/bin/env python3
"""What customers answer comes back into a (simulated) Zoho: fields, notes and tasks, each once.

Answers come from files and from calls; kontord is killed in between; a second device syncs with the same
account.
"""
import json
import os
import sys
import threading
import unittest

from world import World, until

BIN = sys.argv.pop(1)
ANSWERS = 40

SURVEY = """id = "service"
title = { en = "Service", zh = "服务" }
channels = ["phone"]
[audience]
phone = "phone"
default_time_zone = "Asia/Shanghai"
[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "How likely?", zh = "是否推荐？" }
[[question]]
id = "why"
kind = "text"
text = "Why?"
[[action]]
on = "person"
set = { description = "Service score {score}" }
[[action]]
create = "note"
set = { title = "Service: {score} ({sentiment})" }
[[action]]
create = "task"
when = "score<=6"
due = "2d"
set = { priority = "High" }
"""


ASKING = """id = "asking"
title = "How are we doing?"
[[question]]
id = "score"
kind = "nps"
text = "How likely?"
"""
# The account's module for invitations: Zoho's field, ours, its type there.
INVITATIONS = (("Ask_Key", "ask_key", "text"), ("Survey", "survey", "text"), ("Person", "person", "text"),
               ("State", "state", "text"), ("Device", "device", "text"), ("Reserved_At", "reserved_at", "text"))
STREAM = """
[[stream]]
name = "Service_Visits"
entity = "survey_invitation"
"""


def device(test, name, peer=None):
    """A computer with kontord, connected to the account."""
    world = World(BIN, name)
    test.addCleanup(world.close)
    if peer:
        world.zoho, world.peer, world.info, world.tls = peer.zoho, peer.peer, peer.info, peer.tls
    else:
        world.start_peer("--seed", "8", "--records", "200", "--accounts", "10", "--deals", "5",
                         "--leads", "5")
    world.kontor("init")
    os.mkdir(os.path.join(world.config, "surveys"))
    with open(os.path.join(world.config, "surveys", "service.toml"), "w") as file:
        file.write(SURVEY)
    world.start_daemon()
    world.connect()
    world.kontor("sync", "zoho")
    world.kontor("push", "on", "zoho")
    return world


class Feedback(unittest.TestCase):
    def at_zoho(self, world):
        notes = world.dump("Notes", "Note_Title,Note_Content,Parent_Id")
        tasks = world.dump("Tasks", "Subject,Due_Date,Priority,Who_Id,What_Id,Owner,Description")
        return ([n for n in notes if (n["Note_Title"] or "").startswith("Service: ")],
                [t for t in tasks if (t["Subject"] or "").startswith("Service: ")])

    def test_answers_come_back_into_zoho_once(self):
        first = device(self, "feedback")
        people = [row[0] for row in first.sql(
            "SELECT id FROM contact WHERE account_id IS NOT NULL ORDER BY id LIMIT ?", ANSWERS)]
        low = {person for at, person in enumerate(people) if at % 4 == 0}
        path = os.path.join(first.dir, "answers.csv")
        with open(path, "w") as file:
            file.write("submission,who,score,why\n")
            for at, person in enumerate(people):
                file.write(f"{at},contact:{person},{2 if person in low else 9},"
                           f"{'The delivery was very late' if person in low else '很满意'}\n")

        # Killed somewhere in the middle; the rest comes with the next import.
        importing = threading.Thread(target=lambda: first.kontor(
            "feedback", "import", "service", path, check=False))
        importing.start()
        until(lambda: first.sql("SELECT count(*) FROM survey_response")[0][0] > 5, "some answers")
        first.daemon.kill()
        first.daemon.wait()
        importing.join()
        first.start_daemon()
        result = first.json("feedback", "import", "service", path)
        self.assertEqual(result["taken"] + result["known"], ANSWERS)
        self.assertEqual(first.json("feedback", "act", "service")["open"], [])
        first.kontor("sync", "zoho")

        notes, tasks = self.at_zoho(first)
        self.assertEqual(len(notes), ANSWERS)
        self.assertEqual(len({n["Parent_Id"]["id"] if isinstance(n["Parent_Id"], dict)
                              else n["Parent_Id"] for n in notes}), ANSWERS)
        self.assertEqual(len(tasks), len(low))
        blame = next(n for n in notes if "2" in n["Note_Title"])
        self.assertEqual(blame["Note_Title"], "Service: 2 (negative)")
        self.assertEqual(blame["Note_Content"], "How likely? 2\nWhy? The delivery was very late")
        for task in tasks:
            self.assertEqual((task["Subject"], task["Priority"]), ("Service: 2", "High"))
            self.assertRegex(task["Due_Date"], r"^20\d\d-\d\d-\d\d$")
            self.assertTrue(task["Who_Id"] and task["What_Id"] and task["Owner"], task)
        fields = first.dump("Contacts", "Description")
        self.assertEqual(sum(1 for c in fields if c["Description"] == "Service score 9"),
                         ANSWERS - len(low))

        # A second computer that gets it all by sync makes nothing again.
        second = device(self, "feedback-second", first)
        self.assertEqual(second.json("feedback", "act", "service")["answers"], 0)
        for world in (second, first, second):
            world.kontor("feedback", "act", "service")
            world.kontor("sync", "zoho")
        self.assertEqual([len(part) for part in self.at_zoho(first)], [ANSWERS, len(low)])

        # Somebody does what the task asks; the report knows.
        second.kontor("set", "task", str(second.sql(
            "SELECT id FROM task WHERE subject LIKE 'Service: %' LIMIT 1")[0][0]), "status=Completed")
        second.kontor("sync", "zoho")
        first.kontor("sync", "zoho")
        report = first.json("feedback", "report", "service")
        self.assertEqual(report["follow_ups"]["made"], len(low))
        self.assertEqual(report["follow_ups"]["closed"], 1)
        self.assertEqual(report["texts"]["moods"], {"negative": len(low), "positive": ANSWERS - len(low)})
        self.assertEqual(report["texts"]["languages"], {"en": len(low), "zh": ANSWERS - len(low)})
        delivery = report["texts"]["themes"][0]
        self.assertEqual((delivery["theme"], delivery["blame"]), ("delivery", len(low)))
        self.assertEqual(delivery["score"]["nps"]["value"], -100)
        self.assertEqual(report["texts"]["blame"], [{"word": "late", "count": len(low)}])
        told = first.kontor("feedback", "report", "service", "--lang", "zh").stdout
        self.assertIn("交付物流", told)

    def invite_through_zoho(self, world):
        """Maps invitations to a module of the account, as docs/feedback.md says."""
        path = world.json("status", "zoho")["mapping"]
        with open(path) as file:
            head, *streams = file.read().split("[[stream]]")
        streams = [stream for stream in streams if 'name = "Service_Visits"' not in stream.split("[[")[0]]
        fields = [*((theirs, ours) for theirs, ours, _ in INVITATIONS), ("Name", "channel"),
                  ("Created_Time", "remote_created_at")]
        with open(path, "w") as file:
            file.write("[[stream]]".join([head, *streams]) + STREAM)
            for theirs, ours in fields:
                file.write(f'[[stream.group]]\nname = "{ours}"\nfields = [ {{ remote = "{theirs}", '
                           f'column = "{ours}"'
                           + (', type = "instant", read_only = true' if theirs == "Created_Time" else "")
                           + (', type = "instant"' if theirs == "Reserved_At" else "")
                           + (', required = true' if theirs == "Ask_Key" else "") + " } ]\n")
        world.kontor("reload")

    def test_two_devices_that_mean_to_ask_the_same_people_send_once(self):
        worlds = [World(BIN, "asking-first"), World(BIN, "asking-second")]
        for world in worlds:
            self.addCleanup(world.close)
        first, second = worlds
        first.start_peer("--seed", "8", "--records", "30", "--accounts", "4", "--deals", "1", "--leads", "1",
                         "--service-visits", "0")
        second.zoho, second.peer, second.info, second.tls = first.zoho, first.peer, first.info, first.tls
        for field, _, kind in INVITATIONS:
            first.control("/fault", {"kind": "schema", "params": {
                "change": "add", "module": "Service_Visits", "field": field, "type": kind,
                "unique": field == "Ask_Key"}})
        for world in worlds:
            world.kontor("init")
            os.mkdir(os.path.join(world.config, "surveys"))
            with open(os.path.join(world.config, "surveys", "asking.toml"), "w") as file:
                file.write(ASKING)
            with open(os.path.join(world.config, "feedback.toml"), "w") as file:
                file.write(f'link_key = "file:{first.dir}/link_key"\npublic_url = "https://example.com"\n')
            world.start_daemon()
            world.connect("--option", "modules=Accounts,Contacts,Service_Visits")
            self.invite_through_zoho(world)
            world.kontor("sync", "zoho")
            world.kontor("push", "on", "zoho")
        # Both choose before either has seen the other; then both sync at once.
        sent = []
        def ask(world):
            said = json.loads(world.kontor("feedback", "send", "asking", "--json", check=False).stdout)
            sent.extend((world, one["address"]) for one in said["due"])
            return said
        reserved = [ask(world)["reserved"] for world in worlds]
        self.assertEqual(reserved[0], reserved[1])
        self.assertGreater(reserved[0], 10)
        self.assertEqual(sent, [], "nobody is asked before the account knows of it")
        for _ in range(3):
            syncing = [threading.Thread(target=lambda w=world: w.kontor("sync", "zoho", check=False))
                       for world in worlds]
            for thread in syncing:
                thread.start()
            for thread in syncing:
                thread.join()
            for world in worlds:
                ask(world)
        people = [address for _, address in sent]
        self.assertEqual(len(people), len(set(people)), "somebody was asked twice")
        self.assertEqual(len(people), reserved[0], "somebody was asked by neither")
        there = first.dump("Service_Visits", "Ask_Key,State,Device")
        self.assertEqual(len(there), reserved[0])
        self.assertEqual(len({one["Ask_Key"] for one in there}), reserved[0])
        for world in worlds:
            self.assertEqual(world.sql("SELECT count(*), count(DISTINCT ask_key) FROM survey_invitation"),
                             [(reserved[0], reserved[0])])
        # The one that did not ask knows that they were asked.
        for world in worlds:
            self.assertEqual(world.json("feedback", "preview", "asking")["asked"], 0)

    def test_what_cannot_be_done_is_told_and_done_later(self):
        world = device(self, "feedback-open")
        survey = os.path.join(world.config, "surveys", "service.toml")
        with open(survey, "a") as file:
            file.write('[[action]]\non = "person"\nset = { no_such_field = "{score}" }\n')
        person = world.sql("SELECT id FROM contact LIMIT 1")[0][0]
        path = os.path.join(world.dir, "answers.json")
        with open(path, "w") as file:
            file.write(f'[{{"submission":"1","who":"contact:{person}","score":3}}]')
        self.assertEqual(world.json("feedback", "import", "service", path)["taken"], 1)
        failed = world.kontor("feedback", "act", "service", check=False)
        self.assertEqual(failed.returncode, 3)
        self.assertIn("no_such_field", failed.stderr)
        preview = world.kontor("feedback", "preview", "service", check=False)
        self.assertEqual(preview.returncode, 6)
        with open(survey, "w") as file:
            file.write(SURVEY)
        self.assertEqual(world.json("feedback", "act", "service")["answers"], 1)
        self.assertEqual(world.sql("SELECT count(*) FROM note WHERE title LIKE 'Service: 3%'"), [(1,)])
        told = world.kontor("feedback", "send", "service")
        self.assertIn("reserved", told.stdout + told.stderr)
        self.assertNotIn("e-mail", told.stdout + told.stderr, "there is no mail server")


if __name__ == "__main__":
    unittest.main()
