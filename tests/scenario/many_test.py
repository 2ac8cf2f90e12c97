#!/usr/bin/env python3
"""Many remotes at once: Zoho, Fxiaoke, PostgreSQL and CardDAV with the same people, on one replica.

One story, in the order of the methods, with the built kontord and the connectors in their sandboxed
processes. What each side has is read by that side's own tools (four_remotes.py).
"""
import argparse
import random
import signal
import sys
import time
import unittest

import four_remotes
from four_remotes import SIDES, call, same

CLOUD, SEA = "北京云山科技有限公司", "上海海风贸易有限公司"


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = four_remotes.World(OPTIONS.bin)
        cls.addClassCleanup(cls.world.close)
        cls.world.start_daemon()
        cls.kept = set()  # (side, id) of records that a policy has left where they are, unlinked

    def tearDown(self):
        for side in (self.world.zoho, self.world.fxiaoke):
            self.assertEqual(side.violations(), [], "messages that the vendor's documents do not know")

    def side(self, name):
        return self.world.sides[name]

    def record(self, name):
        """The contact here of this name."""
        found = [key for key, row in self.world.here().items() if call(row) == name]
        self.assertEqual(len(found), 1, f"{name}: {self.world.here()}")
        return found[0]

    def there(self, side, name):
        """Its id on a side."""
        return self.world.ids(self.record(name))[side]

    def edit(self, side, name, **values):
        """By a colleague on a side, or by somebody here."""
        if side == "here":
            columns = ", ".join(f"{four_remotes.COLUMNS.get(key, key)} = ?" for key in values)
            self.world.sql(f"UPDATE contact SET {columns} WHERE id = ?", *values.values(),
                           self.record(name))
        else:
            self.side(side).edit(self.there(side, name), **values)

    def all_agree(self):
        self.assertEqual(self.world.differences(self.kept), [])

    def at_rest(self):
        self.world.settle()
        self.assertEqual(self.world.questions(), [])
        self.assertEqual(self.world.json("blocked")["blocked"], [])
        self.all_agree()
        # The next cycle writes nothing anywhere, nor does one that compares everything.
        before = self.world.writes()
        self.world.sync(more=["--sweep"])
        self.assertEqual(self.world.writes(), before)
        status = self.world.json("status")["connections"]
        self.assertEqual({one["name"]: one["to_push"] for one in status}, dict.fromkeys(SIDES, 0))

    # --- The story

    def test_1_first_contact(self):
        world = self.world
        zoho, fxiaoke, postgres, carddav = (world.sides[name] for name in SIDES)
        mobiles = ("13800138000", "138-0013-8000", "8613800138000", "(+86) 138 0013 8000")
        for side, mobile in zip(world.sides.values(), mobiles):
            side.add(last="王", first="小明", email="Wang.XM@example.cn", mobile=mobile, company=SEA)
            # A family name of two characters, and no e-mail address.
            side.add(last="欧阳", first="娜娜", mobile=mobile.replace("8000", "8001"))
            side.add(last="只在", first=dict(zip(SIDES, "甲乙丙丁"))[side.name],
                     email=side.name + "@only.example")
        zoho.add(last="Lovelace", first="Ada", email="ada@example.com", title="Analyst")
        carddav.add(last="Lovelace", first="Ada", email="ADA@example.com", department="Engines")
        # One e-mail address under two names; one name at one company with two numbers.
        zoho.add(last="李", first="娜", email="li.na@example.cn")
        postgres.add(last="Li", first="Na", email="li.na@example.cn", title="CFO")
        zoho.add(last="陈", first="伟", company=CLOUD, mobile="13711112222")
        carddav.add(last="陈", first="伟", company=CLOUD, mobile="13733334444")
        fxiaoke.company(CLOUD)
        # A mailbox that belongs to nobody in particular.
        fxiaoke.add(last="周", first="一", email="info@example.cn")
        postgres.add(last="吴", first="二", email="info@example.cn")

        for side in world.sides.values():
            side.connect()
        for name in SIDES:  # one after the other: who is asked about does not depend on chance
            world.sync(name)
        self.assertEqual(world.writes(), dict.fromkeys(SIDES, 0), "pushing is off")
        names = sorted(call(row) for row in world.here().values())
        self.assertEqual(names, sorted(["Ada Lovelace", "王小明", "欧阳娜娜", "李娜", "陈伟", "周一",
                                        "吴二", "只在甲", "只在乙", "只在丙", "只在丁"]))
        self.assertEqual(sorted((one["kind"], one["entity"], one["connection"], one["rule"])
                                for one in world.questions()),
                         [("match", "account", "fxiaoke", "name"),
                          ("match", "contact", "carddav", "name+company"),
                          ("match", "contact", "postgres", "email")])
        for name in SIDES:
            world.kontor("push", "on", name)
        world.settle()
        # Whoever is asked about is doubled nowhere meanwhile.
        for name, side in world.sides.items():
            called = [call(row) for row in side.people().values()]
            self.assertEqual(len([one for one in called if one in ("李娜", "Na Li")]), 1, name)
            self.assertLessEqual(called.count("陈伟"), 1, name)

        answers = {"name": "--same", "email": "--same", "name+company": "--apart"}
        for one in world.questions():
            world.kontor("resolve", str(one["id"]), answers[one["rule"]])
        world.settle()
        # They are one person: what each side calls her is asked about, for nobody can know.
        asked = world.questions()
        self.assertEqual({one["group"] for one in asked}, {"last_name", "first_name"})
        for one in asked:
            world.kontor("resolve", str(one["id"]), "--ours")
        world.settle()
        self.assertEqual([call(row) for row in world.here().values()].count("陈伟"), 2)
        self.at_rest()

        # Each spells as it does, and is not corrected.
        self.assertEqual({name: side.people()[self.there(name, "王小明")]["mobile"]
                          for name, side in world.sides.items()},
                         {"zoho": "+86 13800138000", "fxiaoke": "138-0013-8000",
                          "postgres": "8613800138000", "carddav": "(+86) 138 0013 8000"})
        self.assertEqual(self.side("postgres").people()[self.there("postgres", "李娜")]["title"], "CFO")
        self.assertEqual(self.side("zoho").people()[self.there("zoho", "Ada Lovelace")]["department"],
                         "Engines")

    def test_2_edits_on_any_side_reach_all(self):
        for number, side in enumerate((*SIDES, "here")):
            self.edit(side, "王小明", **{("title", "department", "email", "mobile", "first")[number]:
                                      ("总监", "研发", "Wang@Example.cn", "137 0000 1111", "晓明")[number]})
            if number < 4:
                self.edit(side, "只在" + "丁丙乙甲"[number], title=f"由{side}")
        self.side("carddav").add(last="林", first="黛玉", email="lin@example.cn")
        self.at_rest()
        wang = {name: side.people()[self.there(name, "王晓明")] for name, side in
                self.world.sides.items()}
        self.assertEqual({name: row["mobile"] for name, row in wang.items()},
                         {"zoho": "+86 13700001111", "fxiaoke": "137 0000 1111",
                          "postgres": "13700001111", "carddav": "137 0000 1111"})
        self.assertEqual({row["email"].lower() for row in wang.values()}, {"wang@example.cn"})
        self.assertEqual(wang["fxiaoke"]["email"], "wang@example.cn")
        self.assertEqual({(row["title"], row["department"]) for row in wang.values()},
                         {("总监", "研发")})
        self.record("林黛玉")

    def test_3_two_are_down_and_catch_up(self):
        ids = {name: self.world.ids(self.record(name)) for name in ("只在甲", "只在乙", "王晓明")}
        down = ("fxiaoke", "postgres")
        for name in down:
            self.side(name).down()
        self.edit("fxiaoke", "王晓明", title="在停机时")
        self.edit("zoho", "只在甲", department="新的")
        self.edit("carddav", "只在乙", title="改了")
        self.edit("here", "Ada Lovelace", title="Countess", mobile="139 1111 2222")
        self.world.sql("INSERT INTO contact(last_name, first_name) VALUES('薛', '宝钗')")
        waiting = self.world.begin(*down)  # each tries again and again by itself
        for _ in range(2):
            self.world.sync("zoho", "carddav")
        # The others have gone on without them.
        carddav = self.side("carddav").people()
        self.assertEqual(carddav[ids["只在甲"]["carddav"]]["department"], "新的")
        self.assertIn("宝钗", [row["first"] for row in carddav.values()])
        self.assertEqual(self.side("zoho").people()[ids["只在乙"]["zoho"]]["title"], "改了")
        for name in down:
            self.assertGreater(self.world.json("status", name)["to_push"], 0)
        self.assertEqual(self.world.json("status", "postgres")["error"]["code"], "unavailable")
        for name in down:
            self.side(name).up()
        for one in waiting:
            one.communicate()
        self.world.recover()
        self.at_rest()
        self.assertEqual(self.side("zoho").people()[ids["王晓明"]["zoho"]]["title"], "在停机时")
        self.assertEqual(self.side("fxiaoke").people()[ids["只在乙"]["fxiaoke"]]["title"], "改了")

    def test_4_deletes_follow_the_policy(self):
        world = self.world
        world.policy("postgres", "contacts", delete_relayed="mirror")
        world.policy("carddav", "people", delete_relayed="mirror")
        world.policy("fxiaoke", "ContactObj", delete_relayed="ask")
        # Deleted in Zoho: gone here and where it is mirrored; Fxiaoke's is asked about.
        ids = world.ids(self.record("周一"))
        self.side("zoho").delete(ids["zoho"])
        world.sync("zoho")  # the others' new policies hold although none of them has synced since
        world.settle()
        there = {name: ids[name] in side.people() for name, side in world.sides.items()}
        self.assertEqual(there, {"zoho": False, "fxiaoke": True, "postgres": False, "carddav": False})
        asked, = world.questions()
        self.assertEqual((asked["kind"], asked["connection"]), ("delete", "fxiaoke"))
        world.kontor("resolve", str(asked["id"]), "--ours")
        world.settle()
        self.assertNotIn(ids["fxiaoke"], self.side("fxiaoke").people())
        # Deleted on a phone, and Fxiaoke's is to stay: then it is everywhere again, once.
        self.side("carddav").delete(self.there("carddav", "只在丁"))
        world.settle()
        asked, = world.questions()
        world.kontor("resolve", str(asked["id"]), "--theirs")
        self.at_rest()
        self.record("只在丁")
        # Deleted in the database: Zoho keeps its own, by the default, and nobody makes it anew.
        ids = world.ids(self.record("吴二"))
        self.side("postgres").delete(ids["postgres"])
        world.sync("postgres", more=["--sweep"])
        world.settle()
        asked, = world.questions()
        world.kontor("resolve", str(asked["id"]), "--ours")
        self.kept.add(("zoho", ids["zoho"]))
        self.at_rest()
        self.assertNotIn("吴二", [call(row) for row in world.here().values()])

    def test_5_a_merge_and_a_conversion_are_followed(self):
        world, zoho = self.world, self.side("zoho")
        twin = zoho.add(last="林", first="代玉", email="lin.dy@example.cn")
        lead = zoho.order("/create", module="Leads", set={
            "Last_Name": "史", "First_Name": "湘云", "Email": "shi@example.cn", "Company": "金陵史家"})["id"]
        world.settle()
        self.all_agree()
        ids = world.ids(self.record("林代玉"))
        winner = self.there("zoho", "林黛玉")
        zoho.down()  # and what is typed elsewhere meanwhile meets it
        self.edit("postgres", "林黛玉", department="潇湘馆")
        world.sync("postgres")
        zoho.order("/merge", module="Contacts", winner=winner, losers=[twin], set={"Title": "姑娘"})
        zoho.order("/convert", module="Leads", id=lead)
        zoho.up()
        world.recover()
        world.settle()
        # Fxiaoke is asked before anything is deleted there (test_4).
        asked, = world.questions()
        self.assertEqual((asked["kind"], asked["connection"]), ("delete", "fxiaoke"))
        self.assertIn(ids["fxiaoke"], self.side("fxiaoke").people())
        world.kontor("resolve", str(asked["id"]), "--ours")
        self.at_rest()
        here = world.here()
        self.assertNotIn("林代玉", [call(row) for row in here.values()])
        one = here[self.record("林黛玉")]
        self.assertEqual((one["title"], one["department"]), ("姑娘", "潇湘馆"))
        # The lead stays, and says whom it has become: a contact that is on all sides.
        contact = self.record("史湘云")
        self.assertEqual(here[contact]["company"], "金陵史家")
        self.assertEqual(world.sql("SELECT converted, converted_contact_id FROM lead"), [(1, contact)])
        self.assertEqual(len(self.side("fxiaoke").lines("LeadsObj")), 1)

    def test_6_automations_that_fight_are_parted(self):
        world = self.world
        spellings = dict(zip(SIDES, ("R&D", "研发部", "研发", "Research")))
        ids = world.ids(self.record("王晓明"))

        def round_of_all():
            """Each system's automation sets its own spelling when somebody else's has come."""
            before = sum(world.writes().values())
            for name, side in world.sides.items():
                world.sync(name)
                if side.people()[ids[name]]["department"] != spellings[name]:
                    side.edit(ids[name], department=spellings[name])
                world.sync(name)
            return sum(world.writes().values()) - before

        wrote = [round_of_all()]
        while wrote[-1] and len(wrote) < 10:
            wrote.append(round_of_all())
        self.assertEqual(wrote[-1], 0, wrote)
        self.assertLessEqual(len(wrote), 5, wrote)
        self.assertLessEqual(sum(wrote), 12, wrote)
        asked = world.questions()
        self.assertEqual({(one["kind"], one["group"]) for one in asked}, {("oscillation", "department")})
        self.assertEqual(len(asked), 3)  # one of the four has its own here
        self.assertIn("changed to and fro", world.kontor("conflicts").stdout)
        self.assertIn("反复修改", world.kontor("conflicts", "--lang", "zh").stdout)
        status = {one["name"]: one["conflicts"] for one in world.json("status")["connections"]}
        self.assertEqual(sum(status.values()), 3)
        # All else goes on.
        self.edit("carddav", "王晓明", title="首席")
        world.settle()
        for name, side in world.sides.items():
            self.assertEqual(side.people()[ids[name]]["title"], "首席")
        # The automations are switched off, and a person decides.
        for one in asked:
            world.kontor("resolve", str(one["id"]), "--ours")
        self.at_rest()

    def test_7_faults(self):
        """Edits on all sides while answers are lost, requests refused and connectors killed."""
        world, chance = self.world, random.Random(OPTIONS.seed)
        print(f"seed {OPTIONS.seed}, {OPTIONS.rounds} rounds", flush=True)
        for number in range(OPTIONS.rounds):
            people = sorted(world.here())
            wanted = {}  # (record, field): what somebody has typed
            for record in chance.sample(people, min(5, len(people))):
                ids = world.ids(record)
                for field in chance.sample(("title", "department", "email", "mobile"), 2):
                    value = {"email": f"Round{number}.{record}@Example.cn",
                             "mobile": f"136 {number:04} {record:04}"}.get(field, f"第{number}次{record}")
                    wanted[record, field] = value
                    side = chance.choice((*SIDES, "here"))
                    if side == "here":
                        world.sql(f"UPDATE contact SET {field} = ? WHERE id = ?", value, record)
                    else:
                        self.side(side).edit(ids[side], **{field: value})
                    if chance.random() < 0.3:
                        world.sync(chance.choice(SIDES), check=False)
            made = f"新{number}"
            self.side(chance.choice(SIDES)).add(last="贾", first=made, email=f"new{number}@example.cn")
            for side in world.sides.values():
                if chance.random() < 0.8:
                    chance.choice((side.lose_answer, side.refuse))()
            asked = world.begin(*SIDES)
            time.sleep(chance.random())
            killed = world.kill_plugins()
            if number % 5 == 4:
                world.stop_daemon(signal.SIGKILL)
                world.start_daemon()
            for one in asked:
                one.communicate()
            self.assertGreater(killed, 0)
            for side in world.sides.values():
                side.forgive()
            world.recover()
            self.at_rest()
            here = world.here()
            for (record, field), value in wanted.items():
                expected, found = ({**here[record], field: one} for one in (value, here[record][field]))
                self.assertEqual(same(found), same(expected), f"round {number}")
            self.record("贾" + made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rounds", type=int, default=3, help="of random edits with faults")
    parser.add_argument("--seed", type=int, default=1)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(verbosity=2, failfast=True, argv=[sys.argv[0], *rest])
