#!/usr/bin/env python3
"""Answers come from survey services, each once: kontord, kontor and the shipped connectors against small
servers that speak as the vendors document.
"""
import json
import os
import pathlib
import sys
import unittest
from datetime import datetime, timedelta, timezone

from world import World

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from crm_server import CrmServer  # noqa: E402
from survey_server import Formbricks, LimeSurvey, Typeform, Wjx  # noqa: E402

BIN = sys.argv.pop(1)
START = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=3)

SURVEY = """id = "service"
title = { en = "Service", zh = "服务" }
channels = ["link"]
[audience]
phone = "phone"
[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "How likely?", zh = "是否推荐？" }
[[question]]
id = "about"
kind = "choice"
multiple = true
text = "What was it?"
choices = [{ id = "price", en = "Price" }, { id = "time", en = "Time" }]
[[question]]
id = "why"
kind = "text"
text = "Why?"
[[action]]
create = "task"
when = "score<=6"
set = { subject = "Service {score}: {comment}" }
"""


class Sources(unittest.TestCase):
    def world(self, name, source, *connect, secret):
        world = World(BIN, "sources-" + name)
        self.addCleanup(world.close)
        world.kontor("init")
        os.mkdir(os.path.join(world.config, "surveys"))
        self.survey = os.path.join(world.config, "surveys", "service.toml")
        with open(self.survey, "w") as file:
            file.write(SURVEY + source)
        with open(os.path.join(world.config, "feedback.toml"), "w") as file:
            file.write(f'pulled_answers = true\nlink_key = "file:{world.dir}/link_key"\n'
                       'public_url = "https://feedback.example.com"\n')
        world.start_daemon()
        for at, person in enumerate(("Li", "Wu", "Xu")):
            world.kontor("create", "contact", "last_name=" + person,
                         f"email={person.lower()}@x.cn", "phone=1380000" + str(1111 * (at + 2)))
        self.connect = [name, "--no-input", "--allow-http-loopback", *connect, "--secret",
                        secret[0] + "=file:" + world.secret_file(secret[0], dict([secret]))]
        world.kontor("connect", *self.connect)
        return world

    def take(self, world, name, check=True):
        world.kontor("sync", name)
        return world.json("feedback", "act", "service", check=check)

    def age_tokens(self, world):
        """As if the session had been made some minutes ago: a fresh one is not asked for again."""
        world.stop_daemon()
        for path in pathlib.Path(world.state, "tokens").glob("*.json"):
            token = json.loads(path.read_text())
            token["obtained_ms"] -= 300_000
            path.write_text(json.dumps(token))
        world.start_daemon()

    def scores(self, world):
        return world.sql("SELECT score, who FROM survey_response ORDER BY answered_at, id")

    def test_limesurvey(self):
        lime = LimeSurvey()
        lime.people["7"] = {"tok1": "Li@x.cn"}
        lime.add("7", START, token="tok1", Q1="3", Q2__A1="Y", Q2__A2="", Q3="太慢了")
        lime.add("7", None, token="", Q1="9")  # goes on later
        lime.add("7", START, Q1="10", Q4="wu@x.cn")
        server = CrmServer(lime)
        self.addCleanup(server.close)
        world = self.world("limesurvey", """
[[source]]
connection = "limesurvey"
survey = "7"
email = "Q4"
invitation = "token"
link = "https://survey.example.com/7?token={invitation}"
[source.questions]
score = "Q1"
about = { from = "Q2", values = { A1 = "price", A2 = "time" } }
why = "Q3"
""", "--option", f"url={server.url}/index.php/admin/remotecontrol", "--option", "surveys=7",
            "--option", "time_zone=+08:00", "--value", "user=kontor",
            secret=("password", lime.password))
        done = self.take(world, "limesurvey")
        self.assertEqual((done["taken"]["answers"], done["made"]), (2, 1), done)
        self.assertEqual(self.scores(world), [(3, "contact:1"), (10, "contact:2")])
        self.assertEqual(world.sql("SELECT answers, answered_at FROM survey_response WHERE score=3"), [
            ('{"about":["price"],"score":3,"why":"太慢了"}',
             START.strftime("%Y-%m-%dT%H:%M:%S.000Z"))])
        self.assertEqual(world.sql("SELECT subject FROM task"), [("Service 3: 太慢了",)])

        # Nothing new: nothing is taken, and little is asked.
        lime.asked.clear()
        done = self.take(world, "limesurvey")
        self.assertEqual((done["taken"]["answers"], done["answers"]), (0, 0))
        self.assertLessEqual(len(lime.asked), 3, lime.asked)

        # The session ends, the server is busy, an answer is cut off; what was open is finished.
        lime.surveys["7"][2]["submitted"] = START + timedelta(hours=1)
        lime.end_sessions()
        self.age_tokens(world)
        lime.faults = [{"status": 429, "headers": {"Retry-After": "1"}}]
        done = self.take(world, "limesurvey")
        self.assertEqual(done["taken"]["answers"], 1)
        lime.add("7", START + timedelta(hours=2), Q1="8")
        lime.faults = [{"cut": 60}]
        failed = world.kontor("sync", "limesurvey", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertEqual(self.take(world, "limesurvey")["taken"]["answers"], 1)
        self.assertEqual([score for score, _ in self.scores(world)], [3, 10, 9, 8])

        # A link of ours comes back with the answer: person and invitation are known.
        sent = world.json("feedback", "send", "service")
        links = {row["who"]: row["link"] for row in sent["due"]}
        token = links["contact:3"].split("token=")[1]
        lime.add("7", START + timedelta(hours=3), token=token, Q1="2", Q3="Xu here")
        lime.add("7", START + timedelta(hours=4), token=token[:-2] + "xx", Q1="1")
        done = self.take(world, "limesurvey")
        self.assertEqual((done["taken"]["answers"], done["taken"]["nobody"]), (2, 1))
        self.assertEqual(world.sql("SELECT who, state FROM survey_invitation ORDER BY who"),
                         [("contact:1", "sent"), ("contact:2", "sent"), ("contact:3", "answered")])
        self.assertEqual(lime.complaints, [])

        # What does not fit is told with the reason, and taken once the file is right.
        lime.add("7", START + timedelta(hours=5), Q1="A7")
        world.kontor("sync", "limesurvey")
        told = world.kontor("feedback", "act", "service", check=False)
        self.assertEqual(told.returncode, 3)
        self.assertIn("score is no whole number within the scale", told.stderr)
        self.assertIn("不是量表范围内的整数", world.kontor(
            "feedback", "act", "service", "--lang", "zh", check=False).stderr)
        with open(self.survey) as file:
            text = file.read()
        with open(self.survey, "w") as file:
            file.write(text.replace('score = "Q1"', 'score = { from = "Q1", values = { A7 = 7 } }'))
        self.assertEqual(world.json("feedback", "act", "service")["taken"]["answers"], 1)

        # A job does it by itself.
        with open(os.path.join(world.config, "conf.d", "jobs.toml"), "w") as file:
            file.write('[job.answers]\nrun = "feedback act service"\n')
        world.kontor("reload")
        lime.add("7", START + timedelta(hours=6), Q1="10")
        world.kontor("sync", "limesurvey")
        world.kontor("jobs", "run", "answers")
        self.assertIn(10, [score for score, _ in self.scores(world)[-1:]])
        self.assertIn("1 answers taken, 0 corrected, 1 acted upon",
                      world.kontor("jobs", "history", "answers").stdout)

        # Only one device of a team takes them.
        with open(os.path.join(world.config, "feedback.toml"), "w") as file:
            file.write("")
        lime.add("7", START + timedelta(hours=6), Q1="7")
        done = self.take(world, "limesurvey", check=False)
        self.assertEqual((done["taken"]["answers"], done["taken"]["open"]), (0, 1))
        self.assertIn("link_key", done["taken"]["broken"][0]["message"])

        # A wrong password, and a survey that is not there.
        lime.end_sessions()
        lime.password = "another"
        refused = world.kontor("sync", "limesurvey", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertNotIn("geheim", world.logged())

    def test_formbricks(self):
        service = Formbricks()
        service.add("s1", {"nps": 3, "open": "slow"}, at=START, contact={"email": "li@x.cn"})
        late = service.add("s1", {"nps": 9}, finished=False, at=START)
        for n in range(120):  # more than a page, all of one moment
            service.add("s1", {"nps": n % 11, "ref": f"r{n}"}, at=START)
        service.add("other", {"nps": 1}, at=START)
        server = CrmServer(service)
        self.addCleanup(server.close)
        world = self.world("formbricks", """
[[source]]
connection = "formbricks"
survey = "s1"
[source.questions]
score = "nps"
about = "what"
why = "open"
""", "--option", "url=" + server.url, secret=("token", service.token))
        done = self.take(world, "formbricks")
        self.assertEqual((done["taken"]["answers"], done["taken"]["nobody"]), (121, 120))
        self.assertEqual(world.sql("SELECT score, comment, who FROM survey_response WHERE who IS NOT NULL"),
                         [(3, "slow", "contact:1")])
        # It is finished, and one is edited: the task of the low score is not made twice.
        tasks = world.sql("SELECT count(*) FROM task")
        service.alter(late, finished=True, data={"nps": 9, "what": ["Price", "time"]})
        service.alter(service.rows[next(iter(service.rows))]["id"], data={"nps": 2, "open": "very slow"})
        service.faults = [{"status": 429, "headers": {"Retry-After": "1"}}]
        done = self.take(world, "formbricks")
        self.assertEqual((done["taken"]["answers"], done["taken"]["changed"]), (1, 1))
        self.assertEqual(world.sql("SELECT score, comment FROM survey_response WHERE who IS NOT NULL"),
                         [(2, "very slow")])
        self.assertEqual(world.sql("SELECT answers FROM survey_response WHERE answers LIKE '%about%'"),
                         [('{"about":["price","time"],"score":9}',)])
        self.assertEqual(world.sql("SELECT count(*) FROM task"), tasks)
        self.assertEqual(self.take(world, "formbricks")["taken"]["answers"], 0)
        self.assertEqual(service.complaints, [])

    def test_typeform(self):
        service = Typeform()
        for n in range(1005):  # more than a page
            service.add("F2", [("score", "number", 9), ("ref", "text", str(n))], at=START)
        service.add("F1", [("score", "number", 4), ("why", "text", "太慢"), (
            "what", "choices", {"ids": ["x"], "labels": ["Price"]})], {"mail": "LI@x.cn"},
            at=START + timedelta(hours=1))
        service.add("F1", [("score", "number", 8)], at=START + timedelta(hours=1))
        service.add("F3", [("score", "number", 7)], at=START - timedelta(days=9))
        server = CrmServer(service)
        self.addCleanup(server.close)
        world = self.world("typeform", """
[[source]]
connection = "typeform"
survey = "F1"
email = "mail"
questions = { score = "score", about = "what", why = "why" }
[[source]]
connection = "typeform"
survey = "F3"
questions = { score = "score" }
""", "--option", "url=" + server.url, "--option", "forms=F1,F2",
            secret=("token", service.token))
        done = self.take(world, "typeform")
        self.assertEqual(done["taken"]["answers"], 2)
        self.assertEqual(world.sql("SELECT survey, count(*) FROM survey_submission GROUP BY 1"),
                         [("F1", 2), ("F2", 1005)])
        self.assertEqual(world.sql("SELECT score, answers, who FROM survey_response WHERE who IS NOT NULL"), [
            (4, '{"about":["price"],"score":4,"why":"太慢"}', "contact:1")])
        # The newest shows late, with the same time as others before it.
        moment = START + timedelta(hours=1)
        service.add("F1", [("score", "number", 1)], at=moment)
        service.hidden_yet = 1
        self.assertEqual(self.take(world, "typeform")["taken"]["answers"], 0)
        service.hidden_yet = 0
        service.faults = [{"cut": 80}]
        self.assertNotEqual(world.kontor("sync", "typeform", check=False).returncode, 0)
        service.asked.clear()
        self.assertEqual(self.take(world, "typeform")["taken"]["answers"], 1)
        # Each form once to see who we are; then only what is new.
        pulled = [query for _, _, query, _ in service.asked][2:]
        self.assertTrue(pulled and all("since" in query for query in pulled), service.asked)
        # A form that is named later is loaded from its beginning.
        config = next(path for path in pathlib.Path(world.config).rglob("*.toml")
                      if "F2" in path.read_text() and path.parent.name != "surveys")
        named = config.read_text()
        self.assertIn('"F2"', named)
        config.write_text(named.replace('"F2"', '"F2", "F3"'))
        world.stop_daemon()
        world.start_daemon()
        self.assertEqual(self.take(world, "typeform")["taken"]["answers"], 1)
        self.assertEqual(service.complaints, [])

    def test_wjx(self):
        service = Wjx()
        for n in range(60):  # more than a page
            service.add("7001", {2: n % 11 + 1, 4: f"r{n}"}, at=START)
        service.add("7001", {2: 3, 3: "1|2", 4: "价格$贵"}, parameter="13800002222",
                    at=START + timedelta(minutes=1))
        server = CrmServer(service)
        self.addCleanup(server.close)
        world = self.world("wjx", """
[[source]]
connection = "wjx"
survey = "7001"
phone = "token"
[source.questions]
score = { from = "2", add = -1 }
about = { from = "3", values = { 1 = "price", 2 = "time" } }
why = "4"
""", "--option", "url=" + server.url, "--option", "surveys=7001", secret=("token", service.token))
        done = self.take(world, "wjx")
        self.assertEqual((done["taken"]["answers"], done["taken"]["nobody"]), (61, 60))
        self.assertEqual(world.sql("SELECT score, answers, answered_at FROM survey_response"
                                   " WHERE who='contact:1'"), [
            (2, '{"about":["price","time"],"score":2,"why":"价格$贵"}',
             (START + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z"))])
        service.add("7001", {2: 11}, at=START + timedelta(minutes=1))
        service.faults = [{"status": 500}, {"status": 429}]
        self.assertEqual(self.take(world, "wjx")["taken"]["answers"], 1)
        self.assertEqual(self.take(world, "wjx")["taken"]["answers"], 0)
        self.assertEqual(service.complaints, [])
        # The key is no longer good: it says so with status 200.
        service.token = "another"
        refused = world.kontor("sync", "wjx", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("ApiKey", refused.stderr + world.logged())


if __name__ == "__main__":
    unittest.main(verbosity=2)
