#!/usr/bin/env python3
"""Whatever ends the simulation in the midst of a seed, that seed is told, and the command that repeats it.

A running simulation, in one process and in two, is ended by signals: such as a crash brings, the alarm of
a seed that does not end, the order of somebody who has waited long enough, and one that no process sees.
"""
import pathlib
import re
import signal
import subprocess
import sys
import time

PROGRAM = sys.argv[1]
WAIT_SECONDS = 60
TRIES = 5


def child_of(pid):
    """One of its children, once there is one."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                return int(stat.parent.name)
        time.sleep(0.02)
    raise AssertionError("no child")


def busy(pid):
    """Once it has used processor time for longer than any preparation takes."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        if int(fields[11]) + int(fields[12]) > 50:
            return
        time.sleep(0.02)
    raise AssertionError("it does not run")


def ended(sent, *options, child=False):
    """What it prints and how it ends, ended by this signal."""
    run = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, text=True)
    try:
        whom = child_of(run.pid) if child else run.pid
        busy(whom)
        subprocess.run(["kill", f"-{sent.name[3:]}", str(whom)], check=True)
        out, _ = run.communicate(timeout=WAIT_SECONDS)
    finally:
        run.kill()
        run.wait()
    return out, run.returncode


def expect(what, condition, out):
    if not condition:
        sys.exit(f"FAILED: {what}\n{out}")


def check(sent, why, *options, word=" FAILED", child=False):
    what = f"{sent.name} with {' '.join(options)}"
    for _ in range(TRIES):
        out, code = ended(sent, *options, child=child)
        told = re.findall(rf"^seed (\d+){word}\n  ([^\n]*)\n  repeat: ([^\n]*)$", out, re.M)
        if told:
            break  # else it came between two seeds
    expect(f"{what}: a seed is told once", len(told) == 1, out)
    seed, reason, repeat = told[0]
    expect(f"{what}: it says why", reason == why, out)
    expect(f"{what}: it says how to repeat it", repeat == f"{PROGRAM} --remotes 1 --seed {seed}", out)
    expect(f"{what}: the exit code", code == (1 if child else -sent), f"{code}\n{out}")
    if child:
        expect(f"{what}: it is among those that failed", f"1 seeds FAILED: {seed}\n" in out, out)
        expect(f"{what}: one sum", out.count("seeds/s") == 1, out)
    return seed


def main():
    alone = ("--remotes", "1", "--seeds", "100000")
    together = ("--remotes", "1", "--seeds", "40", "--jobs", "2")
    check(signal.SIGSEGV, "crash: signal 11", *alone)
    check(signal.SIGABRT, "crash: signal 6", *alone)
    check(signal.SIGALRM, "hangs: it does not end", *alone)
    check(signal.SIGTERM, "ended by signal 15", *alone, word=" was under way")
    check(signal.SIGSEGV, "crash: signal 11", *together, child=True)
    check(signal.SIGKILL, "crash: signal 9", *together, child=True)
    seed = check(signal.SIGALRM, "hangs: it does not end", *together, child=True)

    again = subprocess.run([PROGRAM, "--remotes", "1", "--seed", seed], stdout=subprocess.PIPE, text=True)
    expect("the seed itself passes", again.returncode == 0, again.stdout)
    twisted = subprocess.run([PROGRAM, "--seeds", "30", "--jobs", "2", "--twist", "restored"],
                             stdout=subprocess.PIPE, text=True).stdout
    run, skipped = (int(n) for n in re.search(r"^(\d+) seeds, .*\n(\d+) others skipped", twisted, re.M).groups())
    expect("those that are skipped are counted apart", run > 0 and skipped > 0 and run + skipped == 30, twisted)
    print("ok")


main()
