"""A team's hub in a real PostgreSQL, and laptops that sync through it: each with a replica, a kontord
and a configuration of its own. For tests/programs and bench."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "programs"))
from world import World


def account(world, info, port=None, plain=False):
    """What `kontor connect hub` and `kontor init hub` have to be told of the database."""
    out = ["--option", "host=" + info["host"], "--option", f"port={port or info['port']}", "--option",
           "database=" + info["database"], "--value", "user=" + info["user"], "--secret",
           "password=file:" + world.secret_file("password", info)]
    return out + (["--allow-http-loopback"] if plain else ["--ca-file", info["ca_file"]])


class Laptop(World):
    """`port`: of a proxy instead of the server; the connection is then without TLS."""

    def __init__(self, programs, server, name="laptop", port=None):
        super().__init__(programs, name)
        self.server = server
        self.port = port
        self.kontor("init")

    def connect_hub(self, *more):
        """Connects it and has it sync for the first time, then lets it send."""
        self.kontor("connect", "hub", "--no-input",
                    *account(self, self.server.info, self.port, bool(self.port)), *more)
        self.sync()
        self.kontor("push", "on", "hub")

    def join(self):
        self.start_daemon()
        self.connect_hub()

    def sync(self, *more, check=True):
        return self.kontor("sync", "hub", *more, check=check)

    def rows(self, columns, entity="contact", order="last_name, first_name"):
        return self.sql(f"SELECT {columns} FROM {entity} ORDER BY {order}")


def init_hub(world, server, *more, **how):
    return world.kontor("init", "hub", *account(world, server.info), *more, **how)


def memory_of(pid):
    """Resident and not shared with others, in bytes."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        fields = dict(line.split(":", 1) for line in list(file)[1:])
    return 1024 * sum(int(fields[name].split()[0]) for name in ("Private_Clean", "Private_Dirty"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
