#!/usr/bin/env python3
"""docs/guarantees.md claims nothing without a test: every invariant has a row, and every test, oracle and
scenario that a row names exists.
"""
import os
import re
import sys
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
INVARIANTS = [f"{part}{n}" for part, count in (("A", 8), ("B", 6), ("C", 7), ("D", 10))
              for n in range(1, count + 1)]


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


class Guarantees(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = read("docs", "guarantees.md")
        promises = text.partition("## Promises")[2].partition("\n## ")[0]
        cls.rows = [line.strip("| ").split(" | ") for line in promises.splitlines()
                    if line.startswith("| ") and not line.startswith("| ---")][1:]
        cls.files = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(ROOT, "tests"))
                     for name in names if name.endswith((".cpp", ".hpp", ".py", ".txt"))]
        cls.sources = "\n".join(read(path) for path in cls.files if not path.endswith("guarantees_test.py"))
        cls.words = set(re.findall(r"\w+", cls.sources))

    def test_every_invariant_has_a_row(self):
        named = {word for row in self.rows for word in re.split(r"[ ,]+", row[0])}
        self.assertEqual([one for one in INVARIANTS if one not in named], [])

    def exists(self, name):
        """A test's program or file; a function or class of the tests."""
        joined = [os.path.relpath(path, ROOT).replace(os.sep, "_") for path in self.files]
        return (any(path.endswith("_" + name) or path.endswith("_" + name + ".cpp") for path in joined)
                or name.rpartition("::")[2] in self.words)

    def test_every_knob_exists(self):
        table = read("docs", "testing.md").partition("| knob | where |")[2].partition("\n\n")[0]
        rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
        self.assertGreater(len(rows), 10)
        for row in rows:
            names = re.findall(r"`([\w:.]+)`", row[-1])
            self.assertNotEqual(names, [], row)
            for name in names:
                with self.subTest(row=row[0], name=name):
                    self.assertTrue(self.exists(name))

    def test_every_check_exists(self):
        for row in self.rows:
            self.assertGreaterEqual(len(row), 3, row)
            checks = row[-1]
            self.assertRegex(checks, r"simulation|`\w+_test(\.py)?`", row[0])
            for name in re.findall(r"`([\w:.]+)`", checks):
                with self.subTest(row=row[0], name=name):
                    self.assertTrue(self.exists(name))
            for scenario in re.findall(r"\bS\d+\b", re.sub(r"S(\d+)–S(\d+)", r"S\1, S\2", checks)):
                with self.subTest(row=row[0], scenario=scenario):
                    self.assertIn(f'"{scenario}: ', self.sources)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
