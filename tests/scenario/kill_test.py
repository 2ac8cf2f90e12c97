#!/usr/bin/env python3
"""kill -9 at random during two-way sync: nothing acknowledged is lost, nothing is created twice.

Starts the remote once (a simulated Zoho, Fxiaoke or Salesforce, or a real PostgreSQL) and kontord again
and again. In each life of the daemon, records are created and changed here (each value a unique token;
half of the writes through the API, half by plain SQL), before a sync is asked for or while it runs;
colleagues change other fields there; and the daemon is killed at a random moment. At the end undisturbed
syncs run, and the remote's own dump is compared with the replica through SQLite:
  * every local write that was reported as done is in the replica and at the remote, and so is what
    colleagues typed last;
  * with a unique external-id field every record made here is there exactly once; without one at most
    once, and those of unknown fate are listed as blocked.
"""
import argparse
import os
import signal
import subprocess
import sys
import time

import two_way


def run(world, args):
    world.start(60)
    edits = two_way.Edits(world)
    for _ in range(args.kills):
        number = world.random.randint(1, 3)
        before = world.random.randint(0, number)
        for _ in range(before):
            edits.here()
        if world.random.random() < 0.4:
            edits.there()
        asked = subprocess.Popen([os.path.join(args.bin, "kontor"), "sync", world.remote.name, "--quiet"],
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
        world.kontor("sync", world.remote.name, check=False)
        time.sleep(0.2)
    return edits


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--remote", default="zoho", choices=two_way.REMOTES)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--without-key", action="store_true")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    here = two_way.World(args.bin, "kill", args.seed, keyed=not args.without_key,
                         remote=args.remote)
    good = False
    try:
        good = two_way.report(here, run(here, args), f"{args.kills} kills")
    finally:
        here.close(keep=not good)
    return 0 if good else 1


sys.exit(main())
