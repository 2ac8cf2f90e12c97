#!/usr/bin/env python3
"""Plants known defects in the engine, one at a time, and says which check catches each.

Works on a copy of the source under build/mutation, so the tree stays as it is. What caught a defect is
noted there and tried first the next time.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from mutants import MUTANTS  # noqa: E402
from planting import ROOT, SourceCopy, edited  # noqa: E402

COPY = SourceCopy(ROOT / "build" / "mutation")
# What no test of a named defect is: fixed seeds, generated cases, a crash at every step, what is
# held in memory.
PROPERTIES, EVERY_STEP, BOUNDED = GENERAL = ["merge_properties_test", "every_step_test", "bounded_test"]
FIRST_SEEDS = 200
LAST_TIME = ROOT / "build" / "mutation" / "caught.json"
NAMED = ["merge_test", "engine_test", "engine_many_test", "sync_replica_test"]


# The same cases for each defect; few of them suit every property.
ENVIRONMENT = {**os.environ, "RC_PARAMS": "max_success=1000 seed=2026 max_discard_ratio=100"}


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env=ENVIRONMENT, **more)


def simulation(seeds, options, first=1):
    """The first violation that the simulation finds, or None."""
    tried = run(str(COPY.build_folder / "bin/kontor_simulation"), "--seed", str(first), "--seeds", str(seeds),
                "--jobs", str(options.jobs), "--failures", "1", "--no-shrink", timeout=3600)
    if tried.returncode == 0:
        return None
    violation = re.search(r"^  (\w[^:\n]*):.*$", tried.stdout, re.M)
    seed = re.search(r"seed (\d+) FAILED", tried.stdout)
    return "simulation %s (seed %s)" % (violation.group(1) if violation else "crash",
                                        seed.group(1) if seed else "?")


def test(name, *more):
    """What fails of a test program, or None."""
    options = ["--jobs", "2", *more] if name == "every_step_test" else []
    if "properties" not in name and not options:
        options = ["-r", "compact", "--abort"]
    tried = run(str(COPY.build_folder / "bin" / name), *options, timeout=1800)
    if tried.returncode == 0:
        return None
    cases = re.search(r"[Ff]ailed (\d+|both) test case|failed (\d+) of|(\d+) failed", tried.stdout)
    return f"{name}{' ' + cases.group(0) if cases else ''}"


def general_checks(options, edited, last):
    """Cheap ones first; most defects meet one of the first seeds."""
    if seed := re.search(r"^simulation .*\(seed (\d+)\)", last):
        yield lambda: simulation(1, options, int(seed.group(1)))
    elif (name := last.split(" ")[0]) in GENERAL and not options.simulation:
        yield lambda: test(name)
    yield lambda: simulation(min(options.seeds, FIRST_SEEDS), options)
    if options.simulation:
        yield lambda: simulation(options.seeds, options)
        return
    if any(path.startswith("sync/merge/") for path in edited):
        yield lambda: test(PROPERTIES)
    yield lambda: test(EVERY_STEP)
    yield lambda: test(EVERY_STEP, "--without-key")
    yield lambda: test(BOUNDED)
    yield lambda: simulation(options.seeds, options)


def caught_by(options, edited, last):
    """The first check that fails, or None; and of which kind it is. `last`: what it was last time."""
    if (name := last.split(" ")[0]) in NAMED and not options.simulation:
        if COPY.build([name]):
            return "named tests do not compile", "named"
        if found := test(name):
            return found, "named"
    for check in general_checks(options, edited, last):
        if found := check():
            return found, "general"
    if options.simulation:
        return None, None
    if COPY.build(NAMED):
        return "named tests do not compile", "named"
    for name in NAMED:
        if found := test(name):
            return found, "named"
    return None, None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000,
                        help="of the simulation, for each at most; 2,000 are what CI runs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose name or invariants match this")
    parser.add_argument("--simulation", action="store_true", help="the simulation alone")
    parser.add_argument("--afresh", action="store_true", help="whatever caught a defect last time")
    parser.add_argument("--check", action="store_true", help="only see that all texts are there")
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if re.search(options.only, f"{m[0]} [{m[1]}]")]
    if options.check:
        for name, _, edits in chosen:
            edited(ROOT, edits)
        print(f"{len(chosen)} mutants fit the source")
        return 0

    targets = ["kontor_simulation"] + ([] if options.simulation else GENERAL)
    COPY.refresh()
    if COPY.configure("-DCMAKE_BUILD_TYPE=Release") or COPY.build(targets + NAMED):
        print("the source does not build", file=sys.stderr)
        return 1
    if already := [name for name in GENERAL + NAMED if test(name)]:
        print("fails without a mutant:", already, file=sys.stderr)
        return 1
    survived, kinds = [], {"general": 0, "named": 0}
    last_time = json.loads(LAST_TIME.read_text()) if LAST_TIME.exists() and not options.afresh else {}
    for name, invariants, edits in chosen:
        started = time.monotonic()
        with COPY.planted(edits):
            trouble = COPY.build(targets)
            found, kind = (None, None) if trouble else caught_by(options, edits, last_time.get(name, ""))
        if trouble:
            print(f"BROKEN    {name}: does not compile\n{trouble}")
        if found:
            kinds[kind] += 1
            last_time[name] = found
            LAST_TIME.write_text(json.dumps(last_time, indent=1))
        else:
            survived.append(name)
        print(f"{'caught' if found else 'SURVIVED':9} {name} [{invariants}]: {found or '-'}"
              f"{' (named test)' if kind == 'named' else ''} ({time.monotonic() - started:.0f} s)",
              flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - len(survived)} caught, {kinds['general']} of them by "
          "the simulation, generated cases or the crash at every step")
    return 1 if survived else 0


sys.exit(main())
