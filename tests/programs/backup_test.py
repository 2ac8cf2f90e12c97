#!/usr/bin/env python3
"""Backups as a user meets them: several places of which one fails, how far each is behind, the whole
replica and single records as they were, a full disk, both languages.

    backup_test.py FOLDER_OF_THE_PROGRAMS
"""
import datetime
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import world


def moment():
    """Now, of a millisecond in which nothing else happens."""
    time.sleep(0.005)
    now = datetime.datetime.now(datetime.timezone.utc)
    time.sleep(0.005)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Backup(unittest.TestCase):
    def setUp(self):
        self.world = world.World(PROGRAMS, "backup")
        self.addCleanup(self.world.close)
        self.passphrase = self.world.secret_file("passphrase", {"passphrase": "p"})
        self.place("office")
        self.world.start_daemon()

    def place(self, name, target=None):
        folder = os.path.join(self.world.config, "conf.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"backup-{name}.toml"), "w") as out:
            out.write(f'[backup.{name}]\ntarget = "{target or os.path.join(self.world.dir, name)}"\n'
                      f'password = "file:{self.passphrase}"\n')

    def fill(self, count):
        self.world.sql("INSERT INTO contact(last_name, title, description) WITH RECURSIVE n(i) AS"
                       " (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT 'Name ' || i,"
                       " 'Boss', hex(randomblob(100)) FROM n", count)

    def titles(self):
        return dict(self.world.sql("SELECT title, count(*) FROM contact GROUP BY title"))

    def test_one_of_several_places_fails(self):
        world = self.world
        self.fill(20)
        world.kontor("backup", "init", "office")
        self.place("attic", "/nonexistent/disk")
        run = world.kontor("backup", "run", check=False)
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("/nonexistent/disk", run.stderr)
        self.assertIn("office", run.stdout)
        status = {line["backup"]: line for line in
                  map(json.loads, world.kontor("backup", "status", "--json").stdout.splitlines())}
        self.assertIsNone(status["attic"]["behind_s"])
        self.assertNotEqual(status["attic"]["last_run"]["error"], "")
        self.assertLess(status["office"]["behind_s"], 600)
        self.assertEqual(status["office"]["last_run"]["error"], "")
        chinese = world.kontor("backup", "status", env={**world.env, "LANG": "zh_CN.UTF-8"})
        self.assertIn("备份", chinese.stdout)

    def test_the_whole_and_some_records_as_they_were(self):
        world = self.world
        self.fill(20)
        world.kontor("backup", "init")
        then = moment()
        world.sql("UPDATE contact SET title = 'Clerk' WHERE id <= 5")
        world.sql("DELETE FROM contact WHERE id = 6")
        between = moment()
        world.sql("UPDATE contact SET title = 'Nobody'")

        # Some records, by what they were.
        shown = world.kontor("restore", "contact", "--where", "title=Clerk", "--at", between,
                             "--preview")
        self.assertEqual(shown.stdout.count("Clerk"), 5, shown.stdout)
        self.assertEqual(self.titles(), {"Nobody": 19})
        world.kontor("restore", "contact", "--where", "title=Clerk", "--at", between, "--force")
        self.assertEqual(self.titles(), {"Nobody": 14, "Clerk": 5})
        world.kontor("restore", "contact", "6", "--at", then, "--force")
        self.assertEqual(self.titles(), {"Nobody": 14, "Clerk": 5, "Boss": 1})
        told = world.kontor("restore", "contact", "6", check=False)
        self.assertEqual(told.returncode, 2)
        self.assertIn("--at", told.stderr)

        # The same out of a backup, by its number for that place.
        world.kontor("backup", "run")
        diff = world.json("backup", "diff", then, between, "--from", "office")
        self.assertEqual(diff["backup"], "office")
        self.assertEqual(diff["entities"], [{"entity": "contact", "created": 0, "changed": 5,
                                             "deleted": 1}])
        world.kontor("restore", "contact", "7", "--at", then, "--from", "office", "--force")
        self.assertEqual(self.titles(), {"Nobody": 13, "Clerk": 5, "Boss": 2})

        # The whole: not while kontord runs.
        told = world.kontor("restore", "--to", between, "--yes", check=False)
        self.assertEqual(told.returncode, 11, told.stderr)
        world.stop_daemon()
        done = world.json("restore", "--to", between, "--yes")
        self.assertEqual((done["shows"], done["records"]["contact"]), (between, 19))
        self.assertEqual(self.titles(), {"Boss": 14, "Clerk": 5})
        world.start_daemon()
        self.assertEqual(world.kontor("doctor", check=False).returncode, 0)

    def test_secrets_come_back_with_a_passphrase_of_their_own(self):
        world = self.world
        self.fill(3)
        other = world.secret_file("other", {"other": "q"})
        mail = world.secret_file("mail", {"mail": "geheim"})
        with open(os.path.join(world.config, "conf.d", "backup-office.toml"), "a") as out:
            out.write(f'secrets_password = "file:{other}"\n[jobs.alert]\nemail = ["it@example.com"]\n'
                      f'from = "kontor@example.com"\nsmtp = "smtps://mail.example.com:465"\n'
                      f'user = "kontor"\npassword = "file:{mail}"\n')
        world.kontor("backup", "init")
        world.kontor("backup", "run")
        world.stop_daemon()
        shutil.rmtree(world.state)
        shutil.rmtree(world.config)
        os.remove(mail)
        words = ("restore", "--yes", "--repository", os.path.join(world.dir, "office"), "--password-file",
                 self.passphrase, "--config-to", world.config, "--secrets-password-file")
        refused = world.kontor(*words, self.passphrase, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("This passphrase does not open the secrets", refused.stderr)
        self.assertFalse(os.path.exists(world.replica) or os.path.exists(mail))
        done = world.kontor(*words, other)
        self.assertIn("Secrets put back: 1; there already: 1", done.stdout)  # the passphrase's file stayed
        with open(mail) as file:
            self.assertEqual(file.read(), "geheim")
        self.assertEqual(os.stat(mail).st_mode & 0o777, 0o600)
        self.assertEqual(world.kontor("config", "check").returncode, 0)

    def test_a_full_local_disk_leaves_everything_as_it_was(self):
        world = self.world
        world.kontor("backup", "init")
        world.stop_daemon()
        moved = os.path.join(world.dir, "moved")
        os.rename(world.state, moved)
        os.mkdir(world.state, 0o700)
        mount = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "none", world.state]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            self.skipTest("a small disk wants root to be mounted")
        self.addCleanup(subprocess.run, ["umount", world.state])
        subprocess.run(["cp", "-a", moved + "/.", world.state], check=True)
        self.fill(6000)
        world.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        run = world.kontor("backup", "run", check=False)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("The disk is full", run.stderr)
        self.assertEqual(world.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.titles(), {"Boss": 6000})
        subprocess.run(["mount", "-o", "remount,size=64m", world.state], check=True)
        world.kontor("backup", "run")
        world.kontor("backup", "drill")


PROGRAMS = sys.argv.pop(1)
unittest.main(verbosity=2)
