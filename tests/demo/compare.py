#!/usr/bin/env python3
"""Compares a peer's dump (JSON lines) with a replica, through SQLite alone.

Usage: compare.py REPLICA STREAM ENTITY Remote=column,... DUMP.jsonl
Exit code 1 and the differences if a record or a value differs.
"""
import json
import sqlite3
import sys


def plain(value):
    """Blank is blank, and 12 is 12.0: forms in which both sides mean the same."""
    if value in (None, ""):
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return float(value)
    return value


def main():
    replica, stream, entity, pairs, dump = sys.argv[1:]
    fields = [pair.split("=") for pair in pairs.split(",")]
    remote = {}
    with open(dump, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            remote[record["id"]] = [plain(record.get(name)) for name, _ in fields]
    database = sqlite3.connect(f"file:{replica}?mode=ro", uri=True)
    columns = ", ".join(f'e."{column}"' for _, column in fields)
    rows = database.execute(
        f'SELECT l.ext_id, {columns} FROM "{entity}" e JOIN kontor_link l ON l.record = e.id '
        "JOIN kontor_stream s ON s.id = l.stream WHERE s.name = ?", (stream,))
    local = {row[0]: [plain(value) for value in row[1:]] for row in rows}
    differences = [f"only there: {key}" for key in remote.keys() - local.keys()]
    differences += [f"only here: {key}" for key in local.keys() - remote.keys()]
    for key in remote.keys() & local.keys():
        for (name, _), theirs, ours in zip(fields, remote[key], local[key]):
            if theirs != ours:
                differences.append(f"{key} {name}: there {theirs!r}, here {ours!r}")
    for difference in differences[:20]:
        print("   DIFFERS", difference, file=sys.stderr)
    total = database.execute(f'SELECT count(*) FROM "{entity}"').fetchone()[0]
    if total != len(local):
        differences.append("unlinked")
        print(f"   DIFFERS {total - len(local)} records here are not linked", file=sys.stderr)
    print(f"   ok  {stream}: {len(local)} records x {len(fields)} fields compared,"
          f" {len(differences)} differences")
    return 1 if differences else 0


sys.exit(main())
