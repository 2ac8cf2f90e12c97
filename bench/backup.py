#!/usr/bin/env python3
"""Backups of a replica: the first, after 100 rows and after 1 % of them have changed, and the way
back; beside restic on the raw file and `sqlite3 .backup`, of the same states in the same run.

    ./dev bench backup [--records 1000000]

kontord runs, as it does for those who back up every hour: it notes which pages are written. Sizes are what
the repository grows by; `read` is what all processes of a run have read, restic's included (rchar of
/proc/PID/io: from the page cache as well). Each restic call derives its key first, which takes half a second
of processor time and more on a busy machine.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "programs"))
import world  # noqa: E402


def size_of(path):
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def bytes_read():
    """By this process and those it has waited for."""
    with open("/proc/self/io") as io:
        return int(next(line for line in io if line.startswith("rchar")).split()[1])


class Bench:
    def __init__(self, args):
        self.world = world.World(args.bin, "bench-backup")
        self.records = args.records
        self.ours = os.path.join(self.world.dir, "ours")
        self.raw = os.path.join(self.world.dir, "raw")
        self.copy = os.path.join(self.world.dir, "copy")
        os.mkdir(self.copy)
        self.env = {**self.world.env, "RESTIC_PASSWORD": "p"}

    def prepare(self):
        self.world.start_daemon()
        self.world.stop_daemon()
        self.world.sql(
            "INSERT INTO contact(last_name, first_name, email, phone, title, description) WITH"
            " RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT"
            " 'Name ' || i, hex(randomblob(4)), lower(hex(randomblob(5))) || '@example.com',"
            " '+86 1' || abs(random() % 10000000000), 'Manager ' || (i % 50), hex(randomblob(20))"
            " FROM n", self.records)
        self.world.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        folder = os.path.join(self.world.config, "conf.d")
        os.makedirs(folder)
        passphrase = self.world.secret_file("passphrase", {"passphrase": "p"})
        with open(os.path.join(folder, "backup.toml"), "w") as out:
            out.write(f'[backup.bench]\ntarget = "{self.ours}"\npassword = "file:{passphrase}"\n')
        self.world.kontor("backup", "init")
        self.restic("init")
        self.world.start_daemon()
        print(f"{self.records:,} contacts, {os.path.getsize(self.world.replica):,} bytes", flush=True)

    def restic(self, *words):
        subprocess.run(["restic", "--quiet", "--no-cache", "--repo", self.raw, *words], check=True,
                       env=self.env, cwd=self.copy)

    def sqlite_backup(self):
        path = os.path.join(self.copy, "replica.db")
        if os.path.exists(path):
            os.remove(path)
        subprocess.run(["sqlite3", self.world.replica, f".backup {path}"], check=True)

    def change(self, rows):
        self.world.sql("UPDATE contact SET phone = '+86 2' || abs(random() % 10000000000) WHERE id IN"
                       " (WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE"
                       " i < ?2) SELECT abs(random() % ?1) + 1 FROM n)", self.records, rows)

    def row(self, what):
        """One state, stored in three ways."""
        before = size_of(self.ours), size_of(self.raw)
        time.sleep(2)  # kontord looks a second after a write
        read = bytes_read()
        ours = timed(lambda: self.world.kontor("backup", "run", wait=3600))
        read = bytes_read() - read
        copied = timed(self.sqlite_backup)
        raw = timed(lambda: self.restic("backup", "."))
        print(f"| {what} | {size_of(self.ours) - before[0]:,} | {read:,} | {ours:.1f} s |"
              f" {size_of(self.raw) - before[1]:,} | {copied + raw:.1f} s |"
              f" {size_of(self.copy):,} | {copied:.1f} s |", flush=True)

    def run(self):
        self.prepare()
        print("| | kontor: bytes | read | time | restic on the raw file: bytes | time (the copy included) |"
              " `sqlite3 .backup`: bytes | time |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        self.row("first")
        for rows in (100, self.records // 100):
            self.change(rows)
            self.row(f"{rows:,} rows changed ({rows / self.records:.2%})")
        drill = self.world.json("backup", "drill", wait=3600)
        assert drill["error"] == "", drill
        self.world.stop_daemon()
        restored = timed(lambda: self.world.kontor("restore", "--yes", wait=3600))
        raw = timed(lambda: self.restic("restore", "latest", "--target",
                                        os.path.join(self.world.dir, "restored")))
        print(f"\nrestored: {restored:.1f} s, put together, proven and in place (a drill:"
              f" {drill['ms'] / 1000:.1f} s); restic on the raw file, unproven: {raw:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--records", type=int, default=1_000_000)
    bench = Bench(parser.parse_args())
    try:
        bench.run()
    finally:
        bench.world.close()
        shutil.rmtree(bench.world.dir, ignore_errors=True)


main()
