"""Four systems that know the same people: a simulated Zoho and Fxiaoke, a real PostgreSQL, a real
Radicale (CardDAV); and Kontor between them. Used by many_test.py and the demo.

What each system has is read by its own tools: the simulated CRMs' dumps, psql, Radicale's files. A person
is a dictionary with keys of FIELDS, in that system's own spelling.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "programs"), os.path.join(HERE, "..", "support")]
from cut_line import CutLine  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from radicale_server import RadicaleServer  # noqa: E402
import world  # noqa: E402

# Of a company whose telephone number is known it is certain that it is the same one.
PHONES = {"上海海风贸易有限公司": ("+86 21 5555 6666", "021-55556666", "(021) 5555 6666")}
FIELDS = ("last", "first", "email", "mobile", "title", "department", "company")
COLUMNS = {"last": "last_name", "first": "first_name"}  # of the replica; the others are the same
BOOK = "people"


class Crm:
    """What the two simulated CRMs have in common. `names`: FIELDS there."""

    def __init__(self, around, peer):
        self.world, self.peer, self.port, self.companies = around, peer, peer.port, {}

    def order(self, path, **body):
        return json.loads(self.peer.request(path, body))

    def fault(self, kind, **more):
        self.order("/fault", kind=kind, **more)

    def forgive(self):
        self.peer.request("/fault", method="DELETE")
        self.normalise()

    def lose_answer(self):
        self.fault("lost_answer", count=1, match={"path_prefix": self.writing})

    def refuse(self):
        self.fault("status", count=2, params={"status": 503})

    def down(self):
        self.fault("drop_before", probability=1.0)

    def up(self):
        self.forgive()

    def fields(self, person):
        return {self.names[key]: value for key, value in person.items() if key in self.names}

    def log(self):
        return json.loads(self.peer.request("/log"))["log"]


class Zoho(Crm):
    """Spells mobile numbers +86 …"""

    name = "zoho"
    names = {"last": "Last_Name", "first": "First_Name", "email": "Email", "mobile": "Mobile",
             "title": "Title", "department": "Department"}
    writing = "/crm/v8/Contacts"

    def __init__(self, around):
        around.start_peer("--records", "0", "--seed", "3")
        super().__init__(around, around.zoho)
        self.normalise()

    def normalise(self):
        self.fault("normalise", params={"module": "Contacts", "field": "Mobile", "rule": "phone"})

    def connect(self):
        self.world.connect("--option", "modules=Accounts,Contacts,Leads")

    def lines(self, module, fields):
        return self.peer.lines(f"/dump?module={module}&fields=id,{fields}&limit=100000")

    def people(self):
        accounts = {row["id"]: row["Account_Name"] for row in self.lines("Accounts", "Account_Name")}
        out = {}
        for row in self.lines("Contacts", ",".join([*self.names.values(), "Account_Name"])):
            out[row["id"]] = {key: row.get(field) for key, field in self.names.items()}
            out[row["id"]]["company"] = accounts.get((row.get("Account_Name") or {}).get("id"))
        return out

    def values(self, person):
        out = self.fields(person)
        if "company" in person:
            out["Account_Name"] = {"id": self.company(person["company"])}
        return out

    def company(self, name):
        if name not in self.companies:
            told = {"Phone": PHONES[name][0]} if name in PHONES else {}
            self.companies[name] = self.order("/create", module="Accounts",
                                              set={"Account_Name": name, **told})["id"]
        return self.companies[name]

    def add(self, **person):
        return self.order("/create", module="Contacts", set=self.values(person))["id"]

    def edit(self, key, **values):
        self.order("/edit", module="Contacts", id=key, set=self.values(values))

    def delete(self, key):
        self.order("/delete", module="Contacts", id=key)

    def writes(self):
        """Requests of Kontor's that wrote or meant to."""
        return sum(one["method"] in ("POST", "PUT", "PATCH", "DELETE") and
                   not re.search(r"/(coql|read|token)\b", one["path"]) for one in self.log())


