#!/usr/bin/env python3
"""What kontord does on signals, what it tells the service manager, and that it runs once."""
import json
import os
import signal
import socket
import subprocess
import sys
import time
import unittest

from world import UnixConnection, World, until

BIN = sys.argv.pop(1)


class Manager:
    """The service manager's end of $NOTIFY_SOCKET."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(60)
        self.heard = []

    def wait_for(self, begin):
        """Reads on until a message begins like this."""
        while True:
            message = self.socket.recv(4096).decode()
            self.heard.append(message)
            if message.startswith(begin):
                return message


class Signals(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "signals")
        self.addCleanup(self.world.close)
        self.world.kontor("init")

    def events(self):
        """The event stream, open: the daemon has a client to get rid of."""
        connection = UnixConnection(self.world.socket)
        connection.request("GET", "/api/v1/events")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.addCleanup(connection.close)
        return answer

    def test_sigterm_and_sigint_drain_and_exit_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                self.world.start_daemon()
                self.world.kontor("create", "contact", "last_name=Li")
                stream = self.events()
                self.assertEqual(self.world.stop_daemon(number), 0)
                self.assertIn(b"retry:", stream.read())  # ended, not cut
                self.assertFalse(os.path.exists(self.world.socket))
                wal = self.world.replica + "-wal"
                self.assertTrue(not os.path.exists(wal) or os.path.getsize(wal) == 0)
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(2,)])

    def test_sigterm_in_a_first_load_stops_at_a_consistent_point(self):
        self.world.start_peer("--records", "3000", "--latency", "300", "--seed", "5")
        self.world.start_daemon()
        self.world.connect()
        self.world.begin_sync()
        begun = time.monotonic()
        self.assertEqual(self.world.stop_daemon(), 0)
        self.assertLess(time.monotonic() - begun, 30)
        self.assertEqual(self.world.sql("PRAGMA integrity_check"), [("ok",)])
        self.world.start_daemon()
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(3000,)])

    def test_a_second_sigterm_ends_at_once(self):
        self.world.start_daemon()
        # A request whose body never comes holds the drain.
        held = socket.socket(socket.AF_UNIX)
        self.addCleanup(held.close)
        held.connect(self.world.socket)
        held.sendall(b"POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 100\r\n\r\n{")
        query = subprocess.Popen(
            [self.world.program("kontor"), "sql",
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n"],
            env=self.world.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(query.wait)
        until(lambda: self.world.daemon.poll() is None and
              cpu_ticks(self.world.daemon.pid) > self.busy_since() + 20, "the query runs")
        self.world.daemon.send_signal(signal.SIGTERM)
        until(lambda: "daemon.stopping" in self.world.logged(), "the drain")
        self.assertIsNone(self.world.daemon.poll())
        self.assertEqual(self.world.stop_daemon(), 130)
        self.assertEqual(self.world.sql("PRAGMA integrity_check"), [("ok",)])

    def busy_since(self):
        if not hasattr(self, "ticks"):
            self.ticks = cpu_ticks(self.world.daemon.pid)
        return self.ticks

    def test_sighup_reloads_and_a_wrong_file_changes_nothing(self):
        self.world.start_daemon()
        path = os.path.join(self.world.config, "kontor.toml")
        with open(path, "a") as file:
            file.write('\n[connection.extra]\nplugin = "zoho"\n')
        self.world.daemon.send_signal(signal.SIGHUP)
        names = lambda: [c["name"] for c in self.world.json("connection", "list")["connections"]]
        until(lambda: names() == ["extra"], "the connection of the new file")
        self.assertIn("config.reloaded", self.world.logged())
        with open(path, "a") as file:
            file.write('plugn = "zoho"\n')
        self.world.daemon.send_signal(signal.SIGHUP)
        until(lambda: "config.rejected" in self.world.logged(), "the refusal")
        line = next(l for l in self.world.logged().splitlines() if "config.rejected" in l)
        self.assertIn("plugn", line)
        self.assertIn("did you mean 'plugin'", line)
        self.assertEqual(names(), ["extra"])
        refused = self.world.kontor("reload", check=False)
        self.assertEqual(refused.returncode, 78)
        self.assertIn("plugn", refused.stderr)
        doctor = self.world.kontor("doctor", "--json", check=False)
        self.assertFalse(next(c for c in json.loads(doctor.stdout)["checks"]
                              if c["check"] == "config")["ok"])

    def test_sigpipe_is_nothing(self):
        self.world.start_daemon()
        self.world.daemon.send_signal(signal.SIGPIPE)
        # A client that goes away in the middle of a long answer.
        for _ in range(3):
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.world.socket)
            client.sendall(b"GET /api/v1/entities HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
            client.close()
        self.world.kontor("status")
        self.assertIsNone(self.world.daemon.poll())
        # And the other way round: `kontor … | head`.
        shell = subprocess.run(f"{self.world.program('kontor')} entities --json | head -c 10",
                               shell=True, env=self.world.env, capture_output=True, timeout=60)
        self.assertEqual(len(shell.stdout), 10)

    def test_signals_that_mean_something_to_other_daemons_are_nothing(self):
        self.world.start_daemon()
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            self.world.daemon.send_signal(number)
        self.world.kontor("status")
        self.assertIsNone(self.world.daemon.poll())

    def test_the_service_manager_is_told(self):
        for abstract in (False, True):
            with self.subTest(abstract=abstract):
                name = os.path.join(self.world.dir, f"notify-{abstract}")
                manager = Manager("\0" + name if abstract else name)
                env = {**self.world.env, "NOTIFY_SOCKET": "@" + name if abstract else name,
                       "WATCHDOG_USEC": "400000"}
                self.world.start_daemon(env=env)
                manager.wait_for("READY=1")
                # An upgrade of a large replica may take longer than a start is given.
                self.assertTrue(manager.heard[0].startswith("EXTEND_TIMEOUT_USEC="), manager.heard)
                # READY is only said once the API listens and the replica is open.
                self.world.kontor("status")
                manager.wait_for("STATUS=")
                manager.wait_for("WATCHDOG=1")
                manager.wait_for("WATCHDOG=1")
                self.world.daemon.send_signal(signal.SIGHUP)
                self.assertIn("MONOTONIC_USEC=", manager.wait_for("RELOADING=1"))
                manager.wait_for("READY=1")
                self.assertEqual(self.world.stop_daemon(), 0)
                manager.wait_for("STOPPING=1")
                manager.socket.close()

    def test_a_daemon_that_is_stuck_is_not_said_to_be_alive(self):
        name = os.path.join(self.world.dir, "notify")
        manager = Manager(name)
        self.addCleanup(manager.socket.close)
        self.world.start_daemon(env={**self.world.env, "NOTIFY_SOCKET": name,
                                     "WATCHDOG_USEC": "200000"})
        manager.wait_for("WATCHDOG=1")
        self.world.daemon.send_signal(signal.SIGSTOP)
        manager.socket.settimeout(2)
        with self.assertRaises(TimeoutError):
            while True:
                manager.wait_for("WATCHDOG=1")
        self.world.daemon.send_signal(signal.SIGCONT)
        manager.socket.settimeout(60)
        manager.wait_for("WATCHDOG=1")

    def test_a_second_daemon_is_refused_with_the_first_ones_pid(self):
        self.world.start_daemon()
        first = self.world.daemon
        for words in ([], ["--socket", os.path.join(self.world.dir, "other.sock")]):
            second = subprocess.run([self.world.program("kontord"), *words], env=self.world.env,
                                    capture_output=True, text=True, timeout=60)
            self.assertEqual(second.returncode, 11, second.stderr)
            self.assertIn(str(first.pid), second.stderr)
        self.world.kontor("status")
        # The lock goes with the process, however it ends.
        self.world.stop_daemon(signal.SIGKILL)
        self.world.start_daemon()

    def test_systemd_says_where_things_lie(self):
        env = {k: v for k, v in self.world.env.items() if not k.startswith("XDG_") and k != "KONTOR_SOCKET"}
        for variable in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY"):
            env[variable] = os.path.join(self.world.dir, variable.lower())
            os.makedirs(env[variable], mode=0o700)
        self.world.spawn_daemon(env=env)
        socket_path = os.path.join(env["RUNTIME_DIRECTORY"], "kontor.sock")
        until(lambda: self.world.kontor("--socket", socket_path, "status", check=False).returncode
              == 0, "kontord answers")
        self.assertTrue(os.path.exists(os.path.join(env["STATE_DIRECTORY"], "replica.db")))


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    unittest.main(verbosity=2)
