#!/usr/bin/env python3
"""Plants known defects in the engine, one at a time, and says which check catches each.

Works on a copy of the source under build/mutation, so the tree stays as it is.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

from mutants import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "mutation"
SOURCE, BUILD = WORK / "source", WORK / "build"
TESTS = ["merge_test", "engine_test"]


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **more)


def copy_source():
    """What git knows and what is new; unchanged files keep their times, so little is rebuilt."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).stdout.split("\n")
    for name in filter(None, listed):
        source, target = ROOT / name, SOURCE / name
        if not source.is_file():
            continue
        text = source.read_bytes()
        if name == "cmake/options.cmake":  # a defect may leave a parameter without use
            text = text.replace(b" -Werror", b"")
        if target.is_file() and target.read_bytes() == text:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)


def build(tests):
    made = run("nice", "cmake", "--build", str(BUILD), "-j2", "--target", "kontor_simulation", *tests)
    return None if made.returncode == 0 else made.stdout[-2000:]


def plant(edits):
    """Returns the originals; fails if a text, however broken into lines, is not there just once."""
    originals = {}
    for name, replacements in edits.items():
        path = SOURCE / name
        text = originals[name] = path.read_text()
        for before, after in replacements:
            found = list(re.finditer(r"\s+".join(map(re.escape, before.split())), text))
            if len(found) != 1:
                raise ValueError(f"{name}: {len(found)} times: {before}")
            text = text[:found[0].start()] + after + text[found[0].end():]
        path.write_text(text)
    return originals


def catches(options):
    """What fails now: the simulation's first violation, and the cases of the tests."""
    simulated = run(str(BUILD / "bin/kontor_simulation"), "--seeds", str(options.seeds),
                    "--failures", "1", "--no-shrink", timeout=1800)
    found = []
    violation = re.search(r"^  (\w[^:\n]*):.*$", simulated.stdout, re.M)
    if simulated.returncode != 0:
        seed = re.search(r"seed (\d+) FAILED", simulated.stdout)
        found.append("simulation %s (seed %s)" % (violation.group(1) if violation else "crash",
                                                  seed.group(1) if seed else "?"))
    for test in options.tests:
        tried = run(str(BUILD / "bin" / test), "-r", "compact", timeout=600)
        cases = re.search(r"[Ff]ailed (\d+|both) test case|failed (\d+) of|(\d+) failed",
                          tried.stdout)
        if tried.returncode != 0:
            found.append(f"{test}{' ' + cases.group(0) if cases else ''}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="of the simulation, for each")
    parser.add_argument("--only", default="", help="mutants whose name matches this")
    parser.add_argument("--simulation", action="store_true", help="the simulation alone")
    parser.add_argument("--check", action="store_true", help="only see that all texts are there")
    options = parser.parse_args()
    options.tests = [] if options.simulation else TESTS
    copy_source()
    chosen = [m for m in MUTANTS if re.search(options.only, m[0])]
    if options.check:
        for name, _, edits in chosen:
            for path, text in plant(edits).items():
                (SOURCE / path).write_text(text)
        print(f"{len(chosen)} mutants fit the source")
        return 0

    configured = run("cmake", "-S", str(SOURCE), "-B", str(BUILD), "-G", "Ninja",
                     "-DCMAKE_BUILD_TYPE=Release")
    if configured.returncode != 0 or build(options.tests) is not None:
        print("the source does not build", file=sys.stderr)
        return 1
    if already := catches(options):
        print("fails without a mutant:", already, file=sys.stderr)
        return 1
    survived, by_simulation = [], 0
    for name, invariants, edits in chosen:
        started = time.monotonic()
        originals = plant(edits)
        try:
            trouble = build(options.tests)
            found = [] if trouble else catches(options)
        finally:
            for path, text in originals.items():
                (SOURCE / path).write_text(text)
        if trouble:
            print(f"BROKEN    {name}: does not compile\n{trouble}")
            survived.append(name)
            continue
        by_simulation += any(f.startswith("simulation") for f in found)
        if not found:
            survived.append(name)
        print(f"{'caught' if found else 'SURVIVED':9} {name} [{invariants}]: "
              f"{', '.join(found) or '-'} ({time.monotonic() - started:.0f} s)", flush=True)
    print(f"{len(chosen)} mutants, {len(chosen) - len(survived)} caught, "
          f"{by_simulation} by the simulation")
    return 1 if survived else 0


sys.exit(main())
