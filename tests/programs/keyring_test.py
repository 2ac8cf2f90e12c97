#!/usr/bin/env python3
"""Secrets in the desktop's keyring: a session bus and an unlocked GNOME keyring of the test's own."""
import json
import os
import subprocess
import sys
import unittest

from world import World, until

BIN = sys.argv.pop(1)


class Desktop:
    """A private session: fails loudly where dbus or gnome-keyring are not installed."""

    def __init__(self, world):
        self.env = {**world.env, "XDG_DATA_HOME": os.path.join(world.dir, "data")}
        self.bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                    env=self.env)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().strip()
        self.keyring = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=self.env)
        self.keyring.stdin.write(b"the person's password")
        self.keyring.stdin.close()
        until(self.has_keyring, "the keyring")

    def has_keyring(self):
        asked = subprocess.run(
            ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/",
             "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"],
            env=self.env, capture_output=True, text=True, timeout=60)
        return "boolean true" in asked.stdout

    def log_out(self):
        for process in (self.keyring, self.bus):
            if process.poll() is None:
                process.kill()
            process.wait()
        self.bus.stdout.close()


class Keyring(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "keyring")
        self.addCleanup(self.world.close)
        self.desktop = Desktop(self.world)
        self.addCleanup(self.desktop.log_out)
        self.world.start_peer("--records", "20", "--seed", "3")
        self.world.kontor("init")
        self.world.start_daemon(env=self.desktop.env)

    def test_secrets_are_stored_in_the_keyring_and_read_from_it(self):
        given = [self.world.secret_file(name) for name in ("client_secret", "refresh_token")]
        self.world.kontor(
            "connect", "zoho", "--no-input", *self.world.account(),
            "--value", "client_id=" + self.world.info["client_id"],
            "--secret", "client_secret=keyring:zoho-client", "--secret-file",
            "client_secret=" + given[0],
            "--secret", "refresh_token=keyring:zoho-token", "--secret-file",
            "refresh_token=" + given[1])
        for path in given:
            os.remove(path)
        self.world.kontor("sync", "zoho")
        # A new process has nothing but the keyring.
        self.assertEqual(self.world.stop_daemon(), 0)
        self.world.start_daemon(env=self.desktop.env)
        self.world.kontor("sync", "zoho")
        self.world.kontor("connection", "check", "zoho")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(20,)])
        for secret in ("client_secret", "refresh_token"):
            self.assertEqual(self.files_with(self.world.info[secret]), [])

        # Without the session the secret is named, and what to do.
        self.world.stop_daemon()
        self.desktop.log_out()
        self.world.start_daemon(env=self.desktop.env)
        failed = self.world.kontor("connection", "check", "zoho", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("keyring", failed.stderr)
        doctor = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)
        found = {c["subject"]: c for c in doctor["checks"] if c["check"] == "secret"}
        self.assertFalse(found["zoho.refresh_token"]["ok"])
        self.assertIn("keyring:zoho-token", found["zoho.refresh_token"]["text"])

    def test_a_secret_that_the_keyring_does_not_have(self):
        failed = self.world.kontor(
            "connect", "zoho", "--no-input", *self.world.account(),
            "--value", "client_id=" + self.world.info["client_id"],
            "--secret", "client_secret=keyring:nothing",
            "--secret", "refresh_token=keyring:nothing-too", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("nothing", failed.stderr)

    def files_with(self, text):
        found = []
        for folder in ("home", "run", "data"):
            for at, _, names in os.walk(os.path.join(self.world.dir, folder)):
                for name in names:
                    path = os.path.join(at, name)
                    if os.path.isfile(path) and text.encode() in open(path, "rb").read():
                        found.append(path)
        return found


if __name__ == "__main__":
    unittest.main(verbosity=2)
