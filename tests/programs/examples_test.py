#!/usr/bin/env python3
"""Every example of the help and of the documents is run: what we print, a person types.

Each runs in a shell, against a connected replica that holds what the examples speak of as far as it
can be had. EXPECTED says which examples may end otherwise than well, and with which exit codes.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# Asks a person, or needs root (system_test.py sets up a machine).
NOT_RUN = ("kontor connect ", "kontor connection sign-in", "sudo ", "kontor init --system")
# Goes on until it is interrupted.
STAYS = ("kontor events", "kontor sync --watch")
# Nobody has made the questions 7 and 8 here, nor is record 31 blocked. Run 12 may have written
# nothing, and an undo tells by 3 what had changed again and stayed. Nobody can be asked here: an
# undo is told so with --force.
EXPECTED = {"kontor delete contact 42 43": [0, 3], "kontor delete contact 42": [2],
            "kontor conflicts 7": [6], "kontor conflicts forget": [6], "kontor resolve --all": [0], "kontor resolve": [6],
            "kontor blocked --retry 31": [6],
            # Neither this account nor this connector is here.
            "kontor plugin check sandbox": [6], "kontor plugin check --plugin ./book.so": [6],
            "kontor connector try": [1],
            # Other examples change the account meanwhile, and the check sees it.
            "kontor plugin check zoho": [0, 1],
            # Nobody has been invited under that number here.
            "kontor feedback call relationship 12": [6],
            # No such database answers here, and there is no hub.
            "kontor init hub --option": [6], "kontor connection resume hub": [6],
            # No mailbox is named here.
            "kontor feedback receive": [78],
            # There is a repository already; no backup has that number; nobody can be asked, and kontord
            # runs here.
            "kontor backup init": [5], "kontor backup drill office --snapshot": [6],
            "kontor restore --repository": [11],
            # The world is younger than two hours.
            "kontor backup diff": [6], "kontor restore contact": [6], "kontor restore": [2],
            # The job may not have run yet, a twelfth time even less.
            "kontor jobs log": [0, 6],
            "kontor undo run:12": [0, 3, 6], "kontor undo": [0, 3]}


def fenced_or_indented(path):
    """Lines of the code blocks of a document."""
    fenced = False
    with open(os.path.join(ROOT, path)) as text:
        for line in text:
            if line.startswith("```"):
                fenced = not fenced
            elif fenced or line.startswith("    "):
                yield line.strip("\n")


def commands(lines):
    """The commands of ours among lines; one that goes on in the next is put together."""
    whole = ""
    for line in lines:
        whole = whole[:-1] + line.strip() if whole.endswith("\\") else line.strip()
        if not whole.endswith("\\") and whole.startswith(("kontor ", "sudo kontor ")) and "(" not in whole[:9]:
            yield re.sub(r" {2,}#.*", "", whole)


SURVEY = """id = "relationship"
title = "How are we doing?"
channels = ["phone"]
[audience]
entity = "contact"
phone = "mobile"
[limits]
same_survey = "90d"
any_survey = "30d"
[[question]]
id = "score"
kind = "nps"
text = "Would you recommend us?"
required = true
[[question]]
id = "why"
kind = "text"
text = "Why?"
"""


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(BIN, "examples")
        cls.addClassCleanup(cls.world.close)
        cls.world.start_peer("--records", "400", "--accounts", "40", "--deals", "60", "--seed", "9")
        cls.world.kontor("init")
        cls.world.start_daemon()
        cls.world.connect()
        cls.world.kontor("sync", "zoho")
        cls.world.sql("UPDATE contact SET fax = '1' WHERE id > 100")  # change:345 among them
        while cls.world.json("runs", "--limit", "1")["runs"][0]["id"] < 13:
            cls.world.kontor("sync", "zoho")
        cls.world.kontor("push", "on", "zoho")
        cls.world.control("/fault", {"kind": "schema", "params": {
            "change": "add", "module": "Contacts", "field": "Blood_Type", "type": "text"}})
        with open(os.path.join(cls.world.config, "report.sql"), "w") as report:
            report.write("SELECT count(*) FROM contact\n")
        shutil.copy(os.path.join(ROOT, "plugins/rest/descriptions/hubspot.toml"),
                    os.path.join(cls.world.config, "mycrm.toml"))
        os.mkdir(os.path.join(cls.world.config, "surveys"))
        links = f'link_key = "file:{cls.world.dir}/link_key"\npublic_url = "https://feedback.example.com"\n'
        for name, text in (("surveys/relationship.toml", SURVEY), ("answers.csv", "submission,score\n1,9\n"),
                           ("feedback.toml", links)):
            with open(os.path.join(cls.world.config, name), "w") as file:
                file.write(text)
        with open(os.path.join(cls.world.config, "conf.d", "backup.toml"), "w") as backup:
            backup.write(f'[backup.office]\ntarget = "{cls.world.dir}/office"\n'
                         f'password = "file:{cls.world.secret_file("client_secret")}"\n')
            backup.write('[job.nightly]\nrun = "backup run office"\n'
                         '[job.drill]\nrun = "backup drill office"\n')
        cls.world.kontor("reload")
        cls.world.kontor("backup", "init", "office")
        cls.world.kontor("backup", "run")
        cls.shell = {**cls.world.env, "PATH": cls.world.bin + ":" + os.environ["PATH"]}

    def run_example(self, example):
        if example.startswith(NOT_RUN):
            return
        # Examples name contact 42 again and again; one of them deletes it.
        self.world.sql("INSERT INTO contact(id, last_name) SELECT 42, 'Li' "
                       "WHERE NOT EXISTS (SELECT 1 FROM contact WHERE id = 42)")
        if example.startswith("kontor undo") and not re.search(r"--(dry-run|preview|force)", example):
            example += " --force"
        process = subprocess.Popen(["sh", "-c", "exec " + example], env=self.shell, text=True,
                                   cwd=self.world.config, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stays = example.startswith(STAYS)
        try:
            _, told = process.communicate(timeout=2 if stays else 120)
        except subprocess.TimeoutExpired:
            process.kill()
            _, told = process.communicate()
            self.assertTrue(stays, "goes on and on")
            return
        wanted = next((c for start, c in EXPECTED.items() if example.startswith(start)), [0])
        self.assertIn(process.returncode, wanted, told)

    def run_all(self, examples):
        # What takes much back comes last.
        examples = sorted(dict.fromkeys(examples), key=lambda e: "undo" in e)
        self.assertTrue(examples)
        for example in examples:
            with self.subTest(example):
                self.run_example(example)

    def test_of_the_help(self):
        listing = self.world.kontor("help").stdout
        listed = listing[listing.index("Commands:"):listing.index("Options of")]
        paths = [[c] for c in re.findall(r"^  ([a-z]+)  ", listed, re.M)]
        examples = []
        while paths:
            path = paths.pop()
            text = self.world.kontor(*path, "--help").stdout
            part = text[text.index("Examples:"):text.index("\nUsage:")]
            examples += commands(part.splitlines())
            below = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.M)
            if below:
                paths += [path + [c] for c in re.findall(r"^  ([a-z-]+)  ", below[1], re.M)]
        self.assertGreater(len(examples), 60)
        self.run_all(examples)

    def test_that_documents_show(self):
        for path in ("README.md", "docs/cli.md", "docs/users.md", "docs/users.zh.md", "docs/sql.md"):
            with self.subTest(path):
                self.run_all(commands(fenced_or_indented(path)))

    def test_sql_that_documents_show(self):
        blocks = "\n".join(line for line in fenced_or_indented("docs/sql.md")
                           if not re.match(r"    (kontor|sqlite)", line))
        statements = [s.strip() for s in blocks.split(";") if s.strip()]
        self.assertGreater(len(statements), 10)
        for statement in statements:
            with self.subTest(statement):
                self.world.sql(statement)


if __name__ == "__main__":
    unittest.main(verbosity=2)
