#!/usr/bin/env python3
"""kill -9 at random during two-way sync: nothing acknowledged is lost, nothing is created twice.

Starts the simulated Zoho once and kontord again and again. In each life of the daemon, records are
created and changed here (each value a unique token) and changed there, a sync is asked for, and the
daemon is killed at a random moment. At the end two undisturbed syncs run, and the peer's own dump is
compared with the replica through SQLite:
  * every local write that was reported as done is in the replica and in Zoho;
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


def run(world, args):
    world.start()
    expected = {}  # local id -> last token of its phone
    created = {}   # local id -> token in last_name
    first = [row[0] for row in world.sql("SELECT id FROM contact ORDER BY id")]
    foreign = [r["id"] for r in world.dump("Contacts", "Last_Name")]
    serial = 0
    for life in range(args.kills):
        for _ in range(world.random.randint(1, 3)):
            serial += 1
            token = f"T{args.seed}-{serial}"
            if world.random.random() < 0.3:
                world.sql("INSERT INTO contact(last_name, email) VALUES(?, ?)", token,
                          f"{token.lower()}@example.org")
                created[world.sql("SELECT id FROM contact WHERE last_name = ?", token)[0][0]] = token
            else:
                record = world.random.choice(first + list(created))
                world.sql("UPDATE contact SET phone = ? WHERE id = ?", token, record)
                expected[record] = token
        if world.random.random() < 0.4:
            serial += 1
            world.control("/edit", {"module": "Contacts", "id": world.random.choice(foreign),
                                    "set": {"Description": f"T{args.seed}-{serial}"}})
        asked = subprocess.Popen([os.path.join(args.bin, "kontor"), "sync", "zoho", "--quiet"],
                                 env=world.env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(world.random.random() * 0.12)
        os.kill(world.daemon.pid, signal.SIGKILL)
        world.daemon.wait()
        asked.kill()
        asked.wait()
        world.start_daemon()
    for _ in range(3):
        world.kontor("sync", "zoho", check=False)
        time.sleep(0.2)
    return expected, created


def verify(world, args, expected, created):
    problems = []
    rows = dict((r[0], r[1:]) for r in world.sql("SELECT id, last_name, phone FROM contact"))
    links = dict(world.sql(
        "SELECT l.record, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " WHERE s.name = 'Contacts' AND l.ext_id IS NOT NULL"))
    blocked = {r[0] for r in world.sql(
        "SELECT l.record FROM kontor_blocked b JOIN kontor_link l ON l.id = b.link")}
    remote = {r["id"]: r for r in world.dump("Contacts", "Last_Name,Phone")}
    for record, token in expected.items():
        if rows.get(record, (None, None))[1] != token:
            problems.append(f"contact {record}: {token} is lost here: {rows.get(record)}")
        elif record not in blocked and remote.get(links.get(record), {}).get("Phone") != token:
            problems.append(f"contact {record}: {token} is not there: "
                            f"{remote.get(links.get(record))}")
    names = {}
    for r in remote.values():
        names[r["Last_Name"]] = names.get(r["Last_Name"], 0) + 1
    for record, token in created.items():
        count = names.get(token, 0)
        if count > 1 or (count == 0 and not (args.without_key and record in blocked)):
            problems.append(f"{token} (contact {record}) is there {count} times")
    if len(rows) != len(set(rows)) or sum(1 for n in rows.values() if n[0] in created.values()) != len(created):
        problems.append("records were doubled here")
    check = world.sql("PRAGMA integrity_check")[0][0]
    if check != "ok":
        problems.append("integrity: " + check)
    print(f"seed {args.seed}: {args.kills} kills, {len(expected)} changed, {len(created)} created,"
          f" {len(blocked)} blocked, {len(remote)} contacts there, {len(problems)} problems")
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
        good = verify(here, args, *run(here, args))
    finally:
        here.close(keep=not good)
    return 0 if good else 1


sys.exit(main())
