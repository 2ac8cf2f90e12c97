#!/usr/bin/env python3
"""Moving in from spreadsheets, as a team does it: kontord, kontor, a folder, and the connector in its
sandboxed process."""
import csv
import io
import os
import re
import subprocess
import sys
import unittest
import zipfile

from world import World

BIN = sys.argv.pop(1)

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(rows):
    """An XLSX workbook as other programs write it: texts inline, a date by its format, and a name
    that is not ASCII."""
    def cell(at, value):
        if isinstance(value, int):
            return f'<c r="{at}" s="{1 if value > 40000 else 0}"><v>{value}</v></c>'
        return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
    sheet = "".join(
        f'<row r="{y}">' + "".join(cell(chr(65 + x) + str(y), value) for x, value in enumerate(row)) +
        "</row>" for y, row in enumerate(rows, 1))
    parts = {
        "xl/workbook.xml": f'<workbook xmlns:r="{OFFICE}"><sheets><sheet name="客户" sheetId="1"'
                           ' r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels":
            f'<Relationships><Relationship Id="rId1" Type="{OFFICE}/worksheet"'
            f' Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{OFFICE}/styles"'
            ' Target="styles.xml"/></Relationships>',
        "xl/styles.xml": '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
                         '</styleSheet>',
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}</sheetData></worksheet>",
        "docProps/备注.xml": "<x/>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return out.getvalue()


