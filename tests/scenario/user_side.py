#!/usr/bin/env python3
"""The user's side of trust on the real programs, with as many contacts as a company has.

    tests/scenario/user_side.py --bin build/release/bin --records 100000

kontord and the simulated Zoho; every contact is changed on both sides. Then what a person does about it:
the inbox, page by page; decisions about all of them, with a preview, taken back and made again; a decision
that holds from then on, for a tenth of them and for all that come after, and is taken back; a sync that
the guard stops; `verify` of a sample and of all; `history`, `why`; `undo` of a value, a record, a run and of
everything since a time. Counts are checked. Of each command it prints how long it took, what kontord and
kontor needed of memory, and for how long another program that writes by plain SQL had to wait meanwhile; that
is bounded, and so is memory.
"""
import argparse
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import world  # noqa: E402

MEMORY_MAX = 450 << 20  # of kontord; most takes the sync that finds all records deleted
TIMEOUT = 10  # seconds that docs/sql.md advises programs to wait for their turn


class Stranger(threading.Thread):
    """Another program that edits a company now and then; the longest that it had to wait."""

    def __init__(self, replica):
        super().__init__(daemon=True)
        self.replica, self.done, self.longest, self.made = replica, threading.Event(), 0.0, 0
        self.error = None

    def run(self):
        database = sqlite3.connect(self.replica, timeout=TIMEOUT, isolation_level=None)
        try:
            while not self.done.is_set():
                begun = time.monotonic()
                database.execute("UPDATE account SET description = ? WHERE id = 1", [f"Edit {self.made}"])
                self.longest = max(self.longest, time.monotonic() - begun)
                self.made += 1
                self.done.wait(0.05)
        except sqlite3.Error as error:
            self.error = error
        finally:
            database.close()


