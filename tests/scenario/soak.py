#!/usr/bin/env python3
"""Hours of random load and faults: kontord stays as small as it was, and nothing is lost.

    ./dev soak --hours 8 [--beside fxiaoke carddav]

Zoho, and beside it in the same kontord Fxiaoke and a real CardDAV server, which get everybody of each other.
People and programs edit records here, colleagues there, syncs run all the time, and each few seconds
something breaks at one of them: lost, truncated and nonsensical answers, refusals, an account that is away, a
connector whose process is killed. In the first fifth of the time kontord itself is killed and started again; after
that one process has to last. Meanwhile a reader measures what a read by id takes, while a sync runs and
while none does. At the end undisturbed syncs run, and:
  * every value that was reported as written is here and at each remote, no record is there twice (as in
    kill_test.py);
  * memory, file descriptors and threads of kontord and its connectors are those of the beginning (medians
    of the first and the last quarter of that one process's time); its handles on the replica, which it
    opens as requests overlap and keeps for the next, are no more than it keeps; the log never grew above
    its bound; the replica grew by what was changed and no faster later than before.
"""
import argparse
import collections
import json
import os
import re
import signal
import statistics
import sys
import threading
import time

import two_way
from two_way import world

WAL_MAX = 64 << 20
MEMORY_SLACK = 8 << 20  # bytes; a heap is never quite the same twice
HANDLES_SLACK = 4       # a request or a sync under way
# Four of each of three kinds of access are kept (daemon/databases.cpp); others are a sync's, the search
# index's and the upkeep's. One that leaks with each sync or request is above this within seconds.
REPLICA_HANDLES_MAX = 20
FAULTS = (
    {"kind": "lost_answer"}, {"kind": "drop_before"}, {"kind": "truncate_body"},
    {"kind": "malformed_json"}, {"kind": "html_200"}, {"kind": "unknown_field"},
    {"kind": "latency", "params": {"ms": 300}},
    {"kind": "status", "params": {"status": 500}}, {"kind": "status", "params": {"status": 503}},
    {"kind": "status", "params": {"status": 429, "retry_after": "1"}},
)
YOUNG = 70  # seconds: kontord does not renew a token that is younger than a minute because of a refusal