class Fxiaoke(Crm):
    """A name is one field; spells e-mail addresses in small letters."""

    name = "fxiaoke"
    names = {"email": "email", "mobile": "mobile1", "title": "job_title", "department": "department"}
    writing = "/cgi/crm/v2/data/update"

    def __init__(self, around):
        around.start_fxiaoke("--records", "0", "--count", "AccountObj=0", "--count",
                             "ProductObj=0", "--seed", "5")
        super().__init__(around, around.fxiaoke)
        self.normalise()

    def normalise(self):
        self.fault("normalise", params={"object": "ContactObj", "field": "email", "rule": "lower"})

    def connect(self):
        self.world.connect_fxiaoke("--option", "objects=AccountObj,ContactObj,LeadsObj", "--option",
                                   "custom_objects=false")

    def lines(self, what):
        return self.peer.lines("/dump?object=" + what)

    def people(self):
        accounts = {row["_id"]: row["name"] for row in self.lines("AccountObj")}
        out = {}
        for row in self.lines("ContactObj"):
            out[row["_id"]] = {key: row.get(field) for key, field in self.names.items()}
            out[row["_id"]].update(last=row["name"], first=None,
                                   company=accounts.get(row.get("account_id")))
        return out

    def values(self, person):
        out = self.fields(person)
        if "last" in person:
            out["name"] = written(person["last"], person.get("first"))
        if "company" in person:
            out["account_id"] = self.company(person["company"])
        return out

    def company(self, name):
        if name not in self.companies:
            told = {"tel": PHONES[name][1]} if name in PHONES else {}
            self.companies[name] = self.order("/create", object="AccountObj",
                                              set={"name": name, **told})["ids"][0]
        return self.companies[name]

    def add(self, **person):
        return self.order("/create", object="ContactObj", set=self.values(person))["ids"][0]

    def edit(self, key, **values):
        self.order("/edit", object="ContactObj", id=key, set=self.values(values))

    def delete(self, key):
        self.order("/invalid", object="ContactObj", id=key)

    def writes(self):
        return sum(re.search(r"/(create|update|invalid|delete|changeOwner|recover)\w*$", one["path"],
                             re.IGNORECASE) is not None for one in self.log())


class Salesforce(Crm):
    """People only: it is not one of the four."""

    name = "salesforce"
    names = {"last": "LastName", "first": "FirstName", "email": "Email", "mobile": "MobilePhone",
             "title": "Title", "description": "Description"}

    def __init__(self, around):
        around.start_salesforce("--records", "0", "--seed", "7")
        super().__init__(around, around.salesforce)

    def connect(self):
        self.world.kontor("connect", "salesforce", "--no-input",
                          *self.world.salesforce_account())

    def people(self):
        return {row["Id"]: {key: row.get(field) for key, field in self.names.items()}
                for row in self.peer.lines("/dump?object=Contact")}

    def add(self, **person):
        return self.order("/create", object="Contact", set=self.fields(person))["ids"][0]

    def edit(self, key, **values):
        self.order("/edit", object="Contact", id=key, set=self.fields(values))

    def delete(self, key):
        self.order("/delete", object="Contact", id=key)


