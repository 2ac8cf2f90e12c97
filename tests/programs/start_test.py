#!/usr/bin/env python3
"""What a kontord that starts leaves for later."""
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)
# Of what is rare, or not needed before the first sync; with those behind them.
LATE = ("libcurl", "libgmime", "libglib", "libsecret", "libsystemd", "libldap", "libkrb5")


class Start(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "start")
        self.addCleanup(self.world.close)
        self.world.kontor("init")

    def opened(self):
        with open(f"/proc/{self.world.daemon.pid}/maps") as maps:
            text = maps.read()
        return [name for name in LATE if f"/{name}" in text]

    def test_libraries_are_opened_when_they_are_needed(self):
        self.world.start_daemon()
        self.world.kontor("create", "contact", "last_name=Li")
        self.assertEqual(self.opened(), [])
        self.world.start_peer("--records", "10")
        self.world.connect()
        self.world.kontor("sync", "zoho")
        self.assertIn("libcurl", self.opened())


if __name__ == "__main__":
    unittest.main()
