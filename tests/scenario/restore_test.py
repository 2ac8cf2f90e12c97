#!/usr/bin/env python3
"""A lost machine: the replica comes back from the repository and the passphrase, and syncs on.

People here and colleagues there edit the same account before and after a backup. Then everything of
the machine is deleted, restored, and synced. Nothing may happen at the CRM by that: what was sent
since the backup is recognised, what colleagues typed stays, what was deleted stays so. Only what had
never been sent when the backup was made, and still was not when the machine was lost, goes out.
"""
import argparse
import datetime
import os
import shutil
import sys
import time

import two_way

OFFLINE = 3  # records of each kind


class Zoho:
    """The simulated CRM and what the story's fields are called there. `number`: a column here."""

    name, stream, number = "zoho", "Contacts", "phone"
    fields = {"number": "Phone", "title": "Title", "description": "Description"}
    dumped = ("Last_Name,First_Name,Phone,Mobile,Email,Title,Description,Account_Name,Owner,Modified_Time,"
              "Created_Time")

    def __init__(self, world):
        self.world = world

    def start(self):
        self.world.start(40)

    def edit(self, key, field, value):
        self.world.control("/edit", {"module": "Contacts", "id": key, "set": {self.fields[field]: value}})

    def delete(self, key):
        self.world.control("/delete", {"module": "Contacts", "id": key})

    def create(self, name):
        self.world.control("/create", {"module": "Contacts", "set": {"Last_Name": name}})

    def records(self):
        return {row["id"]: row for row in self.world.dump("Contacts", self.dumped)}

    @staticmethod
    def called(row):
        return (row["Last_Name"] or "") + (row["First_Name"] or "")


class Fxiaoke:
    """Deleted is invalid there, and found by comparing ids; a name is one field."""

    name, stream, number = "fxiaoke", "ContactObj", "department"
    fields = {"number": "department", "title": "job_title", "description": "remark"}

    def __init__(self, world):
        self.world = world

    def start(self):
        world = self.world
        world.start_fxiaoke("--records", "40", "--seed", str(world.seed), "--switch", "rate_limit=false")
        world.start_daemon()
        world.connect_fxiaoke("--option", "objects=AccountObj,ContactObj")
        with open(os.path.join(world.config, "conf.d", "fxiaoke.toml"), "a") as config:
            config.write("[connection.fxiaoke.limits]\nrequests_per_second = 500\n")
        world.kontor("reload")
        world.kontor("sync", "fxiaoke")
        world.kontor("push", "on", "fxiaoke")

    def order(self, path, **body):
        self.world.fxiaoke.request(path, {"object": "ContactObj", **body})

    def edit(self, key, field, value):
        self.order("/edit", id=key, set={self.fields[field]: value})

    def delete(self, key):
        self.order("/invalid", id=key)

    def create(self, name):
        self.order("/create", set={"name": name})

    def records(self):
        return {row["_id"]: row for row in self.world.fxiaoke.lines("/dump?object=ContactObj")}

    @staticmethod
    def called(row):
        return row["name"]


