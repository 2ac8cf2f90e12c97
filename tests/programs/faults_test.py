#!/usr/bin/env python3
"""Faults of the machine and of what lies on it: each gives a clear error that names the thing and the
next step, the replica stays as it was, and kontord goes on when the fault is gone.

Runs in a mount namespace of its own, for the small disks that it fills.
"""
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import unittest

import own_mounts
from world import World, until

own_mounts.enter()
BIN = sys.argv.pop(1)
TEST_PLUGINS = sys.argv.pop(1)
OTHER_ABI = os.path.join(TEST_PLUGINS, "other_abi.so")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Fault(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "faults")
        self.addCleanup(self.world.close)
        self.world.kontor("init")

    def small_disk(self, megabytes):
        """The state folder on a disk of its own."""
        shutil.rmtree(self.world.state, ignore_errors=True)
        os.makedirs(self.world.state, mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs",
                        self.world.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.world.state], check=False)

    def fill(self):
        filler = os.path.join(self.world.state, "filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        return filler

    def refused_start(self, code, *words):
        """kontord does not start; what it says in both languages."""
        said = []
        for language in ("C.UTF-8", "zh_CN.UTF-8"):
            started = subprocess.run([self.world.program("kontord"), *words],
                                     env={**self.world.env, "LANG": language}, capture_output=True,
                                     text=True, timeout=60)
            self.assertEqual(started.returncode, code, started.stderr)
            said.append(started.stderr)
        self.assertNotEqual(said[0], said[1])
        return said[0]


class Disks(Fault):
    def test_full_disk_and_local_edits(self):
        self.small_disk(24)
        self.world.start_daemon()
        self.world.kontor("create", "contact", "last_name=Li", "description=before")
        filler = self.fill()
        count = 0
        failed = None
        for number in range(400):
            failed = self.world.kontor("create", "contact", f"last_name=N{number}",
                                       "description=" + "x" * 20000, check=False)
            if failed.returncode != 0:
                break
            count += 1
        self.assertEqual(failed.returncode, 1, failed.stderr)
        self.assertIn("The disk is full", failed.stderr)
        self.assertIn(self.world.state, failed.stderr)
        self.assertIn("Free some space", failed.stderr)
        told = self.world.kontor("create", "contact", "last_name=X", "description=" + "x" * 20000,
                                 "--json", check=False)
        self.assertEqual(json.loads(told.stderr)["code"], "full")
        # Reading goes on, and nothing that was reported as done is lost.
        listed = self.world.json("list", "contact", "--limit", "1000")["records"]
        self.assertEqual(len(listed), 1 + count)
        doctor = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)
        self.assertFalse(next(c for c in doctor["checks"] if c["check"] == "disk")["ok"])
        os.remove(filler)
        self.world.kontor("create", "contact", "last_name=After")
        self.assertIsNone(self.world.daemon.poll())
        self.assertEqual(self.world.stop_daemon(), 0)
        self.assertEqual(self.world.sql("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(2 + count,)])

    def test_full_disk_in_a_first_load(self):
        self.small_disk(20)
        self.world.start_peer("--records", "30000", "--seed", "4")
        self.world.start_daemon()
        filler = os.path.join(self.world.state, "filler")
        with open(filler, "wb") as file:
            file.write(b"x" * (14 << 20))
        self.world.connect()
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("disk is full", failed.stderr)
        self.assertIn("Free some space", failed.stderr)
        self.assertIsNone(self.world.daemon.poll())
        subprocess.run(["mount", "-o", "remount,size=300m", self.world.state], check=True)
        os.remove(filler)
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(30000,)])
        self.assertEqual(self.world.stop_daemon(), 0)
        self.assertEqual(self.world.sql("PRAGMA integrity_check"), [("ok",)])

    def test_a_full_disk_at_the_start(self):
        self.small_disk(1)
        self.fill()
        said = self.refused_start(1)
        self.assertIn("disk is full", said)
        self.assertIn(self.world.state, said)

    def test_read_only_disk(self):
        self.small_disk(24)
        self.world.start_daemon()
        self.world.kontor("create", "contact", "last_name=Li")
        self.assertEqual(self.world.stop_daemon(), 0)
        before = digest(self.world.replica)
        subprocess.run(["mount", "-o", "remount,ro", self.world.state], check=True)
        said = self.refused_start(1)
        self.assertIn("cannot be written", said)
        self.assertIn(self.world.state, said)
        self.assertIn("mount options", said)
        self.assertEqual(digest(self.world.replica), before)
        subprocess.run(["mount", "-o", "remount,rw", self.world.state], check=True)
        self.world.start_daemon()
        self.world.kontor("get", "contact", "1")


