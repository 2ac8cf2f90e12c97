"""People here and colleagues there, who edit records of one remote while kontord syncs.

Every value is a unique token, so that at the end each can be looked for on both sides. Used by the tests
of this folder.
"""
import functools
import os
import random
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import four_remotes  # noqa: E402
import other_remotes  # noqa: E402
import world  # noqa: E402


class Remote:
    """`ours` and `theirs`: the columns that people here and colleagues there write into. `keyed`: it has a
    unique field for our key, or may have. `whole_names`: a name is one field there."""

    keyed, whole_names = True, False

    def strike(self):
        """Something at the remote is killed, or nothing."""

    def settle(self):
        """What colleagues have typed gets there, and what is there gets to them."""

    def problems(self):
        """What is wrong at the remote in itself."""
        return []

    def close(self):
        pass


class OfZoho(Remote):
    """An account with records of every kind; `plain`: with people alone, of whom it has nothing but what any
    other remote can have as well."""

    name, stream, ours, theirs = "zoho", "Contacts", "phone", "description"

    def __init__(self, around):
        self.world, self.plain = around, False

    def start(self, records):
        if self.plain:
            four_remotes.Zoho(self.world)
            for n in range(records):
                self.world.control("/create", {"module": "Contacts", "set": {
                    "Last_Name": f"Zoho{n}", "Email": f"z{n}@example.org"}})
            return
        self.world.start_peer(
            "--records", str(records), "--accounts", "10", "--deals", "10", "--leads", "5", "--seed",
            str(self.world.seed), *([] if self.world.keyed else ["--switch", "external_field=false"]))

    def connect(self, *connection):
        self.world.connect(*(("--option", "modules=Accounts,Contacts,Leads") if self.plain else ()), *connection)

    def people(self):
        return {r["id"]: {"last": r["Last_Name"], "phone": r["Phone"],
                          "description": r["Description"]}
                for r in self.world.dump("Contacts", "Last_Name,Phone,Description")}

    def edit(self, key, text):
        self.world.control("/edit", {"module": "Contacts", "id": key, "set": {"Description": text}})


class OfPeople(Remote):
    """A system of four_remotes or other_remotes, with people only."""

    def __init__(self, kind, stream, ours, theirs, around, keyed=True, whole_names=False):
        self.kind, self.stream, self.name, self.keyed = kind, stream, kind.name, keyed
        self.whole_names = whole_names
        self.ours, self.theirs = ours, theirs
        self.world, self.side = around, None

    def start(self, records, called="Person"):
        self.side = self.kind(self.world)
        for n in range(records):
            self.side.add(last=f"{called}{n}", email=f"{called[0].lower()}{n}@example.org")

    def connect(self):
        self.side.connect()

    def people(self):
        return self.side.people()

    def edit(self, key, text):
        self.side.edit(key, **{self.theirs: text})

    def close(self):
        if hasattr(self.side, "close"):
            self.side.close()


class OfHub(OfPeople):
    """A team's hub, where more can be killed: the server, and the kontord of a colleague."""

    def strike(self):
        self.side.strike()

    def settle(self):
        self.side.settle()

    def problems(self):
        return self.side.problems()


def people(kind, stream, ours="title", theirs="department", of=OfPeople, **how):
    return functools.partial(of, kind, stream, ours, theirs, **how)


REMOTES = {
    "zoho": OfZoho,
    "fxiaoke": people(four_remotes.Fxiaoke, "ContactObj", whole_names=True),
    "salesforce": people(four_remotes.Salesforce, "Contact", theirs="description"),
    "postgres": people(four_remotes.Postgres, "contacts"),
    "carddav": people(four_remotes.CardDav, four_remotes.BOOK),
    "dolibarr": people(other_remotes.OfDolibarr, "contacts", "phone", "mobile"),
    "suitecrm": people(other_remotes.OfSuiteCrm, "contacts", "phone", "mobile", keyed=False),
    "hub": people(other_remotes.Hub, "contact", of=OfHub),
}


class World(world.World):
    """`keyed`: records are created with a unique external id, if the remote can have one. `remote`: one of
    REMOTES."""

    def __init__(self, programs, name, seed, keyed=True, remote="zoho"):
        super().__init__(programs, name)
        self.seed = seed
        self.random = random.Random(seed)
        self.remote = REMOTES[remote](self)
        self.keyed = keyed and self.remote.keyed
        # The daemon says when it serves, as to systemd: asking it again and again takes longer
        # than its start.
        self.env["NOTIFY_SOCKET"] = os.path.join(self.dir, "notify")
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(self.env["NOTIFY_SOCKET"])
        self.notified.settimeout(world.PATIENCE)

    def start_daemon(self):
        self.spawn_daemon()
        while b"READY=1" not in self.notified.recv(4096).split(b"\n"):
            pass

    def close(self, keep=False):
        self.notified.close()
        self.remote.close()
        super().close(keep)

    def start(self, records, *connection):
        """Remote and daemon; the first load is done, and pushing is on."""
        self.remote.start(records)
        self.start_daemon()
        self.remote.connect(*connection)
        self.kontor("sync", self.remote.name)
        self.kontor("push", "on", self.remote.name)


