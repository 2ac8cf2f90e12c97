#!/usr/bin/env python3
"""Shows what each fuzz target is worth: how much of the source it aims at it reaches, and that it
finds a known defect of it (tests/fuzz/aims.py).

Works on a copy of the source under build/fuzz-proof, so the tree stays as it is. Ends with 1 if a
defect is not found.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from aims import AIMS  # noqa: E402
from planting import ROOT, SourceCopy, edited  # noqa: E402

COPY = SourceCopy(ROOT / "build" / "fuzz-proof")
COVERAGE = "-fprofile-instr-generate -fcoverage-mapping"
HEADER = ("target", "regions", "lines", "with", "mistake planted", "found after")


def corpus(target):
    return ROOT / "tests" / "fuzz" / "corpus" / target


def dictionary(target):
    """Words of the format, where there is a list of them."""
    words = ROOT / "tests" / "fuzz" / "dictionaries" / target
    return [f"-dict={words}"] if words.exists() else []


def fuzz(target, *arguments, profile=os.devnull):
    """The ended process; what it says goes to its stderr."""
    environment = {**os.environ, "LLVM_PROFILE_FILE": str(profile)}
    return subprocess.run([str(COPY.build_folder / "bin" / f"fuzz_{target}"), *dictionary(target), *map(str, arguments)],
                          capture_output=True, text=True, errors="replace", env=environment)


def share(part):
    return f"{part['covered']} of {part['count']} ({part['covered'] * 100 // max(part['count'], 1)} %)"


def coverage(target, aims, seconds, scratch):
    """(regions, lines, inputs) after the seeds and what a run of `seconds` adds to them."""
    found = scratch / "found"
    found.mkdir()
    kept = COPY.build_folder / "found"  # an input that breaks what is not planted is worth keeping
    kept.mkdir(exist_ok=True)
    ran = fuzz(target, "-seed=1", f"-max_total_time={seconds}", f"-artifact_prefix={kept}/{target}-", found,
               corpus(target))
    if ran.returncode != 0:
        raise RuntimeError(f"{target}: finds a defect that was not planted\n{ran.stderr[-3000:]}")
    raw, merged = scratch / "raw", scratch / "merged"
    replayed = fuzz(target, "-runs=0", found, corpus(target), profile=raw)
    subprocess.run(["llvm-profdata-14", "merge", str(raw), "-o", str(merged)], check=True)
    wanted = [str(COPY.source / aim) for aim in aims]
    told = subprocess.run(
        ["llvm-cov-14", "export", "-summary-only", "-instr-profile", str(merged),
         str(COPY.build_folder / "bin" / f"fuzz_{target}"), *wanted],
        capture_output=True, text=True, check=True)
    totals = json.loads(told.stdout)["data"][0]["totals"]
    if totals["lines"]["count"] == 0:
        raise RuntimeError(f"{target}: it reaches nothing of {', '.join(aims)}")
    inputs = re.search(r"INITED.* corp: (\d+)", replayed.stderr)
    return share(totals["regions"]), share(totals["lines"]), inputs.group(1) if inputs else "?"


def hunt(target, edits, seconds, scratch):
    """Seconds until the planted defect is found; a text if it is not, or by the seeds already."""
    with COPY.planted(edits):
        if trouble := COPY.build([f"fuzz_{target}"]):
            return f"does not compile\n{trouble}"
        if fuzz(target, "-runs=0", corpus(target), f"-artifact_prefix={scratch}/").returncode != 0:
            return "the seeds find it"
        work = scratch / "hunt"
        work.mkdir()
        started = time.monotonic()
        ran = fuzz(target, "-seed=1", f"-max_total_time={seconds}", f"-artifact_prefix={scratch}/", work,
                   corpus(target))
        return time.monotonic() - started if ran.returncode != 0 else f"NOT in {seconds} s"


def prove(target, options):
    """A row of the table, and whether the defect was found."""
    aims, defect, edits = AIMS[target]
    if trouble := COPY.build([f"fuzz_{target}"]):
        raise RuntimeError(f"{target} does not build\n{trouble}")
    with tempfile.TemporaryDirectory(prefix="kontor-fuzz-") as folder:
        scratch = pathlib.Path(folder)
        regions, lines, inputs = coverage(target, aims, options.run, scratch)
        found = hunt(target, edits, options.within, scratch)
    caught = isinstance(found, float)
    return (f"`{target}`", regions, lines, f"{inputs} inputs", f"`{next(iter(edits))}`: {defect}",
            f"{found:.0f} s" if caught else found), caught


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz --prove", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all if none is named")
    parser.add_argument("--run", type=int, default=20, metavar="S", help="seconds before coverage is taken")
    parser.add_argument("--within", type=int, default=600, metavar="S", help="to find the defect")
    parser.add_argument("--check", action="store_true", help="only see that all texts are there")
    options = parser.parse_args()
    without = {path.name for path in corpus("").iterdir()} ^ set(AIMS)
    if unknown := without | (set(options.targets) - set(AIMS)):
        print("no target, or one without aims:", ", ".join(sorted(unknown)), file=sys.stderr)
        return 2
    if options.check:
        for aims, _, edits in AIMS.values():
            edited(ROOT, edits)
            if missing := [aim for aim in aims if not (ROOT / aim).exists()]:
                raise FileNotFoundError(missing[0])
        print(f"{len(AIMS)} defects of fuzz targets fit the source")
        return 0

    COPY.refresh()
    if trouble := COPY.configure(
            "-DCMAKE_BUILD_TYPE=Debug", "-DKONTOR_SANITIZE=fuzzer-no-link,address,undefined",
            "-DKONTOR_FUZZ=ON", "-DKONTOR_BATCH=ON", "-DCMAKE_C_COMPILER=clang-14",
            "-DCMAKE_CXX_COMPILER=clang++-14", f"-DCMAKE_C_FLAGS={COVERAGE}",
            f"-DCMAKE_CXX_FLAGS={COVERAGE}"):
        print(trouble, file=sys.stderr)
        return 1
    print("| " + " | ".join(HEADER) + " |\n" + "| --- " * len(HEADER) + "|")
    missed = []
    for target in options.targets or sorted(AIMS):
        try:
            row, caught = prove(target, options)
        except RuntimeError as trouble:
            print(trouble, file=sys.stderr, flush=True)
            row, caught = (f"`{target}`", "", "", "", "", "-"), False
        print("| " + " | ".join(row) + " |", flush=True)
        if not caught:
            missed.append(target)
    if missed:
        print("not found:", ", ".join(missed), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
