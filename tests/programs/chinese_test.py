#!/usr/bin/env python3
"""With LANG=zh_CN.UTF-8 nobody meets an English sentence: outputs, failures, mistakes in files."""
import html
import os
import re
import subprocess
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)

# Two English words in a row that are no name of ours: what a sentence has and a name has not.
SENTENCE = re.compile(r"(?<![\w./=:-])[A-Za-z]{2,},? [a-z]{2,}\b")
# What one types, what the remote or the operating system calls something, and names of people.
NAMES = re.compile(r"\b(kontor [a-z-]+( [a-z-]+)?|systemctl [a-z -]+|kontord --[a-z-]+|--[a-z-]+|"
                   r"(contact|deal|user|account|lead|task) \d+|hello, zoho|debug, info, warning, error)")


class Chinese(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(BIN, "chinese", language="zh_CN.UTF-8")
        cls.addClassCleanup(cls.world.close)
        cls.world.start_peer("--records", "60", "--accounts", "10", "--deals", "20", "--seed", "9")
        cls.world.kontor("init")
        cls.world.start_daemon()
        cls.world.connect()
        cls.world.kontor("sync", "zoho")
        cls.world.kontor("push", "on", "zoho")

    def chinese(self, text, what=""):
        """No English sentence in it, and Chinese at all."""
        plain = NAMES.sub("", text)
        found = SENTENCE.search(plain)
        self.assertIsNone(found, f"{what}: {found and found[0]!r} in {text!r}")
        self.assertRegex(text, r"[\u4e00-\u9fff]", what)

    def told(self, *words, code=None):
        result = self.world.kontor(*words, check=False)
        if code is not None:
            self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout + result.stderr

    def test_failures(self):
        for words in ("get contact 99999", "get contcat 1", "get contact 1 --fields nope",
                      "set contact 1 titel=x", "set contact 1 owner_id=99", "set contact 1 owner_id=x",
                      "set contact 1 date_of_birth=soon", "set contact 1 email_opt_out=perhaps",
                      "set contact 1 full_name=x", "set contact 1 tags=x",
                      "set deal 1 amount=much", "set account 1 employees=2.5",
                      "list contact --where phon=1", "list contact --after x", "list contact --limit x",
                      "list contact --limit 0", "history contact x", "get contact x", "undo change:999999", "undo run:99",
                      "undo contact:99999", "undo --since soon", "resolve 99 --ours", "conflicts 99",
                      "runs 999", "status nope", "sync nope", "push on nope", "entities nope",
                      "connection check nope", "connect nope --no-input", "sql", "stauts",
                      "blocked --retry x", "search x --entity nope"):
            with self.subTest(words):
                self.chinese(self.told(*words.split()), words)
        for statement in ("SELECT 1; SELECT 2", "DELETE FROM contact", ""):
            with self.subTest(statement):
                self.chinese(self.told("sql", statement), statement)

    def test_headings_and_words(self):
        self.world.kontor("set", "contact", "5", "title=主管")
        self.world.kontor("sync", "zoho")
        for words in ("status", "runs", "runs 1", "search 主管", "history contact 5",
                      "why contact 5 title", "undo contact:5 --preview", "entities", "doctor",
                      "plugins", "connection list", "connection forecast zoho"):
            with self.subTest(words):
                text = self.told(*words.split(), code=0)
                self.chinese(text.splitlines()[0], words)
        self.assertNotRegex(self.told("runs", "1"), r"created_here|started_at")
        self.chinese(self.told("undo", "run:1", "--preview", code=0).splitlines()[-1], "undo")

    def test_what_our_own_checks_refuse(self):
        self.world.sql("UPDATE contact SET last_name = NULL WHERE id = 7")
        self.world.sql("UPDATE deal SET stage = 'Nonsense' WHERE id = 3")
        self.world.sql("UPDATE deal SET amount = 'much' WHERE id = 4")
        self.world.kontor("sync", "zoho", check=False)
        text = self.told("blocked")
        for reason in ("远端要求填写，但没有值", "“Nonsense”不在远端该字段的选项中", "不是数字"):
            self.assertIn(reason, text)

    def test_kontord(self):
        def says(*words):
            told = subprocess.run([self.world.program("kontord"), *words], env=self.world.env,
                                  capture_output=True, text=True, timeout=60)
            return told.returncode, told.stdout + told.stderr
        code, text = says("--help")
        self.assertEqual(code, 0)
        self.assertIn("示例：", text)
        for line in text.splitlines():
            if line and not line.startswith("  kontord ") and not line.startswith("  systemctl "):
                self.chinese(line, "kontord --help")
        for words in (["--nope"], ["nope"], ["--config"], ["--config", "/nonexistent/kontor.toml"]):
            with self.subTest(words):
                code, text = says(*words)
                self.assertEqual(code, 2 if len(words) == 1 else 78, text)
                for line in text.splitlines():
                    self.chinese(line, words)

    def test_hostile_answers(self):
        # Something that each sync has to read.
        contact = self.world.dump("Contacts", "Last_Name")[0]["id"]
        self.world.control("/edit", {"module": "Contacts", "id": contact, "set": {"Title": "Read"}})
        self.addCleanup(self.world.clear_faults)
        for fault in ({"kind": "html_200"}, {"kind": "malformed_json"}, {"kind": "redirect"},
                      *({"kind": "big_json", "params": {"shape": shape}}
                        for shape in ("depth", "id", "number", "exponent", "utf8", "huge"))):
            with self.subTest(fault):
                self.world.control("/fault", {**fault, "count": 1000,
                                              "match": {"path_prefix": "/crm/v8/Contacts"}})
                text = self.told("sync", "zoho", code=3)
                self.world.clear_faults()
                for line in text.splitlines():
                    self.chinese(line, fault)
        self.told("sync", "zoho", code=0)

    def test_y_a_budget_that_is_used_up(self):
        conf = os.path.join(self.world.config, "conf.d", "zoho.toml")
        with open(conf) as file:
            before = file.read()
        with open(conf, "a") as file:
            file.write("\n[connection.zoho.limits]\ndaily_credits = 10\ncredit_reserve = 1\n")
        self.world.kontor("reload")
        for words, code in (("sync zoho", 75), ("status", 0), ("doctor", 1)):
            with self.subTest(words):
                text = self.told(*words.split(), code=code)
                self.assertIn("daily_credits", text)
                for line in text.splitlines():
                    if "daily_credits" in line:
                        self.chinese(line, words)
        with open(conf, "w") as file:
            file.write(before)
        self.world.kontor("reload")

    def test_z_the_network(self):
        peer, self.world.peer = self.world.peer, None
        peer.kill()  # its certificates stay
        peer.wait()
        peer.stdout.close()
        text = self.told("connection", "check", "zoho")
        self.chinese(text, "connection check")
        self.assertIn("无法连接 https://", text)

    def test_mistakes_in_files(self):
        mistakes = """
[deamon]
x = 1
[daemon]
log_level = "loud"
socket = 5
[sync]
interval = "soon"
jitter = 7
retry_first = 3
[connection.a]
proxy = "ftp://x"
secrets = { token = "abc", other = "file:here" }
[connection.B]
[connection.c]
plugin = "No"
options = { x = { y = 1 } }
"""
        path = os.path.join(self.world.dir, "wrong.toml")
        for text in (mistakes, "[daemon\n"):
            with open(path, "w") as file:
                file.write(text)
            told = self.told("config", "check", path, code=78)
            lines = told.splitlines()
            self.assertGreaterEqual(len(lines), 10 if text == mistakes else 2)
            if text == mistakes:
                for line in lines:
                    self.chinese(line, "config check")

    def all_chinese(self, text, what, names=()):
        """Each line of it, but for what has no letters in it or is a name."""
        self.assertRegex(text, r"[\u4e00-\u9fff]", what)
        for line in text.splitlines():
            for name in names:
                line = line.replace(name, "")
            found = SENTENCE.search(NAMES.sub("", line))
            self.assertIsNone(found, f"{what}: {found and found[0]!r} in {text!r}")

    def test_backups_jobs_and_surveys(self):
        world = self.world
        passphrase = world.secret_file("passphrase", {"passphrase": "p"})
        def write(path, text):
            path = os.path.join(world.config, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        write("conf.d/jobs.toml", f"""
[backup.office]
target = "{world.dir}/office"
password = "file:{passphrase}"
keep = {{ last = 1 }}
[job.nightly]
run = "backup run office"
when = "daily 02:30"
[job.prove]
run = "backup drill office"
[job.damage]
run = "backup verify office"
[job.mail]
run = "feedback receive"
[job.take]
run = "feedback act rueckblick"
[job.own]
command = ["sh", "-c", "echo it says; false"]
""")
        write("surveys/rueckblick.toml", """id = "rueckblick"
title = { en = "How are we doing?", zh = "我们做得怎么样？" }
channels = ["phone"]
[audience]
phone = "phone"
[limits]
batch = 20
[timing]
schedule = "monthly 1 09:00"
[[question]]
id = "score"
kind = "nps"
text = { en = "Would you recommend us?", zh = "您会推荐我们吗？" }
[[question]]
id = "why"
kind = "text"
text = { en = "Why?", zh = "为什么？" }
[[action]]
create = "task"
when = "score<=6"
""")
        names = ("backup run", "backup drill", "backup verify", "feedback receive", "feedback act", "feedback send",
                 "it says", "daily 02:30", "monthly 1", "task.due_date")
        def says(words, code=0):
            with self.subTest(words):
                self.all_chinese(self.told(*words.split(), code=code), words, names)
        says("reload")
        says("backup status")
        says("backup run", code=None)  # there is no repository
        says("backup init")
        for words in ("backup run", "backup list", "backup drill", "backup list", "backup status",
                      "backup verify", "backup verify --read-data", "backup prune --dry-run"):
            says(words)
        says("jobs history")
        for job, code in (("nightly", 0), ("prove", 0), ("damage", 0), ("mail", None), ("take", 0), ("own", None)):
            says("jobs run " + job, code=code)
            says("jobs log " + job)
        self.assertIn("it says", self.told("jobs", "log", "own"))
        for words in ("jobs", "jobs history", "jobs pause own", "jobs", "jobs resume own", "jobs stop own"):
            says(words)
        says("jobs run nosuch", code=6)

        for words in ("feedback list", "feedback preview rueckblick", "feedback send rueckblick",
                      "feedback call rueckblick"):
            says(words)
        queue = world.json("feedback", "call", "rueckblick")["calls"]
        for call, words in zip(queue, ("太慢了，价格有点贵", "质量不错", "服务很好")):
            self.told("feedback", "call", "rueckblick", str(call["invitation"]), "--answer",
                      f"score={3 if '慢' in words else 9}", "--answer", "why=" + words, code=0)
        for table in ("contact", "account", "user", "deal"):  # what the data calls itself
            names += tuple({cell for row in world.sql(f'SELECT * FROM "{table}"') for cell in row
                            if isinstance(cell, str) and cell})
        says("feedback report rueckblick")
        page = self.told("feedback", "report", "rueckblick", "--format", "html", code=0)
        self.assertIn('<html lang="zh">', page)
        body = html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "\n", page, flags=re.S))
        self.all_chinese(body, "the page", names)
        for word in ("净推荐值", "答复率", "电话", "差评用语"):
            self.assertIn(word, body)


if __name__ == "__main__":
    unittest.main(verbosity=2)
