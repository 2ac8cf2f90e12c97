#!/usr/bin/env python3
"""Scheduled jobs end to end, on a simulated Zoho account: backups that are proven, a thousand records
overwritten and a laptop lost, and all back; then a survey that runs by itself, from the invitation to a
task in the CRM and a report. Everything shown is checked; the first thing that is not so ends it with
exit code 1.

With --shell: the account, a replica of it, and a shell in which `kontor` works on them; for trying what
docs/backup.md and docs/feedback.md say.
"""
import datetime
import email
import email.policy
import html
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "programs"))
from mailbox import Mailbox, certificate  # noqa: E402
from stage import Stage, ok, say  # noqa: E402
from world import World, until  # noqa: E402

PEOPLE, ACCOUNTS, DEALS = 3000, 600, 900
FIELDS = "Last_Name,First_Name,Email,Phone,Title,Description,Email_Opt_Out"
PAPER = 12  # answers on paper
ANSWERS = [10, 9, 10, 8, 9, 7, 10, 9, 3, 10, 8, 9, 6, 10, 9, 10]  # through the form

SURVEY = """\
id = "won"
title = { en = "How did we do?", zh = "我们做得怎么样？" }
channels = ["link", "phone"]
[audience]
entity = "deal"
person = "contact_id"
opt_out = "email_opt_out"
phone = "phone"
[timing]
becomes = "stage=Closed Won"      # whoever closes it, here or in the CRM
[limits]
reminders = ["5d"]
[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "Would you recommend us?", zh = "您会推荐我们吗？" }
[[question]]
id = "why"
kind = "text"
text = { en = "What should we do better?", zh = "我们哪里可以改进？" }
show_if = "score<=8"
[[action]]
create = "task"
when = "score<=6"
due = "2d"
set = { subject = "Please call: {score} of 10", priority = "High" }
"""

JOBS = """\
[backup.office]
target = "{repository}"
password = "file:{passphrase}"
keep = {{ last = 3, daily = 14 }}

[job.nightly]
run = "backup run office"
when = "daily 02:30"

[job.drill]
run = "backup drill office"
when = "weekly sun 04:00"
"""