class Replicas(Fault):
    def setUp(self):
        super().setUp()
        self.world.start_daemon()
        self.world.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) "
                       "INSERT INTO contact(last_name, description) SELECT 'N'||i, hex(zeroblob(200)) "
                       "FROM n")
        self.assertEqual(self.world.stop_daemon(), 0)

    def doctor_finds(self, check):
        """Without a kontord, whoever asks why is told all the same."""
        told = self.world.kontor("doctor", "--json", check=False)
        self.assertEqual(told.returncode, 1)
        found = [c for c in json.loads(told.stdout)["checks"] if not c["ok"]]
        self.assertEqual([c["check"] for c in found], ["daemon", check])
        self.assertEqual(found[1]["subject"], self.world.replica)

    def damage(self, at, bytes_):
        with open(self.world.replica, "r+b") as file:
            file.seek(at)
            file.write(bytes_)

    def test_no_database_at_all(self):
        with open(self.world.replica, "wb") as file:
            file.write(b"these are notes, not a database\n" * 500)
        before = digest(self.world.replica)
        said = self.refused_start(10)
        self.assertIn(self.world.replica, said)
        self.assertIn("backup", said)
        self.doctor_finds("integrity")
        self.assertEqual(digest(self.world.replica), before)

    def test_a_damaged_schema(self):
        self.damage(100, b"\xff" * 600)
        before = digest(self.world.replica)
        said = self.refused_start(10)
        self.assertIn(self.world.replica, said)
        self.assertIn("backup", said)
        self.doctor_finds("integrity")
        self.assertEqual(digest(self.world.replica), before)

    def test_damage_in_the_middle_is_found_and_named(self):
        page = self.world.sql("PRAGMA page_size")[0][0]
        root = self.world.sql("SELECT rootpage FROM sqlite_schema WHERE name='contact'")[0][0]
        self.damage((root - 1) * page, b"\xa5" * page)
        self.world.start_daemon()
        failed = self.world.kontor("list", "contact", "--json", check=False)
        self.assertEqual(failed.returncode, 10, failed.stderr)
        told = json.loads(failed.stderr)
        self.assertEqual(told["code"], "corrupt")
        self.assertIn("backup", told["hint"])
        failed = self.world.kontor("create", "contact", "last_name=X", check=False)
        self.assertEqual(failed.returncode, 10, failed.stderr)
        doctor = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)
        integrity = next(c for c in doctor["checks"] if c["check"] == "integrity")
        self.assertFalse(integrity["ok"])
        self.assertIn("backup", integrity["fix"])
        self.assertIsNone(self.world.daemon.poll())

    def damage_index(self):
        """Leaves a row out of the index of uids, as a disk that lost a page would."""
        def schema(statement, *values):
            database = sqlite3.connect(self.world.replica)
            database.execute("PRAGMA writable_schema = ON")
            database.execute(statement, values)
            database.commit()
            database.close()

        index = self.world.sql("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema "
                               "WHERE name = 'kontor_contact_uid'")[0]
        schema("DELETE FROM sqlite_schema WHERE name = 'kontor_contact_uid'")
        self.world.sql("INSERT INTO contact(last_name) VALUES ('Unseen')")
        schema("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", *index)

    def test_a_damaged_index_is_found_and_nothing_is_synced_with_it(self):
        self.damage_index()
        self.world.start_peer("--records", "5", "--accounts", "2", "--deals", "2", "--seed", "3")
        self.world.start_daemon()
        self.world.connect()
        told = self.world.kontor("doctor", check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("missing from index kontor_contact_uid", told.stdout)
        self.assertIn("restore the replica from a backup", told.stdout)
        status = self.world.json("status")
        self.assertIn("missing from index", status["replica"]["damage"]["message"])
        self.assertEqual(status["connections"][0]["state"], "damaged")
        told = self.world.kontor("status")
        self.assertIn("The replica is damaged, so nothing is synced with it", told.stderr)
        chinese = self.world.kontor("status", "--lang", "zh")
        self.assertIn("副本已损坏，因此不会用它同步", chinese.stderr)
        for words in (["sync", "zoho"], ["sync", "zoho", "--dry-run"]):
            refused = self.world.kontor(*words, check=False)
            self.assertEqual(refused.returncode, 10, refused.stderr)
            self.assertIn("kontor doctor looks again", refused.stderr)
        # A restart is no cure; another file is one.
        self.world.stop_daemon()
        self.world.start_daemon()
        self.assertEqual(self.world.kontor("sync", "zoho", check=False).returncode, 10)
        self.world.stop_daemon()
        damaged, beside = self.world.replica, self.world.replica + ".aside"
        for end in ("", "-wal", "-shm"):
            if os.path.exists(damaged + end):
                os.rename(damaged + end, beside + end)
        copy = sqlite3.connect(beside)
        copy.execute("VACUUM INTO ?", (damaged,))
        copy.close()
        self.world.start_daemon()
        self.assertIsNone(self.world.json("status")["replica"]["damage"])
        self.assertFalse(os.path.exists(damaged + ".damaged"))
        self.world.stop_daemon()
        os.rename(beside, damaged)
        self.world.start_daemon()
        self.assertEqual(self.world.kontor("doctor", check=False).returncode, 1)
        # Mended by hand, and found sound: it goes on.
        self.world.sql("REINDEX")
        checks = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)["checks"]
        self.assertTrue(next(c for c in checks if c["check"] == "integrity")["ok"])
        self.world.kontor("sync", "zoho")
        self.assertIsNone(self.world.json("status")["replica"]["damage"])

    def test_a_replica_that_is_replaced_while_it_is_open(self):
        self.world.start_daemon()
        def put_copy(path):
            self.world.sql("VACUUM INTO ?", path + ".copy")
            os.rename(path + ".copy", path)

        for replace in (os.remove, lambda path: os.rename(path, path + ".away"), put_copy):
            self.world.kontor("list", "contact", "--limit", "1")
            replace(self.world.replica)
            failed = self.world.kontor("create", "contact", "last_name=X", "--json", check=False)
            self.assertEqual(failed.returncode, 10, failed.stderr)
            told = json.loads(failed.stderr)
            self.assertIn("moved, deleted or replaced", told["message"])
            self.assertIn("Stop kontord", told["hint"])
            doctor = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)
            self.assertFalse(next(c for c in doctor["checks"] if c["check"] == "in_place")["ok"])
            self.world.stop_daemon()
            self.world.start_daemon()  # a new, empty one
            self.world.kontor("create", "contact", "last_name=Y")

    def test_a_replica_of_a_newer_version(self):
        database = sqlite3.connect(self.world.replica)
        database.execute("PRAGMA user_version = 999")
        database.close()
        before = digest(self.world.replica)
        said = self.refused_start(10)
        self.assertIn(self.world.replica, said)
        self.assertIn("999", said)
        self.assertIn("newer version", said)
        self.doctor_finds("version")
        self.assertEqual(digest(self.world.replica), before)


