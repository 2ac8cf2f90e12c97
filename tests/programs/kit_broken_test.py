#!/usr/bin/env python3
"""The conformance kit can fail: a connector that keeps all promises passes every check, and for each
check there is a broken promise that this check finds, and no other."""
import concurrent.futures
import json
import os
import subprocess
import sys
import unittest

from world import World

BIN, PLUGINS, TEMPLATE = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
AT_ONCE = 4  # they mostly wait


class Broken(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "kit-broken")
        self.addCleanup(self.world.close)
        # The sandbox ends a cancelled call by itself; without it the connector has to.
        self.bare = os.path.join(self.world.dir, "bare.toml")
        with open(self.bare, "w") as out:
            out.write('[connectors]\nisolation = "none"\n')

    def failures(self, how):
        """The checks that fail when this promise is broken, and what is said of them."""
        words = ["--json", "--option", "break=" + how, "--patience", "1s"]
        if how == "cancel":
            words += ["--config", self.bare]
        done = subprocess.run([sys.executable, os.path.join(TEMPLATE, "check.py"),
                               os.path.join(PLUGINS, "broken.so"), self.world.program("kontor"),
                               *words], env=self.world.env, capture_output=True, text=True,
                              timeout=120)
        self.assertIn(done.returncode, (0, 1), f"{how}: {done.stderr}")
        report = json.loads(done.stdout)
        self.assertEqual([f for f in report["findings"] if f["result"] == "not_applicable"], [], how)
        failed = {f["check"]: f["message"] for f in report["findings"] if f["result"] == "failed"}
        self.assertEqual(done.returncode, 1 if failed else 0, how)
        return failed

    def test_each_broken_promise_is_found_by_its_check(self):
        self.assertEqual(self.failures(""), {})
        checks = [c["check"] for c in self.world.json("plugin", "check", "--list")["checks"]]
        self.assertGreater(len(checks), 30)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for how, failed in zip(checks, pool.map(self.failures, checks)):
                with self.subTest(how):
                    self.assertEqual(set(failed), {how}, failed)

    def test_a_record_may_come_again_behind_a_checkpoint_but_not_an_older_one(self):
        self.assertEqual(self.failures("look_back"), {})
        self.assertIn("after", self.failures("look_back_older").get("pull", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
