#!/usr/bin/env python3
"""kill -9 at random during two-way sync: nothing acknowledged is lost, nothing is created twice.

Starts the remote once (a simulated Zoho, Fxiaoke or Salesforce, a real PostgreSQL or CardDAV server, a
small server that is connected by a description, or a team's hub) and kontord again and again. In each
life of the daemon, records are created and changed here (each value a unique token; half of the writes
through the API, half by plain SQL), before a sync is asked for or while it runs; colleagues change other
fields there; and the daemon is killed at a random moment. Just before or after it, the server of a hub is
killed too, or the kontord of a colleague. Before it starts again, a record may be changed on both sides in
the same field, or deleted on one side and changed on the other. At the end undisturbed syncs run, what is
asked is answered, and the remote's own dump is compared with the replica through SQLite:
  * every local write that was reported as done is in the replica and at the remote, and so is what
    colleagues typed last; of two values for one field one is, and the other one is in the history or a
    conflict; what was changed while it was deleted is there; each record says the same on both sides;
  * with a unique external-id field every record made here is there exactly once; without one at most
    once, and those of unknown fate are listed as blocked.
"""
import argparse
import contextlib
import signal
import sqlite3
import sys
import time

import two_way


# Sent in this life, or just about to be, and not settled. What another life has sent is looked into first.
SENDING = "SELECT 1 FROM kontor_intent WHERE state = 'sent' AND at > ? LIMIT 1"


def wait_for_push(world, asked, since):
    """Until something is sent, or the sync has ended without it."""
    # One handle throughout, as a push may take a few milliseconds; none is left when kontord starts again.
    with contextlib.closing(sqlite3.connect(world.replica, timeout=20)) as replica:
        while asked.poll() is None and not replica.execute(SENDING, (since,)).fetchone():
            time.sleep(0.0005)


def decide(world):
    """Whatever is asked about values is answered, here and at a colleague's."""
    take = world.random.choice(("ours", "theirs"))
    for one in (world, *world.remote.others()):
        answered = one.kontor("resolve", "--all", "--take", take, "--yes", check=False)
        # A sync may have answered one of them meanwhile.
        assert answered.returncode in (0, 3), answered.stderr


def try_again(world):
    """What was refused for the moment only is not waited for, here or at a colleague's."""
    for one in (world, *world.remote.others()):
        for (link,) in one.sql("SELECT link FROM kontor_blocked WHERE retry_at IS NOT NULL"):
            one.kontor("blocked", "--retry", str(link), check=False)


def run(world, args):
    world.start(60)
    edits = two_way.Edits(world)
    amid = 0
    for _ in range(args.kills):
        number = world.random.randint(1, 3)
        before = world.random.randint(0, number)
        for _ in range(before):
            edits.here()
        if world.random.random() < 0.4:
            edits.there()
        since = world.sql("SELECT coalesce(max(at), '') FROM kontor_intent")[0][0]
        asked = world.ask_for_sync(world.remote.name)
        for _ in range(number - before):
            edits.here()
        # Half of the lives end at a moment of the whole sync, the others as something is sent: by chance
        # alone few would, and on a busy machine none.
        moment = world.random.random()
        if world.random.random() < 0.5:
            time.sleep(moment * 0.3)
        else:
            wait_for_push(world, asked, since)
            time.sleep(moment ** 4 * 0.1)  # the first milliseconds above all
        ends = [world.remote.strike, lambda: world.stop_daemon(signal.SIGKILL)]
        world.random.shuffle(ends)
        for end in ends:
            end()
        asked.kill()
        asked.wait()
        amid += len(world.sql(SENDING, since))
        if world.random.random() < 0.3:
            edits.apart()
        world.start_daemon()
        if world.random.random() < 0.05:
            decide(world)
    for _ in range(4):
        try_again(world)
        world.remote.settle()
        # Of some remotes, what was deleted is found by what their lists lack.
        world.kontor("sync", world.remote.name, "--sweep", check=False)
        time.sleep(0.2)
        decide(world)
    return edits, f"{args.kills} kills, {amid} of them amid a push"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--remote", default="zoho", choices=two_way.REMOTES)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--without-key", action="store_true",
                        help="Zoho has no field for our key; what other remotes have is theirs")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    here = two_way.World(args.bin, "kill", args.seed, keyed=not args.without_key,
                         remote=args.remote)
    good = False
    try:
        good = two_way.report(here, *run(here, args))
    finally:
        here.close(keep=not good)
    return 0 if good else 1


sys.exit(main())