class Files(Fault):
    def path(self):
        return os.path.join(self.world.config, "kontor.toml")

    def refused(self):
        """Both programs say the same of the configuration; kontord does not start."""
        checked = self.world.kontor("config", "check", check=False)
        self.assertEqual(checked.returncode, 78)
        said = self.refused_start(78)
        daemons = subprocess.run([self.world.program("kontord"), "--check-config"],
                                 env=self.world.env, capture_output=True, text=True)
        self.assertEqual(daemons.returncode, 78)
        for text in (checked.stdout, said, daemons.stdout):
            self.assertIn(self.path(), text)
        self.assertIn(checked.stdout, said)
        return checked.stdout

    def test_each_mistake_is_told(self):
        with open(self.path(), "w") as file:
            file.write('[deamon]\nx = 1\n[sync]\ninterval = "soon"\njitter = 7\n'
                       '[connection.odd]\nplugin = "zoho"\nmapping = "/nowhere.toml"\n')
        told = self.refused()
        for mistake in ("deamon", "sync.interval", "sync.jitter", "/nowhere.toml does not exist"):
            self.assertIn(mistake, told)

    def test_a_folder_in_place_of_the_configuration(self):
        os.remove(self.path())
        os.mkdir(self.path())
        self.refused()

    def test_what_a_connection_names_is_looked_at(self):
        conf = os.path.join(self.world.config, "conf.d", "odd.toml")
        secret = os.path.join(self.world.dir, "odd.secret")
        with open(secret, "w") as file:
            file.write("x")
        os.chmod(secret, 0o600)
        mapping = os.path.join(self.world.config, "conf.d", "odd.mapping.toml")
        good = ('[connection.odd]\nplugin = "zoho"\noptions = { data_centre = "cn" }\n'
                f'secrets = {{ refresh_token = "file:{secret}" }}\n')
        def check(text):
            with open(conf, "w") as file:
                file.write(text)
            told = self.world.kontor("config", "check", check=False)
            daemons = subprocess.run([self.world.program("kontord"), "--check-config"],
                                     env=self.world.env, capture_output=True, text=True)
            self.assertEqual(told.returncode, daemons.returncode, told.stdout + daemons.stdout)
            if told.returncode:
                self.assertTrue(daemons.stdout.startswith(told.stdout), daemons.stdout)
            return told.stdout
        self.addCleanup(os.remove, conf)
        self.assertRegex(check(good), re.escape(conf) + r":1:1: connection\.odd\.mapping: ")
        with open(mapping, "w") as file:
            file.write("")
        self.addCleanup(os.remove, mapping)
        self.assertEqual(check(good), "")
        self.assertRegex(check(good.replace('"zoho"', '"nope"')),
                         re.escape(conf) + ":2:1: .*there is no connector 'nope'")
        self.assertRegex(check(good.replace('"cn"', '"mars"')),
                         re.escape(conf) + ":3:1: .*data_centre must be one of: us, eu")
        os.chmod(secret, 0o644)
        self.assertRegex(check(good), re.escape(conf) + ":4:1: .*can be read by others")

    def test_a_configuration_without_rights(self):
        os.chmod(self.path(), 0)
        # Root reads everything, unless it gives that right away.
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search",
                   self.world.program("kontord")]
        started = subprocess.run(command, env=self.world.env, capture_output=True, text=True)
        self.assertEqual(started.returncode, 78, started.stderr)
        self.assertIn(self.path(), started.stderr)
        self.assertIn("ermission", started.stderr)

    def test_a_configuration_that_is_no_text(self):
        with open(self.path(), "wb") as file:
            file.write(bytes(range(256)) * 10)
        self.refused()

    def test_every_mistake_is_named_with_its_place(self):
        with open(self.path(), "w") as file:
            file.write('[daemon]\nlog_levl = "info"\n[sync]\ninterval = 15\n[connection.a]\n'
                       'plugin = "zoho"\n[connection.a.secrets]\nrefresh_token = "1000.abc"\n')
        said = self.refused()
        for place in (":2:", ":4:", ":8:"):
            self.assertIn(self.path() + place, said)
        self.assertIn("did you mean 'log_level'", said)
        self.assertNotIn("1000.abc", said)
        told = json.loads(self.world.kontor("config", "check", "--json", check=False).stdout)
        self.assertEqual([p["line"] for p in told["problems"]], [2, 4, 8, 5])  # 5: no mapping


