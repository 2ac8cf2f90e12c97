#!/usr/bin/env python3
"""Everyday speed after a first load: syncs, pushes, local writes and reads, starting, doing nothing.

    bench/everyday.py --records 1000000

The simulated account runs on the same machine; its CPU time is shown apart. Programs that have been
built are measured; nothing is built. See docs/benchmarks.md.
"""
import argparse
import contextlib
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from first_load import ROOT, Kontor, Peer, settle, stop, wait_for_run  # noqa: E402


def cpu_ms(pid):
    """CPU time of a process, to the nanosecond (/proc/PID/stat counts in ticks of 10 ms)."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total / 1e6


def switches(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path) as file:
            total += sum(int(line.split()[1]) for line in file if "voluntary_ctxt" in line)
    return total


def written_bytes(pid):
    with open(f"/proc/{pid}/io") as file:
        fields = dict(line.split(": ") for line in file.read().splitlines())
    return int(fields["write_bytes"]), int(fields["wchar"])


class Api:
    def __init__(self, path):
        self.connection = http.client.HTTPConnection("localhost", timeout=120)
        self.connection.sock = socket.socket(socket.AF_UNIX)
        self.connection.sock.connect(path)

    def call(self, method, path, body=None):
        self.connection.request(method, path, None if body is None else json.dumps(body),
                                {"Content-Type": "application/json"} if body is not None else {})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text)


def kinds(before, after):
    """What was asked, by kind."""
    out = []
    for kind, count in sorted(after.items()):
        if count != before.get(kind, 0):
            out.append(f"{kind} {count - before.get(kind, 0)}")
    return ", ".join(out)


def timed_sync(kontor, peer, api, what):
    """One sync, asked for through the API: time of the run, CPU of the daemon and of the account."""
    last = kontor.sql("SELECT max(id) FROM kontor_run")[0][0]
    requests = peer.control("/stats")["requests"]
    cpu, there = cpu_ms(kontor.daemon.pid), cpu_ms(peer.process.pid)
    api.call("POST", "/api/v1/connections/zoho/sync", {"confirm_mass": True})
    result, seconds, counts = wait_for_run(kontor, last + 1)
    time.sleep(0.05)
    cpu, there = cpu_ms(kontor.daemon.pid) - cpu, cpu_ms(peer.process.pid) - there
    asked = kinds(requests, peer.control("/stats")["requests"])
    print(f"{what:<32} {seconds * 1000:7.0f} ms  kontord {cpu:7.1f} ms CPU  account {there:7.1f} ms"
          f" CPU  {result}; {asked}", flush=True)
    return counts


def syncs(kontor, peer, api, args):
    for number in range(4):
        timed_sync(kontor, peer, api, "sync, nothing changed")
    for number in range(3):
        time.sleep(1.1)  # Zoho's stamps have whole seconds
        peer.control("/bulk_edit", {"module": "Contacts", "count": 1, "skip": number,
                                    "set": {"Title": f"one change {number}"}})
        timed_sync(kontor, peer, api, "sync, 1 change there")
    for number in range(2):
        time.sleep(1.1)
        peer.control("/bulk_edit", {"module": "Contacts", "count": 2000, "skip": 10, "same_time": False,
                                    "set": {"Title": f"change {number} {{n}} there"}})
        timed_sync(kontor, peer, api, "sync, 2,000 changes there")


def show_push_rate(peer, before):
    """From the first write request to the last: looking, writing, and settling all but the last."""
    writes = [entry for entry in peer.control(f"/log?since={before}")["log"]
              if entry["kind"] == "update"]
    took = (writes[-1]["at_ms"] - writes[0]["at_ms"]) / 1000
    if took > 0.1:
        rate = sum(entry["written"] for entry in writes[1:]) / took
        print(f"  of that looking and writing: {rate:,.0f} records/s, {len(writes)} write requests")


def pushes(kontor, peer, api, args):
    kontor.command("push", "on", "zoho")
    for _ in range(2):
        timed_sync(kontor, peer, api, "sync, pushing switched on")
    for count in (1, 2000, 10000):
        if count > args.records // 2:
            continue
        kontor.sql("UPDATE contact SET department = ? WHERE id IN"
                   " (SELECT id FROM contact ORDER BY id DESC LIMIT ? OFFSET 20000)",
                   f"pushed {count}", count)
        before = peer.control("/log?since=999999999999")["last"]
        timed_sync(kontor, peer, api, f"sync, {count:,} edits from here")
        show_push_rate(peer, before)
        left = kontor.sql("SELECT count(*) FROM kontor_link WHERE dirty")[0][0]
        if left:
            print(f"  {left} records are still to be pushed")


def latencies(kontor, args, what, writes=None):
    scratch = os.path.join(os.path.dirname(kontor.replica), "floor.db")
    done = subprocess.run([os.path.join(args.bin, "latency_bench"), kontor.socket, kontor.replica,
                           scratch, writes or str(args.writes)], capture_output=True, text=True)
    for path in glob.glob(scratch + "*"):
        os.remove(path)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    figures = json.loads(done.stdout)
    for name, title in (("floor_write", "durable write, SQLite alone"),
                        ("sql_write", "durable write, SQL on the replica"),
                        ("api_write", "durable write, API"), ("api_read", "read by id, API"),
                        ("round_trip", "round trip to a process that only answers"),
                        ("round_trip_across", "round trip to one on another processor")):
        f = figures[name]
        print(f"{title + what:<42} p50 {f['p50']:7.3f}  p90 {f['p90']:7.3f}  p99 {f['p99']:7.3f}"
              f"  max {f['max']:8.3f} ms", flush=True)


@contextlib.contextmanager
def on_one_processor(kontor):
    """kontord and what is started here: no call has to wake another processor."""
    tasks = os.listdir(f"/proc/{kontor.daemon.pid}/task")
    before = os.sched_getaffinity(0)
    for task in [0, *map(int, tasks)]:
        os.sched_setaffinity(task, {min(before)})
    try:
        yield
    finally:
        for task in [0, *map(int, tasks)]:
            os.sched_setaffinity(task, before)


def status_time(api):
    times = []
    for _ in range(50):
        start = time.monotonic()
        api.call("GET", "/api/v1/status")
        times.append((time.monotonic() - start) * 1000)
    times.sort()
    print(f"{'status':<32} p50 {times[25]:7.2f} ms", flush=True)


def start(kontor, what):
    """Starts the daemon; time until it answers."""
    begun = time.monotonic()
    kontor.daemon = subprocess.Popen([os.path.join(kontor.args.bin, "kontord")], env=kontor.env,
                                     stdout=kontor.log, stderr=kontor.log)
    while True:
        try:
            api = Api(kontor.socket)
            api.call("GET", "/readyz")
            break
        except (ConnectionError, FileNotFoundError):
            time.sleep(0.0005)
    print(f"{what:<32} {(time.monotonic() - begun) * 1000:7.1f} ms, {cpu_ms(kontor.daemon.pid):.1f} ms"
          " CPU until then", flush=True)
    return api


def starts(kontor, args):
    for _ in range(3):
        stop(kontor.daemon)
        start(kontor, "start after a clean stop")
    for _ in range(2):
        time.sleep(3)
        database = sqlite3.connect(kontor.replica, timeout=60, isolation_level=None)
        database.execute("PRAGMA wal_autocheckpoint=0")
        number = 0
        while os.path.getsize(kontor.replica + "-wal") < 60 << 20:
            number += 1
            database.execute("UPDATE contact SET title = ? WHERE id IN (SELECT id FROM contact"
                             " ORDER BY id LIMIT 2000)", (f"wal {time.time()}",))
        size = os.path.getsize(kontor.replica + "-wal") >> 20
        kontor.daemon.send_signal(signal.SIGKILL)
        kontor.daemon.wait()
        # The last handle to close would write the log back.
        subprocess.run(["cp", kontor.replica + "-wal", kontor.replica + "-kept"], check=True)
        database.close()
        os.replace(kontor.replica + "-kept", kontor.replica + "-wal")
        start(kontor, f"start after kill -9, log {size} MB")


def while_loading(kontor, args):
    """Latencies while the first load runs, and whether another program ever found it locked."""
    while kontor.sql("SELECT count(*) FROM (SELECT 1 FROM contact LIMIT 2000)")[0][0] < 2000:
        time.sleep(0.05)
    done = 0
    while not kontor.sql("SELECT 1 FROM kontor_run WHERE id = 1 AND ended_at IS NOT NULL"):
        latencies(kontor, args, ", load runs", "500")
        done += 1
    print(f"{done} rounds during the first load; the last may have outlived it", flush=True)


def idle(kontor, args):
    settle(kontor)
    time.sleep(args.quiet)  # the log is written back when all has been quiet for 20 s
    pid = kontor.daemon.pid
    before, io = switches(pid), written_bytes(pid)
    time.sleep(args.idle)
    after, io_after = switches(pid), written_bytes(pid)
    print(f"{'idle':<32} {(after - before) / args.idle:7.3f} wake-ups a second, {io_after[0] - io[0]}"
          f" bytes to disk, {io_after[1] - io[1]} bytes written, log"
          f" {os.path.getsize(kontor.replica + '-wal')} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--writes", type=int, default=2000, help="of each kind, for latencies")
    parser.add_argument("--quiet", type=int, default=25, help="seconds before idle is measured")
    parser.add_argument("--idle", type=int, default=30, help="seconds of idle that are measured")
    parser.add_argument("--search", action="store_true", help="with the search index")
    parser.add_argument("--only", default="load,sync,write,push,start,idle", help="parts, by comma")
    parser.add_argument("--dir", help="folder for the databases (a temporary one)")
    args = parser.parse_args()
    args.no_search, args.latency = not args.search, 0
    print(f"{args.records} contacts, {os.cpu_count()} processors, load before"
          f" {os.getloadavg()[0]:.1f}", flush=True)
    folder = tempfile.mkdtemp(prefix="kontor-everyday-", dir=args.dir)
    peer = kontor = None
    try:
        peer = Peer(args, folder)
        kontor = Kontor(args, folder, peer, "always")
        kontor.connect()
        if "load" in args.only:
            while_loading(kontor, args)
        print("first load: %s, %.1f s" % wait_for_run(kontor, 1)[:2], flush=True)
        settle(kontor)
        api = Api(kontor.socket)
        parts = args.only.split(",")
        if "sync" in parts:
            syncs(kontor, peer, api, args)
            status_time(api)
        if "write" in parts:
            settle(kontor)
            latencies(kontor, args, "")
            print("the same on one processor:", flush=True)
            with on_one_processor(kontor):
                latencies(kontor, args, "")
        if "push" in parts:
            pushes(kontor, peer, api, args)
        if "start" in parts:
            starts(kontor, args)
        if "idle" in parts:
            idle(kontor, args)
        return 0
    finally:
        if kontor:
            kontor.close()
        stop(peer and peer.process)
        print(f"load after {os.getloadavg()[0]:.1f}")
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
