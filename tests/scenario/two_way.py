"""People here and colleagues there, who edit records of one simulated account while kontord syncs.

Every value is a unique token, so that at the end each can be looked for on both sides. Used by the tests
of this folder.
"""
import os
import random
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import world  # noqa: E402


class World(world.World):
    """`keyed`: records are created with a unique external id."""

    def __init__(self, programs, name, seed, keyed=True):
        super().__init__(programs, name)
        self.seed, self.keyed = seed, keyed
        self.random = random.Random(seed)
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
        super().close(keep)

    def start(self, records, *connection):
        """Account and daemon; the first load is done, and pushing is on."""
        self.start_peer("--records", str(records), "--accounts", "10", "--deals", "10", "--leads",
                        "5", "--seed", str(self.seed),
                        *([] if self.keyed else ["--switch", "external_field=false"]))
        self.start_daemon()
        self.connect(*connection)
        self.kontor("sync", "zoho")
        self.kontor("push", "on", "zoho")


class Edits:
    """What people here and colleagues there have typed, as far as it was reported as done."""

    def __init__(self, world):
        self.world, self.serial = world, 0
        self.phones = {}        # local id -> last token
        self.created = {}       # local id -> token in last_name
        self.descriptions = {}  # id at Zoho -> last token of a colleague's
        self.ways = {"api": 0, "sql": 0}
        self.creations_max = None  # unlimited
        self.first = [row[0] for row in world.sql("SELECT id FROM contact ORDER BY id")]
        self.foreign = [r["id"] for r in world.dump("Contacts", "Last_Name")]

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
            self.world.api("PATCH", f"/records/contact/{record}", {"fields": {"phone": token}})
        else:
            self.world.sql("UPDATE contact SET phone = ? WHERE id = ?", token, record)
        self.phones[record] = token

    def there(self):
        record, token = self.world.random.choice(self.foreign), self.token()
        self.world.control("/edit", {"module": "Contacts", "id": record,
                                     "set": {"Description": token}})
        self.descriptions[record] = token


def find_problems(world, edits):
    """What was typed and is not on both sides, in words; how many records are blocked."""
    problems = []
    rows = {r[0]: r[1:] for r in
            world.sql("SELECT id, last_name, phone, description FROM contact")}
    links = dict(world.sql(
        "SELECT l.record, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " WHERE s.name = 'Contacts' AND l.ext_id IS NOT NULL"))
    blocked = {r[0] for r in world.sql(
        "SELECT l.record FROM kontor_blocked b JOIN kontor_link l ON l.id = b.link")}
    # Only a record made here without a key may be of unknown fate.
    unknown = set() if world.keyed else blocked & set(edits.created)
    for record in blocked - unknown:
        problems.append(f"contact {record} is blocked")
    remote = {r["id"]: r for r in world.dump("Contacts", "Last_Name,Phone,Description")}
    for record, token in edits.phones.items():
        there = remote.get(links.get(record), {})
        if rows.get(record, (None, None))[1] != token:
            problems.append(f"contact {record}: {token} is lost here: {rows.get(record)}")
        elif record not in unknown and there.get("Phone") != token:
            problems.append(f"contact {record}: {token} is not there: {there}")
    local = {ext_id: record for record, ext_id in links.items()}
    for ext_id, token in edits.descriptions.items():
        here = rows.get(local.get(ext_id), (None, None, None))[2]
        if here != token or remote[ext_id]["Description"] != token:
            problems.append(f"{ext_id}: a colleague's {token} is lost: {here} here,"
                            f" {remote[ext_id]['Description']} there")
    names = {}
    for r in remote.values():
        names[r["Last_Name"]] = names.get(r["Last_Name"], 0) + 1
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
    print(f"seed {world.seed}: {what}, {edits.ways['api']} writes by API and {edits.ways['sql']} by"
          f" SQL, {len(edits.phones)} changed, {len(edits.created)} created,"
          f" {len(edits.descriptions)} changed by colleagues, {blocked} blocked,"
          f" {len(problems)} problems")
    for problem in problems[:20]:
        print("  " + problem)
    return not problems
