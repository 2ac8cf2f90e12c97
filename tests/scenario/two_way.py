"""People here and colleagues there, who edit records of one remote while kontord syncs.

Every value is a unique token, so that at the end each can be looked for on both sides. Used by the tests
of this folder.
"""
import functools
import os
import random
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import four_remotes  # noqa: E402
import other_remotes  # noqa: E402
import world  # noqa: E402


class Remote:
    """`ours` and `theirs`: the columns that people here and colleagues there write into. `keyed`: it has a
    unique field for our key, or may have. `whole_names`: a name is one field there. `port`: of a server that
    may overwrite what it has not shown; None if it compares and sets."""

    keyed, whole_names, port = True, False, None

    def carry_out(self):
        """What kontord has sent that is killed gets done. Where nothing compares, a colleague who types in
        between is overwritten, and no replica can help it."""
        if self.port:
            world.until(lambda: world.is_left(self.port), f"{self.name} has done what was sent")

    def strike(self):
        """Something at the remote is killed, or nothing."""

    def settle(self):
        """What colleagues have typed gets there, and what is there gets to them."""

    def others(self):
        """The worlds of colleagues who have a replica of their own."""
        return []

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

    @property
    def port(self):
        return self.world.zoho.port

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

    def edit(self, key, column, text):
        self.world.control("/edit", {"module": "Contacts", "id": key, "set": {column.capitalize(): text}})

    def delete(self, key):
        self.world.control("/delete", {"module": "Contacts", "id": key})


class OfPeople(Remote):
    """A system of four_remotes or other_remotes, with people only."""

    def __init__(self, kind, stream, ours, theirs, around, keyed=True, whole_names=False):
        self.kind, self.stream, self.name, self.keyed = kind, stream, kind.name, keyed
        self.whole_names = whole_names
        self.ours, self.theirs = ours, theirs
        self.world, self.side = around, None

    @property
    def port(self):
        return getattr(self.side, "port", None)

    def start(self, records, called="Person"):
        self.side = self.kind(self.world)
        for n in range(records):
            self.side.add(last=f"{called}{n}", email=f"{called[0].lower()}{n}@example.org")

    def connect(self):
        self.side.connect()

    def people(self):
        return self.side.people()

    def edit(self, key, column, text):
        self.side.edit(key, **{column: text})

    def delete(self, key):
        self.side.delete(key)

    def close(self):
        if hasattr(self.side, "close"):
            self.side.close()