class MovingIn(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "csv")
        self.addCleanup(self.world.close)
        self.inbox = os.path.join(self.world.dir, "inbox")
        self.outbox = os.path.join(self.world.dir, "outbox")
        os.mkdir(self.inbox)
        os.mkdir(self.outbox)
        self.world.kontor("init")
        self.world.start_daemon()

    def put(self, name, content, encoding="utf-8"):
        path = os.path.join(self.inbox, name)
        with open(path + ".part", "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode(encoding))
        os.rename(path + ".part", path)

    def connect(self, *more, name="csv", check=True):
        return self.world.kontor("connect", "csv", "--no-input", "--name", name, "--option",
                                 "settle_s=0", *more, check=check)

    def rows(self, sql):
        return self.world.sql(sql)

    def test_files_of_excel_move_in_after_a_dry_run_and_an_edit_follows(self):
        world = self.world
        self.put("联系人.csv", "编号,姓名,手机,邮箱,生日\r\n"
                              "C1,张三,013800138000,zs@example.cn,1990/5/20\r\n"
                              "C2,李四,13900139000,ls@example.cn,1991/2/3\r\n"
                              "C3,王五,13700137000,ww@example.cn,1991/2/30\r\n"
                              "C4,少一格\r\n", "gb18030")
        self.put("客户.xlsx", workbook([["公司名称", "行业", "成立日期"], ["华为", "通信", 46162],
                                      ["腾讯", "互联网", 46163]]))
        told = self.connect("--folder", "inbox=" + self.inbox)
        self.assertIn("Connection csv is set up.", told.stdout)
        self.assertIn("kontor sync csv --dry-run", told.stderr + told.stdout)

        # Everything is listed, the bad rows too, and nothing is taken in.
        dry = world.kontor("sync", "csv", "--dry-run").stdout
        for text in ("zs@example.cn", "华为", "联系人.csv"):
            self.assertIn(text, dry)
        self.assertEqual(self.rows("SELECT count(*) FROM contact"), [(0,)])

        world.kontor("sync", "csv")
        self.assertEqual(
            self.rows("SELECT last_name || coalesce(first_name, ''), mobile, email, date_of_birth"
                      " FROM contact ORDER BY id"),
            [("张三", "013800138000", "zs@example.cn", "1990-05-20"),
             ("李四", "13900139000", "ls@example.cn", "1991-02-03")])
        self.assertEqual(self.rows("SELECT name, industry FROM account ORDER BY id"),
                         [("华为", "通信"), ("腾讯", "互联网")])
        date, = [name for (name,) in self.rows("SELECT name FROM pragma_table_info('account')")
                 if self.rows(f'SELECT count(*) FROM account WHERE "{name}" = \'2026-05-20\'')
                 == [(1,)]]
        self.assertTrue(date)
        problems = self.rows("SELECT file, line, code FROM csv_problems ORDER BY line")
        self.assertEqual(problems, [("联系人.csv", 4, "not_date"), ("联系人.csv", 5, "cell_count")])
        listed = world.kontor("list", "csv_problems").stdout
        self.assertIn("联系人.csv", listed)

        # At rest nothing changes; an edited file arrives as the change that it is.
        before = self.rows("SELECT count(*) FROM kontor_history")
        world.kontor("sync", "csv")
        self.assertEqual(self.rows("SELECT count(*) FROM kontor_history"), before)
        self.put("联系人.csv", "编号,姓名,手机,邮箱,生日\r\n"
                              "C1,张三,013800138000,zs@example.cn,1990/5/20\r\n"
                              "C2,李四,13900139999,ls@example.cn,1991/2/3\r\n"
                              "C3,王五,13700137000,ww@example.cn,1991/2/28\r\n", "gb18030")
        world.kontor("sync", "csv")
        self.assertEqual(self.rows("SELECT mobile FROM contact ORDER BY id"),
                         [("013800138000",), ("13900139999",), ("13700137000",)])
        self.assertEqual(self.rows("SELECT count(*) FROM csv_problems"), [(0,)])

    def test_a_workbook_that_another_program_made(self):
        # By openpyxl: absolute targets, sheets that say they are visible, texts inline, styles, a filter.
        path = os.path.join(self.world.dir, "made.xlsx")
        subprocess.run(["/usr/bin/python3", "-c", """
import datetime, sys, openpyxl
from openpyxl.styles import Font
book = openpyxl.Workbook()
sheet = book.active
sheet.title = "联系人"
sheet.append(["编号", "姓名", "手机", "邮箱", "生日", "积分"])
for cell in sheet[1]:
    cell.font = Font(bold=True)
for n in range(1, 301):
    sheet.append([n, f"张三{n}", f"0138{n:08}", f"p{n}@example.cn", datetime.date(1990, 1, 1 + n % 28),
                  n + 0.5])
sheet.auto_filter.ref = sheet.dimensions
sheet.freeze_panes = "A2"
book.create_sheet("备注").sheet_state = "hidden"
book.save(sys.argv[1])
""", path], check=True)
        with open(path, "rb") as file:
            self.put("联系人.xlsx", file.read())
        self.connect("--folder", "inbox=" + self.inbox)
        self.world.kontor("sync", "csv")
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT email) FROM contact"), [(300, 300)])
        self.assertEqual(self.rows("SELECT last_name || coalesce(first_name, ''), mobile, date_of_birth"
                                   " FROM contact WHERE email = 'p7@example.cn'"),
                         [("张三7", "013800000007", "1990-01-08")])
        self.assertEqual(self.rows("SELECT count(*) FROM csv_problems"), [(0,)])

    def test_what_is_gone_from_complete_files_is_deleted_and_from_others_is_not(self):
        world = self.world
        full = "id,name,email\n" + "".join(f"{n},P{n},p{n}@example.com\n" for n in range(100))
        self.put("contacts.csv", full)
        self.connect("--folder", "inbox=" + self.inbox, "--option", "complete=true")
        world.kontor("sync", "csv")
        self.assertEqual(self.rows("SELECT count(*) FROM contact"), [(100,)])
        # Files cannot be read by id: what asks for a sample gets all of it.
        self.assertIn("all of it was compared", world.kontor("verify", "csv").stderr)
        self.put("contacts.csv", full.replace("7,P7,p7@example.com\n", "", 1))
        world.kontor("sync", "csv", "--sweep")
        self.assertEqual(self.rows("SELECT count(*) FROM contact"), [(99,)])
        # A row that cannot be read is not one that is gone.
        self.put("contacts.csv", full.replace("9,P9,p9@example.com\n", "9,P9\n", 1))
        world.kontor("sync", "csv", "--sweep")
        self.assertEqual(self.rows("SELECT count(*) FROM contact WHERE email = 'p9@example.com'"),
                         [(1,)])

    def test_records_go_out_as_files_that_come_in_elsewhere(self):
        world = self.world
        self.connect("--folder", "inbox=" + self.inbox, "--folder", "outbox=" + self.outbox,
                     "--option", "exports=contact", name="out")
        refused = world.kontor("push", "on", "out", check=False)
        self.assertEqual(refused.returncode, 5)
        self.assertIn("First: kontor sync out", refused.stderr)
        world.kontor("sync", "out")
        world.sql("INSERT INTO contact(last_name, first_name, mobile, description) VALUES"
                  "('诸葛', '亮', '013700002222', '两行' || char(10) || '=1+1')")
        self.assertEqual(os.listdir(self.outbox), [])
        world.kontor("push", "on", "out")
        world.kontor("sync", "out")
        name, = os.listdir(self.outbox)
        with open(os.path.join(self.outbox, name), encoding="utf-8-sig", newline="") as file:
            row, = csv.DictReader(file)
        self.assertEqual((row["kontor_action"], row["last_name"], row["mobile"]),
                         ("create", "诸葛", "013700002222"))
        world.sql("UPDATE contact SET title = '丞相'")
        world.kontor("sync", "out")
        self.assertEqual(len(os.listdir(self.outbox)), 2)
        world.kontor("sync", "out")
        self.assertEqual(len(os.listdir(self.outbox)), 2)  # at rest nothing is written
        self.assertEqual(world.json("blocked")["blocked"], [])
        last = sorted(os.listdir(self.outbox))[-1]
        with open(os.path.join(self.outbox, last), encoding="utf-8-sig", newline="") as file:
            row, = csv.DictReader(file)
        self.assertEqual((row["kontor_action"], row["title"], row["last_name"]),
                         ("update", "丞相", "诸葛"))

        other = World(BIN, "csv-other")
        self.addCleanup(other.close)
        other.kontor("init")
        other.start_daemon()
        with open(os.path.join(self.outbox, last), "rb") as file:
            self.put("contacts.csv", file.read())
        other.kontor("connect", "csv", "--no-input", "--folder", "inbox=" + self.inbox, "--option",
                     "settle_s=0")
        other.kontor("sync", "csv")
        self.assertEqual(
            other.sql("SELECT last_name, first_name, mobile, description, title FROM contact"),
            world.sql("SELECT last_name, first_name, mobile, description, title FROM contact"))

    def test_a_company_that_comes_later_is_met_by_its_people(self):
        world = self.world
        self.put("customers.csv", "id,company name\nK1,Acme\n")
        people = "id,name,email,company\n1,Ada,a@example.com,acme\n2,Bob,b@example.com,Later Ltd.\n"
        self.put("contacts.csv", people)
        self.connect("--folder", "inbox=" + self.inbox)
        world.kontor("sync", "csv")
        whose = ("SELECT c.last_name, a.name FROM contact c LEFT JOIN account a ON a.id = c.account_id"
                 " ORDER BY c.id")
        self.assertEqual(self.rows(whose), [("Ada", "Acme"), ("Bob", None)])
        told = "SELECT file, line, column_name, code FROM csv_problems"
        self.assertEqual(self.rows(told), [("contacts.csv", 3, "company", "no_parent")])
        # It comes in another file, and the file of the people stays as it was.
        self.put("customers.csv", "id,company name\nK1,Acme\nK2,Later Ltd.\n")
        world.kontor("sync", "csv")
        self.assertEqual(self.rows(whose), [("Ada", "Acme"), ("Bob", "Later Ltd.")])
        self.assertEqual(self.rows(told), [])

    def test_a_table_that_comes_later_is_told_until_it_is_taken_in(self):
        world = self.world
        told = "SELECT file, code FROM csv_problems ORDER BY file"
        self.put("联系人.csv", "编号,姓名\nC1,张三\n")
        self.connect("--folder", "inbox=" + self.inbox)
        world.kontor("sync", "csv")
        self.assertEqual(self.rows(told), [])
        # Who only looks at what there is has not mapped it, be it before or behind the sync.
        self.put("订单.csv", "订单号,金额\nD1,5\n")
        world.kontor("connection", "fields", "csv")
        world.kontor("sync", "csv")
        self.assertEqual(self.rows(told), [("订单.csv", "new_table")])
        world.kontor("connection", "fields", "csv")
        self.put("订单.csv", "订单号,金额\nD1,5\nD2\n")
        world.kontor("sync", "csv")
        self.assertEqual(self.rows(told), [("订单.csv", "new_table")])

        world.kontor("connection", "fields", "csv", "--add", "订单")
        world.kontor("sync", "csv")
        world.kontor("sync", "csv")
        self.assertEqual(self.rows(told), [("订单.csv", "cell_count")])

    def test_two_thousand_who_may_be_the_same_are_answered_at_once(self):
        world, count = self.world, 2000
        other = os.path.join(world.dir, "other")
        os.mkdir(other)
        self.put("contacts.csv", "id,name,email\n" + "".join(
            f"{n},Ann One{n},p{n}@example.com\n" for n in range(count)))
        self.connect("--folder", "inbox=" + self.inbox)
        world.kontor("sync", "csv")
        with open(os.path.join(other, "people.csv"), "w", encoding="utf-8") as file:
            file.write("id,name,email\n" + "".join(
                f"{n},Bob Two{n},p{n}@example.com\n" for n in range(count)))
        self.connect("--folder", "inbox=" + other, "--option", "entities=people=contact", name="other")
        world.kontor("sync", "other")
        contacts = "SELECT count(*) FROM contact"
        self.assertEqual(self.rows(contacts), [(count,)])
        many = ("resolve", "--all", "--take", "same", "--rule", "email")
        preview = world.json(*many, "--dry-run")
        self.assertEqual(preview["decided"], count)
        self.assertEqual([(one["entity"], one["rule"], one["count"]) for one in preview["groups"]],
                         [("contact", "email", count)])
        first = world.json("conflicts", "--kind", "match", "--limit", "1")["conflicts"][0]
        world.kontor("resolve", str(first["id"]), "--apart")
        told = world.kontor(*many, "--yes")
        self.assertIn(f"{count - 1:,} decided: the same record", told.stderr)
        run, = re.findall(r"kontor undo (run:\d+)", told.stderr)
        world.kontor("undo", run, "--force")
        self.assertEqual(world.json(*many, "--dry-run")["decided"], count - 1)
        world.kontor(*many, "--yes")
        world.kontor("sync", "other")
        self.assertEqual(self.rows(contacts), [(count + 1,)])

    def test_what_is_given_wrongly_is_told_before_anything_is_tried(self):
        for words, said in (([], "--folder inbox="),
                            (["--folder", "inbox=/no/such/folder"], "is no folder"),
                            (["--folder", "box=" + self.inbox], "inbox, outbox")):
            with self.subTest(words):
                told = self.connect(*words, check=False)
                self.assertEqual(told.returncode, 2, told.stderr)
                self.assertIn(said, told.stderr)
        told = self.connect("--folder", "inbox=" + self.inbox, "--option", "exports=contact",
                            check=False)
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("the folder outbox cannot be read", told.stderr)

    def test_hostile_files_harm_nobody(self):
        self.put("good.csv", "id,name\n1,x\n")
        self.put("bomb.xlsx", workbook([["id"], ["x" * 5_000_000]]))
        laughs = workbook([["id"]])
        self.put("cut.xlsx", laughs[:len(laughs) // 2])
        self.put("garbage.csv", os.urandom(4096))
        self.put("quotes.csv", 'id,name\n' + '"x\n' * 5001)
        self.connect("--folder", "inbox=" + self.inbox)
        self.world.kontor("sync", "csv")
        self.assertEqual(self.world.json("status", "csv")["state"], "idle")
        files = {name for (name,) in self.rows("SELECT file FROM csv_problems")}
        for name in ("bomb.xlsx", "cut.xlsx", "quotes.csv"):
            self.assertTrue([file for file in files if file.startswith(name)], (name, files))


if __name__ == "__main__":
    unittest.main(verbosity=2)
