"""A real PostgreSQL for tests: a data folder of its own, TLS by an authority of its own, SCRAM.

As a module: `with PostgresServer() as server: …`. As a program it starts one, runs a command with
KONTOR_POSTGRES (JSON of `info`) in its environment, and ends it:

    postgres_server.py COMMAND ARGUMENT…

The server listens on 127.0.0.1 (TLS and a password are required there) and on a Unix socket in its
folder, where the administrator `postgres` needs none. It never touches the system's own cluster.
"""
import glob
import json
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def programs_folder():
    """Where Debian keeps initdb and postgres: not in PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"),
                   key=lambda path: int(path.split("/")[4]))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: ./dev setup")
    return found[-1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    """`info`: host, port, database, user, password, ca_file, socket_dir (for psql as postgres)."""

    def __init__(self, database="crm", user="kontor", password="pg-Geheimnis-密码", settings=(),
                 plain=False):
        self.bin = programs_folder()
        self.dir = tempfile.mkdtemp(prefix="kpg-")  # short: the socket's path has a limit
        # PostgreSQL refuses to run as root.
        self.as_user = []
        if os.geteuid() == 0:
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            postgres = pwd.getpwnam("postgres")
            os.chown(self.dir, postgres.pw_uid, postgres.pw_gid)
        os.chmod(self.dir, 0o755)
        self.data = os.path.join(self.dir, "data")
        self.plain = plain  # sign-ins without TLS too
        self.process = None
        self.info = {"host": "127.0.0.1", "port": free_port(), "database": database, "user": user,
                     "password": password, "ca_file": os.path.join(self.dir, "ca.pem"),
                     "socket_dir": self.dir}
        try:
            self.make_certificates()
            self.make_cluster(settings)
            self.start()
            self.sql(f"""CREATE ROLE "{user}" LOGIN PASSWORD '{password}'""", database="postgres")
            self.sql(f"""CREATE DATABASE "{database}" OWNER "{user}" TEMPLATE template0"""
                     " ENCODING 'UTF8'", database="postgres")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, *command, **more):
        return subprocess.run([*self.as_user, *command], check=True, cwd=self.dir,
                              stdout=subprocess.DEVNULL, **more)

    def path(self, name):
        return os.path.join(self.dir, name)

    def make_certificates(self):
        def openssl(*arguments):
            self.run("openssl", *arguments, stderr=subprocess.DEVNULL)

        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"),
                "-days", "2", "-subj", "/CN=Throw-away CA")
        openssl("req", *key, "-keyout", self.path("server.key"), "-out", self.path("server.csr"),
                "-subj", "/CN=postgres")
        with open(self.path("names"), "w") as names:
            names.write("subjectAltName=IP:127.0.0.1\n")
        os.chmod(self.path("names"), 0o644)
        openssl("x509", "-req", "-in", self.path("server.csr"), "-CA", self.path("ca.pem"),
                "-CAkey", self.path("ca.key"), "-CAcreateserial", "-out", self.path("server.pem"),
                "-days", "2", "-extfile", self.path("names"))

    def make_cluster(self, settings):
        self.run(os.path.join(self.bin, "initdb"), "-D", self.data, "-U", "postgres", "-A", "trust",
                 "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        text = {"postgresql.auto.conf": "\n".join([
            "listen_addresses = '127.0.0.1'", f"port = {self.info['port']}",
            f"unix_socket_directories = '{self.dir}'", "fsync = off",
            # What has been committed outlives stop() and kill().
            "synchronous_commit = on", "full_page_writes = off", "max_connections = 120", "shared_buffers = 64MB",
            "timezone = 'Asia/Shanghai'", "ssl = on", f"ssl_cert_file = '{self.path('server.pem')}'",
            f"ssl_key_file = '{self.path('server.key')}'", "password_encryption = scram-sha-256",
            "log_statement = none", *settings, ""]),
            "pg_hba.conf": "local all postgres trust\n"
                           + ("host" if self.plain else "hostssl")
                           + " all all 127.0.0.1/32 scram-sha-256\n"}
        for name, content in text.items():
            path = os.path.join(self.data, name)
            self.run("tee", path, input=content.encode())

    def start(self):
        log = open(self.path("log"), "ab")
        self.process = subprocess.Popen(
            [*self.as_user, os.path.join(self.bin, "postgres"), "-D", self.data], stdout=log,
            stderr=log, stdin=subprocess.DEVNULL, cwd=self.dir)
        log.close()
        end = time.monotonic() + 60
        while True:
            ready = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.dir, "-p",
                                    str(self.info["port"])])
            if ready.returncode == 0:
                return
            if time.monotonic() > end or self.process.poll() is not None:
                with open(self.path("log"), errors="replace") as said:
                    raise RuntimeError("PostgreSQL does not start:\n" + said.read())
            time.sleep(0.05)

    def stop(self):
        """At once, as after a power cut."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()

    def kill(self):
        """By kill -9, with all of its processes."""
        self.process.send_signal(signal.SIGSTOP)  # so that it starts no more of them
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            others = [os.pidfd_open(int(pid)) for pid in children.read().split()]
        for each in others:
            signal.pidfd_send_signal(each, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for each in others:
            select.select([each], [], [])  # it has ended
            os.close(each)

    def dump(self):
        """The database as pg_dump has it."""
        ran = self.program("pg_dump", "-d", self.info["database"])
        return ran.stdout

    def restore(self, dump):
        """Puts a dump in the place of the database."""
        name, user = self.info["database"], self.info["user"]
        self.sql(f"""DROP DATABASE "{name}" WITH (FORCE)""", database="postgres")
        self.sql(f"""CREATE DATABASE "{name}" OWNER "{user}" TEMPLATE template0"""
                 " ENCODING 'UTF8'", database="postgres")
        self.program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", name, input=dump)

    def program(self, name, *words, **more):
        """Runs one of PostgreSQL's programs as the administrator."""
        return subprocess.run([os.path.join(self.bin, name), "-h", self.dir, "-p",
                               str(self.info["port"]), "-U", "postgres", *words], check=True,
                              stdout=subprocess.PIPE, **more)

    def psql(self, database=None):
        """The command that opens the database as its administrator."""
        return [os.path.join(self.bin, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
                self.dir, "-p", str(self.info["port"]), "-U", "postgres", "-d",
                database or self.info["database"]]

    def sql(self, text, database=None):
        """Runs SQL as the administrator; the lines of the answer, columns divided by |."""
        ran = subprocess.run([*self.psql(database), "-f", "-"], input=text.encode(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if ran.returncode != 0:
            raise RuntimeError(ran.stderr.decode())
        return ran.stdout.decode().splitlines()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


if __name__ == "__main__":
    with PostgresServer() as started:
        environment = {**os.environ, "KONTOR_POSTGRES": json.dumps(started.info)}
        sys.exit(subprocess.run(sys.argv[1:], env=environment).returncode)
