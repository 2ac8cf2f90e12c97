"""The conformance kit as tests use it: `kontor plugin check` with what a connector needs."""
import json
import unittest

from world import World


class Kit(unittest.TestCase):
    programs = None  # the folder of the built programs; set by whoever runs tests

    def setUp(self):
        self.world = World(self.programs, "kit")
        self.addCleanup(self.world.close)

    def check(self, plugin, *words, world=None):
        """Runs the kit; its report, after all that failed has been told."""
        done = (world or self.world).kontor("plugin", "check", "--plugin", plugin, *words, "--json",
                                            check=False, wait=600)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        report = json.loads(done.stdout)
        failed = [f"{f['check']} {f['stream']}: {f['message']}" for f in report["findings"]
                  if f["result"] == "failed"]
        self.assertEqual(failed, [])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(report["left_behind"], [])
        return report

    def assert_passed(self, report, stream, *checks):
        outcome = {f["check"]: f["result"] for f in report["findings"] if f["stream"] == stream}
        self.assertEqual({check: outcome.get(check) for check in checks},
                         {check: "passed" for check in checks})
