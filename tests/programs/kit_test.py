#!/usr/bin/env python3
"""The conformance kit, with the connectors that are shipped, each in its sandbox: `kontor plugin
check` against simulated accounts.

One more connector is a method: start its server, and hand `check` what the command line needs.
"""
import json
import os
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)


class Kit(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "kit")
        self.addCleanup(self.world.close)

    def check(self, plugin, *words, expect=0):
        """Runs the kit; its report, after all that failed has been told."""
        done = self.world.kontor("plugin", "check", "--plugin", plugin, *words, "--json",
                                 check=False, wait=600)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        report = json.loads(done.stdout)
        failed = [f"{f['check']} {f['stream']}: {f['message']}" for f in report["findings"]
                  if f["result"] == "failed"]
        self.assertEqual(failed, [])
        self.assertEqual(done.returncode, expect, done.stderr)
        self.assertEqual(report["left_behind"], [])
        return report

    def outcome(self, report, check, stream):
        return next(f["result"] for f in report["findings"]
                    if f["check"] == check and f["stream"] == stream)


class Hello(Kit):
    def test_reading(self):
        report = self.check("hello", "--read-only")
        self.assertEqual(self.outcome(report, "pull", "people"), "passed")
        self.assertEqual(self.outcome(report, "fetch", "people"), "not_applicable")


class Zoho(Kit):
    streams = ("Contacts", "Deals")

    def test_everything(self):
        world = self.world
        world.start_peer("--records", "600", "--seed", "3")
        streams = [word for stream in self.streams for word in ("--stream", stream)]
        report = self.check("zoho", "--scratch", *streams, *world.account(),
                            "--value", "client_id=" + world.info["client_id"],
                            "--secret", "client_secret=file:" + world.secret_file("client_secret"),
                            "--secret", "refresh_token=file:" + world.secret_file("refresh_token"))
        for check in ("resume", "values", "stale_version", "lost_create", "delete_seen"):
            self.assertEqual(self.outcome(report, check, "Contacts"), "passed", check)


class Fxiaoke(Kit):
    streams = ("ContactObj", "AccountObj")

    def everything(self, api):
        world = self.world
        world.start_fxiaoke("--records", "1500", "--seed", "5", "--switch", "rate_limit=false",
                            "--switch", "token_limit=false")
        info = world.fxiaoke.info
        streams = [word for stream in self.streams for word in ("--stream", stream)]
        return self.check("fxiaoke", "--scratch", "--requests-per-second", "200", *streams,
                          *world.fxiaoke_account(api),
                          "--value", "app_id=" + info["app_id"],
                          "--secret", "app_secret=file:" + world.secret_file("app_secret", info),
                          "--secret",
                          "permanent_code=file:" + world.secret_file("permanent_code", info))

    def test_the_new_interface(self):
        report = self.everything("new")
        for check in ("resume", "values", "lost_create", "create_twice", "delete_seen"):
            self.assertEqual(self.outcome(report, check, "ContactObj"), "passed", check)


if __name__ == "__main__":
    unittest.main(verbosity=2)