class Plugins(Fault):
    def test_a_plugin_of_another_abi_version(self):
        folder = os.path.join(self.world.dir, "plugins")
        os.mkdir(folder, 0o755)
        shutil.copy(OTHER_ABI, os.path.join(folder, "other.so"))
        shutil.copy(os.path.join(BIN, "..", "lib", "kontor", "zoho.so"), folder)
        self.world.env["KONTOR_PLUGIN_DIR"] = folder
        self.world.start_peer("--records", "20", "--seed", "3")
        self.world.start_daemon()
        plugins = self.world.json("plugins")["plugins"]
        other = next(p for p in plugins if p["name"] == "other")
        self.assertIn("ABI", other["error"]["message"])
        for words in ([], ["--option", "data_centre=us"]):  # what it would ask for is not known
            failed = self.world.kontor("connect", "other", "--no-input", *words, check=False)
            self.assertNotEqual(failed.returncode, 0)
            self.assertIn("ABI", failed.stderr)
        # One that is replaced under a connection.
        self.world.connect()
        self.world.kontor("sync", "zoho")
        os.remove(os.path.join(folder, "zoho.so"))
        shutil.copy(OTHER_ABI, os.path.join(folder, "zoho.so"))
        self.world.stop_daemon()
        self.world.start_daemon()
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("ABI", failed.stderr)
        doctor = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)
        found = next(c for c in doctor["checks"] if c["check"] == "plugin")
        self.assertFalse(found["ok"])
        self.assertIn(folder, found["fix"])
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(20,)])


    def test_a_plugin_sees_the_folders_opened_to_it_and_no_others(self):
        folder = os.path.join(self.world.dir, "plugins")
        os.mkdir(folder, 0o755)
        shutil.copy(os.path.join(TEST_PLUGINS, "folder.so"), folder)
        self.world.env["KONTOR_PLUGIN_DIR"] = folder
        inbox = os.path.join(self.world.dir, "inbox")
        os.mkdir(inbox, 0o700)
        with open(os.path.join(inbox, "badge.json"), "w") as file:
            file.write('{"org_id": "1", "org_name": "read from a file"}')
        conf = os.path.join(self.world.config, "kontor.toml")
        with open(conf, "a") as file:
            file.write('\n[connection.f]\nplugin = "folder"\n')
        self.world.start_daemon()
        refused = self.world.kontor("connection", "check", "f", check=False)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("Not permitted", refused.stderr)
        with open(conf, "a") as file:
            file.write(f'[connection.f.folders.inbox]\npath = "{inbox}"\n')
        self.world.kontor("reload")
        self.assertIn("read from a file", self.world.kontor("connection", "check", "f").stderr)
        os.remove(os.path.join(inbox, "badge.json"))
        os.symlink("/etc/hostname", os.path.join(inbox, "badge.json"))
        refused = self.world.kontor("connection", "check", "f", check=False)
        self.assertEqual(refused.returncode, 1, refused.stderr)