class OfHub(OfPeople):
    """A team's hub, where more can be killed: the server, and the kontord of a colleague."""

    def strike(self):
        self.side.strike()

    def settle(self):
        self.side.settle()

    def others(self):
        return [self.side.colleague]

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

    # Of so many deletions within minutes, kontord asks nobody, and no list lacks too many.
    DELETIONS = 10

    def __init__(self, world):
        self.world, self.serial = world, 0
        self.ours = {}          # local id -> last token in the remote's column `ours`
        self.created = {}       # local id -> token in last_name
        self.theirs = {}        # local id -> last token of a colleague's, in the column `theirs`
        self.disputed = {}      # local id -> last token of a colleague's in the column `ours`
        self.deleted = {"here": set(), "there": set()}  # local ids
        self.revived = set()    # local ids: edited on one side while the other deleted
        self.ways = {"api": 0, "sql": 0}
        self.creations_max = None  # unlimited
        self.first = [row[0] for row in world.sql("SELECT id FROM contact ORDER BY id")]
        self.foreign = {record: key for record, key in linked(world).items() if key in world.remote.people()}

    def token(self):
        self.serial += 1
        return f"T{self.world.seed}-{self.serial}"

    def alive(self, records):
        """Those that nobody has deleted: what became of a deletion is nobody's to edit until the end."""
        return [each for each in records if each not in self.deleted["here"] | self.deleted["there"]]

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
        record = chance.choice(self.alive(self.first + list(self.created)))
        if way == "api":
            self.world.api("PATCH", f"/records/contact/{record}",
                           {"fields": {self.world.remote.ours: token}})
        else:
            self.change(record, token)
        self.ours[record] = token

    def change(self, record, token):
        self.world.sql(f"UPDATE contact SET {self.world.remote.ours} = ? WHERE id = ?", token, record)
        self.ours[record] = token

    def there(self):
        record, token = self.world.random.choice(self.alive(self.foreign)), self.token()
        self.world.remote.edit(self.foreign[record], self.world.remote.theirs, token)
        self.theirs[record] = token

    def apart(self):
        """While kontord does not run, both sides do something to one record; often one that was being sent."""
        chance, remote = self.world.random, self.world.remote
        remote.carry_out()
        sent = {row[0] for row in self.world.sql(
            "SELECT l.record FROM kontor_intent i JOIN kontor_link l ON l.id = i.link WHERE i.state = 'sent'")}
        records = self.alive(self.foreign)
        records = chance.choice((records, [each for each in records if each in sent] or records))
        record = chance.choice(records)
        key = self.foreign[record]

        def change_here():
            self.ways["sql"] += 1
            self.change(record, self.token())

        def change_there():
            token = self.token()
            remote.edit(key, remote.ours, token)
            self.disputed[record] = token

        def delete_here():
            self.world.sql("DELETE FROM contact WHERE id = ?", record)
            self.deleted["here"].add(record)

        def delete_there():
            remote.delete(key)
            self.deleted["there"].add(record)

        steps = [change_here, change_there]
        delete = chance.choice(((delete_here, "here"), (delete_there, "there"), None, None))
        if delete and len(self.deleted[delete[1]]) < self.DELETIONS:
            steps[delete[1] == "there"] = delete[0]
            self.revived.add(record)
        # By chance one side alone, with what it has done before and has not been sent.
        if chance.random() < 0.3:
            steps.pop(chance.randrange(2))
            self.revived.discard(record)
        chance.shuffle(steps)
        for step in steps:
            step()

    def did(self):
        """In words."""
        return (f"{self.ways['api']} writes by API and {self.ways['sql']} by SQL, {len(self.ours)} changed,"
                f" {len(self.created)} created, {len(self.theirs)} changed by colleagues,"
                f" {len(self.disputed)} in the same field, {len(self.deleted['here'])} deleted here and"
                f" {len(self.deleted['there'])} there")


