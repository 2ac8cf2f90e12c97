#!/usr/bin/env python3
"""Plants known defects in the engine, one at a time, and says which check catches each.

Works on a copy of the source under build/mutation. What caught a defect is noted in caught.json beside this
file and tried first the next time.
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
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from guarantees_test import INVARIANTS  # noqa: E402
from planting import ROOT, SourceCopy, edited  # noqa: E402

COPY = SourceCopy(ROOT / "build" / "mutation")
# What no test of a named defect is: fixed seeds, generated cases, a crash at every step, what is
# held in memory.
PROPERTIES, EVERY_STEP, BOUNDED = GENERAL = ["merge_properties_test", "every_step_test", "bounded_test"]
FIRST_SEEDS = 200
# So many of all are to be caught by seeds or generated cases.
GENERAL_SHARE = 0.8
LAST_TIME = pathlib.Path(__file__).parent / "caught.json"
# Of which kind each general check is, by the first word of what it says.
KINDS = {"simulation": "simulation", PROPERTIES: "properties", EVERY_STEP: "every step", BOUNDED: "memory"}
NAMED = ["merge_test", "engine_test", "engine_many_test", "sync_replica_test"]
SIMULATION = "kontor_simulation"
# Only these run Zoho's connector, and of the engine's defects they are not asked.
ZOHO_SIMULATION, ZOHO_NAMED = "kontor_zoho_simulation", ["plugin_zoho_test", "plugin_zoho_peer_test"]


# The same cases for each defect; few of them suit every property.
ENVIRONMENT = {**os.environ, "RC_PARAMS": "max_success=1000 seed=2026 max_discard_ratio=100"}


class Broken(Exception):
    """A program that a defect has to leave to be compiled is not."""


def must_build(names):
    if trouble := COPY.build(names):
        raise Broken(trouble)


class Endless:
    """What stands for the outcome of a program that did not end."""

    returncode, stdout = 1, ""


def run(*command, **more):
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", env=ENVIRONMENT, **more)
    except subprocess.TimeoutExpired:
        return Endless


def of_zoho(edited):
    return any(path.startswith("plugins/zoho/") for path in edited)


def simulation(program, seeds, options, first=1):
    """The first violation that the simulation finds, or None."""
    tried = run(str(COPY.build_folder / "bin" / program), "--seed", str(first), "--seeds", str(seeds),
                "--jobs", str(options.jobs), "--failures", "1", "--no-shrink",
                *([] if options.twice else ["--once"]), timeout=3600)
    if tried.returncode == 0:
        return None
    # Also of a crash and of a seed that does not end, which are told like a violation.
    failed = re.search(r"seed (\d+) FAILED\n  (\w[^:\n]*):", tried.stdout)
    return "simulation %s (seed %s)" % ((failed.group(2), failed.group(1)) if failed else ("crash", "?"))


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


def general_programs(options):
    """Which of GENERAL are built and asked."""
    return [] if options.simulation else [PROPERTIES] if options.quick else GENERAL


def general_checks(options, edited, last):
    """Cheap ones first; most defects meet one of the first seeds."""
    program = ZOHO_SIMULATION if of_zoho(edited) else SIMULATION
    if seed := re.search(r"^simulation .*\(seed (\d+)\)", last):
        yield lambda: simulation(program, 1, options, int(seed.group(1)))
    elif (name := last.split(" ")[0]) in general_programs(options):
        yield lambda: test(name)
    yield lambda: simulation(program, min(options.seeds, FIRST_SEEDS), options)
    more_seeds = options.seeds - FIRST_SEEDS
    if options.simulation or of_zoho(edited):
        if more_seeds > 0:
            yield lambda: simulation(program, more_seeds, options, FIRST_SEEDS + 1)
        return
    if any(path.startswith("sync/merge/") for path in edited):
        yield lambda: test(PROPERTIES)
    if options.quick:
        return
    yield lambda: test(EVERY_STEP)
    yield lambda: test(EVERY_STEP, "--without-key")
    yield lambda: test(BOUNDED)
    if more_seeds > 0:
        yield lambda: simulation(program, more_seeds, options, FIRST_SEEDS + 1)


def caught_by(options, edited, last):
    """The first check that fails, or None. `last`: what it was last time."""
    named = ZOHO_NAMED if of_zoho(edited) else NAMED
    if (name := last.split(" ")[0]) in named and not options.simulation:
        must_build([name])
        if found := test(name):
            return found
    for check in general_checks(options, edited, last):
        if found := check():
            return found
    if options.simulation:
        return None
    must_build(named)
    for name in named:
        if found := test(name):
            return found
    return None


def kind_of(found):
    """Which kind of check it is that a defect was caught by."""
    return KINDS.get(found.split(" ")[0], "named tests")


def summary(count, kinds):
    """How many were caught, and by what: a crash at every step and a count of memory are no seeds."""
    caught = sum(kinds.values())
    share = f"{100 * (kinds['simulation'] + kinds['properties']) / count:.0f} %" if count else "-"
    return (f"{count} mutants, {caught} caught: " +
            ", ".join(f"{kinds[kind]} by {kind}" for kind in [*KINDS.values(), "named tests"]) +
            f"; by simulation or properties {share} of all")


def missing_from_list(mutants, caught):
    """What the list of defects must have and has not: one for each invariant and clause, for each what caught it the
    last time, and of these enough that are no tests of a named defect."""
    labels = {label for _, broken, _ in mutants for label in broken.split()}
    out = [f"no defect breaks {label}" for label in [*INVARIANTS, *"abcdefghi"] if label not in labels]
    names = [name for name, _, _ in mutants]
    out += [f"what catches '{name}' is not in {LAST_TIME.name}" for name in names if name not in caught]
    out += [f"{LAST_TIME.name} names '{name}', which is no defect" for name in caught if name not in names]
    general = sum(kind_of(found) in ("simulation", "properties") for found in caught.values())
    if general < GENERAL_SHARE * len(mutants):
        out.append(f"simulation and properties catch {general} of {len(mutants)}: less than {GENERAL_SHARE:.0%}")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000,
                        help="of the simulation, for each at most; 2,000 are what CI runs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose name or invariants match this")
    parser.add_argument("--simulation", action="store_true", help="the simulation alone")
    parser.add_argument("--quick", action="store_true",
                        help=f"before named tests only {FIRST_SEEDS} seeds and generated cases")
    parser.add_argument("--afresh", action="store_true", help="whatever caught a defect last time")
    parser.add_argument("--check", action="store_true", help="only see that all texts are there, and of the list what it has to have")
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if re.search(options.only, f"{m[0]} [{m[1]}]")]
    if options.check:
        for name, _, edits in chosen:
            edited(ROOT, edits)
        print(f"{len(chosen)} mutants fit the source")
        missing = missing_from_list(MUTANTS, json.loads(LAST_TIME.read_text()))
        print("\n".join(missing), end="\n" if missing else "")
        return 1 if missing else 0

    general = general_programs(options)
    targets = [SIMULATION] + general
    named = NAMED + (ZOHO_NAMED if any(of_zoho(edits) for _, _, edits in chosen) else [])
    COPY.refresh()
    # One file at a time: a defect is in one or two.
    if COPY.configure("-DCMAKE_BUILD_TYPE=Release", "-DKONTOR_BATCH=OFF") or COPY.build(targets + named):
        print("the source does not build", file=sys.stderr)
        return 1
    if already := [name for name in general + named if test(name)]:
        print("fails without a mutant:", already, file=sys.stderr)
        return 1
    survived, kinds = [], dict.fromkeys([*KINDS.values(), "named tests"], 0)
    last_time = json.loads(LAST_TIME.read_text()) if LAST_TIME.exists() else {}
    for name, invariants, edits in chosen:
        started = time.monotonic()
        # Whether two runs of a seed differ is asked only of what would make them.
        options.twice = "D10" in invariants.split()
        found = None
        try:
            with COPY.planted(edits):
                must_build([ZOHO_SIMULATION] if of_zoho(edits) else targets)
                found = caught_by(options, edits, "" if options.afresh else last_time.get(name, ""))
        except Broken as trouble:
            print(f"BROKEN    {name}: does not compile\n{trouble}")
        if found:
            kinds[kind_of(found)] += 1
            last_time[name] = found
            LAST_TIME.write_text(json.dumps(last_time, indent=1) + "\n")
        else:
            survived.append(name)
        print(f"{'caught' if found else 'SURVIVED':9} {name} [{invariants}]: {found or '-'}"
              f"{' (named test)' if found and kind_of(found) == 'named tests' else ''} ({time.monotonic() - started:.0f} s)",
              flush=True)
    print(summary(len(chosen), kinds))
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