class Postgres:
    """Keeps digits only in telephone numbers; counts what Kontor writes, refused or not."""

    name = "postgres"
    names = {"last": "last_name", "first": "first_name", "email": "email", "mobile": "mobile",
             "title": "title", "department": "department"}
    TABLES = """
        SET ROLE kontor;
        CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL, phone text, updated_at timestamptz NOT NULL DEFAULT now(),
            version int NOT NULL DEFAULT 1, kontor_id text UNIQUE);
        CREATE TABLE contacts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            last_name text NOT NULL, first_name text, email text, mobile text, title text,
            department text, companies_id bigint REFERENCES companies,
            updated_at timestamptz NOT NULL DEFAULT now(), version int NOT NULL DEFAULT 1,
            kontor_id text UNIQUE);
        RESET ROLE;
        CREATE SEQUENCE writes;
        GRANT USAGE ON SEQUENCE writes TO kontor;
        CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.mobile := regexp_replace(NEW.mobile, '[^0-9]', '', 'g');
            IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
                NEW.version := OLD.version + 1;
                NEW.updated_at := clock_timestamp();
            END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW
            EXECUTE FUNCTION tidy();
        CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF current_user = 'kontor' THEN PERFORM nextval('writes'); END IF;
            RETURN NULL; END $$;
        CREATE TRIGGER counted BEFORE INSERT OR UPDATE OR DELETE ON contacts FOR EACH STATEMENT
            EXECUTE FUNCTION count_writes();
        CREATE TRIGGER counted BEFORE INSERT OR UPDATE OR DELETE ON companies FOR EACH STATEMENT
            EXECUTE FUNCTION count_writes();
    """

    def __init__(self, around):
        self.world = around
        self.server = PostgresServer()
        self.server.sql(self.TABLES)
        self.line = CutLine(self.server.info["port"])

    def connect(self):
        info = self.server.info
        self.world.kontor(
            "connect", "postgres", "--no-input", "--option", "host=" + info["host"], "--option",
            f"port={self.line.port}", "--option", "database=" + info["database"], "--option",
            "version_column=version", "--value", "user=" + info["user"], "--secret",
            "password=file:" + self.world.secret_file("in_database", {
                "in_database": info["password"]}), "--ca-file",
            info["ca_file"])

    def people(self):
        said = self.server.sql(
            "SELECT jsonb_build_object('id', c.id, 'company', f.name, "
            + ", ".join(f"'{key}', c.{column}" for key, column in self.names.items())
            + ") FROM contacts c LEFT JOIN companies f ON f.id = c.companies_id")
        rows = [json.loads(line) for line in said]
        return {str(row.pop("id")): row for row in rows}

    def values(self, person):
        out = {self.names[key]: quoted(value) for key, value in person.items() if key in self.names}
        if "company" in person:
            out["companies_id"] = self.company(person["company"])
        return out

    def company(self, name):
        phone = quoted(PHONES[name][2] if name in PHONES else None)
        self.server.sql(f"INSERT INTO companies(name, phone) SELECT {quoted(name)}, {phone} WHERE"
                        f" NOT EXISTS (SELECT 1 FROM companies WHERE name = {quoted(name)})")
        return self.server.sql(f"SELECT id FROM companies WHERE name = {quoted(name)}")[0]

    def add(self, **person):
        values = self.values(person)
        return self.server.sql(f"INSERT INTO contacts({', '.join(values)})"
                               f" VALUES({', '.join(values.values())}) RETURNING id")[0]

    def edit(self, key, **values):
        changed = ", ".join(f"{column} = {value}" for column, value in self.values(values).items())
        self.server.sql(f"UPDATE contacts SET {changed} WHERE id = {key}")

    def delete(self, key):
        self.server.sql(f"DELETE FROM contacts WHERE id = {key}")

    def writes(self):
        return int(self.server.sql("SELECT CASE WHEN is_called THEN last_value ELSE 0 END"
                                   " FROM writes")[0])

    def lose_answer(self):
        self.line.lose_answer()

    def refuse(self):
        """Every session ends, as when the server is restarted."""
        self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE usename = 'kontor'")

    def forgive(self):
        self.line.forgive()

    def down(self):
        self.server.stop()

    def up(self):
        self.server.start()

    def close(self):
        self.line.close()
        self.server.close()