def children(pid):
    """Process ids of what a process started and that runs."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            found += [int(word) for word in file.read().split()]
    return found


def memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def kinds(processes):
    """How many descriptors of each kind are open."""
    names = collections.Counter()
    for pid in processes:
        for number in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{number}")
            except FileNotFoundError:
                continue  # closed meanwhile
            names[re.sub(r":\[\d+\]| \(deleted\)", "", os.path.basename(target))] += 1
    return names


def sample(here):
    """What kontord and its connectors hold at this moment; None if one of them just ended."""
    try:
        processes = [here.daemon.pid, *children(here.daemon.pid)]
        opened = kinds(processes)
        # The files of one handle: the database and its log.
        replica = [opened[os.path.basename(here.replica) + end] for end in ("", "-wal")]
        return {"memory": sum(map(memory, processes)),
                "descriptors": opened.total() - sum(replica), "replica handles": max(replica),
                "open": opened,
                "threads": sum(len(os.listdir(f"/proc/{pid}/task")) for pid in processes),
                "processes": len(processes), "log": here.wal_bytes(),
                "replica": os.path.getsize(here.replica),
                "changes": here.sql("SELECT coalesce(max(seq), 0) FROM kontor_history")[0][0]}
    except (FileNotFoundError, ProcessLookupError, StopIteration):
        return None


def quarters(samples, name):
    """Medians of the first and the last quarter."""
    quarter = max(1, len(samples) // 4)
    return (statistics.median(s[name] for s in samples[:quarter]),
            statistics.median(s[name] for s in samples[-quarter:]))


def growth(samples):
    """Bytes that the replica grew by for each change."""
    changes = samples[-1]["changes"] - samples[0]["changes"]
    return (samples[-1]["replica"] - samples[0]["replica"]) / max(1, changes)


def whole(samples):
    """Those in which no process was missing: a connector that ended is not there for a while."""
    most = max(s["processes"] for s in samples)
    return [s for s in samples if s["processes"] == most]


def what_grew(samples):
    """The kinds of which more descriptors are open at the end than at the beginning."""
    before, after = samples[0]["open"], samples[-1]["open"]
    return ", ".join(f"{kind} {before[kind]} to {after[kind]}" for kind in sorted(after)
                     if after[kind] > before[kind])


def not_flat(samples):
    """What grew, in words. `samples` are of one kontord, in their order."""
    wrong = []
    samples = whole(samples)
    before, after = quarters(samples, "memory")
    if after > before * 1.1 + MEMORY_SLACK:
        wrong.append(f"memory grew from {before / 2**20:.0f} to {after / 2**20:.0f} MiB")
    for name in ("descriptors", "threads"):
        before, after = quarters(samples, name)
        if after > before + HANDLES_SLACK:
            wrong.append(f"{name} grew from {before:.0f} to {after:.0f}" +
                         (f" ({what_grew(samples)})" if name == "descriptors" else ""))
    handles = max(s["replica handles"] for s in samples)
    if handles > REPLICA_HANDLES_MAX:
        wrong.append(f"{handles} handles on the replica were open")
    log = max(s["log"] for s in samples)
    if log > WAL_MAX:
        wrong.append(f"the log grew to {log / 2**20:.0f} MiB")
    half = len(samples) // 2
    early, late = growth(samples[:half + 1]), growth(samples[half:])
    # A page of each table and index more is no growth.
    if late > early * 1.5 + 1024:
        wrong.append(f"a change cost {early:.0f} bytes of the replica, later {late:.0f}")
    return wrong


class Reader(threading.Thread):
    """Reads records by id over one connection, and notes whether a sync was under way."""

    def __init__(self, here, ids):
        super().__init__(daemon=True)
        self.here, self.ids, self.done = here, ids, threading.Event()
        self.times = {True: [], False: []}  # ms, by whether a sync was under way

    def run(self):
        connection, turn, syncing = None, 0, False
        while not self.done.is_set():
            turn += 1
            try:
                connection = connection or world.UnixConnection(self.here.socket)
                if turn % 5 == 1:
                    syncing = json.loads(self.ask(connection, "connections/zoho"))["state"] == "syncing"
                begun = time.monotonic()
                self.ask(connection, f"records/contact/{self.ids[turn % len(self.ids)]}")
                self.times[syncing].append((time.monotonic() - begun) * 1000)
            except (OSError, world.http.client.HTTPException):
                connection = None  # kontord is started again
            self.done.wait(0.05)

    @staticmethod
    def ask(connection, path):
        connection.request("GET", "/api/v1/" + path)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, f"GET {path}: {answer.status} {text[:300]}"
        return text

    def show(self):
        for syncing, what in ((True, "while a sync runs"), (False, "while none runs")):
            times = sorted(self.times[syncing])
            if times:
                print(f"read by id, {what}: {len(times)} reads, p50 {times[len(times) // 2]:.2f}, p99"
                      f" {times[len(times) * 99 // 100]:.2f}, longest {times[-1]:.1f} ms")


class Beside:
    """Another connection of the same kontord: to two_way it is a world with this remote. People here and
    colleagues there edit whom it has brought, so that nobody types into what others do."""

    def __init__(self, here, name):
        self.here, self.remote, self.edits = here, two_way.REMOTES[name](here), None
        self.seed = f"{here.seed}-{name}"

    def start(self, records):
        here, name = self.here, self.remote.name
        self.remote.start(records, name.capitalize())
        self.remote.connect()
        here.kontor("sync", name)
        self.edits = two_way.Edits(self)
        self.edits.creations_max = 0
        self.edits.first = sorted(self.edits.foreign)
        here.kontor("push", "on", name)

    def __getattr__(self, name):
        return getattr(self.here, name)

    def break_something(self):
        """What it was."""
        chance, side = self.here.random, self.remote.side
        if chance.random() < 0.3:
            process = side.peer.process if hasattr(side, "peer") else side.server.process
            process.send_signal(signal.SIGSTOP)
            time.sleep(chance.random() * 3)
            process.send_signal(signal.SIGCONT)
            return "away"
        if hasattr(side, "peer"):
            fault = chance.choice(FAULTS)
            side.fault(**fault, probability=chance.choice((0.1, 0.5, 1.0)))
            return fault["kind"]
        fault = chance.choice(("lose_answer", "refuse"))
        getattr(side, fault)()
        return fault


class Soak:
    def __init__(self, here, minutes, beside):
        self.here, self.minutes = here, minutes
        self.seconds = minutes * 60
        self.names, self.beside = beside, [Beside(here, name) for name in beside]
        self.counts = {}
        self.samples = []

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def restart(self, number):
        self.here.daemon.send_signal(number)
        self.here.daemon.wait(world.PATIENCE)
        self.here.start_daemon()
        self.count("kill -9" if number == signal.SIGKILL else "restart")

    def clear_faults(self):
        self.here.clear_faults()
        for one in self.beside:
            one.remote.side.forgive()

    def break_something(self, settled):
        chance = self.here.random
        self.clear_faults()
        if self.beside and chance.random() < 0.4:
            one = chance.choice(self.beside)
            self.count(f"{one.remote.name}: {one.break_something()}")
        elif not settled and chance.random() < 0.3:
            self.restart(chance.choice((signal.SIGKILL, signal.SIGTERM)))
        elif chance.random() < 0.15:
            for pid in children(self.here.daemon.pid):
                os.kill(pid, signal.SIGKILL)
                self.count("killed connector")
        elif chance.random() < 0.15:
            # Nobody answers: connections wait until they time out or it is back.
            self.here.peer.send_signal(signal.SIGSTOP)
            time.sleep(chance.random() * 3)
            self.here.peer.send_signal(signal.SIGCONT)
            self.count("account away")
        elif time.monotonic() - self.begun > YOUNG and chance.random() < 0.05:
            self.here.control("/fault", {"kind": "expire_access_tokens"})
            self.count("tokens expired")
        elif chance.random() < 0.7:
            fault = chance.choice(FAULTS)
            self.here.control("/fault", {**fault, "probability": chance.choice((0.1, 0.5, 1.0))})
            self.count(fault["kind"])

    def run(self):
        here = self.here
        here.remote.plain = bool(self.beside)
        # Whoever is there is created at each of the others, one by one.
        here.start(100 if self.beside else 500, "--interval", "10s")
        edits = two_way.Edits(here)
        edits.creations_max = 300
        for one in self.beside:
            one.start(40)
        reader = Reader(here, edits.first)
        reader.start()
        self.begun = told = time.monotonic()
        next_break = next_sample = 0.0
        while (past := time.monotonic() - self.begun) < self.seconds:
            settled = past > self.seconds / 5
            if past >= next_break:
                self.break_something(settled)
                next_break = past + here.random.uniform(1, 8)
            if settled and past >= next_sample:
                found = sample(here)
                if found:
                    self.samples.append(found)
                next_sample = past + min(30.0, max(0.5, self.seconds / 400))
            for _ in range(here.random.randint(0, 3)):
                edits.here()
            if here.random.random() < 0.5:
                edits.there()
            for one in self.beside:
                if here.random.random() < 0.3:
                    one.edits.here()
                if here.random.random() < 0.3:
                    one.edits.there()
            if here.random.random() < 0.3:
                name = here.random.choice(("zoho", *self.names))
                here.api("POST", f"/connections/{name}/sync", {})
                self.count("sync asked for")
            time.sleep(here.random.random() * 0.2)
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"{past / 60:.0f} of {self.minutes:.0f} min: {self.line()}", flush=True)
        self.clear_faults()
        reader.done.set()
        reader.join()
        world.until(self.at_rest, "a sync that leaves nothing to send", 4 * world.PATIENCE)
        reader.show()
        return edits

    def at_rest(self):
        # Records that were refused meanwhile wait for their next turn.
        self.here.kontor("blocked", "--retry", check=False)
        done = all([self.here.kontor("sync", name, check=False).returncode == 0
                    for name in ("zoho", *self.names)])
        left = self.here.sql("SELECT count(*) FROM kontor_link WHERE dirty")[0][0]
        if not done or left:
            time.sleep(1)
        return done and not left

    def line(self):
        if not self.samples:
            return "settling"
        last = self.samples[-1]
        return (f"{last['memory'] / 2**20:.0f} MiB, {last['descriptors']} descriptors and"
                f" {last['replica handles']} handles on the replica, {last['threads']} threads,"
                f" log {last['log'] / 2**20:.1f} MiB, replica {last['replica'] / 2**20:.1f} MiB, {last['changes']:,} changes")

    def report(self, edits):
        did = ", ".join(f"{what} {count}" for what, count in sorted(self.counts.items()))
        good = two_way.report(self.here, edits, f"{self.minutes:g} minutes ({did})")
        for one in self.beside:
            one.edits.created = edits.created  # they have been handed on
            good = two_way.report(one, one.edits, "beside it") and good
        print(f"{len(self.samples)} samples of one process; at the end {self.line()}")
        wrong = not_flat(self.samples)
        for what in wrong:
            print("  " + what)
        return good and not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--hours", type=float)
    length.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--beside", nargs="*", choices=("fxiaoke", "carddav"), default=[],
                        help="other connections of the same kontord")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    here = two_way.World(args.bin, "soak", args.seed)
    good = False
    soak = Soak(here, args.minutes or args.hours * 60, args.beside)
    try:
        good = soak.report(soak.run())
    finally:
        for one in soak.beside:
            one.remote.close()
        here.close(keep=not good)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
