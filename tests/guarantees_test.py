#!/usr/bin/env python3
"""docs/guarantees.md claims nothing without a test: every invariant has a row, every test, oracle and scenario
that a row names exists, and so does every case that a limit names.
"""
import os
import re
import sys
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
INVARIANTS = [f"{part}{n}" for part, count in (("A", 8), ("B", 6), ("C", 7), ("D", 10))
              for n in range(1, count + 1)]
# How many limits may have no case that shows them: never more than there are.
LIMITS_WITHOUT_A_CASE = 7
NO_CASE = "No case shows it yet."


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def simulation():
    """The simulation's sources, by their names."""
    folder = os.path.join(ROOT, "tests", "simulation")
    return {name: read(folder, name) for name in os.listdir(folder) if name.endswith((".cpp", ".hpp"))}


def is_turned(sources, name):
    """Whether what a header declares is used by what runs stories: not only named in a comment or a text, defined,
    or used by a test or by the one story of the crash at every step."""
    word = re.compile(rf"\b{name}\b")
    definition = re.compile(rf"^\S.*\w::{name}\(", re.MULTILINE)
    declared = used = False
    for file, text in sources.items():
        code = re.sub(r'//.*|"(\\.|[^"\\\n])*"', "", text)
        if file.endswith(".hpp"):
            declared = declared or bool(word.search(code))
        elif file != "story.cpp" and not file.endswith("_test.cpp"):
            used = used or bool(word.search(definition.sub("", code)))
    return declared and used


def limits_of(text):
    """What stands under "What it cannot promise", each in one line."""
    section = text.partition("## What it cannot promise")[2].partition("\n## ")[0]
    return [" ".join(one.split()) for one in re.split(r"^- (?=\*\*)", section, flags=re.MULTILINE)[1:]]


def cases_of(limit):
    """The cases that a limit names, as (test, name of the case)."""
    return re.findall(r'`(\w+_test)`: "(.+?)"(?=[,.])', limit.partition("Shown by ")[2])


def faults_of(limit, names_of):
    """What is wrong with what a limit says of its cases; `names_of` gives those of a test, or None."""
    if limit.endswith(NO_CASE):
        return []
    cases = cases_of(limit)
    faults = [] if cases else ["it names no case"]
    for test, case in cases:
        if names_of(test) is None:
            faults.append(f"there is no {test}")
        elif case not in names_of(test):
            faults.append(f"{test} has no case named {case}")
    return faults


class Guarantees(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = read("docs", "guarantees.md")
        cls.limits = limits_of(text)
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

    def cases_in(self, test):
        """The names of the cases of a test that is one file, or None."""
        paths = [path for path in self.files if os.path.basename(path) == test + ".cpp"]
        if not paths:
            return None
        text = re.sub(r'"\s*\n\s*"', "", "\n".join(read(path) for path in paths))
        return set(re.findall(r'TEST_CASE\(\s*"((?:\\.|[^"\\])*)"', text))

    def test_every_limit_names_its_case(self):
        self.assertGreater(len(self.limits), 20)
        for limit in self.limits:
            with self.subTest(limit=limit[:80]):
                self.assertEqual(faults_of(limit, self.cases_in), [])
        without = [limit for limit in self.limits if limit.endswith(NO_CASE)]
        self.assertLessEqual(len(without), LIMITS_WITHOUT_A_CASE)

    def test_a_limit_without_its_case_is_found(self):
        cases = {"limits_test": {"limit: a"}}.get
        self.assertEqual(faults_of('**A.** Shown by `limits_test`: "limit: a".', cases), [])
        self.assertEqual(faults_of("**A.** It is so.", cases), ["it names no case"])
        self.assertEqual(faults_of('**A.** Shown by `limits_test`: "limit: b".', cases),
                         ["limits_test has no case named limit: b"])
        self.assertEqual(faults_of('**A.** Shown by `limits_test`: "limit: a", `no_test`: "a".', cases),
                         ["there is no no_test"])

    def test_every_knob_is_turned(self):
        table = read("docs", "testing.md").partition("| knob | where |")[2].partition("\n\n")[0]
        rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
        self.assertGreater(len(rows), 10)
        for row in rows:
            names = re.findall(r"`([\w:.]+)`", row[-1])
            self.assertNotEqual(names, [], row)
            for name in names:
                with self.subTest(row=row[0], name=name):
                    if re.search(r"_test$|\.", name):  # a program or a file
                        self.assertTrue(self.exists(name))
                    else:
                        self.assertTrue(is_turned(simulation(), name))

    def test_a_knob_that_nobody_turns_is_found(self):
        header, source = ("world.hpp", "int knob = 0;  // knob"), ("world.cpp", "\nint World::knob() {\n    f();\n")
        self.assertFalse(is_turned(dict([header, source]), "knob"))
        self.assertFalse(is_turned({"world.hpp": "", "world.cpp": "    f(knob);\n"}, "knob"))
        self.assertFalse(is_turned(dict([header, ("a.cpp", "    f(\"knob\");  // knob\n")]), "knob"))
        self.assertFalse(is_turned(dict([header, ("server_test.cpp", "    f(knob);\n")]), "knob"))
        self.assertTrue(is_turned(dict([header, source, ("a.cpp", "    world.knob();\n")]), "knob"))

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
