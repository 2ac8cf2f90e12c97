#!/usr/bin/env python3
"""kill -9 of kontord and restic while a backup is made and old ones are dropped.

First once at each stage of pruning, which is watched in the repository itself: restic goes on by slices of a
millisecond, stands still while somebody looks, and is killed as soon as the stage is reached. Then at random moments
of whole runs, kontord, its restic or both. After each kill, with the repository as it lies:
  * restic itself finds no damage, and restores the newest backup;
  * the next run works without anybody's help, clears the lock, and leaves as many backups as are kept;
  * the newest backup passes its drill, and the replica is as it was.
At last nothing is left that pruning would remove.
"""
import argparse
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
from world import World, until  # noqa: E402

RECORDS = 3000
KEPT = 2
TRIES = 4  # a stage may pass between two looks

# What shows it: files of which kind, and whether some came or some went since pruning began.
STAGES = {
    "locked": ("locks", None),
    "backups forgotten": ("snapshots", "went"),
    "data written anew": ("data", "came"),
    "index written anew": ("index", "came"),
    "old index removed": ("index", "went"),
    "old data removed": ("data", "went"),
}


class Office(World):
    def __init__(self, programs, seed):
        super().__init__(programs, "backup-kill")
        self.random = random.Random(seed)
        self.repository = os.path.join(self.dir, "office")
        passphrase = self.secret_file("passphrase", {"passphrase": "correct horse"})
        for name in ("conf.d", "rest"):
            os.makedirs(os.path.join(self.config, name))
        with open(os.path.join(self.config, "conf.d", "backup.toml"), "w") as out:
            out.write(f'[backup.office]\ntarget = "{self.repository}"\npassword = "file:{passphrase}"\n'
                      f'keep = {{ last = {KEPT} }}\n[jobs]\nretries = 0\n'
                      '[job.backup]\nrun = "backup run office"\n')
        self.start_daemon()
        self.sql("INSERT INTO contact(last_name) WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL"
                 " SELECT i + 1 FROM n WHERE i < ?) SELECT 'Name ' || i FROM n", RECORDS)
        self.kontor("backup", "init")

    def edit(self):
        """Changes records, and a large file beside them, whose last content lies in one pack with what stays in use:
        pruning has something to write anew."""
        self.sql("UPDATE contact SET description = hex(randomblob(500)) WHERE id % 10 = ?",
                 self.random.randrange(10))
        with open(os.path.join(self.config, "rest", "large.toml"), "w") as out:
            out.write("# " + self.random.randbytes(400_000).hex() + "\n")

    def begin_run(self):
        self.edit()
        return subprocess.Popen([self.program("kontor"), "jobs", "run", "backup"], env=self.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def restic(self, *words, locks=True):
        """restic by hand; with locks=False whatever locks lie there. What it printed."""
        done = subprocess.run(["restic", "--no-cache", "-r", self.repository, *([] if locks else ["--no-lock"]),
                               *words], env={**self.env, "RESTIC_PASSWORD": "correct horse"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"restic {words}: {done.stdout}"
        return done.stdout

    def held(self, kind):
        """The names of the repository's files of a kind."""
        # restic writes to "…-tmp-…" and renames.
        return {name for _, _, files in os.walk(os.path.join(self.repository, kind)) for name in files
                if "-tmp" not in name}

    def child(self):
        """kontord's restic: its number and its arguments; (None, "") if there is none."""
        try:
            with open(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children") as file:
                pids = file.read().split()
            for thread in os.listdir(f"/proc/{self.daemon.pid}/task"):
                with open(f"/proc/{self.daemon.pid}/task/{thread}/children") as file:
                    pids += file.read().split()
            for pid in pids:
                with open(f"/proc/{pid}/cmdline") as file:
                    words = file.read().split("\0")
                if os.path.basename(words[0]) == "restic":
                    return int(pid), " ".join(words)
        except (FileNotFoundError, ProcessLookupError):
            pass  # ended meanwhile
        return None, ""

    def kill_daemon(self):
        os.kill(self.daemon.pid, signal.SIGKILL)
        self.daemon.wait()

    def check(self, drill_first):
        """What must be so after a kill."""
        self.restic("check", locks=False)
        folder = os.path.join(self.dir, "restored")
        self.restic("restore", "latest", "--verify", "--target", folder, locks=False)
        assert os.listdir(os.path.join(folder, "replica")), "nothing was restored"
        shutil.rmtree(folder)
        if self.daemon.poll() is not None:
            self.start_daemon()
        if drill_first:
            self.drill()
        self.kontor("jobs", "run", "backup")
        assert not self.held("locks"), "a lock is left"
        self.drill()
        kept = self.json("backup", "list")["backups"]
        # The newest, those that are kept, and the one that was proven last.
        assert KEPT <= len(kept) <= KEPT + 1, kept
        assert self.sql("SELECT count(*) FROM contact") == [(RECORDS,)]

    def drill(self):
        proof = self.json("backup", "drill")
        assert proof["error"] == "" and proof["notes"] == [], proof



def ended(pid):
    """Waits until nothing is left of a process: to restic a dead one whose parent has not noticed holds its lock."""
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of restic")


def stop(pid):
    """Halts a process; back when each of its threads stands still."""
    os.kill(pid, signal.SIGSTOP)
    tasks = f"/proc/{pid}/task"
    for task in os.listdir(tasks):
        while True:
            with open(f"{tasks}/{task}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] in "TZX":
                    break


def kill_at(office, stage):
    """Runs a backup and kills it at a stage of pruning; False if that went by."""
    kind, change = STAGES[stage]
    asked = office.begin_run()
    pid, words = None, ""
    while asked.poll() is None and not ("--prune" in words and office.held("locks")):
        time.sleep(0.001)
        pid, words = office.child()
    then = office.held(kind)
    reached = {"came": lambda now: now - then, "went": lambda now: then - now, None: lambda now: True}[change]
    try:
        while asked.poll() is None:
            stop(pid)
            if office.held("locks") and reached(office.held(kind)):
                office.kill_daemon()
                os.kill(pid, signal.SIGKILL)
                ended(pid)
                asked.wait()
                return True
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.001)
    except (ProcessLookupError, FileNotFoundError):  # restic was over before
        asked.wait()
    return False


def kill_somewhen(office, most):
    """Runs a backup and kills it at some moment; what was killed, and at what."""
    asked = office.begin_run()
    time.sleep(office.random.random() * most)
    pid, words = office.child()
    at = next((word for word in ("--prune", "--dry-run", "snapshots", "backup", "unlock") if word in words.split()),
              "between")
    victims = office.random.choice(("kontord", "restic", "both")) if pid else "kontord"
    if victims != "restic":
        office.kill_daemon()
    try:
        if victims != "kontord":
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if pid:  # alone it goes on for a while, and what comes next has to wait for it
        ended(pid)
    asked.wait()
    return f"{victims} at {at}"


def run(office, args):
    for _ in range(KEPT + 1):
        office.edit()
        office.kontor("jobs", "run", "backup")
    begun = time.monotonic()
    office.edit()
    office.kontor("jobs", "run", "backup")
    most = 1.2 * (time.monotonic() - begun)
    for number, stage in enumerate(STAGES):
        for _ in range(TRIES):
            if kill_at(office, stage):
                break
        else:
            raise AssertionError("pruning was never seen to be at: " + stage)
        assert office.held("locks"), "the killed restic has left no lock"
        print("killed at:", stage, flush=True)
        office.check(number % 2 == 0)
    seen = collections.Counter()
    for number in range(args.kills):
        seen[kill_somewhen(office, most)] += 1
        office.check(number % 2 == 0)
    print(json.dumps(seen, indent=1, sort_keys=True))
    office.restic("check", "--read-data")
    said = office.restic("prune", "--dry-run")
    assert re.search(r"total prune: +0 blobs", said), said
    assert office.sql("PRAGMA integrity_check") == [("ok",)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    office = Office(args.bin, args.seed)
    good = False
    try:
        run(office, args)
        good = True
    finally:
        office.close(keep=not good)


main()