def moment():
    """Now, and a moment of its own: no edit is of the same millisecond."""
    time.sleep(0.01)
    now = datetime.datetime.now(datetime.timezone.utc)
    time.sleep(0.01)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Demo(Stage):
    def __init__(self, world):
        super().__init__(world)
        self.repository = os.path.join(world.dir, "backup-disk")
        self.passphrase = self.secret("passphrase", "correct horse battery staple")

    def secret(self, name, text):
        return self.world.secret_file(name, {name: text})

    def write(self, name, text):
        path = os.path.join(self.world.config, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def one(self, query, *values):
        return self.world.sql(query, *values)[0][0]

    def job(self, name):
        return next(job for job in self.world.json("jobs")["jobs"] if job["name"] == name)

    def zoho(self):
        return {contact["id"]: contact for contact in self.world.dump("Contacts", FIELDS)}

    def ext_id(self, record):
        return self.one("SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
                        " WHERE s.name = 'Contacts' AND l.record = ?", record)

    # --- Backups

    def replica(self):
        say(f"A Zoho account with {PEOPLE:,} contacts (simulated, on this machine), and Kontor on a laptop")
        world = self.world
        world.start_peer("--records", str(PEOPLE), "--accounts", str(ACCOUNTS), "--deals", str(DEALS),
                         "--seed", "7")
        world.kontor("init")
        world.start_daemon()
        world.connect()
        world.kontor("sync", "zoho")
        world.kontor("push", "on", "zoho")
        ok(self.one("SELECT count(*) FROM contact") == PEOPLE, f"{PEOPLE:,} contacts are here")

    def backups(self):
        say("Backups by themselves: two jobs in the configuration")
        text = JOBS.format(repository=self.repository, passphrase=self.passphrase)
        print(textwrap.indent(text, "     "))
        self.write("conf.d/jobs.toml", text)
        self.run("config", "check")
        self.run("reload")
        self.run("backup", "init", "office")
        say("The first backup now, not at half past two; then an edit, and another one")
        self.run("jobs", "run", "nightly")
        self.world.sql("UPDATE contact SET phone = '+86 10 5555 0000' WHERE id = 1")
        self.run("jobs", "run", "nightly")
        first, second = [int(re.search(r"(\d+) bytes added", run["summary"])[1]) for run in
                         reversed(self.world.json("jobs", "history", "nightly")["runs"])]
        ok(first > 20 * second, f"all of it took {first:,} bytes, one edit {second:,}")
        say("A backup is good when it has been restored: the drill")
        self.run("jobs", "run", "drill")
        self.run("backup", "list")
        proven = self.world.json("backup", "list")["backups"]
        ok(sum(b["drill"] is not None and b["drill"]["error"] == "" for b in proven) == 1, "it is proven")
        self.run("backup", "status")
        self.run("jobs")
        ok({self.job(name)["state"] for name in ("nightly", "drill")} == {"idle"}, "both wait for their time")
        self.world.kontor("sync", "zoho")

    def overwritten(self):
        say("Somebody overwrites a whole set of records, and the CRM has it too")
        world = self.world
        city, many = world.sql("SELECT mailing_city, count(*) FROM contact WHERE mailing_city IS NOT NULL"
                               " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1")[0]
        before = dict(world.sql("SELECT id, coalesce(title, '') FROM contact WHERE mailing_city = ?", city))
        at = moment()
        print(f"   $ sqlite3 replica.db \"UPDATE contact SET title = 'Boss' WHERE mailing_city = '{city}'\"")
        world.sql("UPDATE contact SET title = 'Boss' WHERE mailing_city = ?", city)
        world.kontor("sync", "zoho")
        bosses = lambda: sum(contact["Title"] == "Boss" for contact in self.zoho().values())  # noqa: E731
        ok(bosses() == many, f"{many} people in Zoho are bosses now")
        words = ("restore", "contact", "--where", f"mailing_city={city}", "--at", at)
        self.run(*words, "--preview", most=8)
        self.run(*words, "--force", most=4)
        after = dict(world.sql("SELECT id, coalesce(title, '') FROM contact WHERE mailing_city = ?", city))
        ok(after == before, f"all {many} titles are as they were")
        world.kontor("sync", "zoho")
        ok(bosses() == 0, "and in Zoho: these were edits like any others")

    def lost(self):
        say("The laptop is lost. What was done since the last backup had been synced")
        world = self.world
        self.run("jobs", "run", "nightly")
        world.sql("UPDATE contact SET title = 'After the backup' WHERE id = 2")
        world.sql("INSERT INTO contact(last_name, email) VALUES('Made after the backup', 'late@example.com')")
        world.kontor("sync", "zoho")
        time.sleep(1.1)  # Zoho's stamps have whole seconds
        world.control("/edit", {"module": "Contacts", "id": self.ext_id(1), "set": {"Phone": "+49 30 1234"}})
        before = self.zoho()
        world.stop_daemon()
        for folder in (world.state, world.config, world.env["XDG_CACHE_HOME"]):
            shutil.rmtree(folder)
        ok(not os.path.exists(world.replica), "there is no replica and no configuration any more")
        say("A new one: nothing but the repository and the passphrase")
        self.run("restore", "--yes", "--repository", self.repository, "--password-file", self.passphrase,
                 "--config-to", world.config)
        world.start_daemon()
        ok(self.job("nightly")["state"] == "idle", "the jobs go on where they were")
        world.kontor("sync", "zoho")
        world.kontor("sync", "zoho")
        ok(self.one("SELECT phone FROM contact WHERE id = 1") == "+49 30 1234",
           "a colleague's number is here: nothing old went over it")
        ok(self.one("SELECT title FROM contact WHERE id = 2") == "After the backup",
           "what was done after the backup came back from Zoho")
        ok(self.one("SELECT count(*) FROM contact WHERE last_name = 'Made after the backup'") == 1 and
           self.one("SELECT count(*) FROM contact") == PEOPLE + 1, "nobody is here twice")
        ok(self.zoho() == before, "and Zoho has not changed by a single field")

    # --- A survey

    def prepare(self):
        say("A survey that asks who has bought, by itself; its mail goes to a mail server on this machine")
        world = self.world
        files = certificate(world.dir)
        self.mailbox = Mailbox(files, "feedback", "secret", at_once=False)
        port = world.free_port()
        self.url = f"http://127.0.0.1:{port}"
        print(textwrap.indent(SURVEY, "     "))
        self.write("surveys/won.toml", SURVEY)
        self.write("feedback.toml", f"""\
link_key = "file:{world.dir}/link_key"
public_url = "{self.url}"
listen = "127.0.0.1:{port}"
[mail]
smtp = "smtp://127.0.0.1:{self.mailbox.port}"
user = "feedback"
password = "file:{self.secret('mail_password', 'secret')}"
from = "Feedback <feedback@example.com>"
ca_file = "{files[0]}"
""")
        self.run("feedback", "check", os.path.join(world.config, "surveys", "won.toml"))
        world.stop_daemon()
        world.start_daemon()
        until(lambda: self.job("survey:won")["last_success_at"], "the survey's first look")
        self.run("jobs")
        ok(not self.mailbox.letters, "nobody has been asked yet: no deal was won since")

    def asked(self):
        say("Deals are won: somebody types it here, somebody else in Zoho")
        world = self.world
        deals = world.sql(
            "SELECT min(d.id), l.ext_id, c.id FROM deal d JOIN contact c ON c.id = d.contact_id"
            " JOIN kontor_link l ON l.record = d.id JOIN kontor_stream s ON s.id = l.stream AND s.name = 'Deals'"
            " WHERE d.stage <> 'Closed Won' AND c.email LIKE '%@%' AND c.phone IS NOT NULL"
            " AND coalesce(c.email_opt_out, 0) = 0 AND c.owner_id IS NOT NULL"
            " GROUP BY c.email ORDER BY 1 LIMIT ?", len(ANSWERS) + 5)
        here, there, called = deals[:len(ANSWERS)], deals[len(ANSWERS):-1], deals[-1]
        world.sql("UPDATE contact SET email = NULL WHERE id = ?", called[2])
        places = ",".join(str(deal[0]) for deal in [*here, called])
        world.sql(f"UPDATE deal SET stage = 'Closed Won' WHERE id IN ({places})")
        for _, ext_id, _ in there:
            world.control("/edit", {"module": "Deals", "id": ext_id, "set": {"Stage": "Closed Won"}})
        world.kontor("sync", "zoho")
        until(lambda: len(self.mailbox.letters) >= len(here) + len(there), "the invitations")
        ok(len(self.mailbox.letters) == len(here) + len(there),
           f"{len(self.mailbox.letters)} invitations have gone out; nobody sent them")
        self.letters = {to[0].strip("<>"): email.message_from_bytes(letter, policy=email.policy.default)
                        for _, to, letter in self.mailbox.letters}
        ok(len(self.letters) == len(self.mailbox.letters), "each to somebody else")
        letter = next(iter(self.letters.values()))
        print(textwrap.indent(letter.get_body(("plain",)).get_content().strip(), "     "))
        self.run("jobs", "history", "survey:won")
        self.called = called[2]

    def post(self, link, **fields):
        body = urllib.parse.urlencode(fields).encode()
        with urllib.request.urlopen(link, body, timeout=30) as answer:
            return html.unescape(answer.read().decode())

    def answered(self):
        say("Answers: through the form behind the personal link, on the telephone, on paper")
        world = self.world
        for score, letter in zip(ANSWERS, self.letters.values()):
            link = re.search(self.url + r"/s/\S+", letter.get_body(("plain",)).get_content())[0]
            fields = {"q.score": score, "asked": "score"}
            page = self.post(link, **fields)
            if score <= 8:  # a question that the first answer leads to
                page = self.post(link, **{**fields, "q.why": "The delivery was late" if score < 7 else "更快一点",
                                          "asked": "score why"})
            if "Thank you" not in page:
                raise AssertionError("the form does not thank: " + page)
        ok(self.one("SELECT count(*) FROM survey_response WHERE channel = 'link'") == len(ANSWERS),
           f"{len(ANSWERS)} people have answered by the form")
        self.run("feedback", "call", "won")
        invitation = self.one("SELECT id FROM survey_invitation WHERE who = ? AND channel = 'phone'",
                              f"contact:{self.called}")
        self.run("feedback", "call", "won", str(invitation), "--answer", "score=2", "--answer",
                 "why=Nobody called me back, and it was too expensive")
        paper = os.path.join(world.dir, "paper.csv")
        people = [row[0] for row in world.sql("SELECT id FROM contact ORDER BY id DESC LIMIT ?", PAPER)]
        with open(paper, "w") as file:
            file.write("submission,who,score,answered_at\n")
            for number, person in enumerate(people):
                file.write(f"paper-{number},contact:{person},{9 if number % 3 else 7},2026-0{1 + number % 3}-15T10:00:00Z\n")
        self.run("feedback", "import", "won", paper)
        self.scores = [*ANSWERS, 2, *(9 if number % 3 else 7 for number in range(PAPER))]
        ok(self.one("SELECT count(*) FROM survey_response") == len(self.scores), f"{len(self.scores)} answers")

    def closed(self):
        say("Low scores are tasks of whoever looks after that customer, in Zoho too")
        low = sum(score <= 6 for score in self.scores)
        self.world.kontor("sync", "zoho")
        tasks = [task for task in self.world.dump("Tasks", "Subject,Priority,Due_Date,Owner,Who_Id")
                 if (task["Subject"] or "").startswith("Please call")]
        for task in tasks:
            print(f"     in Zoho: {task['Subject']}, {task['Priority']}, due {task['Due_Date']}")
        ok(len(tasks) == low and all(task["Owner"] and task["Who_Id"] for task in tasks),
           f"{low} tasks, each with an owner and the person")
        done = self.one("SELECT id FROM task WHERE subject LIKE 'Please call%' ORDER BY id LIMIT 1")
        self.run("set", "task", str(done), "status=Completed")

    def report(self):
        say("What came of it")
        self.run("feedback", "report", "won", most=60)
        found = self.world.json("feedback", "report", "won")
        good, bad = (sum(score >= 9 for score in self.scores), sum(score <= 6 for score in self.scores))
        nps = 100 * (good - bad) / len(self.scores)
        told = found["score"]["nps"]
        ok(abs(told["value"] - nps) < 0.5 and told["low"] < nps < told["high"],
           f"NPS {told['value']:.0f}, of the answers as they were given; at 95 % {told['low']:.0f} to {told['high']:.0f}")
        ok(found["follow_ups"]["closed"] == 1, "one follow-up is closed")
        page = self.world.kontor("feedback", "report", "won", "--format", "html").stdout
        ok('class="bar"' in page and "<script" not in page and "://" not in page,
           f"a page to send around: {len(page):,} bytes with a chart, no script, nothing from elsewhere")


def stay(demo):
    """A person at the imagined computer, until they leave it."""
    world = demo.world
    demo.replica()
    say("A shell on that laptop: kontor and kontord are here, exit ends it and removes everything")
    print("   kontor status; kontor list contact --limit 3\n", flush=True)
    subprocess.run([os.environ.get("SHELL", "/bin/sh")], cwd=world.env["HOME"],
                   env={**world.env, "PATH": world.bin + ":" + world.env["PATH"]})


def main():
    world = World(sys.argv[1], "demo-jobs")
    demo = Demo(world)
    try:
        if "--shell" in sys.argv[2:]:
            stay(demo)
            return 0
        for part in (demo.replica, demo.backups, demo.overwritten, demo.lost, demo.prepare, demo.asked,
                     demo.answered, demo.closed, demo.report):
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
  docs/backup.md           your own backups: SFTP, S3, WebDAV; what to do when it has happened
  docs/feedback.md         your own survey, its texts and rules; the form behind your web server
  docs/jobs.md             times, events, conditions, and who is told when a job fails
  ./dev demo               the main job: ten thousand records, offline""", "   "))
    return 0


sys.exit(main())
