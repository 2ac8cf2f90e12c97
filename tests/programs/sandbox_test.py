#!/usr/bin/env python3
"""A connector that attacks hurts nobody but its own connection.

One connection's connector crashes, spins, leaks, opens files and sockets, writes garbage and floods;
beside it another connection goes on syncing and the API goes on answering. `kontor status` names the
reason each time, and the next try waits longer each time.
"""
import datetime
import json
import os
import shutil
import signal
import sys
import time
import unittest

from world import SANITIZED, World, until

BIN = sys.argv.pop(1)
TEST_PLUGINS = sys.argv.pop(1)

# The attack, and what status says of it.
ATTACKS = {
    "segv": "signal 11 (SIGSEGV)",
    "abort": "signal 6 (SIGABRT)",
    "exit": "with code 7",
    "passwd": "the sandbox: it tried openat",
    "socket": "the sandbox: it tried socket",
    "exec": "the sandbox: it tried execve",
    "ptrace": "the sandbox: it tried ptrace",
    "unshare": "the sandbox: it tried unshare",
    "leak": "more than 64 MiB",
    "sleep": "no sign of life for 2 s",
    "spin": "no sign of life for 2 s",
    "garbage": "it is no frame",
    "oversize": "a frame that is too large",
    "talk": "it asks without end",
    "close": "was killed, or closed its connection",
}
if SANITIZED:
    del ATTACKS["leak"]  # a sanitizer takes terabytes of address space: there is no limit