class Remote(Fault):
    def setUp(self):
        super().setUp()
        self.world.start_peer("--records", "50", "--seed", "3")
        self.world.start_daemon()

    def test_a_certificate_that_does_not_verify(self):
        words = self.world.account()
        at = words.index("--ca-file")
        failed = self.world.kontor(
            "connect", "zoho", "--no-input", *words[:at], *words[at + 2:],
            "--value", "client_id=" + self.world.info["client_id"],
            "--secret", "client_secret=file:" + self.world.secret_file("client_secret"),
            "--secret", "refresh_token=file:" + self.world.secret_file("refresh_token"),
            check=False)
        self.assertEqual(failed.returncode, 1, failed.stderr)
        self.assertIn("certificate does not verify", failed.stderr)
        self.assertIn("127.0.0.1", failed.stderr)
        self.assertIn("ca_file", failed.stderr)
        self.assertEqual(self.world.json("connection", "list")["connections"], [])
        # One that verified and no longer does.
        self.world.connect()
        self.world.kontor("sync", "zoho")
        conf = os.path.join(self.world.config, "conf.d", "zoho.toml")
        with open(conf) as file:
            text = file.read()
        other = os.path.join(self.world.dir, "other.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other", "-days", "2",
                        "-keyout", os.devnull, "-out", other], check=True, capture_output=True)
        with open(conf, "w") as file:
            file.write(text.replace(self.world.info["ca_file"], other))
        self.world.kontor("reload")
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, 1, failed.stderr)
        self.assertIn("certificate does not verify", failed.stderr)
        doctor = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)
        self.assertIn("certificate", [c["check"] for c in doctor["checks"] if not c["ok"]])
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(50,)])

    def test_hostile_answers_change_nothing(self):
        self.world.connect()
        self.world.kontor("sync", "zoho")
        before = self.world.sql("SELECT id, last_name, email, phone FROM contact ORDER BY id")
        faults = [{"kind": "malformed_json"}, {"kind": "html_200"},
                  *({"kind": "big_json", "params": {"shape": shape}}
                    for shape in ("depth", "string", "utf8"))]
        for fault in faults:
            with self.subTest(fault=fault):
                self.world.control("/fault", {**fault, "count": 1000,
                                              "match": {"path_prefix": "/crm/"}})
                failed = self.world.kontor("sync", "zoho", check=False)
                self.assertEqual(failed.returncode, 1, failed.stderr)
                self.assertIn("The other side sent something unexpected: ", failed.stderr)
                self.assertIn("if it stays so, run: kontor doctor", failed.stderr)
                self.assertEqual(
                    self.world.sql("SELECT id, last_name, email, phone FROM contact ORDER BY id"),
                    before)
                self.assertIsNone(self.world.daemon.poll())
                self.world.clear_faults()
        self.world.kontor("sync", "zoho")

    def test_answers_that_are_cut_off_change_nothing(self):
        self.world.connect()
        self.world.kontor("sync", "zoho")
        everyone = "SELECT id, last_name, email, phone FROM contact ORDER BY id"
        before = self.world.sql(everyone)
        first = self.world.dump("Contacts", "Last_Name")[0]["id"]
        self.world.control("/edit", {"module": "Contacts", "id": first, "set": {"Last_Name": "Waits"}})
        cut = {"kind": "truncate_body", "match": {"method": "GET", "path_prefix": "/crm/"}}
        self.world.control("/fault", {**cut, "count": 1000})
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, 75, failed.stderr)
        self.assertIn(" broke off.", failed.stderr)
        self.assertEqual(self.world.sql(everyone), before)
        self.assertIsNone(self.world.daemon.poll())
        # One that is cut is asked for again by itself.
        self.world.clear_faults()
        self.world.control("/fault", {**cut, "count": 1})
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact WHERE last_name = 'Waits'"), [(1,)])
        # So is the answer to a write: what was carried out is not carried out twice.
        self.world.kontor("push", "on", "zoho")
        self.world.kontor("create", "contact", "last_name=Once")
        self.world.control("/fault", {"kind": "truncate_body", "count": 1,
                                      "match": {"method": "POST", "path_prefix": "/crm/v8/Contacts"}})
        self.world.kontor("sync", "zoho", check=False)
        self.world.kontor("sync", "zoho")
        self.assertEqual([r["Last_Name"] for r in self.world.dump("Contacts", "Last_Name")].count("Once"), 1)
        self.assertEqual(self.world.json("blocked")["blocked"], [])

    def test_a_remote_that_says_to_come_back_later_is_not_called_offline(self):
        self.world.connect()
        self.world.kontor("sync", "zoho")
        self.world.control("/fault", {"kind": "status", "params": {"status": 503}, "count": 1000,
                                      "match": {"path_prefix": "/crm/"}})
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, 75, failed.stderr)
        self.assertIn("not available for now: it answers 503", failed.stderr)
        self.assertEqual(self.world.json("status", "zoho")["state"], "unavailable")
        self.assertIn("not available for now (503)", self.world.kontor("status").stdout)
        self.world.clear_faults()
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.json("status", "zoho")["state"], "idle")

    def test_a_sign_in_that_was_revoked(self):
        self.world.connect()
        self.world.kontor("sync", "zoho")
        before = self.world.sql("SELECT id, last_name, email, phone FROM contact ORDER BY id")
        self.world.control("/fault", {"kind": "revoke_refresh_token"})
        self.world.control("/fault", {"kind": "expire_access_tokens"})
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, 4, failed.stderr)
        self.assertIn("The credentials were not accepted", failed.stderr)
        self.assertIn("kontor connection sign-in zoho", failed.stderr)
        self.assertNotIn("***", failed.stderr)
        self.assertEqual(self.world.json("status", "zoho")["state"], "sign_in")
        doctor = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)
        found = next(c for c in doctor["checks"] if c["check"] == "sign_in")
        self.assertFalse(found["ok"])
        self.assertIn("kontor connection sign-in zoho", found["fix"])
        self.assertEqual(
            self.world.sql("SELECT id, last_name, email, phone FROM contact ORDER BY id"), before)

    def test_a_remote_that_is_gone(self):
        self.world.connect()
        self.world.kontor("sync", "zoho")
        synced_at = self.world.json("status", "zoho")["synced_at"]
        self.world.peer.send_signal(signal.SIGKILL)
        self.world.peer.wait()
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, 75, failed.stderr)
        self.assertIn("no answer yet, attempt 2", failed.stderr)
        status = self.world.json("status", "zoho")
        self.assertEqual(status["state"], "offline")
        self.assertEqual(status["synced_at"], synced_at)
        # Whoever asks how it is does not wait for all the attempts that a sync makes.
        doctor = json.loads(self.world.kontor("doctor", "--json", check=False, wait=20).stdout)
        self.assertIn("connection", [c["check"] for c in doctor["checks"] if not c["ok"]])
        self.world.kontor("set", "contact", "1", "phone=+86 10 1234 5678")  # works offline


if __name__ == "__main__":
    unittest.main(verbosity=2)
