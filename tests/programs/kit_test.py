#!/usr/bin/env python3
"""The conformance kit, with the connectors that are shipped, each in its sandbox: `kontor plugin
check` against simulated accounts.

One more connector is a method: start its server, and hand `check` what the command line needs.
"""
import concurrent.futures
import json
import os
import pathlib
import sys
import unittest
from datetime import datetime, timedelta, timezone

from kit import Kit
from world import World

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from crm_server import CrmServer, Dolibarr, Espo, HubSpot, Pipedrive, SuiteCrm  # noqa: E402
from hub_fleet import account, init_hub  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from radicale_server import RadicaleServer  # noqa: E402
from survey_server import Formbricks, LimeSurvey, Typeform, Wjx  # noqa: E402

Kit.programs = sys.argv.pop(1)
DESCRIPTIONS = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "rest" / "descriptions"


class Hello(Kit):
    def test_reading(self):
        report = self.check("hello", "--read-only")
        self.assert_passed(report, "people", "pull", "unchanged")


class Zoho(Kit):
    streams = ("Contacts", "Deals")

    def account(self):
        world = self.world
        return [*world.account(), "--value", "client_id=" + world.info["client_id"],
                "--secret", "client_secret=file:" + world.secret_file("client_secret"),
                "--secret", "refresh_token=file:" + world.secret_file("refresh_token")]

    def test_everything(self):
        world = self.world
        world.start_peer("--records", "600", "--seed", "3")
        streams = [word for stream in self.streams for word in ("--stream", stream)]
        report = self.check("zoho", "--scratch", *streams, *self.account())
        self.assert_passed(report, "Contacts", "resume", "values", "stale_version", "lost_create",
                           "delete_seen")

    def test_reading_an_account_in_which_people_work(self):
        world = self.world
        world.start_peer("--records", "300", "--seed", "3")
        world.control("/bulk_edit", {"module": "Contacts", "count": 5, "set": {"Title": "CEO"}})
        report = self.check("zoho", "--read-only", "--stream", "Contacts", *self.account())
        self.assert_passed(report, "Contacts", "pull", "unchanged", "fetch")


class Fxiaoke(Kit):
    streams = ("ContactObj", "AccountObj")

    def everything(self, api):
        world = self.world
        world.start_fxiaoke("--records", "1500", "--seed", "5", "--switch", "rate_limit=false",
                            "--switch", "token_limit=false")
        world.fxiaoke.unheeded = ("get_request",)  # the kit asks after ids that no Fxiaoke gives
        info = world.fxiaoke.info
        streams = [word for stream in self.streams for word in ("--stream", stream)]
        return self.check("fxiaoke", "--scratch", "--requests-per-second", "200", *streams,
                          *world.fxiaoke_account(api),
                          "--value", "app_id=" + info["app_id"],
                          "--secret", "app_secret=file:" + world.secret_file("app_secret", info),
                          "--secret",
                          "permanent_code=file:" + world.secret_file("permanent_code", info))

    def test_the_new_interface(self):
        report = self.everything("new")
        self.assert_passed(report, "ContactObj", "resume", "values", "lost_create", "create_twice",
                           "delete_seen")

    def test_the_old_interface(self):
        report = self.everything("old")
        self.assert_passed(report, "ContactObj", "resume", "values", "lost_create", "delete_seen")


class Salesforce(Kit):
    streams = ("Contact", "Account")

    def everything(self, sign_in, *more):
        self.world.start_salesforce("--records", "2600", "--seed", "5", "--count", "Account=150")
        streams = [word for stream in self.streams for word in ("--stream", stream)]
        return self.check("salesforce", *streams, *self.world.salesforce_account(sign_in), *more)

    def test_everything(self):
        report = self.everything("jwt", "--scratch")
        self.assert_passed(report, "Contact", "resume", "values", "stale_version", "lost_create",
                           "create_twice", "delete_seen")

    def test_reading_by_bulk_jobs(self):
        report = self.everything("client_credentials", "--read-only", "--option", "bulk_from=100")
        self.assert_passed(report, "Contact", "pull", "resume", "unchanged", "fetch")


class CardDav(Kit):
    """On a real server."""

    def test_everything(self):
        server = RadicaleServer()
        self.addCleanup(server.close)
        server.make_book("people")
        for n in range(60):  # more than one batch
            server.put("people", f"p{n}.vcf", "\r\n".join([
                "BEGIN:VCARD", "VERSION:3.0", f"UID:p{n}", f"N:张;三{n};;;", f"FN:张三{n}",
                f"EMAIL;TYPE=WORK:p{n}@example.cn", f"TEL;TYPE=CELL:138000{n:05}",
                "ORG:示例公司;销售部", "BDAY:1990-02-28", "END:VCARD", ""]))
        report = self.check("carddav", "--scratch", "--allow-http-loopback",
                            "--option", "url=" + server.info["base_url"],
                            "--value", "user=" + server.info["user"], "--secret",
                            "password=file:" + self.world.secret_file("password", server.info))
        self.assert_passed(report, "people", "resume", "values", "stale_version", "lost_create",
                           "create_twice", "delete_seen")


