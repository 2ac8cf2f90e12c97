#!/usr/bin/env python3
"""A connector's author from nothing: `kontor plugin new`, built outside of Kontor's tree with the
installed SDK alone, passes the conformance kit as it is."""
import os
import shutil
import stat
import subprocess
import sys
import unittest

from world import World

BIN, BUILD = sys.argv.pop(1), sys.argv.pop(1)


class NewConnector(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "new")
        self.addCleanup(self.world.close)

    def run_it(self, *words):
        done = subprocess.run(words, env=self.world.env, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_it_builds_and_passes_as_it_is(self):
        world = self.world
        sdk, folder = os.path.join(world.dir, "sdk"), os.path.join(world.dir, "my_crm")
        self.run_it("cmake", "--install", BUILD, "--component", "sdk", "--prefix", sdk)
        told = world.kontor("plugin", "new", "my_crm", "--dir", folder)
        self.assertIn("ctest", told.stderr)
        self.assertTrue(os.stat(os.path.join(folder, "server.py")).st_mode & stat.S_IXUSR)
        with open(os.path.join(folder, "connector.cpp")) as source:
            text = source.read()
        self.assertIn("class MyCrm {", text)
        self.assertNotIn("@NAME@", text)

        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        build = os.path.join(folder, "build")
        self.run_it("cmake", "-S", folder, "-B", build, "-DCMAKE_PREFIX_PATH=" + sdk,
                    "-DCMAKE_BUILD_TYPE=Debug", "-DKONTOR=" + world.program("kontor"), *launcher)
        self.run_it("cmake", "--build", build, "-j2")
        self.run_it("ctest", "--test-dir", build, "--output-on-failure")
        # One symbol, so that nothing of it meets what the host has loaded.
        symbols = self.run_it("nm", "-D", "--defined-only", os.path.join(build, "my_crm.so"))
        self.assertEqual([line.split()[-1] for line in symbols.splitlines()],
                         ["kontor_connector_entry"])

    def test_nothing_is_overwritten(self):
        world = self.world
        folder = os.path.join(world.dir, "mine")
        os.makedirs(folder)
        with open(os.path.join(folder, "connector.cpp"), "w") as mine:
            mine.write("mine")
        told = world.kontor("plugin", "new", "mine", "--dir", folder, check=False)
        self.assertEqual(told.returncode, 5, told.stderr)
        self.assertEqual(os.listdir(folder), ["connector.cpp"])
        told = world.kontor("plugin", "new", "../mine", check=False)
        self.assertEqual(told.returncode, 2, told.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
