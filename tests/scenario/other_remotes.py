"""Systems that are none of the four (four_remotes.py), with people only: CRMs that are connected by a
description (REST), and a team's hub. Used by two_way.py.

A person is a dictionary as in four_remotes, with the keys that the system's `names` has.
"""
import json
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]
from crm_server import CrmServer, Dolibarr, SuiteCrm  # noqa: E402
from hub_fleet import Laptop, account, init_hub  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402


class Rest:
    """A small server with the habits of a vendor's, connected by the description that is shipped.

    `names`: the fields there; `kind`: what the vendor calls people; `values`: what signs in beside the
    secret."""

    values = ()

    def __init__(self, around):
        self.world, self.server = around, CrmServer(self.vendor())
        self.crm, self.port = self.server.crm, self.server.port
        self.crm.shown_blank = tuple(self.names.values())

    def connect(self):
        self.world.kontor("connect", self.name, "--no-input", "--allow-http-loopback", "--option",
                          "url=" + self.server.url, *self.values, "--secret", self.secret + "=file:"
                          + self.world.secret_file(self.secret, {self.secret: self.crm.token}))

    def people(self):
        with self.server.lock:
            return {key: {name: row["fields"].get(field) for name, field in self.names.items()}
                    for key, row in self.crm.live(self.kind)}

    def fields(self, person):
        return {self.names[key]: value for key, value in person.items()}

    def add(self, **person):
        with self.server.lock:
            return self.crm.add(self.kind, self.fields(person), by="2")

    def edit(self, key, **values):
        with self.server.lock:
            self.crm.alter(self.kind, key, self.fields(values), by="2")

    def delete(self, key):
        with self.server.lock:
            self.crm.remove(self.kind, key)

    def close(self):
        self.server.close()


class OfDolibarr(Rest):
    """It has a field for our key."""

    name, vendor, kind, secret = "dolibarr", Dolibarr, "contacts", "token"
    names = {"last": "lastname", "email": "email", "phone": "phone_pro", "mobile": "phone_mobile"}


class OfSuiteCrm(Rest):
    """It has none, and cuts the times of changes to the minute."""

    name, vendor, kind, secret = "suitecrm", SuiteCrm, "Contacts", "client_secret"
    names = {"last": "last_name", "email": "email1", "phone": "phone_work", "mobile": "phone_mobile"}
    values = ("--value", "client_id=kontor")


class Hub:
    """A hub in a real PostgreSQL, and a colleague who edits in a replica of his own."""

    name = "hub"
    names = {"last": "last_name", "email": "email", "title": "title", "department": "department"}

    def __init__(self, around):
        self.world, self.colleague, self.settled = around, None, None
        # Of this one more is asked than of a test's other servers: what it has committed outlives it.
        self.server = PostgresServer(settings=("synchronous_commit = on", "full_page_writes = on"))
        try:
            init_hub(around, self.server)
            self.colleague = Laptop(around.bin, self.server, "colleague")
            self.colleague.join()
        except BaseException:
            self.close()
            raise

    def connect(self):
        self.colleague.sync()
        self.world.kontor("connect", "hub", "--no-input", *account(self.world, self.server.info))

    def people(self):
        said = self.server.sql("SELECT jsonb_build_object('id', kontor_id, " + ", ".join(
            f"'{key}', {column}" for key, column in self.names.items())
            + ") FROM kontor.contact WHERE kontor_deleted_at IS NULL")
        rows = [json.loads(line) for line in said]
        return {row.pop("id"): row for row in rows}

    def add(self, **person):
        self.colleague.sql(
            f"INSERT INTO contact({', '.join(self.names[key] for key in person)})"
            f" VALUES({', '.join('?' * len(person))})", *person.values())

    def edit(self, key, **values):
        self.change(f"UPDATE contact SET {', '.join(self.names[name] + ' = ?' for name in values)}", key,
                    *values.values())

    def delete(self, key):
        self.change("DELETE FROM contact", key)

    def change(self, what, key, *values):
        self.colleague.sql(what + " WHERE id = (SELECT record FROM kontor_link WHERE ext_id = ?)", *values, key)
        self.colleague.api("POST", "/connections/hub/sync", {})

    def strike(self):
        """kill -9 of the server, of the colleague's kontord or of neither."""
        what = self.world.random.choice(("server", "colleague", None))
        if what == "server":
            self.server.kill()
            self.server.start()
        elif what == "colleague":
            self.colleague.stop_daemon(signal.SIGKILL)
            self.colleague.start_daemon()

    def settle(self):
        self.settled = self.colleague.sync(check=False)

    def problems(self):
        """What the colleague's replica has otherwise than the hub, and why."""
        there = self.people()
        here = {row[0]: dict(zip(self.names, row[1:])) for row in self.colleague.sql(
            f"SELECT l.ext_id, {', '.join('c.' + column for column in self.names.values())} FROM contact c"
            " LEFT JOIN kontor_link l ON l.record = c.id")}
        problems = [f"{key}: {here.get(key)} at the colleague's, {there.get(key)} at the hub"
                    for key in sorted(set(here) | set(there), key=str) if here.get(key) != there.get(key)]
        if problems and self.settled:
            problems.append(f"the colleague's last sync: {self.settled.returncode}, {self.settled.stdout}"
                            f"{self.settled.stderr}, then {self.colleague.kontor('status', check=False).stdout}")
        return problems

    def close(self):
        if self.colleague:
            self.colleague.close()
        self.server.close()
