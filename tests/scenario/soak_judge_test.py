#!/usr/bin/env python3
"""What soak.py says of a process that grows, and of one that does not."""
import collections
import unittest

from soak import not_flat


def samples(**grows):
    """100 samples; what is named grows by so much with each."""
    start = {"memory": 60 << 20, "descriptors": 30, "replica handles": 5, "threads": 8, "log": 4 << 20,
             "replica": 5 << 20, "changes": 1000, "processes": 2}
    # A change takes 2 KiB of the replica unless said otherwise.
    steps = {"changes": 10, "replica": 20 << 10, **grows}
    out = [{name: value + int(steps.get(name, 0) * n) for name, value in start.items()}
           for n in range(100)]
    for one in out:
        one["open"] = collections.Counter(socket=one["descriptors"] - 10, log=10)
    return out


class Judge(unittest.TestCase):
    def test_flat(self):
        self.assertEqual(not_flat(samples()), [])

    def test_a_connector_that_is_away_has_closed_nothing(self):
        away = samples()
        for one in away[:30]:
            one.update(processes=1, descriptors=22, threads=7, memory=40 << 20)
        self.assertEqual(not_flat(away), [])

    def test_handles_that_are_kept_for_the_next_request(self):
        self.assertEqual(not_flat(samples(**{"replica handles": 0.1})), [])

    def test_each_growth_is_seen(self):
        for name, step, said in (("memory", 512 << 10, "memory grew from 66 to 104 MiB"),
                                 ("descriptors", 0.2, "descriptors grew from 32 to 47 (socket 20 to 39)"),
                                 ("replica handles", 0.2, "24 handles on the replica were open"),
                                 ("threads", 0.2, "threads grew from 10 to 25"),
                                 ("log", 1 << 20, "the log grew to 103 MiB")):
            with self.subTest(name):
                self.assertEqual(not_flat(samples(**{name: step})), [said])

    def test_changes_that_cost_more_and_more(self):
        grown = samples()
        for n, one in enumerate(grown):
            one["replica"] += n * n * 1024
        self.assertEqual(len(not_flat(grown)), 1)
        self.assertRegex(not_flat(grown)[0], "a change cost .* bytes of the replica, later ")


unittest.main()