class Rest(Kit):
    """The shipped descriptions, each with a small server that has its vendor's habits."""
    vendors = {
        "espocrm": (Espo(), "contacts", "Contact", {"lastName": "N", "emailAddress": "p{n}@x.cn"}),
        "hubspot": (HubSpot(), "contacts", "contacts", {"lastname": "N", "email": "p{n}@x.cn"}),
        "dolibarr": (Dolibarr(), "thirdparties", "thirdparties", {"name": "N", "client": "1"}),
        "pipedrive": (Pipedrive(), "persons", "persons", {
            "name": "N", "emails": [{"value": "p{n}@x.cn"}, {"value": "q{n}@x.cn"}]}),
        "suitecrm": (SuiteCrm(resolution=1.0), "contacts", "Contacts", {"last_name": "N"}),
    }

    def one(self, name):
        crm, stream, kind, fields = self.vendors[name]
        world = World(self.programs, "kit-" + name)
        self.addCleanup(world.close)
        for n in range(210):
            crm.add(kind, json.loads(json.dumps(fields).replace("{n}", str(n))),
                    at=1_780_000_000 + 3600 * (n // 7))
        with open(os.path.join(DESCRIPTIONS, name + ".toml")) as file:
            # What takes a minute there takes a second here.
            text = file.read().replace('resolution = "1m"', 'resolution = "1s"')
        path = os.path.join(world.dir, name + ".toml")
        with open(path, "w") as file:
            file.write(text)
        secret = "client_secret" if name == "suitecrm" else "token"
        with CrmServer(crm) as server:
            return self.check(path, "--scratch", "--allow-http-loopback", "--option",
                              "url=" + server.url, "--stream", stream, "--requests-per-second",
                              "200", *(["--value", "client_id=c"] if name == "suitecrm" else []),
                              "--secret", secret + "=file:" + world.secret_file(
                                  secret, {secret: crm.token}), world=world)

    def test_everything(self):
        # They mostly wait for the next second.
        with concurrent.futures.ThreadPoolExecutor(len(self.vendors)) as pool:
            reports = dict(zip(self.vendors, pool.map(self.one, self.vendors)))
        for name, report in reports.items():
            with self.subTest(name):
                self.assert_passed(report, self.vendors[name][1], "pull", "list_ids", "fetch",
                                   "values", "change_seen", "lost_create", "delete_seen")
        self.assert_passed(reports["espocrm"], "contacts", "stale_version")
        self.assert_passed(reports["dolibarr"], "thirdparties", "create_twice")


class Surveys(Kit):
    """Survey services, read only, each with a small server that speaks as its vendor documents."""
    start = datetime(2026, 5, 20, tzinfo=timezone.utc)

    def read(self, service, connector, *words):
        with CrmServer(service) as server:
            report = self.check(connector, "--read-only", "--allow-http-loopback",
                                "--stream", "responses", "--requests-per-second", "200",
                                *[word.replace("URL", server.url) for word in words])
        self.assertEqual(service.complaints, [])
        self.assert_passed(report, "responses", "pull", "unchanged")
        return report

    def secret(self, name, value):
        return name + "=file:" + self.world.secret_file(name, {name: value})

    def test_limesurvey(self):
        service = LimeSurvey()
        for n in range(1200):  # more than one export
            # The last ones are still being answered, some of them: they are read again each time.
            open_ = n > 1150 and n % 7 == 0
            service.add("7", None if open_ else self.start + timedelta(minutes=n), Q1=str(n % 11))
        report = self.read(service, "limesurvey",
                           "--option", "url=URL/index.php/admin/remotecontrol",
                           "--option", "surveys=7", "--value", "user=kontor",
                           "--secret", self.secret("password", service.password))
        self.assert_passed(report, "responses", "fetch", "fetch_unknown")

    def test_formbricks(self):
        service = Formbricks()
        for n in range(250):
            service.add("s1", {"nps": n % 11}, n % 7 > 0, at=self.start + timedelta(minutes=n // 9))
        report = self.read(service, str(DESCRIPTIONS / "formbricks.toml"), "--option", "url=URL",
                           "--secret", self.secret("token", service.token))
        self.assert_passed(report, "responses", "fetch", "fetch_unknown")

    def test_typeform(self):
        service = Typeform()
        for n in range(1300):
            service.add("F1", [("score", "number", n % 11)],
                        at=self.start + timedelta(minutes=n // 9))
        self.read(service, str(DESCRIPTIONS / "typeform.toml"), "--option", "url=URL",
                  "--option", "forms=F1", "--secret", self.secret("token", service.token))

    def test_wjx(self):
        service = Wjx()
        for n in range(130):
            service.add("7001", {2: n % 11}, at=self.start + timedelta(minutes=n // 9 * 10))
        self.read(service, str(DESCRIPTIONS / "wjx.toml"), "--option", "url=URL",
                  "--option", "surveys=7001", "--secret", self.secret("token", service.token))


class Csv(Kit):
    def test_everything(self):
        world = self.world
        folders = [os.path.join(world.dir, name) for name in ("inbox", "outbox")]
        for folder in folders:
            os.mkdir(folder)
        for table in ("contacts", "members"):
            path = os.path.join(folders[0], table + ".csv")
            with open(path, "w", encoding="gb18030") as out:
                out.write("编号,姓名,手机,邮箱,生日,金额\n")
                for n in range(2500):  # more than one batch
                    out.write(f"{n},张三{n},138000{n:05},p{n}@example.cn,1990-02-{1 + n % 28:02},"
                              f"{n}.50\n")
        report = self.check("csv", "--scratch", "--folder", "inbox=" + folders[0],
                            "--folder", "outbox=" + folders[1], "--option", "settle_s=0",
                            "--option", "complete=true", "--option", "exports=contact,account")
        self.assert_passed(report, "contacts", "pull", "resume", "unchanged", "list_ids", "fetch",
                           "fetch_unknown")
        self.assert_passed(report, "account_export", "create", "create_twice", "find")


class Postgres(Kit):
    """On a real server."""
    TABLES = """
        SET ROLE kontor;
        CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(), kontor_id text UNIQUE);
        CREATE TABLE contacts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            last_name text NOT NULL, first_name text, title varchar(200), email text UNIQUE,
            companies_id bigint REFERENCES companies, shoe_size int, salary numeric(12,2),
            born date, met timestamptz, vip boolean, weight double precision, notes jsonb,
            updated_at timestamptz NOT NULL DEFAULT now(), kontor_id text UNIQUE);
        INSERT INTO companies(name, updated_at)
            SELECT '公司' || n, now() - n * interval '1 day' FROM generate_series(1, 20) n;
        INSERT INTO contacts(last_name, first_name, email, companies_id, updated_at)
            SELECT '张', '三' || n, 'p' || n || '@example.com', 1 + n % 20,
                   now() - n * interval '1 hour' FROM generate_series(1, 1200) n;  -- more than one batch
    """

    def test_everything(self):
        server = PostgresServer()
        self.addCleanup(server.close)
        server.sql(self.TABLES)
        info = server.info
        report = self.check("postgres", "--scratch", "--option", "host=" + info["host"],
                            "--option", f"port={info['port']}",
                            "--option", "database=" + info["database"],
                            "--value", "user=" + info["user"], "--ca-file", info["ca_file"],
                            "--secret", "password=file:" + self.world.secret_file("password", info))
        self.assert_passed(report, "contacts", "resume", "values", "stale_version", "create_twice",
                           "lost_create", "lost_update", "lost_delete", "refused_write",
                           "delete_seen")


class Hub(Kit):
    """A team's hub on a real server, with rows that laptops have left there."""
    streams = ("contact", "account", "note")
    ROWS = """
        SET search_path = kontor;
        UPDATE kontor_hub_clock SET stamp = 400 WHERE one = 1;
        INSERT INTO account(kontor_id, kontor_version, kontor_stamp, kontor_by, name)
            SELECT 'account-' || n, 1, n, 'laptop', '公司' || n FROM generate_series(1, 20) n;
        INSERT INTO contact(kontor_id, kontor_version, kontor_stamp, kontor_by, last_name, first_name,
                            email, account_id)
            SELECT 'contact-' || n, 1 + n % 12, n / 3, 'laptop', '张', '三' || n,
                   'p' || n || '@example.com', 'account-' || 1 + n % 20
            FROM generate_series(1, 1200) n;  -- more than one batch
    """

    def test_everything(self):
        server = PostgresServer()
        self.addCleanup(server.close)
        init_hub(self.world, server)
        server.sql(self.ROWS)
        streams = [word for stream in self.streams for word in ("--stream", stream)]
        report = self.check("hub", "--scratch", *streams, *account(self.world, server.info))
        self.assert_passed(report, "contact", "pull", "resume", "unchanged", "fetch", "find", "values",
                           "change_seen", "stale_version", "create_twice", "lost_create",
                           "lost_update", "lost_delete", "refused_write", "delete_seen")


if __name__ == "__main__":
    unittest.main(verbosity=2)