class CardDav:
    """An address book of phones: each card is text, and a company is a name on it."""

    name = "carddav"

    def __init__(self, around):
        self.world, self.serial = around, 0
        self.server = RadicaleServer()
        self.server.make_book(BOOK)
        self.line = CutLine(self.server.port)

    def connect(self):
        self.world.kontor(
            "connect", "carddav", "--no-input", "--allow-http-loopback",
            "--option", f"url=http://127.0.0.1:{self.line.port}",
            "--value", "user=" + self.server.info["user"], "--secret",
            "password=file:" + self.world.secret_file("of_book", {
                "of_book": self.server.info["password"]}))

    def text(self, key):
        folder = self.server.path(f"collections/collection-root/{self.server.info['user']}/{BOOK}")
        with open(os.path.join(folder, key), encoding="utf-8", newline="") as card:
            return card.read()

    def people(self):
        return {key: self.person(self.text(key)) for key in self.server.names(BOOK)}

    @staticmethod
    def person(card):
        out = dict.fromkeys(FIELDS)
        for line in re.sub(r"\r?\n[ \t]", "", card).splitlines():
            head, _, value = line.partition(":")
            name, _, types = head.partition(";")
            parts = [plain(part) or None for part in re.split(r"(?<!\\);", value)] + [None, None]
            if name == "N":
                out["last"], out["first"] = parts[:2]
            elif name == "ORG":
                out["company"], out["department"] = parts[:2]
            elif name == "TITLE":
                out["title"] = parts[0]
            elif name == "EMAIL":
                out["email"] = parts[0]
            elif name == "TEL" and "CELL" in types:
                out["mobile"] = parts[0]
        return out

    @staticmethod
    def lines(person):
        """The lines of a card that FIELDS stand in, by what they begin with."""
        def text(key):
            return re.sub(r"([\\,;])", r"\\\1", person.get(key) or "")
        return {"N": f"N:{text('last')};{text('first')};;;",
                "FN": "FN:" + written(person.get("last") or "", person.get("first")),
                "EMAIL": "EMAIL;TYPE=WORK:" + text("email"),
                "TEL;TYPE=CELL": "TEL;TYPE=CELL:" + text("mobile"),
                "TITLE": "TITLE:" + text("title"),
                "ORG": f"ORG:{text('company')};{text('department')}"}

    def add(self, **person):
        self.serial += 1
        key = f"card-{self.serial}.vcf"
        lines = [line for line in self.lines(person).values() if line.strip(";")[-1] != ":"]
        self.server.put(BOOK, key, "\r\n".join(
            ["BEGIN:VCARD", "VERSION:3.0", f"UID:card-{self.serial}", *lines, "END:VCARD", ""]))
        return key

    def edit(self, key, **values):
        self.server.alter(BOOK, key, lambda card: self.edited(card, values))

    def edited(self, card, values):
        """As a phone does it: the lines that change, and nothing else of the card."""
        card = re.sub(r"\r?\n[ \t]", "", card)
        person = self.person(card)
        before, after = self.lines(person), self.lines({**person, **values})
        for begin, line in after.items():
            if line == before[begin]:
                continue
            begins = re.escape(begin.split(";")[0]) + ("[^:]*CELL" if "CELL" in begin else "")
            card, found = re.subn(rf"(?m)^{begins}[;:][^\r\n]*", lambda _, line=line: line, card)
            if not found:
                card = card.replace("END:VCARD", line + "\r\nEND:VCARD")
        return card

    def delete(self, key):
        self.server.delete(BOOK, key)

    def writes(self):
        return sum(self.line.requests[method] for method in ("PUT", "DELETE", "POST", "MKCOL"))

    def lose_answer(self):
        self.line.lose_answer()

    def refuse(self):
        self.line.refuse()

    def forgive(self):
        self.line.forgive()

    def down(self):
        self.line.down()

    def up(self):
        self.line.up()

    def close(self):
        self.line.close()
        self.server.close()


KINDS = (Zoho, Fxiaoke, Postgres, CardDav)
SIDES = tuple(kind.name for kind in KINDS)