class Story:
    def __init__(self, world, crm):
        self.world, self.crm = world, crm
        self.problems = []
        self.repository = os.path.join(world.dir, "repository")
        self.passphrase = os.path.join(world.dir, "passphrase")
        with open(os.open(self.passphrase, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
            out.write("correct horse\n")

    def expect(self, true, what):
        if not true:
            self.problems.append(what)

    def begin(self):
        world = self.world
        folder = os.path.join(world.config, "conf.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "backup.toml"), "w") as out:
            out.write(f'[backup.office]\ntarget = "{self.repository}"\n'
                      f'password = "file:{self.passphrase}"\n')
        world.kontor("backup", "init")
        self.crm.start()
        self.records = [row[0] for row in world.sql("SELECT id FROM contact ORDER BY id")]
        self.there = dict(world.sql(
            "SELECT l.record, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
            " WHERE s.name = ?", self.crm.stream))

    def take(self, count):
        """Records that nothing else of the story is about."""
        taken, self.records = self.records[:count], self.records[count:]
        return taken

    def phone(self, records, prefix):
        for record in records:
            self.world.sql(f"UPDATE contact SET {self.crm.number} = ? WHERE id = ?", f"{prefix} {record}",
                           record)

    def colleague(self, records, field, prefix):
        for record in records:
            self.crm.edit(self.there[record], field, f"{prefix} {record}")

    def create(self, count, prefix):
        for number in range(count):
            self.world.sql("INSERT INTO contact(last_name, email) VALUES(?, ?)",
                           f"{prefix}-{number}", f"{prefix}{number}@example.org")

    def offline(self):
        if self.world.daemon:
            self.world.stop_daemon()

    def online(self):
        self.world.start_daemon()
        for _ in range(2):
            self.world.kontor("sync", self.crm.name, check=False)

    def remote(self):
        return self.crm.records()

    def lose_everything(self):
        self.offline()
        shutil.rmtree(self.world.state)
        shutil.rmtree(self.world.config)
        shutil.rmtree(self.world.env["XDG_CACHE_HOME"])

    def restore(self):
        return self.world.json("restore", "--yes", "--repository", self.repository,
                               "--password-file", self.passphrase, "--config-to",
                               self.world.config)

    def run(self):
        world = self.world
        self.begin()
        # Sent, then overwritten there; sent, then overwritten here; unsent at the backup and sent
        # since; the same, and a colleague typed over it; unsent for ever: lost with the machine.
        (sent, again, unsent, overwritten, lost, theirs, deleted_here, deleted_there,
         edited_deleted) = (self.take(OFFLINE) for _ in range(9))
        self.phone(sent + again, "first")
        self.create(2, "early")
        self.online_again()
        self.offline()
        self.phone(unsent + overwritten, "offline")
        self.create(2, "offline")
        world.sql(f"DELETE FROM contact WHERE id = {deleted_here[0]}")
        self.phone(edited_deleted, "edited")
        world.kontor("backup", "run")
        backup = world.json("backup", "drill")
        self.expect(backup["error"] == "", f"the drill: {backup}")

        self.online()
        self.colleague(sent, "number", "colleague")
        self.colleague(overwritten, "number", "colleague")
        self.colleague(theirs, "description", "colleague")
        self.phone(again, "second")
        self.create(2, "late")
        world.sql(f"DELETE FROM contact WHERE id = {deleted_here[1]}")
        world.kontor("delete", "contact", str(deleted_here[2]), "--force")
        for record in deleted_there + edited_deleted[:1]:
            self.crm.delete(self.there[record])
        for number in range(2):
            self.crm.create(f"colleague-{number}")
        for _ in range(2):
            world.kontor("sync", self.crm.name)
        self.offline()
        self.phone(lost, "lost")
        self.colleague(lost, "title", "colleague")
        before = self.remote()

        self.lose_everything()
        restored = self.restore()
        self.expect(restored["epoch"] == 2, f"epoch {restored['epoch']}")
        self.online()
        after = self.remote()
        for ext_id in sorted(before.keys() | after.keys()):
            old, new = before.get(ext_id), after.get(ext_id)
            self.expect(old == new, f"{ext_id} at the CRM: {old} became {new}")
        self.compare(after)
        # What may have been sent and changed or deleted there since is asked about.
        asked = {row[0] for row in world.sql("SELECT record FROM kontor_conflict WHERE state = 'open'")}
        self.expect(asked == set(overwritten + edited_deleted[:1]), f"asked about {asked}")

        # It goes on in both directions.
        self.phone(lost, "after")
        self.colleague(theirs, "description", "after")
        for _ in range(2):
            world.kontor("sync", self.crm.name)
        self.compare(self.remote())
        for record in lost:
            self.expect(self.remote()[self.there[record]][self.crm.fields["number"]] == f"after {record}",
                        f"contact {record}: an edit after the restore did not arrive")
        self.put_back(theirs)
        return self.problems

    def put_back(self, records):
        """A person overwrites and deletes; the records come back here and at the CRM, as edits."""
        world = self.world
        at = self.moment()
        before = self.titles(records)
        world.sql(f"UPDATE contact SET title = 'Overwritten' WHERE id = {records[0]}")
        world.sql(f"DELETE FROM contact WHERE id = {records[1]}")
        self.online_again()
        words = [str(record) for record in records]
        # Nobody can be asked here: nothing is done.
        refused = world.kontor("restore", "contact", *words, "--at", at, check=False)
        self.expect(refused.returncode == 2 and "Overwritten" in refused.stdout,
                    f"{refused.returncode} {refused.stdout} {refused.stderr}")
        self.expect(self.titles(records) != before, "it was restored without a yes")
        diff = world.json("backup", "diff", at)
        changed = {(r["record"], r["kind"]) for r in diff["records"] if r["entity"] == "contact"}
        self.expect(changed == {(records[0], "changed"), (records[1], "deleted")}, f"{diff}")
        done = world.json("restore", "contact", *words, "--at", at, "--force")
        self.expect(done["skipped"] == 0 and self.titles(records) == before, f"{done}")
        self.online_again()
        there = {r.get(self.crm.fields["title"]) for r in self.remote().values()}
        self.expect("Overwritten" not in there, "the CRM was not told")
        self.compare(self.remote())
        # And as it was before that: what the CRM filled in as it made the record again goes with it.
        undone = world.kontor("undo", f"run:{done['run']}", "--force", check=False)
        self.expect(undone.returncode == 0, f"undo: {undone.stderr}")
        self.expect(self.titles(records[:2]) == [(records[0], "Overwritten")], "undo")
        self.online_again()
        self.compare(self.remote())

    def moment(self):
        """Now, and a moment of its own: no edit is of the same millisecond."""
        time.sleep(0.005)
        now = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(0.005)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def titles(self, records):
        places = ",".join("?" * len(records))
        return self.world.sql(f"SELECT id, title FROM contact WHERE id IN ({places}) ORDER BY id",
                              *records)

    def online_again(self):
        for _ in range(2):
            self.world.kontor("sync", self.crm.name)

    def compare(self, remote):
        """Each record of the CRM is here once, with its values, and there is no other."""
        world = self.world
        crm, rows = self.crm, {}
        # Which part of a name comes first is each side's own affair.
        letters = lambda name: "".join(sorted(name.replace(" ", "")))  # noqa: E731
        for ext_id, name, *values in world.sql(
                f"SELECT l.ext_id, coalesce(c.last_name, '') || coalesce(c.first_name, ''), c.{crm.number},"
                " c.description, c.title FROM contact c LEFT"
                " JOIN kontor_link l ON l.record = c.id AND l.stream = (SELECT id FROM"
                " kontor_stream WHERE name = ?)", crm.stream):
            values = [letters(name), *values]
            self.expect(ext_id is not None and ext_id not in rows, f"{values} here: {ext_id}")
            rows[ext_id] = values
        asked = {row[0] for row in world.sql(
            "SELECT l.ext_id FROM kontor_conflict c JOIN kontor_link l ON l.id = c.link"
            " WHERE c.state = 'open'")}
        for ext_id, record in remote.items():
            expected = [letters(crm.called(record)), *(record.get(crm.fields[field]) for field in
                                                       ("number", "description", "title"))]
            self.expect(ext_id in asked or rows.get(ext_id) == expected,
                        f"{ext_id}: {expected} there, {rows.get(ext_id)} here")
        for ext_id in rows.keys() - remote.keys():
            self.expect(ext_id in asked, f"{ext_id} {rows[ext_id]} is here only")
        names = [crm.called(record) for record in remote.values()]
        for name in {n for n in names if names.count(n) > 1 and n.split("-")[0] in
                     ("early", "offline", "late", "colleague")}:
            self.expect(False, f"{name} is there {names.count(name)} times")
        self.expect(world.kontor("doctor", check=False).returncode in (0, 1), "doctor")
        blocked = world.sql("SELECT count(*) FROM kontor_blocked")[0][0]
        self.expect(blocked == 0, f"{blocked} blocked")
        print(f"{len(rows)} records, {len(asked)} asked", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crm", choices=("zoho", "fxiaoke"), default="zoho")
    args = parser.parse_args()
    world = two_way.World(args.bin, "restore", args.seed)
    problems = ["it did not end"]
    try:
        problems = Story(world, {"zoho": Zoho, "fxiaoke": Fxiaoke}[args.crm](world)).run()
    finally:
        world.close(keep=bool(problems))
    for problem in problems[:30]:
        print("  " + problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
