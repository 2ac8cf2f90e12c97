#!/usr/bin/env python3
"""First loads of Zoho contacts: Kontor against the floor (libcurl + simdjson + SQLite, floor_bench).

Both load the same 50 fields of the same simulated account in the same run, so that what else the
machine does touches both; the figures to compare are the ratios. With --no-change also what comes
after the first load: syncs without and with changes, pushing, and the latency of local writes.
Programs that have been built are measured; nothing is built. See docs/benchmarks.md.
"""
import argparse
import http.client
import json
import os
import shutil
import socket
import sqlite3
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TICKS = os.sysconf("SC_CLK_TCK")
# Contacts has ten fields more than fit into one request. They are hidden, so that a page is one
# request for both.
HIDDEN = ["Skype_ID", "Twitter", "Remarks", "Card_Number", "Sales_Partner", "Tag", "Record_Status__s",
          "Locked__s", "Currency", "Exchange_Rate"]


def clean_environment():
    return {k: v for k, v in os.environ.items()
            if k not in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")}


def stop(process):
    if process and process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


class Peer:
    """The simulated Zoho. Each load gets one of its own, so that its counters are its own too."""

    def __init__(self, args, folder):
        command = [os.path.join(args.bin, "kontor-peer-zoho"), "--records", str(args.records),
                   "--no-credits-limit", "--switch", "zip_level=0", "--switch", "wall_100000=false",
                   "--switch", "bulk_downloads_per_minute=1000",
                   "--latency", str(args.latency), "--seed", "7"]
        for name in ("accounts", "deals", "leads"):
            command += ["--" + name, "10"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=clean_environment())
        line = self.process.stdout.readline()
        self.info = json.loads(line)
        self.file = os.path.join(folder, "peer.json")
        with open(os.open(self.file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
            out.write(line)
        self.tls = ssl.create_default_context(cafile=self.info["ca_file"])
        for field in HIDDEN:
            self.control("/fault", {"kind": "role", "params": {
                "change": "hide_field", "module": "Contacts", "field": field}})

    def control(self, path, body=None):
        request = urllib.request.Request(
            self.info["control_url"] + path, None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=self.tls, timeout=120) as answer:
            return json.loads(answer.read())

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def used(self):
        """(requests, credits, records written) so far."""
        stats = self.control("/stats")
        return (sum(stats["requests"].values()), stats["credits_used"], stats["records_written"])


class Kontor:
    """A kontord of its own in a folder of its own, connected to `peer`."""

    def __init__(self, args, folder, peer, bulk, isolation="process"):
        self.args, self.folder, self.peer, self.bulk = args, folder, peer, bulk
        self.env = clean_environment()
        for name, path in (("HOME", "home"), ("XDG_CONFIG_HOME", "home/.config"),
                           ("XDG_STATE_HOME", "home/.local/state"), ("XDG_RUNTIME_DIR", "run"),
                           ("XDG_CACHE_HOME", "home/.cache")):
            self.env[name] = os.path.join(folder, path)
            os.makedirs(self.env[name], mode=0o700, exist_ok=True)
        self.env["LANG"] = "C.UTF-8"
        self.replica = os.path.join(self.env["XDG_STATE_HOME"], "kontor", "replica.db")
        self.socket = os.path.join(self.env["XDG_RUNTIME_DIR"], "kontor", "kontor.sock")
        self.command("init")
        with open(os.path.join(self.env["XDG_CONFIG_HOME"], "kontor", "kontor.toml"), "a") as out:
            if args.no_search:
                out.write("\n[search]\nenabled = false\n")
            out.write(f'\n[connectors]\nisolation = "{isolation}"\n')
        self.log = open(os.path.join(folder, "kontord.log"), "ab")
        self.daemon = subprocess.Popen([os.path.join(args.bin, "kontord")], env=self.env,
                                       stdout=self.log, stderr=self.log)
        for _ in range(500):
            if self.command("status", "--json", check=False).returncode == 0:
                return
            time.sleep(0.02)
        raise SystemExit("kontord does not answer: " + folder)

    def command(self, *words, check=True):
        result = subprocess.run([os.path.join(self.args.bin, "kontor"), *words], env=self.env,
                                capture_output=True, text=True)
        if check and result.returncode != 0:
            raise SystemExit(f"kontor {' '.join(words)}: {result.returncode}\n{result.stderr}")
        return result

    def connect(self):
        """Sets the connection up and asks for its first sync; returns the CPU used till then."""
        info = self.peer.info
        for name in ("client_secret", "refresh_token"):
            path = os.path.join(self.folder, name)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
                out.write(info[name])
        options = {"data_centre": "custom", "accounts_url": info["accounts_url"],
                   "api_url": info["base_url"], "upload_url": info["base_url"],
                   "modules": "Contacts", "custom_modules": "false", "bulk": self.bulk}
        words = ["connect", "zoho", "--no-input", "--value", "client_id=" + info["client_id"],
                 "--ca-file", info["ca_file"]]
        for name, value in options.items():
            words += ["--option", f"{name}={value}"]
        for name in ("client_secret", "refresh_token"):
            words += ["--secret", f"{name}=file:{os.path.join(self.folder, name)}"]
        self.command(*words)
        asking = subprocess.Popen([os.path.join(self.args.bin, "kontor"), "sync", "zoho", "--quiet"],
                                  env=self.env, stdout=self.log, stderr=self.log)
        while not self.sql("SELECT 1 FROM kontor_run"):
            if asking.poll():
                raise SystemExit("kontor sync failed: " + self.folder)
            time.sleep(0.005)
        used = self.cpu()
        asking.kill()
        asking.wait()
        return used

    def sql(self, text, *values):
        database = sqlite3.connect(self.replica, timeout=60, isolation_level=None)
        try:
            return database.execute(text, values).fetchall()
        finally:
            database.close()

    def cpu(self):
        """Of the daemon and of the processes of its connections."""
        return cpu_seconds(self.daemon.pid) + sum(cpu_seconds(pid) for pid in self.connectors())

    def connectors(self):
        tasks, out = f"/proc/{self.daemon.pid}/task", []
        for task in os.listdir(tasks):  # each belongs to the thread that started it
            try:
                with open(f"{tasks}/{task}/children") as file:
                    out += file.read().split()
            except OSError:
                pass  # a thread that has just ended
        return out

    def close(self):
        stop(self.daemon)
        self.log.close()


def wait_for_run(kontor, number):
    """The run's row, once it has ended. Its times are the daemon's own: to look seldom takes none of the processor
    away from what is measured."""
    while True:
        rows = kontor.sql("SELECT result, (julianday(ended_at) - julianday(started_at)) * 86400,"
                          " counts FROM kontor_run WHERE id = ? AND ended_at IS NOT NULL", number)
        if rows:
            return rows[0]
        if kontor.daemon.poll() is not None:
            raise SystemExit("kontord ended: " + kontor.folder)
        time.sleep(0.25)


def settle(kontor):
    """Waits until the daemon has nothing to do (the search index is built behind the load)."""
    while True:
        before = kontor.cpu()
        time.sleep(0.5)
        idle = kontor.cpu() - before < 0.05
        search = json.loads(kontor.command("status", "--json").stdout)["search"]["state"]
        if idle and search not in ("building", "behind"):
            return


def measure_floor(args, mode):
    folder = tempfile.mkdtemp(prefix="kontor-floor-", dir=args.dir)
    peer = None
    try:
        peer = Peer(args, folder)
        before = peer.cpu()
        done = subprocess.run([args.floor, mode, peer.file, os.path.join(folder, "floor.db")],
                              capture_output=True, text=True, env=clean_environment())
        if done.returncode != 0:
            raise SystemExit("floor_bench: " + done.stderr)
        out = json.loads(done.stdout)
        out["requests"], out["credits"], _ = peer.used()
        out["total_cpu_s"] = out["cpu_s"]
        out["peer_cpu_s"] = peer.cpu() - before
        return out
    finally:
        stop(peer and peer.process)
        shutil.rmtree(folder, ignore_errors=True)


def measure_kontor(args, mode, isolation="process"):
    folder = tempfile.mkdtemp(prefix="kontor-load-", dir=args.dir)
    peer = kontor = None
    try:
        peer = Peer(args, folder)
        kontor = Kontor(args, folder, peer, "always" if mode == "bulk" else "never", isolation)
        before, peer_before = kontor.connect(), peer.cpu()
        result, wall, counts = wait_for_run(kontor, 1)
        cpu, peer_cpu = kontor.cpu() - before, peer.cpu() - peer_before
        loaded = kontor.sql("SELECT count(*) FROM contact")[0][0]
        if result != "ok" or loaded != args.records:
            raise SystemExit(f"the load ended '{result}' with {loaded} records: {counts}")
        requests, credits, _ = peer.used()
        settle(kontor)
        out = {"wall_s": wall, "cpu_s": cpu, "records_s": loaded / wall,
               "total_cpu_s": kontor.cpu() - before, "peer_cpu_s": peer_cpu,
               "peak_rss_mib": peak_mib(kontor.daemon.pid),
               "requests": requests, "credits": credits}
        kontor.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        state = os.path.dirname(kontor.replica)
        out["bytes_a_record"] = os.path.getsize(kontor.replica) / loaded
        out["search_bytes_a_record"] = sum(
            os.path.getsize(os.path.join(state, "search.db" + end)) for end in ("", "-wal")
            if os.path.exists(os.path.join(state, "search.db" + end))) / loaded
        if mode == "bulk" and args.no_change:
            after_load(args, kontor, peer)
        return out
    finally:
        if kontor:
            kontor.close()
        stop(peer and peer.process)
        if args.keep:
            print("kept: " + folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def timed_sync(kontor, peer, what, *options):
    used, cpu, start = peer.used(), kontor.cpu(), time.monotonic()
    kontor.command("sync", "zoho", "--quiet", *options)
    wall, cpu, now = time.monotonic() - start, kontor.cpu() - cpu, peer.used()
    counts = kontor.sql("SELECT counts FROM kontor_run ORDER BY id DESC LIMIT 1")[0][0]
    counts = json.loads(counts or "{}").get("Contacts", {})
    print(f"{what:<34} {wall * 1000:8.0f} ms {cpu * 1000:8.0f} ms CPU {now[0] - used[0]:5d} requests"
          f" {now[1] - used[1]:5d} credits {now[2] - used[2]:5d} written there"
          f" {counts.get('seen', 0):6d} seen {counts.get('updated_here', 0):6d} changed here",
          flush=True)


def percentiles(what, seconds):
    seconds.sort()
    print(f"{what:<34} p50 {seconds[len(seconds) // 2] * 1000:7.2f} ms"
          f"  p99 {seconds[len(seconds) * 99 // 100] * 1000:7.2f} ms", flush=True)


def write_through_api(kontor, ids):
    times = []
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(kontor.socket)
    for number, record in enumerate(ids):
        body = json.dumps({"fields": {"department": f"api {number}"}})
        start = time.monotonic()
        connection.request("PATCH", f"/api/v1/records/contact/{record}", body,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        times.append(time.monotonic() - start)
        if answer.status != 200:
            raise SystemExit(f"PATCH: {answer.status} {text[:300]}")
    connection.close()
    return times


def write_in_sql(path, ids, what):
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    database.execute("PRAGMA synchronous=FULL")
    times = []
    for number, record in enumerate(ids):
        start = time.monotonic()
        database.execute("UPDATE contact SET department = ? WHERE id = ?",
                         (f"{what} {number}", record))
        times.append(time.monotonic() - start)
    database.close()
    return times


def plain_copy(kontor):
    """The contacts in a file without triggers and without Kontor."""
    path = os.path.join(kontor.folder, "plain.db")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("ATTACH ? AS replica", (kontor.replica,))
    sql = database.execute("SELECT sql FROM replica.sqlite_master WHERE type = 'table'"
                           " AND name = 'contact'").fetchone()[0]
    database.execute(sql)
    database.execute("INSERT INTO main.contact SELECT * FROM replica.contact")
    database.close()
    return path


def after_load(args, kontor, peer):
    many = min(2000, args.records // 2)
    print(f"\nafter a first load of {args.records} records")
    timed_sync(kontor, peer, "sync, nothing changed")
    timed_sync(kontor, peer, "sync, nothing changed, again")
    time.sleep(1.1)  # Zoho's stamps have whole seconds
    peer.control("/bulk_edit", {"module": "Contacts", "count": 1,
                                "set": {"Title": "one change there"}})
    timed_sync(kontor, peer, "sync, 1 change there")
    peer.control("/bulk_edit", {"module": "Contacts", "count": many, "skip": 1, "same_time": False,
                                "set": {"Title": "change {n} there"}})
    timed_sync(kontor, peer, f"sync, {many} changes there")
    settle(kontor)

    ids = [row[0] for row in kontor.sql("SELECT id FROM contact ORDER BY id DESC LIMIT 500")]
    percentiles("local write, API", write_through_api(kontor, ids))
    percentiles("local write, SQL on the replica", write_in_sql(kontor.replica, ids, "sql"))
    percentiles("the same, SQLite without Kontor", write_in_sql(plain_copy(kontor), ids, "plain"))

    kontor.command("push", "on", "zoho")
    for _ in range(3):
        kontor.command("sync", "zoho", "--quiet")
    settle(kontor)
    start = time.monotonic()
    kontor.sql("UPDATE contact SET department = 'pushed' WHERE id IN"
               " (SELECT id FROM contact ORDER BY id DESC LIMIT ? OFFSET 500)", many)
    print(f"{f'{many} local edits in one UPDATE':<34} {(time.monotonic() - start) * 1000:8.0f} ms")
    timed_sync(kontor, peer, f"sync, {many} edits from here", "--confirm-mass")
    left = kontor.sql("SELECT count(*) FROM kontor_link WHERE dirty")[0][0]
    timed_sync(kontor, peer, f"the sync after that ({left} to look at)")
    left = kontor.sql("SELECT count(*) FROM kontor_link WHERE dirty")[0][0]
    print(f"records still marked as changed here: {left}")


ROWS = [("records/s", "records_s", "{:.0f}"), ("wall, s", "wall_s", "{:.2f}"),
        ("CPU of the load, s", "cpu_s", "{:.2f}"), ("CPU with search index, s", "total_cpu_s", "{:.2f}"),
        ("the peer's CPU, s", "peer_cpu_s", "{:.2f}"), ("peak RSS, MiB", "peak_rss_mib", "{:.0f}"),
        ("bytes a record", "bytes_a_record", "{:.0f}"),
        ("requests", "requests", "{}"), ("credits", "credits", "{}")]


def report(mode, floor, kontor):
    print(f"\nfirst load by {mode:<19} {'floor':>10} {'Kontor':>10} {'Kontor/floor':>13}")
    for title, key, form in ROWS:
        base = floor.get(key)
        ratio = f"{kontor[key] / base:.2f}" if base else ""
        print(f"{title:<33} {form.format(base) if base is not None else '':>10}"
              f" {form.format(kontor[key]):>10} {ratio:>13}")
    print(f"{'search.db, bytes a record':<33} {'':>10} {kontor['search_bytes_a_record']:>10.0f}",
          flush=True)


def compare_isolation(args, mode):
    """Loads by turns with the connector in kontord and in its process; the medians."""
    runs = {"none": [], "process": []}
    for number in range(args.isolation):
        for where in sorted(runs, reverse=number % 2 == 1):
            runs[where].append(measure_kontor(args, mode, where))
            last = runs[where][-1]
            print(f"  {where:<8} {last['wall_s']:7.2f} s {last['cpu_s']:7.2f} s CPU", flush=True)
    print(f"\nfirst load by {mode:<19} {'in kontord':>10} {'isolated':>10} {'speed kept':>13}")
    for title, key, form in ROWS[:3]:
        none, process = (statistics.median(run[key] for run in runs[where]) for where in runs)
        kept = process / none if key == "records_s" else none / process
        print(f"{title:<33} {form.format(none):>10} {form.format(process):>10} {kept:>13.1%}",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--floor", help="floor_bench, if it is not in --bin")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--latency", type=int, default=0, help="milliseconds of each answer")
    parser.add_argument("--paths", default="bulk,pages")
    parser.add_argument("--no-floor", action="store_true", help="Kontor alone")
    parser.add_argument("--no-change", action="store_true", help="also what comes after the load")
    parser.add_argument("--isolation", type=int, metavar="ROUNDS", default=0,
                        help="Kontor alone, with the connector in kontord and in its own process by"
                             " turns: what isolation costs")
    parser.add_argument("--no-search", action="store_true",
                        help="without the search index, which is built while the load runs")
    parser.add_argument("--dir", help="folder for the databases (a temporary one)")
    parser.add_argument("--keep", action="store_true", help="leave Kontor's folders behind")
    parser.add_argument("--json", action="store_true", help="one JSON line for each path too")
    args = parser.parse_args()
    args.floor = args.floor or os.path.join(args.bin, "floor_bench")
    load = os.getloadavg()
    print(f"{args.records} contacts, latency {args.latency} ms, {os.cpu_count()} processors,"
          f" load before {load[0]:.1f}", flush=True)
    for mode in args.paths.split(","):
        if args.isolation:
            compare_isolation(args, mode)
            continue
        floor = {} if args.no_floor else measure_floor(args, mode)
        kontor = measure_kontor(args, mode)
        report(mode, floor, kontor)
        if args.json:
            print(json.dumps({"path": mode, "floor": floor, "kontor": kontor}))
    print(f"load after {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
