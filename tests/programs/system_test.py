#!/usr/bin/env python3
"""Kontor for a whole machine: `kontor init --system`, and kontord as the system's unit finds things.

Runs in a mount namespace of its own, in which /etc, /run and /var/lib are empty disks.
"""
import os
import shutil
import stat
import sys
import unittest

import own_mounts
from world import World, until

own_mounts.enter()
BIN = sys.argv.pop(1)
CONFIG = "/etc/kontor/kontor.toml"
NEEDED = ("passwd", "group", "nsswitch.conf", "ld.so.cache")  # of /etc, by any program


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class System(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "system")
        self.addCleanup(self.world.close)
        etc = os.path.join(self.world.dir, "etc")
        os.mkdir(etc, mode=0o755)
        own_mounts.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", etc)
        for name in NEEDED:
            if os.path.exists(os.path.join("/etc", name)):
                shutil.copy(os.path.join("/etc", name), etc)
        own_mounts.mount("--bind", etc, "/etc")
        for folder in ("/run", "/var/lib"):
            own_mounts.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
        self.addCleanup(lambda: [own_mounts.unmount(f) for f in ("/run", "/var/lib", "/etc", etc)])
        # As an administrator's shell and a unit have it: nothing says where anything lies.
        self.env = {k: v for k, v in self.world.env.items() if not k.startswith(("XDG_", "KONTOR_"))}

    def kontor(self, *words, **how):
        return self.world.kontor(*words, env=self.env, **how)

    def test_init_makes_what_the_service_reads_and_keeps_what_is_there(self):
        told = self.kontor("init", "--system")
        self.assertIn(CONFIG, told.stdout + told.stderr)
        self.assertIn("sudo systemctl enable --now kontord", told.stdout + told.stderr)
        # The service's user has to read what root has written; its state and secrets are its own.
        self.assertEqual(sorted(os.listdir("/etc/kontor")), ["conf.d", "kontor.toml"])
        self.assertEqual([mode(p) for p in ("/etc/kontor", "/etc/kontor/conf.d", CONFIG)],
                         [0o755, 0o755, 0o644])
        self.assertEqual(os.listdir("/var/lib"), [])
        with open(CONFIG, "a") as file:
            file.write("# the administrator's\n")
        self.kontor("init", "--system")
        with open(CONFIG) as file:
            self.assertTrue(file.read().endswith("# the administrator's\n"))
        self.kontor("config", "check")

    def test_kontord_runs_on_what_init_has_made(self):
        self.kontor("init", "--system")
        self.world.spawn_daemon(env=self.env)
        until(lambda: self.kontor("status", check=False).returncode == 0, "kontord answers")
        self.kontor("create", "contact", "last_name=Li")
        self.assertTrue(os.path.exists("/run/kontor/kontor.sock"))
        self.assertEqual([mode(p) for p in ("/var/lib/kontor", "/var/lib/kontor/replica.db")],
                         [0o700, 0o600])
        self.assertEqual(self.world.stop_daemon(), 0)

    def test_who_may_not_write_there_is_told_what_to_do(self):
        own_mounts.mount("-o", "remount,bind,ro", "/etc")
        refused = self.kontor("init", "--system", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("sudo kontor init --system", refused.stderr)
        self.assertFalse(os.path.exists("/etc/kontor"))


if __name__ == "__main__":
    unittest.main()
