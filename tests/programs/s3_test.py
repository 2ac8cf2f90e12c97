#!/usr/bin/env python3
"""Backups in an S3 store that checks signatures, behind TLS: a first one, changes, a wrong key, a
certificate that nobody signed, a network that is cut in mid-upload, two machines in one bucket.

Part of `./dev nightly`: the store takes half a minute.
"""
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import swift_server  # noqa: E402
import world  # noqa: E402


def bucket(swift, name):
    code = ("import botocore.session as s, sys;"
            "s.Session().create_client('s3', region_name='us-east-1', endpoint_url=sys.argv[1],"
            " verify=sys.argv[2], aws_access_key_id=sys.argv[3], aws_secret_access_key=sys.argv[4])"
            ".create_bucket(Bucket=sys.argv[5])")
    subprocess.run(["/usr/bin/python3", "-c", code, swift.url, swift.ca_file,
                    swift_server.ACCESS_KEY, swift_server.SECRET_KEY, name], check=True)


class Machine(world.World):
    """A computer with some contacts and a backup in the store."""

    def __init__(self, programs, swift):
        super().__init__(programs, "s3")
        self.start_daemon()
        self.stop_daemon()
        self.sql("INSERT INTO contact(last_name) WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT"
                 " i + 1 FROM n WHERE i < 2000) SELECT 'Name ' || i FROM n")
        self.configure(swift)

    def file(self, name, text):
        return self.secret_file(name, {name: text})

    def configure(self, swift, secret=swift_server.SECRET_KEY, ca=True, more=""):
        folder = os.path.join(self.config, "conf.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "backup.toml"), "w") as out:
            out.write("[backup.store]\n"
                      f'target = "s3:{swift.url}/kontor/office"\n'
                      f'password = "file:{self.file("passphrase", "p")}"\n'
                      'options = { "s3.bucket-lookup" = "path" }\n' + more +
                      (f'ca_file = "{swift.ca_file}"\n' if ca else "") +
                      "[backup.store.secrets]\n"
                      f'AWS_ACCESS_KEY_ID = "file:{self.file("key", swift_server.ACCESS_KEY)}"\n'
                      f'AWS_SECRET_ACCESS_KEY = "file:{self.file("secret", secret)}"\n')

    def refused(self, *words):
        began = time.monotonic()
        answer = self.kontor(*words, check=False)
        assert answer.returncode != 0, answer.stdout
        assert time.monotonic() - began < 90, "it tried too long"
        return answer.stderr


class S3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machines = []
        cls.home = world.World(PROGRAMS, "swift")
        cls.swift = swift_server.Swift(cls.home.dir)
        bucket(cls.swift, "kontor")

    @classmethod
    def tearDownClass(cls):
        for machine in cls.machines:
            machine.close()
        cls.swift.close()
        cls.home.close()

    def machine(self):
        self.machines.append(Machine(PROGRAMS, self.swift))
        return self.machines[-1]

    def test_backups(self):
        one = self.machine()
        one.kontor("backup", "init")
        first = one.json("backup", "run")
        self.assertEqual(first["error"], "")
        self.assertEqual(one.json("backup", "drill")["error"], "")

        one.sql("UPDATE contact SET phone = '1' WHERE id = 7")
        self.assertLess(one.json("backup", "run")["bytes_added"], 64 * 1024)

        one.configure(self.swift, secret="wrong")
        told = one.refused("backup", "run")
        self.assertIn("refuses this", told)
        one.configure(self.swift, ca=False)
        told = one.refused("backup", "run")
        self.assertIn("is not signed by an authority", told)

        # The network is cut in mid-upload.
        one.sql("UPDATE contact SET phone = hex(randomblob(1000))")
        one.configure(self.swift, more="upload_kib = 100\n")
        running = subprocess.Popen([one.program("kontor"), "backup", "run"], env=one.env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(4)
        self.assertIsNone(running.poll(), "it was over before")
        self.swift.stop_tls()
        said = running.communicate(timeout=120)[1]
        self.assertNotEqual(running.returncode, 0)
        self.assertIn("cannot be reached", said)
        self.swift.start_tls()
        swift_server.wait_for(self.swift.ports["tls"], "nginx")
        one.configure(self.swift)
        self.assertEqual(one.json("backup", "run")["error"], "")
        self.assertEqual(one.json("backup", "drill")["error"], "")
        one.kontor("backup", "verify", "--read-data")

        # Another machine in the same bucket, at the same time.
        two = self.machine()
        both = [subprocess.Popen([m.program("kontor"), "backup", "run"], env=m.env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                for m in (one, two)]
        for run in both:
            said = run.communicate(timeout=120)[1]
            self.assertEqual(run.returncode, 0, said)
        for machine in (one, two):
            self.assertEqual(machine.json("backup", "drill")["error"], "")
        self.assertEqual(len(two.json("backup", "list")["backups"]), 1)


PROGRAMS = sys.argv.pop(1)
unittest.main(verbosity=2)
