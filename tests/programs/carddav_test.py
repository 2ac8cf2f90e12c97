#!/usr/bin/env python3
"""An address book as a person has it: kontord, kontor and a real CardDAV server (Radicale)."""
import pathlib
import sys
import unittest

from world import World

BIN = sys.argv.pop(1)
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from radicale_server import RadicaleServer  # noqa: E402

BOOK = "people"
PHOTO = "".join("/9j/4AAQSkZJRgABAQAAAQABAAD" for _ in range(60))


def card(uid, family, given, *lines):
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"N:{family};{given};;;",
                        f"FN:{family}{given}", *lines, "END:VCARD", ""])


def others(text):
    """The lines of a card that no field is mapped to, with their folds."""
    out, keep = [], False
    for line in text.split(b"\r\n"):
        if not line.startswith((b" ", b"\t")):
            name = line.split(b":")[0].split(b";")[0]
            keep = name.startswith((b"X-", b"PHOTO", b"item")) or name in (b"IMPP", b"NICKNAME")
        if keep:
            out.append(line)
    return out


class AddressBook(unittest.TestCase):
    def setUp(self):
        self.server = RadicaleServer()
        self.addCleanup(self.server.close)
        self.server.make_book(BOOK)
        self.world = World(BIN, "carddav")
        self.addCleanup(self.world.close)
        self.world.kontor("init")
        self.world.start_daemon()

    def tearDown(self):
        self.assertNotIn(self.server.info["password"], self.world.logged())

    def connect(self, *more, url=None):
        return self.world.kontor(
            "connect", "carddav", "--no-input", "--allow-http-loopback",
            "--option", "url=" + (url or self.server.info["base_url"]),
            "--value", "user=" + self.server.info["user"],
            "--secret", "password=file:" + self.world.secret_file("password", self.server.info), *more)

    def sync(self, *more):
        self.world.kontor("sync", "carddav", *more)

    def one(self, sql, *values):
        return self.world.sql(sql, *values)[0][0]

    def of(self, uid, column):
        return self.one(f"SELECT c.{column} FROM contact c JOIN kontor_link l ON l.record = c.id"
                        " WHERE l.ext_id = ?", uid + ".vcf")

    def text(self, uid):
        return self.server.card(BOOK, uid + ".vcf")

    def test_round_trip(self):
        server, world = self.server, self.world
        kept = [f"PHOTO;ENCODING=b;TYPE=JPEG:{PHOTO}", "X-UNKNOWN;X-P=\"a;b:c\":什么都不知道",
                "item1.X-ABLabel:自定义", "IMPP;X-SERVICE-TYPE=WeChat:x-apple:wang", "NICKNAME:小王"]
        server.put(BOOK, "wang.vcf", card("wang", "王", "小明", "TEL;TYPE=CELL:13800001111",
                                          "EMAIL;TYPE=WORK:wang@example.cn", "TITLE:经理",
                                          "ORG:示例公司;销售部", "item1.TEL:400-1", *kept))
        server.put(BOOK, "li.vcf", card("li", "李", "四", "BDAY:1990-02-28",
                                        "CATEGORIES:客户,VIP"))
        server.put(BOOK, "zhao.vcf", card("zhao", "赵", "六"))
        before = others(self.text("wang"))
        self.assertGreaterEqual(len(before), 6)

        self.assertIn("Connection carddav is set up.", self.connect().stdout)
        self.sync()
        self.assertEqual(self.one("SELECT count(*) FROM contact"), 3)
        self.assertEqual([self.of("wang", column) for column in
                          ("last_name", "first_name", "full_name", "mobile", "email", "title",
                           "company", "department", "phone")],
                         ["王", "小明", "王小明", "13800001111", "wang@example.cn", "经理",
                          "示例公司", "销售部", "400-1"])
        self.assertEqual(self.of("li", "date_of_birth"), "1990-02-28")
        self.assertEqual(self.of("li", "tags"), '["VIP","客户"]')

        # Theirs to ours: an edit, a new card, a deletion.
        server.put(BOOK, "li.vcf", card("li", "李", "四", "BDAY:1990-02-28", "TITLE:顾问"))
        server.put(BOOK, "qian.vcf", card("qian", "钱", "七"))
        server.delete(BOOK, "zhao.vcf")
        self.sync()
        self.assertEqual(self.of("li", "title"), "顾问")
        self.assertEqual(sorted(name for (name,) in world.sql("SELECT last_name FROM contact")),
                         sorted(["王", "李", "钱"]))

        # Ours to theirs: what nobody knows stays byte for byte.
        world.kontor("push", "on", "carddav")
        wang, li = self.of("wang", "id"), self.of("li", "id")
        world.sql("UPDATE contact SET mobile = '13900002222', mailing_city = '上海' WHERE id = ?", wang)
        world.sql("INSERT INTO contact(last_name, first_name, mobile) VALUES('诸葛', '亮', '137')")
        world.sql("DELETE FROM contact WHERE last_name = '钱'")
        self.sync()
        self.assertEqual(others(self.text("wang")), before)
        text = self.text("wang").decode()
        self.assertIn("TEL;TYPE=CELL:13900002222\r\n", text)
        self.assertIn("ADR;TYPE=WORK:;;;上海;;;\r\n", text)
        self.assertIsNone(self.text("qian"))
        made, = [name for name in server.names(BOOK) if name not in ("wang.vcf", "li.vcf")]
        text = server.card(BOOK, made).decode()
        self.assertIn("FN:诸葛亮\r\n", text)
        self.assertIn("N:诸葛;亮;;;\r\n", text)
        self.assertIn("UID:" + made.removesuffix(".vcf") + "\r\n", text)

        # Different fields of one card on both sides: both are there, on both sides.
        server.put(BOOK, "wang.vcf", self.text("wang").decode().replace("TITLE:经理", "TITLE:总监"))
        world.sql("UPDATE contact SET email = 'neu@example.cn' WHERE id = ?", wang)
        self.sync()
        self.assertEqual((self.of("wang", "title"), self.of("wang", "email")),
                         ("总监", "neu@example.cn"))
        text = self.text("wang").decode()
        self.assertIn("TITLE:总监\r\n", text)
        self.assertIn("EMAIL;TYPE=WORK:neu@example.cn\r\n", text)
        self.assertEqual(others(self.text("wang")), before)

        # The same field: nobody's value is overwritten, and a person decides.
        server.put(BOOK, "li.vcf", self.text("li").decode().replace("TITLE:顾问", "TITLE:他们"))
        world.sql("UPDATE contact SET title = '我们' WHERE id = ?", li)
        self.sync()
        self.assertEqual(self.of("li", "title"), "我们")
        self.assertIn("TITLE:他们\r\n", self.text("li").decode())
        conflict, = world.json("conflicts")["conflicts"]
        world.kontor("resolve", str(conflict["id"]), "--ours")
        self.sync()
        self.assertIn("TITLE:我们\r\n", self.text("li").decode())
        self.assertEqual(world.json("conflicts")["conflicts"], [])
        self.assertEqual(world.json("blocked")["blocked"], [])

        # The token is forgotten while a card is changed and another one deleted.
        server.put(BOOK, "li.vcf", self.text("li").decode().replace("TITLE:我们", "TITLE:新"))
        server.delete(BOOK, made)
        server.forget_tokens(BOOK)
        self.sync("--sweep")
        self.assertEqual(self.of("li", "title"), "新")
        self.assertEqual(self.one("SELECT count(*) FROM contact WHERE last_name = '诸葛'"), 0)

        # At rest nothing is written.
        self.sync()
        stamps = {name: server.request("GET", server.card_path(BOOK, name))[1]["ETag"]
                  for name in server.names(BOOK)}
        self.sync()
        self.assertEqual({name: server.request("GET", server.card_path(BOOK, name))[1]["ETag"]
                          for name in server.names(BOOK)}, stamps)

    def test_wrong_password(self):
        base = self.server.info["base_url"]
        refused = self.world.kontor(
            "connect", "carddav", "--no-input", "--allow-http-loopback", "--option", "url=" + base,
            "--value", "user=alice", "--secret", "password=file:" + self.world.secret_file(
                "wrong", {"wrong": "not-it"}), check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("401", refused.stderr + refused.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
