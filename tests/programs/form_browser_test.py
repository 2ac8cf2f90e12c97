#!/usr/bin/env python3
"""The hosted form as people meet it: in a real Chromium (form_browser/visit.mjs).

Part of `./dev nightly`, for which Chromium is installed. Usage: form_browser_test.py BIN BUILD_FOLDER
"""
import json
import os
import subprocess
import sys
import unittest

from world import World, until

BUILD = os.path.abspath(sys.argv.pop(2))
BIN = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))

SURVEY = """id = "how"
title = { en = "How are we doing?", zh = "我们做得怎么样？" }
[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "Would you recommend us?", zh = "您会推荐我们吗？" }
[[question]]
id = "why"
kind = "text"
text = { en = "What went wrong?", zh = "哪里出了问题？" }
show_if = "score<=6"
[[question]]
id = "what"
kind = "choice"
multiple = true
text = { en = "What was it about?", zh = "关于什么？" }
choices = [{ id = "price", en = "Price", zh = "价格" }, { id = "time", en = "Time", zh = "时间" }]
show_if = "score<=6"
"""


class FormInABrowser(unittest.TestCase):
    def test_people_answer_in_a_real_browser(self):
        world = World(BIN, "browser")
        self.addCleanup(world.close)
        world.kontor("init")
        os.mkdir(os.path.join(world.config, "surveys"))
        with open(os.path.join(world.config, "surveys", "how.toml"), "w") as file:
            file.write(SURVEY)
        port = world.free_port()
        with open(os.path.join(world.config, "feedback.toml"), "w") as file:
            file.write(f'link_key = "file:{world.dir}/link_key"\nlisten = "127.0.0.1:{port}"\n'
                       f'public_url = "http://127.0.0.1:{port}"\n')
        world.start_daemon()
        until(lambda: "form.listening" in world.logged(), "the form")
        names = ("plain", "mobile", "keyboard", "unsubscribe")
        for name in names:
            world.sql("INSERT INTO contact(last_name, email) VALUES(?, ?)", name, name + "@example.com")
        due = {one["address"].split("@")[0]: one for one in world.json("feedback", "send", "how")["due"]}
        links = {name: due[name]["link"] for name in names[:3]}
        links["unsubscribe"] = due["unsubscribe"]["unsubscribe"]
        links["unsubscribed"] = due["unsubscribe"]["link"]

        install = ("import { npmInstall } from " + json.dumps(os.path.join(
            HERE, "..", "peers", "base", "npm_install.mjs")) +
            f"; npmInstall({json.dumps(os.path.join(HERE, 'form_browser'))}, {json.dumps(BUILD)}, ['visit.mjs'])")
        subprocess.run(["node", "--input-type=module", "-e", install], check=True, env=world.env)
        visits = subprocess.run(["node", os.path.join(BUILD, "visit.mjs"), json.dumps(links)],
                                env=world.env, timeout=300)
        self.assertEqual(visits.returncode, 0)

        answers = dict(world.sql(
            "SELECT c.last_name, r.answers FROM survey_response r JOIN contact c ON r.who = 'contact:' || c.id"))
        answers = {name: json.loads(answer) for name, answer in answers.items()}
        self.assertEqual(answers, {
            "plain": {"score": 3, "why": "It was late <script>alert(1)</script>", "what": ["price", "time"]},
            "mobile": {"score": 10}, "keyboard": {"score": 9}})
        self.assertEqual(world.sql("SELECT last_name FROM contact WHERE email_opt_out"), [("unsubscribe",)])


if __name__ == "__main__":
    unittest.main()
