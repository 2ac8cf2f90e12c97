#!/usr/bin/env python3
"""kill -9 at random during two-way sync: nothing acknowledged is lost, nothing is created twice.

Starts the simulated Zoho once and kontord again and again. In each life of the daemon, records are
created and changed here (each value a unique token; half of the writes through the API, half by plain
SQL), before a sync is asked for or while it runs; colleagues change other fields there; and the daemon
is killed at a random moment. At the end undisturbed syncs run, and the peer's own dump is compared with
the replica through SQLite:
  * every local write that was reported as done is in the replica and in Zoho, and so is what colleagues
    typed last;
  * with a unique external-id field every record made here is there exactly once; without one at most
    once, and those of unknown fate are listed as blocked.
"""
import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import world  # noqa: E402


class World(world.World):
    def __init__(self, args):
        super().__init__(args.bin, "kill")
        self.args = args
        self.random = random.Random(args.seed)
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

    def start(self):
        self.start_peer("--records", "60", "--accounts", "10", "--deals", "10", "--leads", "5",
                        "--seed", str(self.args.seed),
                        *(["--switch", "external_field=false"] if self.args.without_key else []))
        self.start_daemon()
        self.connect()
        self.kontor("sync", "zoho")
        self.kontor("push", "on", "zoho")


class Edits:
    """What people here and colleagues there have typed, as far as it was reported as done."""

    def __init__(self, world, seed):
        self.world, self.seed, self.serial = world, seed, 0
        self.phones = {}        # local id -> last token
        self.created = {}       # local id -> token in last_name
        self.descriptions = {}  # id at Zoho -> last token of a colleague's
        self.ways = {"api": 0, "sql": 0}
        self.first = [row[0] for row in world.sql("SELECT id FROM contact ORDER BY id")]
        self.foreign = [r["id"] for r in world.dump("Contacts", "Last_Name")]

    def token(self):
        self.serial += 1
        return f"T{self.seed}-{self.serial}"

    def here(self):
        token, chance = self.token(), self.world.random
        way = chance.choice(("api", "sql"))
        self.ways[way] += 1
        if chance.random() < 0.3:
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


def run(world, args):
    world.start()
    edits = Edits(world, args.seed)
    for _ in range(args.kills):
        number = world.random.randint(1, 3)
        before = world.random.randint(0, number)
        for _ in range(before):
            edits.here()
        if world.random.random() < 0.4:
            edits.there()
        asked = subprocess.Popen([os.path.join(args.bin, "kontor"), "sync", "zoho", "--quiet"],
                                 env=world.env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        for _ in range(number - before):
            edits.here()
        time.sleep(world.random.random() * 0.12)
        os.kill(world.daemon.pid, signal.SIGKILL)
        world.daemon.wait()
        asked.kill()
        asked.wait()
        world.start_daemon()
    for _ in range(3):
        world.kontor("sync", "zoho", check=False)
        time.sleep(0.2)
    return edits


def verify(world, args, edits):
    problems = []
    rows = {r[0]: r[1:] for r in
            world.sql("SELECT id, last_name, phone, description FROM contact")}
    links = dict(world.sql(
        "SELECT l.record, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " WHERE s.name = 'Contacts' AND l.ext_id IS NOT NULL"))
    blocked = {r[0] for r in world.sql(
        "SELECT l.record FROM kontor_blocked b JOIN kontor_link l ON l.id = b.link")}
    # Only a record made here without a key may be of unknown fate.
    unknown = blocked & set(edits.created) if args.without_key else set()
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
    print(f"seed {args.seed}: {args.kills} kills, {edits.ways['api']} writes by API and"
          f" {edits.ways['sql']} by SQL, {len(edits.phones)} changed, {len(edits.created)} created,"
          f" {len(edits.descriptions)} changed by colleagues, {len(blocked)} blocked,"
          f" {len(remote)} contacts there, {len(problems)} problems")
    for problem in problems[:20]:
        print("  " + problem)
    return not problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--without-key", action="store_true")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    here = World(args)
    good = False
    try:
        good = verify(here, args, run(here, args))
    finally:
        here.close(keep=not good)
    return 0 if good else 1


sys.exit(main())