class World(world.World):
    """`sides`: the four systems by name, in the order in which they are connected."""

    def __init__(self, programs, name="many", language="C.UTF-8"):
        super().__init__(programs, name, language)
        self.sides = {}
        try:
            for kind in KINDS:
                self.sides[kind.name] = kind(self)
            self.kontor("init")
        except BaseException:
            self.close()
            raise

    def close(self, keep=False):
        for side in self.sides.values():
            if hasattr(side, "close"):
                side.close()
        super().close(keep)

    def sync(self, *names, check=True, more=()):
        """All of them at a time, each in its own process, as their schedules do."""
        names = names or tuple(self.sides)
        said = {}
        for name, asked in zip(names, self.begin(*names, more=more)):
            text = asked.communicate(timeout=180)[1]
            if asked.returncode != 0:
                said[name] = text
        if check and said:
            raise AssertionError(f"kontor sync: {said}")
        return said

    def begin(self, *names, more=()):
        """Asks for it and does not wait: the processes that do."""
        return [subprocess.Popen([self.program("kontor"), "sync", name, *more], env=self.env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                for name in names]

    def recover(self):
        """After faults: until all four can be synced again."""
        world.until(lambda: not self.sync(check=False), "all four are synced")

    def writes(self):
        return {name: side.writes() for name, side in self.sides.items()}

    def settle(self, rounds=14):
        """Syncs until two whole rounds have changed nothing anywhere: the first may have joined a
        cycle that was under way."""
        def state():
            return self.writes(), self.sql("SELECT max(seq) FROM kontor_history")
        quiet = 0
        for _ in range(rounds):
            before = state()
            self.sync()
            quiet = quiet + 1 if state() == before else 0
            if quiet == 2:
                return
        raise AssertionError(f"not at rest after {rounds} rounds: {before} {state()}")

    def here(self):
        """The people of the replica, as the sqlite3 program has them."""
        said = subprocess.run(
            ["sqlite3", "-readonly", "-json", "-cmd", ".timeout 10000", self.replica,
             "SELECT c.id, c.last_name AS last, c.first_name AS first, c.email, c.mobile, c.title,"
             " c.department, a.name AS company FROM contact c LEFT JOIN account a"
             " ON a.id = c.account_id"], check=True, capture_output=True, text=True).stdout
        return {row.pop("id"): row for row in json.loads(said or "[]")}

    def ids(self, record):
        """What a contact is called on each side."""
        return dict(self.sql(
            "SELECT n.name, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id ="
            " l.stream JOIN kontor_connection n ON n.id = s.connection JOIN kontor_entity e ON"
            " e.id = s.entity WHERE e.name = 'contact' AND l.record = ? AND l.ext_id IS NOT NULL"
            " AND l.state = 0", record))

    def differences(self, kept=frozenset()):
        """Every person is on every side, once, and says the same there: what is not so. `kept`:
        (side, id) of records that a policy has left where they are, unlinked."""
        there = {name: side.people() for name, side in self.sides.items()}
        out, linked = [], set()
        for record, person in self.here().items():
            ids = self.ids(record)
            for name in self.sides:
                key = ids.get(name)
                linked.add((name, key))
                theirs = there[name].get(key)
                if theirs is None:
                    out.append(f"{name} lacks {call(person)}")
                    continue
                if same(theirs) != same(person):
                    out.append(f"{name} {key}: {theirs}, here {person}")
                # A company is a text on a card.
                elif name != "carddav" and theirs["company"] != person["company"]:
                    out.append(f"{name} {key}: {theirs['company']}, here {person['company']}")
        alone = {(name, key) for name, people in there.items() for key in people} - linked
        out += [f"only at {name}: {key}" for name, key in sorted(alone - set(kept))]
        return out + [f"no longer at {name}: {key}" for name, key in sorted(set(kept) - alone)]

    def policy(self, name, stream, **words):
        """Changes keys of a stream in a connection's mapping file, as an administrator does."""
        path = os.path.join(self.config, name + ".mapping.toml")
        with open(path, encoding="utf-8") as file:
            before, begin, rest = file.read().partition(f'[[stream]]\nname = "{stream}"\n')
        assert begin, f"no stream {stream} in {path}"
        for key, value in words.items():
            rest, found = re.subn(rf'(?m)^{key} = "\w+"$', f'{key} = "{value}"', rest, count=1)
            assert found, f"no {key} of {stream} in {path}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(before + begin + rest)
        self.kontor("reload")

    def questions(self):
        return self.json("conflicts")["conflicts"]

    def plugins(self):
        """The processes in which the connectors run, by connection."""
        out = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
                with open(f"/proc/{pid}/cmdline") as line:
                    words = line.read().split("\0")
            except OSError:
                continue
            if parent == self.daemon.pid and "kontor-connector" in words[0]:
                out[int(pid)] = words
        return out

    def kill_plugins(self):
        killed = list(self.plugins())
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        return len(killed)


def written(last, first):
    """A whole name as its bearer writes it."""
    if not first:
        return last
    return last + first if ord(last[0]) > 0x2e80 else f"{first} {last}"


def call(person):
    return written(person["last"], person["first"])


def plain(text):
    return re.sub(r"\\(.)", r"\1", text.replace("\\n", "\n"))


def quoted(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def same(person):
    """A person regardless of spelling: what must be equal on all sides."""
    digits = re.sub(r"[^0-9]", "", person["mobile"] or "")
    digits = re.sub(r"^(0+)?86(?=1)", "", digits)
    return (written(person["last"], person["first"]), (person["email"] or "").lower(), digits,
            person["title"] or "", person["department"] or "")
