#!/usr/bin/env python3
"""Many remotes at once: a simulated Zoho and Fxiaoke, a real PostgreSQL and a real Radicale (CardDAV) with
the same people, and Kontor between them. Everything shown is checked; the first thing that is not so ends
it with exit code 1. What each system has is read by its own tools: dumps, psql, files.
"""
import os
import sys
import textwrap
import time
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "scenario"))
import four_remotes  # noqa: E402
from four_remotes import SIDES, call  # noqa: E402
from stage import Stage, ok, say  # noqa: E402

CLOUD = "北京云山科技有限公司"


def wide(text, columns):
    """Chinese characters take two columns."""
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(columns - taken, 1)


class Demo(Stage):
    def __init__(self, world):
        super().__init__(world)
        self.sides = world.sides

    def ids(self, name):
        record, = [key for key, row in self.world.here().items() if call(row) == name]
        return self.world.ids(record)

    def table(self, name, *fields):
        """One person as each side has it, in its own words."""
        for side, key in self.ids(name).items():
            person = self.sides[side].people()[key]
            print("     " + wide(side, 10) + wide(call(person), 14)
                  + "".join(wide(person[field] or "–", 24) for field in fields))

    def rest(self):
        self.world.settle()
        before = self.world.writes()
        self.world.sync()
        ok(self.world.writes() == before, "at rest: the next cycle writes nothing anywhere")

    def equal(self, kept=frozenset()):
        found = self.world.differences(kept)
        if found:
            raise AssertionError("the sides differ:\n" + "\n".join(found))

    def resolve(self, side, what):
        for one in self.world.questions():
            if one["connection"] == what[0] or one["rule"] == what[0]:
                self.run("resolve", str(one["id"]), side)

    # --- What it shows

    def first_contact(self):
        say("Four systems that know the same people, each in its own spelling")
        spellings = ("13800138000", "138-0013-8000", "8613800138000", "(+86) 138 0013 8000")
        for side, mobile in zip(self.sides.values(), spellings):
            side.add(last="王", first="小明", email="Wang.XM@example.cn", mobile=mobile)
            side.add(last="欧阳", first="娜娜", mobile=mobile.replace("8000", "8001"))
            side.add(last="只在", first=dict(zip(SIDES, "甲乙丙丁"))[side.name],
                     email=side.name + "@only.example")
        zoho, fxiaoke, postgres, carddav = self.sides.values()
        zoho.add(last="李", first="娜", email="li.na@example.cn")
        postgres.add(last="李", first="丽娜", email="li.na@example.cn", title="CFO")
        zoho.add(last="陈", first="伟", company=CLOUD, mobile="13711112222")
        carddav.add(last="陈", first="伟", company=CLOUD, mobile="13733334444")
        for name, people in ((name, side.people()) for name, side in self.sides.items()):
            print("     " + wide(name, 10) + "  ".join(call(one) for one in people.values()))

        say("Kontor meets them: it only reads, and tells who is who")
        for side in self.sides.values():
            side.connect()
        for name in SIDES:  # one after the other, so that the same is asked each time
            self.world.sync(name)
        ok(sum(self.world.writes().values()) == 0, "nothing was written anywhere")
        names = [call(row) for row in self.world.here().values()]
        ok(names.count("王小明") == 1 and names.count("欧阳娜娜") == 1,
           "王小明 (e-mail and name) and 欧阳娜娜 (telephone and name) are one record each")
        self.table("王小明", "mobile", "email")
        ok({one["rule"] for one in self.world.questions()} == {"email", "name+company"},
           "two are uncertain, and asked about: one e-mail under two names, one name at one company")
        self.run("conflicts", most=20)

        say("A person answers, and pushing is switched on")
        self.resolve("--same", ("email",))
        self.resolve("--apart", ("name+company",))
        for name in SIDES:
            self.run("push", "on", name, most=1)
        self.world.settle()
        asked, = self.world.questions()
        ok(asked["group"] == "first_name", "how the one is called is asked: nobody can know")
        self.run("resolve", str(asked["id"]), "--ours")
        self.rest()
        self.equal()
        ok(len(self.world.here()) == 9, "nine people on each of the four sides, nobody twice")
        self.table("只在甲", "email")

    def edits(self):
        say("Five people edit one person in five places")
        ids = self.ids("王小明")
        for side, field, value in (("zoho", "title", "总监"), ("fxiaoke", "department", "研发"),
                                   ("postgres", "email", "Wang@Example.cn"),
                                   ("carddav", "mobile", "137 0000 1111")):
            self.sides[side].edit(ids[side], **{field: value})
            print(f"     in {side}: {field} = {value}")
        self.run("set", "contact", next(str(key) for key, row in self.world.here().items()
                                        if call(row) == "王小明"), "first_name=晓明")
        self.rest()
        self.equal()
        ok(True, "all are everywhere, and each side spells as it does")
        self.table("王晓明", "mobile", "email", "title", "department")

    def outage(self):
        say("Fxiaoke is down for a day (a short one), and PostgreSQL loses its power")
        fxiaoke, postgres = self.sides["fxiaoke"], self.sides["postgres"]
        ids = self.ids("只在丙")
        fxiaoke.edit(self.ids("王晓明")["fxiaoke"], title="首席")
        fxiaoke.down()
        postgres.down()
        self.sides["carddav"].edit(ids["carddav"], title="在停机时改的")
        waiting = self.world.begin("fxiaoke", "postgres")
        self.world.sync("carddav")
        self.world.sync("zoho")
        self.run("status")
        ok(self.sides["zoho"].people()[ids["zoho"]]["title"] == "在停机时改的",
           "the other two have gone on without them")
        fxiaoke.up()
        postgres.up()
        for one in waiting:
            one.communicate()
        self.world.recover()
        self.rest()
        self.equal()
        ok(self.sides["zoho"].people()[self.ids("王晓明")["zoho"]]["title"] == "首席",
           "both have caught up, in either direction")

    def deletes(self):
        say("Deletions follow each connection's policy; a merge in Zoho is followed")
        self.world.policy("postgres", "contacts", delete_relayed="mirror")
        self.world.policy("carddav", "people", delete_relayed="mirror")
        self.world.policy("fxiaoke", "ContactObj", delete_relayed="ask")
        print('     delete_relayed: postgres "mirror", carddav "mirror", fxiaoke "ask"')
        winner = self.ids("李娜")
        twin = self.sides["zoho"].add(last="李", first="那", email="lina@other.example")
        self.world.settle()
        self.equal()
        loser = self.ids("李那")
        self.sides["zoho"].order("/merge", module="Contacts", winner=winner["zoho"], losers=[twin],
                                 set={"Department": "财务"})
        print("     Zoho merges 李那 into 李娜, and gives her a department")
        self.world.settle()
        ok(loser["postgres"] not in self.sides["postgres"].people() and
           loser["carddav"] not in self.sides["carddav"].people(), "mirrored: the second one is gone")
        ok(loser["fxiaoke"] in self.sides["fxiaoke"].people(), "asked first: it is still in Fxiaoke")
        asked, = self.world.questions()
        self.run("resolve", str(asked["id"]), "--ours")
        self.rest()
        self.equal()
        ok(loser["fxiaoke"] not in self.sides["fxiaoke"].people(), "and is gone there as well")

    def fight(self):
        say("Automations fight: each system sets a department to its own spelling")
        spellings = dict(zip(SIDES, ("R&D", "研发部", "研发", "Research")))
        ids = self.ids("王晓明")
        rounds = []
        while not rounds or rounds[-1]:
            before = sum(self.world.writes().values())
            for name, side in self.sides.items():
                self.world.sync(name)
                if side.people()[ids[name]]["department"] != spellings[name]:
                    side.edit(ids[name], department=spellings[name])
                self.world.sync(name)
            rounds.append(sum(self.world.writes().values()) - before)
            print(f"     round {len(rounds)}: {rounds[-1]} writes", flush=True)
            if len(rounds) > 5:
                raise AssertionError("they fight on and on")
        asked = self.world.questions()
        ok({one["kind"] for one in asked} == {"oscillation"}, "they are parted, and named:")
        self.run("conflicts")
        self.run("status")
        print("     the automations are switched off; what stands here is right")
        for one in asked:
            self.world.kontor("resolve", str(one["id"]), "--ours")
        self.rest()
        self.equal()
        self.table("王晓明", "department")

    def killed(self):
        say("Answers are lost and all four connectors are killed, in the middle of a sync")
        ids = self.ids("只在丁")
        for name, side in self.sides.items():
            side.edit(ids[name], **{dict(zip(SIDES, ("title", "department", "mobile", "email")))[name]:
                                    dict(zip(SIDES, ("经理", "销售", "13912341234", "Ding@x.example")))[name]})
            side.lose_answer()
        asked = self.world.begin(*SIDES)
        time.sleep(0.3)
        ok(self.world.kill_plugins() == 4, "four processes killed; kontord goes on")
        for one in asked:
            one.communicate()
        for side in self.sides.values():
            side.forgive()
        self.world.recover()
        self.rest()
        ok(self.world.questions() == [], "nothing is in doubt, nothing is there twice")
        self.table("只在丁", "title", "department", "mobile", "email")

    def proof(self):
        say("Proof: Zoho's and Fxiaoke's dumps, psql and Radicale's files against sqlite3")
        self.equal()
        people = len(self.world.here())
        for name, side in self.sides.items():
            ok(len(side.people()) == people, f"{name}: {people} people, field by field, 0 differences")
        told = self.world.differences
        ids = self.ids("只在甲")
        self.sides["postgres"].edit(ids["postgres"], title="unknown to the others")
        ok(len(told()) == 1, "and the comparison sees it when one value differs")
        self.world.settle()
        self.equal()


def main():
    world = four_remotes.World(sys.argv[1])
    try:
        world.start_daemon()
        demo = Demo(world)
        for part in (demo.first_contact, demo.edits, demo.outage, demo.deletes, demo.fight, demo.killed,
                     demo.proof):
            part()
    except BaseException as trouble:
        print(f"\nNOT SO: {trouble}\nTHE DEMO FAILED. The daemon's last words:\n"
              + "\n".join(world.logged().splitlines()[-25:]), file=sys.stderr)
        if not isinstance(trouble, AssertionError):
            raise
        return 1
    finally:
        world.close()
    say("Done")
    print(textwrap.indent("""\
Where to go next:
  docs/many-remotes.md     several systems on one replica: who is who, edits, deletions, fights
  docs/conflicts.md        what is asked, and how to answer
  ./dev demo               one account, ten thousand records, offline""", "   "))
    return 0


sys.exit(main())