class Person:
    """Types commands, and notes what each took."""

    def __init__(self, here):
        self.here, self.wrong = here, []

    def check(self, true, what):
        if not true:
            self.wrong.append(what)
            print("  WRONG: " + what, flush=True)

    def processor_time(self):
        """Of kontord, in seconds."""
        with open(f"/proc/{self.here.daemon.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def does(self, *words, codes=(0,), language="C.UTF-8", writes=False):
        """What the command wrote to stdout and stderr. `writes`: another program does so meanwhile."""
        here = self.here
        with open(f"/proc/{here.daemon.pid}/clear_refs", "w") as peak:
            peak.write("5")  # the most memory is counted from here
        stranger = Stranger(here.replica)
        if writes:
            stranger.start()
        begun, worked = time.monotonic(), self.processor_time()
        process = subprocess.Popen([here.program("kontor"), *words], env={**here.env, "LANG": language},
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        told = []
        errors = threading.Thread(target=lambda: told.append(process.stderr.read()))
        errors.start()
        out = process.stdout.read()
        errors.join()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = code = os.waitstatus_to_exitcode(status)
        took, worked = time.monotonic() - begun, self.processor_time() - worked
        if writes:
            stranger.done.set()
            stranger.join()
            self.check(stranger.error is None, f"{words}: another program could not write: {stranger.error}")
        memory = here.memory_peak()
        self.check(memory < MEMORY_MAX, f"{words}: kontord needed {memory >> 20} MiB")
        print("  ".join((("kontor " + " ".join(words)).ljust(64), f"{took:7.2f} s", f"{worked:7.2f} s",
                         f"{memory >> 20:5} MiB", f"{used.ru_maxrss >> 10:5} MiB",
                         f"{stranger.longest:7.2f} s" if writes else "")), flush=True)
        self.check(code in codes, f"{words}: {code}: {told[0][:500]}")
        return out, told[0]

    def json(self, *words, **how):
        return json.loads(self.does(*words, "--json", **how)[0])

    def chinese(self, *words, **how):
        """No English sentence in what it says itself: headings, and hints beside the data."""
        out, err = self.does(*words, language="zh_CN.UTF-8", **how)
        text = out.partition("\n")[0] + "\n" + err
        self.check(re.search(r"[\u4e00-\u9fff]", out + err), f"{words} in Chinese: {text[:200]}")
        found = SENTENCE.search(NAMES.sub("", text))
        self.check(found is None, f"{words} in Chinese: {found and found[0]}")


# Two English words in a row: what a sentence has and a name has not (as in chinese_test.py).
SENTENCE = re.compile(r"(?<![\w./=:-])[A-Za-z]{2,},? [a-z]{2,}\b")
NAMES = re.compile(r"kontor [a-z-]+|(contact|account) \d+|uid:\d+ \(\w+\)")


class Inbox:
    """Every phone number has been changed on both sides."""

    def __init__(self, here, person, count):
        self.here, self.person, self.count = here, person, count

    def open(self):
        return self.here.sql("SELECT count(*) FROM kontor_conflict WHERE state = 'open'")[0][0]

    def is_read(self):
        person = self.person
        shown = person.json("conflicts")["conflicts"]
        person.check(len(shown) == min(self.count, 100), f"the first page: {len(shown)}")
        one = shown[0]
        person.check(all(one["fields"][0][side] for side in ("base", "ours", "theirs")), f"three sides: {one}")
        person.check(one["ours_at"] and one["theirs_by"] and one["theirs_version"], f"who and when: {one}")
        last = person.json("conflicts", "--field", "phone", "--limit", "1000", "--offset",
                           str(self.count - 10))["conflicts"]
        person.check(len(last) == 10, f"the last page: {len(last)}")
        person.chinese("conflicts")
        person.chinese("conflicts", str(one["id"]))

    def is_decided(self):
        person, phones = self.person, ("--field", "phone")
        shown = person.json("resolve", "--all", "--take", "theirs", *phones, "--dry-run")
        person.check(shown["decided"] == self.count, f"would be decided: {shown['decided']}")
        done = person.json("resolve", "--all", "--take", "theirs", *phones, "--yes", writes=True)
        person.check(done["decided"] == self.count and self.open() == 0, f"decided: {done['decided']}")
        person.chinese("conflicts", "--decided")
        run = f"run:{done['run']}"
        shown = person.json("undo", run, "--dry-run")
        person.check(shown["undone"] == self.count, f"would be open again: {shown['undone']}")
        person.does("undo", run, "--force", "--quiet", writes=True)
        person.check(self.open() == self.count, f"open again: {self.open()}")
        person.json("resolve", "--all", "--take", "ours", *phones, "--yes", writes=True)


class Rule:
    """Mobile numbers are changed on both sides, first a tenth of them; then it is learned who is right."""

    which = ("zoho", "contact", "mobile")

    def __init__(self, here, person, count):
        self.here, self.person, self.count = here, person, count

    def both_change(self, count, digit):
        """The first `count` numbers, here and there, and a sync; then what is decided and what is open of all."""
        here = self.here
        # Colleagues first, which takes no time: what is surely older or newer would be decided by that.
        here.control("/bulk_edit", {"module": "Contacts", "count": count, "set": {"Mobile": f"+86 138 {digit}{{n}}"}})
        here.sql("UPDATE contact SET mobile = ? || printf('%07d', id) WHERE id IN (SELECT l.record FROM kontor_link l"
                 " JOIN kontor_stream s ON s.id = l.stream WHERE s.name = 'Contacts' ORDER BY l.ext_id LIMIT ?)",
                 f"+86 139 {digit}", count)
        self.person.does("sync", "zoho", "--confirm-mass", "--quiet", writes=True)

    def states(self):
        return {row[:3]: row[3] for row in self.here.sql(
            "SELECT k.state, coalesce(k.chosen, ''), coalesce(k.rule, ''), count(*) FROM kontor_conflict k JOIN"
            " kontor_group g ON g.id = k.grp WHERE g.name = 'mobile' GROUP BY 1, 2, 3")}

    def theirs(self, digit):
        """How many numbers here and there are what colleagues typed."""
        there = sum(one["Mobile"] is not None and one["Mobile"].startswith(f"+86 138 {digit}")
                    for one in self.here.dump("Contacts", "Mobile"))
        return self.here.sql("SELECT count(*) FROM contact WHERE mobile LIKE ?", f"+86 138 {digit}%")[0][0], there

    def is_learned(self):
        here, person, few = self.here, self.person, max(1, self.count // 10)
        self.both_change(few, 1)
        asked = self.states()
        person.check(sum(asked.values()) == few and {key[0] for key in asked} == {"open"}, f"asked: {asked}")
        one = here.sql("SELECT max(id) FROM kontor_conflict WHERE state = 'open'")[0][0]
        always = ("resolve", str(one), "--theirs", "--always")
        shown = person.json(*always, "--dry-run")
        person.check(shown["decided"] == few and self.states() == asked, f"would be decided: {shown['decided']}")
        person.check(person.json("conflicts", "rules")["rules"] == [], "no rule stands yet")
        done = person.json(*always, "--yes", writes=True)
        person.check(done["decided"] == few and self.theirs(1) == (few, few), f"decided: {done['decided']}")
        person.chinese("conflicts", "rules")
        rules = person.json("conflicts", "rules")["rules"]
        person.check([(*(rule[key] for key in ("connection", "entity", "group")), rule["take"]) for rule in rules]
                     == [(*self.which, "theirs")], f"rules: {rules}")

    def decides(self):
        """All are changed on both sides: nobody is asked, and each has what colleagues typed."""
        person, before = self.person, self.states()
        self.both_change(self.count, 2)
        after = self.states()
        new = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
        person.check(sum(new.values()) == self.count and {key[:2] for key in new} == {("decided", "theirs")}
                     and all(key[2] not in {old[2] for old in before} for key in new), f"decided: {new}")
        person.check(self.theirs(2) == (self.count, self.count), f"theirs here and there: {self.theirs(2)}")
        kept = self.here.sql("SELECT count(DISTINCT record) FROM kontor_history h JOIN kontor_field f ON f.id = h.field"
                             " WHERE f.name = 'mobile' AND h.old LIKE '+86 139 2%'")[0][0]
        person.check(kept == self.count, f"what was typed here stands in history: {kept}")
        record = self.here.sql("SELECT min(id) FROM contact")[0][0]
        person.json("why", "contact", str(record), "mobile")

    def is_taken_back(self):
        person, few, before = self.person, max(1, self.count // 10), self.states()
        told = person.json("conflicts", "forget", *self.which)
        person.check(told["forgotten"]["take"] == "theirs", f"forgotten: {told}")
        person.check(person.json("conflicts", "rules")["rules"] == [] and self.states() == before
                     and self.theirs(2) == (self.count, self.count), "nothing of what it has decided has changed")
        self.both_change(few, 3)
        opened = sum(n for key, n in self.states().items() if key[0] == "open")
        person.check(opened == few, f"asked again: {opened}")
        person.json("resolve", "--all", "--take", "theirs", "--field", "mobile", "--yes", writes=True)


def what_is_compared(here, person, count):
    for words in (("--sample", "1000"), ("--all",)):
        told = json.loads(person.does("verify", "zoho", "contact", *words, "--json")[0].splitlines()[-1])
        compared = told["streams"][0]["compared"]
        person.check(told["unexplained"] == 0 and compared == (count if words == ("--all",) else min(count, 1000)),
                     f"verify: {told}")
    # How far it is, on a terminal.
    terminal = here.terminal("verify", "zoho", "contact", "--all")
    terminal.expect(" %)")
    person.check(terminal.end() == 0, f"verify on a terminal: {terminal.seen}")


def the_past(here, person):
    for words in (("history", "contact", "1"), ("why", "contact", "1", "phone")):
        person.json(*words)
        person.chinese(*words)


def what_is_taken_back(here, person, count):
    # A value, and a record.
    was = here.sql("SELECT title FROM contact WHERE id = 1")
    here.kontor("set", "contact", "1", "title=Chief", "department=All")
    person.json("undo", "contact:1:title", "--dry-run")
    person.json("undo", "contact:1:title")
    person.check(here.sql("SELECT title, department FROM contact WHERE id = 1") == [(was[0][0], "All")], "a value")
    person.json("undo", "contact:1", "--force")
    here.kontor("sync", "zoho")
    # A run: colleagues, or an import of theirs, have changed everybody.
    here.control("/bulk_edit", {"module": "Contacts", "count": count, "set": {"Title": "Wrong {n}"}})
    person.does("sync", "zoho", "--quiet")
    wrong = "SELECT count(*) FROM contact WHERE title LIKE 'Wrong %'"
    person.check(here.sql(wrong) == [(count,)], "all titles are wrong")
    run = "run:" + str(here.sql("SELECT run FROM kontor_history WHERE run IS NOT NULL AND op = 'u' ORDER BY seq"
                                " DESC LIMIT 1")[0][0])
    shown = person.json("undo", run, "--dry-run")
    person.check(shown["undone"] == count and len(shown["changes"]) <= 2000, f"would be undone: {shown['undone']}")
    person.chinese("undo", run, "--dry-run")
    person.does("undo", run, "--force", "--quiet", codes=(0, 3), writes=True)
    person.check(here.sql(wrong) == [(0,)], "no title is wrong")
    # How far it is, on a terminal; with --json nobody is told.
    before = here.sql("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")[0][0]
    here.sql("UPDATE contact SET title = 'Wrong ' || id")
    terminal = here.terminal("undo", "--since", before, "--local", "--force")
    terminal.expect("taking back")
    terminal.expect(" %)")
    person.check(terminal.end() in (0, 3) and here.sql(wrong) == [(0,)], f"undo on a terminal: {terminal.seen}")
    # Everything since a time: here all were deleted.
    before = here.sql("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")[0][0]
    here.sql("DELETE FROM contact")
    person.does("sync", "zoho", codes=(3, 5))
    person.check(len(here.dump("Contacts", "Phone")) == count, "the guard lets no deletion through")
    shown = person.json("undo", "--since", before, "--dry-run")
    person.check(shown["undone"] >= count, f"would come back: {shown['undone']}")
    # What the other program edits once more meanwhile stays: exit code 3.
    person.does("undo", "--since", before, "--force", "--quiet", codes=(0, 3), writes=True)
    person.check(here.sql("SELECT count(*) FROM contact") == [(count,)], "all are back")


def run(here, person, records):
    here.start_peer("--records", str(records), "--accounts", "50", "--deals", "5", "--leads", "5", "--seed", "4")
    here.kontor("init")
    here.start_daemon()
    here.connect("--interval", "1h")
    person.does("sync", "zoho", "--quiet")
    here.kontor("push", "on", "zoho")
    count = here.sql("SELECT count(*) FROM contact")[0][0]
    here.sql("UPDATE contact SET phone = '+86 10 9' || printf('%07d', id)")
    here.control("/bulk_edit", {"module": "Contacts", "count": count, "set": {"Phone": "+86 20 8{n}"}})
    person.does("sync", "zoho", "--confirm-mass", "--quiet", writes=True)
    inbox = Inbox(here, person, count)
    person.check(inbox.open() == count, f"each is asked about: {inbox.open()}")
    inbox.is_read()
    inbox.is_decided()
    # More than 1,000 edits are asked about, more than 25 deletions.
    guarded = count > 1000
    person.does("sync", "zoho", codes=(3, 5) if guarded else (0,))
    if guarded:
        there = {contact["Phone"] for contact in here.dump("Contacts", "Phone")}
        person.check(not any(phone.startswith("+86 10 9") for phone in there), "nothing was sent")
        person.does("sync", "zoho", "--dry-run", codes=(0, 5), language="zh_CN.UTF-8")
        person.does("sync", "zoho", "--confirm-mass", "--quiet", writes=True)
    sent = [c["Phone"] for c in here.dump("Contacts", "Phone")]
    person.check(all(phone.startswith("+86 10 9") for phone in sent), "all were sent")
    rule = Rule(here, person, count)
    rule.is_learned()
    rule.decides()
    rule.is_taken_back()
    what_is_compared(here, person, count)
    the_past(here, person)
    what_is_taken_back(here, person, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--records", type=int, default=100_000)
    args = parser.parse_args()
    here = world.World(args.bin, "user-side")
    person = Person(here)
    try:
        headings = ("time", "processor", "kontord", "kontor", "others")
        print("  ".join(("".ljust(64), *(f"{cell:>9}" for cell in headings))))
        run(here, person, args.records)
    finally:
        here.close(keep=bool(person.wrong))
    print(f"{len(person.wrong)} wrong")
    return 1 if person.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
