#!/usr/bin/env python3
"""Jobs as a team has them: a scheduled backup and its drill, a failing job and whom it tells, a run that
was missed while kontord was down."""
import email
import email.policy
import json
import os
import sqlite3
import subprocess
import sys
import unittest

from mailbox import Hook, Mailbox, certificate
from world import World, until

BIN = sys.argv.pop(1)


class Jobs(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "jobs")
        self.addCleanup(self.world.close)
        self.world.kontor("init")

    def configure(self, text):
        with open(os.path.join(self.world.config, "conf.d", "jobs.toml"), "w") as file:
            file.write(text)

    def path(self, name):
        return os.path.join(self.world.dir, name)

    def secret(self, name, text):
        return "file:" + self.world.secret_file(name, {name: text})

    def runs(self, job):
        return self.world.json("jobs", "history", job)["runs"]

    def job(self, name):
        return next(j for j in self.world.json("jobs")["jobs"] if j["name"] == name)

    def make_due(self, name, ago="-1 minute"):
        """As if its time had come, with kontord down."""
        with sqlite3.connect(self.world.replica) as replica:
            replica.execute("UPDATE kontor_job SET next_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?)"
                            " WHERE name = ?", (ago, name))
        replica.close()

    def test_a_missed_backup_is_caught_up_once_and_its_drill_proves_it(self):
        world = self.world
        world.env["TZ"] = "UTC"
        self.configure(f"""
[backup.office]
target = "{self.path('office')}"
password = "{self.secret('passphrase', 'correct horse')}"
keep = {{ last = 1 }}
[job.nightly]
run = "backup run office"
when = "daily 02:30"
[job.drill]
run = "backup drill office"
when = "weekly sun 04:00"
[job.check]
run = "backup verify office --read-data"
""")
        world.kontor("backup", "init", "office")
        world.start_daemon()
        world.sql("INSERT INTO contact(last_name) VALUES('Li')")
        self.assertEqual(self.job("nightly")["state"], "idle")
        self.assertIn("T02:30:00", self.job("nightly")["next_at"])
        self.assertEqual(self.runs("nightly"), [])
        world.stop_daemon()
        self.make_due("nightly", "-3 days")

        world.start_daemon()
        until(lambda: self.job("nightly")["last_success_at"], "the backup")
        runs = self.runs("nightly")
        self.assertEqual([(r["cause"], r["result"], r["missed"]) for r in runs], [("catch_up", "ok", 3)])
        self.assertRegex(runs[0]["summary"], "^stored [0-9a-f]{8}, [0-9]+ bytes added$")
        # Not again, and not before tomorrow, whatever happens to kontord.
        world.stop_daemon()
        self.make_due("drill")
        world.start_daemon()
        until(lambda: self.job("drill")["last_success_at"], "the drill")
        self.assertEqual(len(self.runs("nightly")), 1)
        self.assertIn("found it whole", self.runs("drill")[0]["summary"])
        self.assertEqual(world.json("backup", "status")["last_proof"]["error"], "")
        listed = world.json("backup", "list")["backups"]
        self.assertEqual([b["drill"]["error"] for b in listed], [""])

        # By hand: progress and an end that can be seen; what is not kept goes, the proven one stays.
        told = world.kontor("jobs", "run", "nightly")
        self.assertRegex(told.stdout, "nightly: done in [0-9.]+ s: stored ")
        lines = world.kontor("jobs", "run", "check", "--json").stdout.splitlines()
        self.assertEqual(json.loads(lines[-1])["summary"], "the repository has no damage")
        self.assertEqual(len(world.json("backup", "list")["backups"]), 2)
        chinese = world.kontor("jobs", "history", "check", env={**world.env, "LANG": "zh_CN.UTF-8"})
        self.assertIn("存储库没有损坏", chinese.stdout)

        # A record that goes past the history: the backup is good, and somebody is told.
        with sqlite3.connect(world.replica, isolation_level=None) as replica:
            trigger, = replica.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'contact'"
                                       " AND sql LIKE '%AFTER DELETE%'").fetchone()
            replica.execute("BEGIN")
            replica.execute("DROP TRIGGER " + trigger.split()[2])
            replica.execute("DELETE FROM contact")
            replica.execute(trigger)
            replica.execute("COMMIT")
        replica.close()
        os.remove(os.path.join(world.state, "backup", "pages.changed"))  # all is read, and counted
        self.assertNotEqual(world.kontor("jobs", "run", "nightly", check=False).returncode, 0)
        self.assertTrue(self.runs("nightly")[0]["error"].startswith(
            "of contact there are 0 records, and by the history there should be 1: "))
        self.assertIn("of contact there are 0 records", world.kontor("backup", "status").stderr)
        world.kontor("jobs", "run", "drill")
        world.kontor("jobs", "run", "nightly")

        # A repository that is damaged is a failed drill.
        for folder, _, files in os.walk(self.path("office/data")):
            for name in files:
                os.chmod(os.path.join(folder, name), 0o600)
                with open(os.path.join(folder, name), "r+b") as pack:
                    pack.write(b"\0" * 64)
        failed = world.kontor("jobs", "run", "drill", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("drill: failed", failed.stderr)
        self.assertEqual(self.job("drill")["state"], "failing")

    def test_a_failing_job_tells_by_command_webhook_and_mail_and_tells_of_its_recovery(self):
        world = self.world
        files = certificate(world.dir)
        mailbox = Mailbox(files, "kontor", "geheim", at_once=False)
        self.addCleanup(mailbox.close)
        hook = Hook(files)
        self.addCleanup(hook.close)
        told, works = self.path("told"), self.path("works")
        self.configure(f"""
[jobs]
retries = 1
retry_first = "1s"
retry_max = "1s"
[jobs.alert]
command = ["sh", "-c", "echo \\"$KONTOR_ALERT $KONTOR_JOB $KONTOR_ERROR\\" >> {told}"]
webhook = "{self.secret('hook', f'https://127.0.0.1:{hook.port}/x?token=verborgen')}"
email = ["it@example.com", "boss@example.com"]
from = "kontor@example.com"
smtp = "smtp://127.0.0.1:{mailbox.port}"
user = "kontor"
password = "{self.secret('mail', 'geheim')}"
ca_file = "{files[0]}"
[job.upload]
command = ["sh", "-c", "echo trying; echo no luck >&2; test -e {works}"]
when = "on deal.stage = Won"
[job.slow]
command = ["sleep", "600"]
timeout = "10m"
""")
        world.start_daemon()
        world.sql("INSERT INTO deal(name, stage) VALUES('A', 'New')")
        world.sql("UPDATE deal SET stage = 'Won'")
        until(lambda: os.path.exists(told), "the alert")
        with open(told) as file:
            self.assertEqual(file.read(), "failed upload the program ended with code 1\n")
        runs = self.runs("upload")
        self.assertEqual([(r["cause"], r["attempt"], r["result"]) for r in runs],
                         [("retry", 2, "failed"), ("event", 1, "failed")])
        self.assertEqual(runs[1]["records"], ["deal:1"])
        self.assertEqual(world.kontor("jobs", "log", "upload").stdout, "trying\nno luck\n")

        until(lambda: mailbox.letters and hook.posted, "mail and webhook")
        path, body = hook.posted[0]
        self.assertEqual((path, body["kind"], body["job"]), ("/x?token=verborgen", "failed", "upload"))
        sender, recipients, letter = mailbox.letters[0]
        self.assertEqual((sender, recipients),
                         ("<kontor@example.com>", ["<it@example.com>", "<boss@example.com>"]))
        letter = email.message_from_bytes(letter, policy=email.policy.default)
        self.assertTrue(letter["Subject"].endswith("the job upload has failed"), letter["Subject"])
        self.assertIn("the program ended with code 1", letter.get_content())

        # Told once; and once more when it works again.
        self.assertEqual(world.kontor("jobs", "run", "upload", check=False).returncode, 1)
        with open(works, "w"):
            pass
        world.kontor("jobs", "run", "upload")
        until(lambda: len(mailbox.letters) == 2 and len(hook.posted) == 2, "the good news")
        with open(told) as file:
            self.assertEqual(file.read().splitlines()[1:], ["recovered upload "])
        log = world.logged()
        for secret in ("geheim", "verborgen"):
            self.assertNotIn(secret, log)

        # What hangs is stopped by hand; a person does not wait for it.
        asked = subprocess.Popen([world.program("kontor"), "jobs", "run", "slow"], env=world.env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.job("slow")["state"] == "running", "the slow one")
        self.assertEqual(world.kontor("jobs", "run", "slow", check=False).returncode, 11)
        world.kontor("jobs", "stop", "slow")
        self.assertNotEqual(asked.wait(30), 0)
        self.assertEqual(self.runs("slow")[0]["result"], "cancelled")
        world.kontor("jobs", "pause", "upload")
        self.assertEqual(self.job("upload")["state"], "paused")
        world.kontor("jobs", "resume", "upload")
        self.assertEqual(world.kontor("jobs", "run", "nosuch", check=False).returncode, 6)

    def survey(self, name, timing):
        os.makedirs(os.path.join(self.world.config, "surveys"), exist_ok=True)
        with open(os.path.join(self.world.config, "surveys", name + ".toml"), "w") as file:
            file.write(f'id = "{name}"\ntitle = "How did we do?"\n{timing}\n[[question]]\nid = "score"\n'
                       'kind = "nps"\ntext = "Would you recommend us?"\n')

    def mail(self, server):
        with open(os.path.join(self.world.config, "feedback.toml"), "w") as file:
            file.write(f'link_key = "file:{self.path("link_key")}"\npublic_url = "https://example.com"\n'
                       + server)

    def test_a_survey_runs_by_itself(self):
        world = self.world
        world.env["TZ"] = "UTC"
        files = certificate(world.dir)
        mailbox = Mailbox(files, "kontor", "geheim", at_once=True)
        self.addCleanup(mailbox.close)
        asked = lambda: sorted(to[0].strip("<>") for _, to, _ in mailbox.letters)
        self.survey("won", '[audience]\nentity = "deal"\nperson = "contact_id"\n[timing]\n'
                           'becomes = "stage=Closed Won"')
        self.mail("")
        world.start_daemon()
        for name in ("ann", "bob", "cem"):
            world.sql("INSERT INTO contact(last_name, email) VALUES(?, ?)", name, name + "@example.com")
            world.sql("INSERT INTO deal(name, stage, contact_id) VALUES('D', 'New', (SELECT max(id) FROM contact))")
        until(lambda: self.job("survey:won")["last_success_at"], "its first look")
        self.assertEqual(self.job("survey:won")["when"], ["on deal.stage = Closed Won"])

        # Nobody is there to send a link: it waits, and the job says so.
        world.sql("UPDATE deal SET stage = 'Closed Won' WHERE id = 1")
        until(lambda: self.job("survey:won")["state"] == "failing", "the failure")
        self.assertEqual(self.runs("survey:won")[0]["error"], "links wait for a [mail] in feedback.toml: 1")
        self.mail(f'[mail]\nsmtp = "smtps://127.0.0.1:{mailbox.port}"\nuser = "kontor"\n'
                  f'password = "{self.secret("mail", "geheim")}"\nfrom = "us@example.com"\n'
                  f'ca_file = "{files[0]}"\n')
        world.kontor("jobs", "run", "survey:won")
        self.assertEqual(asked(), ["ann@example.com"])
        world.sql("UPDATE deal SET stage = 'Closed Won' WHERE id = 2")
        until(lambda: len(mailbox.letters) == 2, "the second letter")
        self.assertEqual(asked(), ["ann@example.com", "bob@example.com"])
        until(lambda: self.job("survey:won")["state"] == "idle", "the end of the run")
        last = self.runs("survey:won")[0]
        self.assertEqual((last["cause"], last["records"], last["summary"]),
                         ("event", ["deal:2"], "1 people chosen, 1 invitations made, 1 e-mails sent"))
        chinese = world.kontor("jobs", "history", "survey:won", env={**world.env, "LANG": "zh_CN.UTF-8"})
        self.assertIn("选出 1 人，生成 1 份邀请，发出 1 封邮件", chinese.stdout)

        # A new file is found by reloading; its times are missed like any job's, and done once.
        self.survey("monthly", '[timing]\nschedule = "monthly 1 09:00"')
        world.kontor("reload")
        self.assertIn("-01T09:00:00", self.job("survey:monthly")["next_at"])
        world.kontor("jobs", "pause", "survey:won")
        until(lambda: self.job("survey:monthly")["last_success_at"], "its first look")
        self.assertEqual(len(mailbox.letters), 2)
        world.stop_daemon()
        self.make_due("survey:monthly", "-70 days")
        world.start_daemon()
        until(lambda: len(mailbox.letters) == 3, "who was not asked within a month")
        self.assertEqual(asked(), ["ann@example.com", "bob@example.com", "cem@example.com"])
        until(lambda: self.job("survey:monthly")["state"] == "idle", "the end of the run")
        self.assertIn("catch_up", [run["cause"] for run in self.runs("survey:monthly")])
        self.assertEqual(self.job("survey:won")["state"], "paused")

        # A mistake in the file is told, and the survey goes on as it was.
        self.survey("monthly", '[timing]\nschedule = "monthly 41 09:00"')
        world.kontor("reload")
        told = world.kontor("jobs")
        self.assertRegex(told.stderr, r"survey:monthly: .*monthly\.toml:4:\d+: timing\.schedule: '41' is no day")
        self.assertEqual(self.job("survey:monthly")["when"], ["monthly 1 09:00"])
        os.remove(os.path.join(world.config, "surveys", "monthly.toml"))
        world.kontor("reload")
        self.assertEqual([job["name"] for job in world.json("jobs")["jobs"]], ["survey:won"])

    def test_kill_and_a_wrong_configuration(self):
        world = self.world
        begun = self.path("begun")
        self.configure(f"""
[jobs]
retry_first = "1s"
retry_max = "1s"
[job.long]
command = ["sh", "-c", "echo x >> {begun}; test $(wc -l < {begun}) -gt 1 || sleep 600"]
when = "daily 02:30"
""")
        world.start_daemon()
        world.stop_daemon()
        self.make_due("long")
        world.start_daemon()
        until(lambda: os.path.exists(begun), "the run")
        world.stop_daemon(9)
        world.start_daemon()
        until(lambda: self.job("long")["last_success_at"], "the run after kill -9")
        self.assertEqual([r["result"] for r in self.runs("long")], ["ok", "interrupted"])

        self.configure('[job.long]\ncommand = ["true"]\nwhen = "daily 25:00"\n')
        refused = world.kontor("reload", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertRegex(refused.stderr, r"jobs\.toml:3:8: job\.long\.when: '25:00' is no time of the day")
        self.assertEqual(self.job("long")["when"], ["daily 02:30"])


if __name__ == "__main__":
    unittest.main()