def linked(world):
    """What each contact is called at the remote, by local id."""
    return dict(world.sql(
        "SELECT l.record, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " WHERE s.name = ? AND l.ext_id IS NOT NULL", world.remote.stream))


def kept(world):
    """The tokens that a replica still has, this one or a colleague's own, where they stand in no record."""
    values = (value for one in (world, *world.remote.others()) for table, columns in (
        ("kontor_history", "old"), ("kontor_conflict", "CAST(ours AS TEXT) || CAST(theirs AS TEXT)"),
        ("kontor_tombstone", "image")) for (value,) in one.sql(f"SELECT {columns} FROM {table}"))
    return tokens_in(world, values)


def given_up(world):
    """The tokens that somebody has typed here, and then a person preferred what a colleague had."""
    return tokens_in(world, (value for (value,) in world.sql(
        "SELECT old FROM kontor_history WHERE op = 'u' AND rule LIKE 'resolve:%'")))


def tokens_in(world, values):
    return {token for value in values for token in re.findall(rf"T{re.escape(str(world.seed))}-[0-9]+", str(value))}


def find_problems(world, edits):
    """What was typed and is not on both sides, in words; how many records are blocked."""
    problems, remote = [], world.remote
    rows = {r[0]: dict(zip(("last", remote.ours, remote.theirs), r[1:])) for r in
            world.sql(f"SELECT id, last_name, {remote.ours}, {remote.theirs} FROM contact")}
    # Who has a first name too is called otherwise where a name is one field.
    in_parts = {r[0] for r in world.sql("SELECT id FROM contact WHERE first_name IS NOT NULL")}
    links, people, old = linked(world), remote.people(), kept(world)
    listed = world.sql("SELECT s.name, l.record, b.code, b.message FROM kontor_blocked b"
                       " JOIN kontor_link l ON l.id = b.link JOIN kontor_stream s ON s.id = l.stream")
    blocked = {record for stream, record, _, _ in listed if stream == remote.stream}
    # Only a record made here without a key may be of unknown fate, at first or anew.
    made = set(edits.created) | edits.deleted["here"] | edits.deleted["there"]
    unknown = set() if world.keyed else blocked & made
    for record in blocked - unknown:
        problems.append(f"contact {record} is blocked")
    # Who refers to one of those waits for it.
    for stream, record, code, message in listed:
        if stream != remote.stream and not (code == "KONTOR_PARENT" and any(
                f"contact:{one}," in message for one in unknown)):
            problems.append(f"{stream}, record {record}, is blocked: {message}")
    for row in world.sql("SELECT id, record, kind FROM kontor_conflict WHERE state = 'open'"):
        problems.append(f"conflict {row[0]} about contact {row[1]} ({row[2]}) is open")
    for record, values in rows.items():
        there = people.get(links.get(record), {})
        compared = [name for name in values if name != "last" or not remote.whole_names or record not in in_parts]
        if record not in unknown and any(values[name] != there.get(name) for name in compared):
            problems.append(f"contact {record}: {values} here, {there} there")
    at_both = {links[record] for record in rows if record in links}
    problems += [f"{key} is there alone: {people[key]}" for key in sorted(set(people) - at_both)]
    problems += remote.problems()
    decided = given_up(world)
    gone = {record for side in edits.deleted.values() for record in side if record not in rows}
    problems += [f"contact {record} was edited while it was deleted, and is gone"
                 for record in sorted(gone & edits.revived) if edits.ours.get(record) not in decided]
    typed = [(edits.ours, remote.ours, "typed here"), (edits.theirs, remote.theirs, "a colleague's"),
             (edits.disputed, remote.ours, "a colleague's")]
    for tokens, column, whose in typed:
        for record, token in tokens.items():
            if tokens is not edits.ours and record in edits.deleted["there"]:
                continue  # it may have gone there before it was read
            # Where both sides have typed, one of the two stands, and the other one is found again.
            may_lose = record in gone or (column == remote.ours and record in edits.disputed)
            stands = rows.get(record, {}).get(column) == token
            if not stands and not (may_lose and token in old):
                problems.append(f"contact {record}: {token}, {whose}, is lost: {rows.get(record)} here,"
                                f" {people.get(links.get(record))} there")
    for record in sorted(set(edits.disputed) - gone - edits.deleted["there"]):
        stands = rows.get(record, {}).get(remote.ours)
        if stands not in (edits.disputed[record], edits.ours.get(record)):
            problems.append(f"contact {record}: {stands} is what neither side has typed last")
    names = {}
    for person in people.values():
        names[person["last"]] = names.get(person["last"], 0) + 1
    for record, token in edits.created.items():
        count = names.get(token, 0)
        if count > 1 or (count == 0 and record not in unknown):
            problems.append(f"{token} (contact {record}) is there {count} times")
    made = list(edits.created.values())
    if sorted(row["last"] for row in rows.values() if row["last"] in set(made)) != sorted(made):
        problems.append("records were doubled here")
    check = world.sql("PRAGMA integrity_check")[0][0]
    if check != "ok":
        problems.append("integrity: " + check)
    return problems, len(blocked)


def report(world, edits, what):
    """Prints what was done and what is wrong; False if anything is."""
    problems, blocked = find_problems(world, edits)
    print(f"{world.remote.name}, seed {world.seed}: {what}, {edits.did()}, {blocked} blocked,"
          f" {len(problems)} problems")
    for problem in problems[:20]:
        print("  " + problem)
    return not problems
