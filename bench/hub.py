#!/usr/bin/env python3
"""A fleet of laptops through one hub: rounds of edits on each, and how long until all agree.

    bench/hub.py --laptops 50

Each laptop is a real one: a replica, a kontord and its connector's process, all on this machine, and
one PostgreSQL beside them with its default durability. Programs that have been built are measured;
nothing is built. See docs/benchmarks.md and docs/scale.md.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from hub_fleet import Laptop, cpu_seconds, init_hub, memory_of  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from world import World  # noqa: E402

# The tests' server is set up to forget; this one is not.
DURABLE = ("fsync = on", "synchronous_commit = on", "full_page_writes = on",
           "shared_buffers = 128MB", "max_connections = 100")
COLUMNS = "uid, last_name, first_name, title, phone, mobile, department"


def processes_below(pid):
    """The process and all that descend from it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry))
    out, todo = [], [pid]
    while todo:
        one = todo.pop()
        out.append(one)
        todo += children.get(one, [])
    return out


def cpu_with_children(pid):
    """CPU time of a process, of its children that have ended, and of those that live."""
    total = 0.0
    for one in processes_below(pid):
        try:
            with open(f"/proc/{one}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        last = 15 if one == pid else 13
        total += sum(map(int, fields[11:last])) / os.sysconf("SC_CLK_TCK")
    return total


class Watch(threading.Thread):
    """Connections to the server, sampled all the while."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.going = pid, 0, True
        self.start()

    def run(self):
        while self.going:
            count = 0
            for one in processes_below(self.pid)[1:]:
                try:
                    with open(f"/proc/{one}/cmdline") as file:
                        count += "127.0.0.1" in file.read()
                except (FileNotFoundError, ProcessLookupError):
                    pass
            self.peak = max(self.peak, count)
            time.sleep(0.1)

    def take(self):
        peak, self.peak = self.peak, 0
        return peak


class Fleet:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.server = PostgresServer(settings=DURABLE)
        self.admin = World(options.bin, "admin")
        init_hub(self.admin, self.server)
        self.pool = concurrent.futures.ThreadPoolExecutor(options.at_once)
        self.laptops = []
        self.watch = Watch(self.server.process.pid)

    def close(self):
        self.watch.going = False
        for each in self.laptops:
            each.close()
        self.admin.close()
        self.server.close()

    def on_all(self, work):
        return list(self.pool.map(work, self.laptops))

    def measured(self, work):
        """Runs it: seconds, CPU seconds of the server and of all laptops, most connections."""
        self.watch.take()
        server, laptops = cpu_with_children(self.server.process.pid), self.cpu_of_laptops()
        start = time.monotonic()
        said = work()
        took = time.monotonic() - start
        return said, {"seconds": round(took, 2),
                      "server_cpu_s": round(cpu_with_children(self.server.process.pid) - server, 2),
                      "laptops_cpu_s": round(self.cpu_of_laptops() - laptops, 2),
                      "connections_peak": self.watch.take()}

    def cpu_of_laptops(self):
        return sum(cpu_seconds(pid) for each in self.laptops if each.daemon
                   for pid in processes_below(each.daemon.pid))

    def join(self):
        """The first laptop brings the records, the others load them."""
        first = Laptop(self.options.bin, self.server, "l0")
        self.laptops.append(first)
        first.start_daemon()
        first.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                  " INSERT INTO contact(last_name, first_name, title, phone)"
                  " SELECT 'Name ' || i, 'First ' || i, 't', '1' FROM n", self.options.records)
        _, load = self.measured(lambda: (first.connect_hub("--interval", "12h"), first.sync()))

        def make(n):
            each = Laptop(self.options.bin, self.server, f"l{n}")
            each.start_daemon()
            each.connect_hub("--interval", "12h")
            each.sync()
            return each

        def others():
            self.laptops += self.pool.map(make, range(1, self.options.laptops))

        _, joined = self.measured(others)
        return load, joined

    def edit(self):
        """Everybody's edits of a round. Each laptop writes one of four columns, records of all; so
        different fields of one record meet and no two write the same."""
        count = 0
        for n, laptop in enumerate(self.laptops):
            column = ("title", "phone", "mobile", "department")[n % 4]
            names = [name for i, (name,) in enumerate(laptop.rows("last_name")) if i % len(
                self.laptops) // 4 == n // 4 and name.startswith("Name")]
            for name in self.random.sample(names, min(self.options.edits, len(names))):
                laptop.sql(f"UPDATE contact SET {column} = ? WHERE last_name = ?",
                           f"{self.random.randrange(10**6)}", name)
                count += 1
            laptop.sql("INSERT INTO contact(last_name) VALUES (?)",
                       f"New {n} {self.random.randrange(10**9)}")
            count += 1
        return count

    def digest(self, laptop):
        rows = laptop.rows(COLUMNS, order="uid")
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def agree(self):
        """Syncs everybody, in any order, until nobody's records differ; how often."""
        for passes in range(1, 20):
            self.random.shuffle(self.laptops)
            self.on_all(lambda laptop: laptop.sync("--quiet"))
            if len(set(self.on_all(self.digest))) == 1:
                return passes
        raise SystemExit("they do not come to agree")

    def rounds(self):
        for _ in range(self.options.rounds):
            changes = self.edit()
            passes, figures = self.measured(self.agree)
            figures.update(changes=changes, passes=passes,
                           changes_per_s=round(changes / figures["seconds"], 1),
                           arrivals_per_s=round(
                               changes * (len(self.laptops) - 1) / figures["seconds"], 1))
            yield figures

    def memory(self):
        daemons = [memory_of(each.daemon.pid) for each in self.laptops]
        connectors = [memory_of(pid) for each in self.laptops
                      for pid in processes_below(each.daemon.pid)[1:]]
        backends = [memory_of(pid) for pid in processes_below(self.server.process.pid)]
        mb = lambda values: round(sum(values) / 1e6, 1)
        return {"kontord_mb_each": round(statistics.median(daemons) / 1e6, 1),
                "connector_mb_each": round(statistics.median(connectors or [0]) / 1e6, 1),
                "server_mb": mb(backends)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--laptops", type=int, default=5)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--edits", type=int, default=10, help="on each laptop, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=8, help="laptops that sync at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bin", default=str(ROOT / "build" / "release" / "bin"))
    parser.add_argument("--json", help="also write the figures into this file")
    options = parser.parse_args()
    fleet = Fleet(options)
    try:
        load, joined = fleet.join()
        memory_of_server = fleet.memory()["server_mb"]
        print(f"{options.laptops} laptops, {options.records} records, {options.at_once} at once")
        print(f"{'step':<22}{'s':>8}{'changes':>9}{'passes':>8}{'/s':>8}{'arrive/s':>10}"
              f"{'PG CPU s':>10}{'laptops s':>11}{'conns':>7}")

        def line(name, f):
            print(f"{name:<22}{f['seconds']:>8}{f.get('changes', ''):>9}{f.get('passes', ''):>8}"
                  f"{f.get('changes_per_s', ''):>8}{f.get('arrivals_per_s', ''):>10}"
                  f"{f['server_cpu_s']:>10}{f['laptops_cpu_s']:>11}{f['connections_peak']:>7}",
                  flush=True)

        line("first laptop, load", load)
        line("the others join", joined)
        rounds = []
        for figures in fleet.rounds():
            rounds.append(figures)
            line(f"round {len(rounds)}", figures)
        passes, quiet = fleet.measured(fleet.agree)
        line("nothing to tell", quiet)
        memory = fleet.memory()
        print(f"memory: kontord {memory['kontord_mb_each']} MB each, connector"
              f" {memory['connector_mb_each']} MB each, PostgreSQL {memory['server_mb']} MB in all")
        figures = {"options": vars(options), "load": load, "join": joined, "rounds": rounds,
                   "quiet": quiet, "memory": memory, "memory_after_join_mb": memory_of_server}
        if options.json:
            pathlib.Path(options.json).write_text(json.dumps(figures, indent=1))
        print(json.dumps(figures))
    finally:
        fleet.close()


if __name__ == "__main__":
    main()
