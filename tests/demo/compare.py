#!/usr/bin/env python3
"""Compares what a simulated account has with a replica, every mapped field of every record.

Usage: compare.py REPLICA MAPPING FOLDER
       compare.py --fields MAPPING         each stream with the fields to dump, a line each

FOLDER has the account's own dump of each stream, STREAM.jsonl; what the replica has comes from the
sqlite3 program. Nothing of Kontor's takes part but the mapping file, which says what belongs to what.
Exit code 1 and the differences if a record or a value differs.
"""
import datetime
import json
import os
import subprocess
import sys
import tomllib


def ask(replica, query):
    told = subprocess.run(["sqlite3", "-readonly", "-json", replica, query], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(told or "[]")


def instant(text):
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds")


def named(rows):
    """Tags come with ids and colours; what they are is their name."""
    return [row.get("name", row) if isinstance(row, dict) else row for row in rows]


def compared(streams):
    return [stream for stream in streams if stream["name"] != "users"]  # those it does not dump


def fields_of(stream):
    return [field for group in stream["group"] for field in group["fields"]]


class Sides:
    def __init__(self, replica, mapping, folder):
        self.replica, self.folder = replica, folder
        self.streams = mapping["stream"]
        self.entity = {stream["name"]: stream["entity"] for stream in self.streams}
        self.local = {}  # (stream, remote id): id here
        for link in ask(replica, "SELECT s.name, l.ext_id, l.record FROM kontor_link l"
                                 " JOIN kontor_stream s ON s.id = l.stream WHERE l.state = 0"):
            self.local[link["name"], link["ext_id"]] = link["record"]

    def referred(self, field, value, record):
        """A record there, as it is called here."""
        if field.get("lens") == "any_reference":
            module = value.get("module", {}).get("api_name") or record.get("$se_module")
            module = module or next((name for name in field["references"]
                                     if (name, value["id"]) in self.local), "")
            return f"{self.entity.get(module)}:{self.local.get((module, value['id']))}"
        if field.get("lens") == "one_reference":
            module = field["references"][0]
            return f"{self.entity[module]}:{self.local.get((module, value['id']))}"
        targets = [self.local[name, value["id"]] for name in field.get("references", [])
                   if (name, value["id"]) in self.local]
        return targets[0] if targets else value["id"]

    def theirs(self, field, record):
        value = record.get(field["remote"])
        if value in (None, "", []):
            return None
        if isinstance(value, bool):
            return int(value)
        if field["type"] == "instant":
            return instant(value)
        if field["type"] == "list":
            return named(value)
        if isinstance(value, dict) and "id" in value and field["type"] != "json":
            return self.referred(field, value, record)
        return float(value) if isinstance(value, (int, float)) else value

    @staticmethod
    def ours(field, value):
        if value in (None, ""):
            return None
        if field["type"] in ("list", "json"):
            return json.loads(value) or None
        if field["type"] == "instant":
            return instant(value)
        if field["type"] == "decimal":
            return float(value)
        return float(value) if isinstance(value, (int, float)) else value

    def differences(self, stream):
        """Counts of records and fields, and what differs."""
        fields = fields_of(stream)
        with open(os.path.join(self.folder, stream["name"] + ".jsonl"), encoding="utf-8") as lines:
            there = {record["id"]: record for record in map(json.loads, lines)}
        columns = ", ".join(f'"{field["column"]}"' for field in fields)
        here = {row["id"]: row for row in ask(
            self.replica, f'SELECT id, {columns} FROM "{stream["entity"]}"')}
        linked = {ext: record for (name, ext), record in self.local.items()
                  if name == stream["name"]}
        out = [f"only there: {key}" for key in there.keys() - linked.keys()]
        out += [f"only linked: {key}" for key in linked.keys() - there.keys()]
        out += [f"only here: {key}" for key in here.keys() - set(linked.values())]
        for key in there.keys() & linked.keys():
            for field in fields:
                theirs = self.theirs(field, there[key])
                ours = self.ours(field, here[linked[key]][field["column"]])
                if isinstance(theirs, list) and field["type"] == "list":
                    theirs, ours = sorted(theirs), sorted(ours or [])  # sets on both sides
                if theirs != ours:
                    out.append(f"{key} {field['remote']}: there {theirs!r}, here {ours!r}")
        return len(linked), len(fields), out


def main():
    if sys.argv[1] == "--fields":
        with open(sys.argv[2], "rb") as file:
            for stream in compared(tomllib.load(file)["stream"]):
                print(stream["name"], ",".join(["id"] + [f["remote"] for f in fields_of(stream)]))
        return 0
    replica, mapping, folder = sys.argv[1:]
    with open(mapping, "rb") as file:
        sides = Sides(replica, tomllib.load(file), folder)
    failed = False
    for stream in compared(sides.streams):
        records, fields, differences = sides.differences(stream)
        for difference in differences[:20]:
            print(f"   DIFFERS {stream['name']} {difference}", file=sys.stderr)
        print(f"   {'NOT SO' if differences else 'ok'}  {stream['name']}: {records} records x"
              f" {fields} fields compared, {len(differences)} differences")
        failed = failed or bool(differences)
    return 1 if failed else 0


sys.exit(main())