class Sandbox(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "sandbox")
        self.world.connectors_crash = True
        self.addCleanup(self.world.close)
        folder = os.path.join(self.world.dir, "plugins")
        os.mkdir(folder, 0o755)
        shutil.copy(os.path.join(TEST_PLUGINS, "hostile.so"), folder)
        shutil.copy(os.path.join(BIN, "..", "lib", "kontor", "zoho.so"), folder)
        self.world.env["KONTOR_PLUGIN_DIR"] = folder
        os.makedirs(self.world.config, exist_ok=True)
        with open(os.path.join(self.world.config, "kontor.toml"), "w") as file:
            file.write('[connectors]\nmemory_mb = 64\nanswer_timeout = "2s"\n')
        self.world.start_peer("--records", "50", "--seed", "3")
        self.world.start_daemon()
        self.world.connect()
        self.world.kontor("sync", "zoho")
        self.world.kontor("connect", "hostile", "--no-input")
        self.world.kontor("sync", "hostile")
        self.file = os.path.join(self.world.config, "conf.d", "hostile.toml")
        with open(self.file) as file:
            self.plain = file.read()

    def attack(self, how):
        with open(self.file, "w") as file:
            file.write(f'{self.plain}\n[connection.hostile.options]\nattack = "{how}"\n')
        self.world.kontor("reload")

    def edit_in_zoho(self, name):
        record = self.world.dump("Contacts", "Last_Name")[0]["id"]
        self.world.control("/edit", {"module": "Contacts", "id": record, "set": {"Last_Name": name}})

    def test_each_attack_is_named_and_nobody_else_notices(self):
        daemon = self.world.daemon.pid
        for number, (how, said) in enumerate(ATTACKS.items()):
            with self.subTest(how):
                self.attack(how)
                # The attack is under way while others work.
                failed = self.world.begin_failing("hostile")
                self.edit_in_zoho(f"During {how}")
                self.world.kontor("sync", "zoho")
                self.assertEqual(self.world.sql(
                    "SELECT count(*) FROM contact WHERE last_name = ?", f"During {how}"), [(1,)])
                begun = time.monotonic()
                self.world.json("list", "contact", "--limit", "5")
                self.assertLess(time.monotonic() - begun, 5)
                _, errors = failed.communicate(timeout=120)
                self.assertEqual(failed.returncode, 75, errors)
                status = self.world.json("status", "hostile")
                self.assertEqual(status["state"], "error")
                self.assertEqual(status["error"]["code"], "connector")
                self.assertIn(said, status["error"]["message"])
                self.assertIn("hostile", status["error"]["message"])
                self.assertIn(said, self.world.kontor("status", "hostile").stderr)
                self.assertEqual(self.world.json("status", "zoho")["state"], "idle")
        self.assertEqual(self.world.daemon.pid, daemon)
        self.assertIsNone(self.world.daemon.poll())
        # What behaves again is welcome again.
        with open(self.file, "w") as file:
            file.write(self.plain)
        self.world.kontor("reload")
        self.world.kontor("sync", "hostile")
        self.assertEqual(self.world.json("status", "hostile")["state"], "idle")

    def test_the_next_try_waits_longer_each_time(self):
        self.attack("segv")
        waits = []
        for _ in range(7):
            self.world.kontor("sync", "hostile", check=False)
            status = self.world.json("status", "hostile")
            at = datetime.datetime.fromisoformat(status["next_sync_at"].replace("Z", "+00:00"))
            waits.append((at - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
        # Chance has its share in each; the limit doubles from 5 s on, also by tries of the daemon's
        # own meanwhile.
        self.assertLess(waits[0], 21, waits)
        self.assertGreater(max(waits), 21, waits)

    def test_each_connection_has_a_process_that_ends_with_the_daemon(self):
        def connectors():
            out = []
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/status") as file:
                        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file
                                      if ":\t" in line)
                except OSError:
                    continue
                if fields.get("PPid", "").strip() == str(self.world.daemon.pid):
                    out.append((int(pid), fields))
            return out
        found = connectors()
        self.assertEqual(len(found), 2, found)
        for _, fields in found:
            self.assertEqual(fields["Seccomp"].strip(), "2")
            self.assertEqual(fields["NoNewPrivs"].strip(), "1")
            self.assertEqual(fields["Threads"].strip(), "1")
        self.world.stop_daemon(9)
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid, _ in found),
              "connectors end with a killed daemon")

    def assert_fails(self, *found):
        """A test with this world does not pass, for the world finds this."""
        with self.assertRaises(AssertionError) as failed:
            self.world.close()
        for one in found:
            self.assertIn(one, str(failed.exception))

    def test_a_connector_that_crashes_fails_a_test_that_does_not_expect_it(self):
        self.attack("segv")
        self.world.kontor("sync", "hostile", check=False)
        self.assertEqual(self.world.findings(), [])
        self.world.connectors_crash = False
        self.assert_fails("signal 11 (SIGSEGV)")

    def find_in_connector(self, attack, *found):
        installed = os.path.join(self.world.env["KONTOR_PLUGIN_DIR"], "hostile.so")
        shutil.copy(os.path.join(TEST_PLUGINS, "sanitized", "hostile.so"), installed + ".new")
        os.replace(installed + ".new", installed)
        self.attack(attack)
        self.world.kontor("sync", "hostile", check=False)
        self.assert_fails(*found)

    @unittest.skipUnless("address" in SANITIZED, "AddressSanitizer's")
    def test_a_write_beyond_the_end_in_a_connector_fails_a_test(self):
        self.find_in_connector("overflow", "heap-buffer-overflow", " attack ", "hostile_connector.c:")

    @unittest.skipUnless("undefined" in SANITIZED, "UndefinedBehaviorSanitizer's")
    def test_undefined_behaviour_in_a_connector_fails_a_test(self):
        self.find_in_connector("sum", "signed integer overflow", "hostile_connector.c:")

    @unittest.skipUnless(SANITIZED, "a sanitizer's")
    def test_a_report_of_kontords_fails_a_test_though_it_is_started_anew(self):
        self.world.stop_daemon(signal.SIGSEGV)
        self.world.start_daemon()
        self.assert_fails("kontord", "SEGV")

    def test_the_doctor_looks_at_the_sandbox(self):
        checks = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)["checks"]
        self.assertIn("sandbox", [check["check"] for check in checks])
        with open(os.path.join(self.world.config, "kontor.toml"), "w") as file:
            file.write('[connectors]\nisolation = "none"\n')
        self.world.stop_daemon()
        self.world.start_daemon()
        checks = json.loads(self.world.kontor("doctor", "--json", check=False).stdout)["checks"]
        found = next(check for check in checks if check["check"] == "isolation")
        self.assertFalse(found["ok"])
        self.world.kontor("sync", "zoho")


if __name__ == "__main__":
    unittest.main(verbosity=2)
