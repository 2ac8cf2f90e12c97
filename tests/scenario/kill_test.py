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
import json
import os
import random
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request


def stop(process):
    if process and process.poll() is None:
        process.kill()
        process.wait()


class World:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.dir = tempfile.mkdtemp(prefix="kontor-kill-")
        self.env = {k: v for k, v in os.environ.items()
                    if k not in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")}
        for name, path in (("HOME", "home"), ("XDG_CONFIG_HOME", "home/.config"),
                           ("XDG_STATE_HOME", "home/.local/state"), ("XDG_RUNTIME_DIR", "run"),
                           ("XDG_CACHE_HOME", "home/.cache")):
            self.env[name] = os.path.join(self.dir, path)
            os.makedirs(self.env[name], mode=0o700, exist_ok=True)
        self.env["LANG"] = "C.UTF-8"
        self.daemon = self.peer = None
        self.replica = os.path.join(self.env["XDG_STATE_HOME"], "kontor", "replica.db")
        self.log = open(os.path.join(self.dir, "kontord.log"), "ab")

    def start_peer(self):
        command = [os.path.join(self.args.bin, "kontor-peer-zoho"), "--records", "60", "--accounts",
                   "10", "--deals", "10", "--leads", "5", "--seed", str(self.args.seed),
                   "--no-credits-limit"]
        if self.args.without_key:
            command += ["--switch", "external_field=false"]
        self.peer = subprocess.Popen(command, stdout=subprocess.PIPE, env=self.env)
        self.info = json.loads(self.peer.stdout.readline())
        self.tls = ssl.create_default_context(cafile=self.info["ca_file"])

    def control(self, path, body=None):
        request = urllib.request.Request(
            self.info["control_url"] + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=self.tls, timeout=30) as answer:
            return answer.read().decode()

    def dump(self, module, fields):
        text = self.control(f"/dump?module={module}&fields=id,{fields}&limit=1000000")
        return [json.loads(line) for line in text.splitlines()]

    def start_daemon(self):
        self.daemon = subprocess.Popen([os.path.join(self.args.bin, "kontord")], env=self.env,
                                       stdout=self.log, stderr=self.log)
        for _ in range(400):
            if self.kontor("status", "--json", check=False).returncode == 0:
                return
            if self.daemon.poll() is not None:
                raise SystemExit(f"kontord ended with {self.daemon.returncode}: {self.dir}")
            time.sleep(0.02)
        raise SystemExit("kontord does not answer")

    def kontor(self, *words, check=True, wait=120):
        result = subprocess.run([os.path.join(self.args.bin, "kontor"), *words], env=self.env,
                                capture_output=True, text=True, timeout=wait)
        if check and result.returncode != 0:
            raise SystemExit(f"kontor {' '.join(words)}: {result.returncode}\n{result.stderr}")
        return result

    def connect(self):
        self.start_daemon()
        for name in ("client_secret", "refresh_token"):
            path = os.path.join(self.dir, name)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
                out.write(self.info[name])
        base = self.info["base_url"]
        self.kontor("connect", "zoho", "--no-input", "--option", "data_centre=custom",
                    "--option", "accounts_url=" + self.info["accounts_url"],
                    "--option", "api_url=" + base, "--option", "upload_url=" + base,
                    "--value", "client_id=" + self.info["client_id"],
                    "--secret", "client_secret=file:" + os.path.join(self.dir, "client_secret"),
                    "--secret", "refresh_token=file:" + os.path.join(self.dir, "refresh_token"),
                    "--ca-file", self.info["ca_file"])
        self.kontor("sync", "zoho")
        self.kontor("push", "on", "zoho")

    def sql(self, text, *values):
        """A plain SQL write, durable once this returns."""
        database = sqlite3.connect(self.replica, timeout=20, isolation_level=None)
        try:
            return database.execute(text, values).fetchall()
        finally:
            database.close()

    def close(self, keep):
        stop(self.daemon)
        stop(self.peer)
        self.log.close()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)


def run(world, args):
    world.start_peer()
    world.connect()
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
    world = World(args)
    good = False
    try:
        good = verify(world, args, *run(world, args))
    finally:
        world.close(keep=not good)
        if not good:
            print("kept: " + world.dir)
    return 0 if good else 1


sys.exit(main())