class Edits:
    """What people here and colleagues there have typed, as far as it was reported as done."""

    def __init__(self, world):
        self.world, self.serial = world, 0
        self.ours = {}          # local id -> last token in the remote's column `ours`
        self.created = {}       # local id -> token in last_name
        self.theirs = {}        # id at the remote -> last token of a colleague's
        self.ways = {"api": 0, "sql": 0}
        self.creations_max = None  # unlimited
        self.first = [row[0] for row in world.sql("SELECT id FROM contact ORDER BY id")]
        self.foreign = list(world.remote.people())

    def token(self):
        self.serial += 1
        return f"T{self.world.seed}-{self.serial}"

    def here(self):
        token, chance = self.token(), self.world.random
        way = chance.choice(("api", "sql"))
        self.ways[way] += 1
        room = self.creations_max is None or len(self.created) < self.creations_max
        if chance.random() < 0.3 and room:
            row = {"last_name": token, "email": f"{token.lower()}@example.org"}
            if way == "api":
                record = self.world.api("POST", "/records/contact", {"fields": row})["ids"][0]
            else:
                self.world.sql("INSERT INTO contact(last_name, email) VALUES(?, ?)", *row.values())
                record = self.world.sql("SELECT id FROM contact WHERE last_name = ?", token)[0][0]
            self.created[record] = token
            return
        record = chance.choice(self.first + list(self.created))
        if way == "api":
            self.world.api("PATCH", f"/records/contact/{record}",
                           {"fields": {self.world.remote.ours: token}})
        else:
            self.world.sql(f"UPDATE contact SET {self.world.remote.ours} = ? WHERE id = ?", token,
                           record)
        self.ours[record] = token

    def there(self):
        record, token = self.world.random.choice(self.foreign), self.token()
        self.world.remote.edit(record, token)
        self.theirs[record] = token


def find_problems(world, edits):
    """What was typed and is not on both sides, in words; how many records are blocked."""
    problems, remote = [], world.remote
    rows = {r[0]: r[1:] for r in
            world.sql(f"SELECT id, last_name, {remote.ours}, {remote.theirs} FROM contact")}
    # Who has a first name too is called otherwise where a name is one field.
    in_parts = {r[0] for r in world.sql("SELECT id FROM contact WHERE first_name IS NOT NULL")}
    links = dict(world.sql(
        "SELECT l.record, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " WHERE s.name = ? AND l.ext_id IS NOT NULL", remote.stream))
    blocked = {r[0] for r in world.sql(
        "SELECT l.record FROM kontor_blocked b JOIN kontor_link l ON l.id = b.link")}
    # Only a record made here without a key may be of unknown fate.
    unknown = set() if world.keyed else blocked & set(edits.created)
    for record in blocked - unknown:
        problems.append(f"contact {record} is blocked")
    people = remote.people()
    columns = ("last", remote.ours, remote.theirs)
    for record, values in rows.items():
        there = people.get(links.get(record), {})
        skip = 1 if remote.whole_names and record in in_parts else 0
        if record not in unknown and values[skip:] != tuple(there.get(column) for column in columns[skip:]):
            problems.append(f"contact {record}: {values} here, {there} there")
    problems += [f"{key} is there alone: {people[key]}"
                 for key in sorted(set(people) - set(links.values()))]
    problems += remote.problems()
    for record, token in edits.ours.items():
        there = people.get(links.get(record), {})
        if rows.get(record, (None, None))[1] != token:
            problems.append(f"contact {record}: {token} is lost here: {rows.get(record)}")
        elif record not in unknown and there.get(remote.ours) != token:
            problems.append(f"contact {record}: {token} is not there: {there}")
    local = {ext_id: record for record, ext_id in links.items()}
    for ext_id, token in edits.theirs.items():
        here = rows.get(local.get(ext_id), (None, None, None))[2]
        if here != token or people[ext_id][remote.theirs] != token:
            problems.append(f"{ext_id}: a colleague's {token} is lost: {here} here,"
                            f" {people[ext_id][remote.theirs]} there")
    names = {}
    for person in people.values():
        names[person["last"]] = names.get(person["last"], 0) + 1
    for record, token in edits.created.items():
        count = names.get(token, 0)
        if count > 1 or (count == 0 and record not in unknown):
            problems.append(f"{token} (contact {record}) is there {count} times")
    made = list(edits.created.values())
    if sorted(row[0] for row in rows.values() if row[0] in set(made)) != sorted(made):
        problems.append("records were doubled here")
    check = world.sql("PRAGMA integrity_check")[0][0]
    if check != "ok":
        problems.append("integrity: " + check)
    return problems, len(blocked)


def report(world, edits, what):
    """Prints what was done and what is wrong; False if anything is."""
    problems, blocked = find_problems(world, edits)
    print(f"{world.remote.name}, seed {world.seed}: {what}, {edits.ways['api']} writes by API and {edits.ways['sql']} by"
          f" SQL, {len(edits.ours)} changed, {len(edits.created)} created,"
          f" {len(edits.theirs)} changed by colleagues, {blocked} blocked,"
          f" {len(problems)} problems")
    for problem in problems[:20]:
        print("  " + problem)
    return not problems
