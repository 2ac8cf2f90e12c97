"""The real programs on one imagined computer: a home of its own, simulated CRMs, kontord, kontor.

Used by the tests of this folder and of tests/scenario. Nothing outside a temporary folder is touched;
all addresses are on 127.0.0.1.
"""
import http.client
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

UNFILLED = re.compile(r"\{[a-z_]+(:[^{}\"]*)?\}")  # a placeholder of the catalogue
SANITIZED = os.environ.get("KONTOR_SANITIZED", "")  # with what, as the compiler is told
REPORT = re.compile(r"(?:ERROR|WARNING|FATAL): \w+Sanitizer: |Sanitizer: CHECK failed|: runtime error: ")
SUPPRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tsan.supp")
# What a connector's process is put to an end by is SIGKILL, SIGTERM or SIGXCPU; all else is a defect.
CRASH = re.compile(r"ended by signal (?!(?:9|15|24)\b)\d+[^\"\n]*")
PATIENCE = 60  # seconds; on a loaded machine everything takes long
COMMAND_PATIENCE = 600 if SANITIZED else 180  # a first load under ThreadSanitizer takes its time
PLACE = re.compile(r"\((/\S+)\+(0x[0-9a-f]+)\)")  # in a report of a process that may not look for names


def name_of(place):
    """The function and line of a place in a program."""
    told = subprocess.run(["llvm-symbolizer-14", "--obj=" + place[1], place[2]], capture_output=True,
                          text=True, check=False).stdout.splitlines()
    return " ".join([place[0], *told[:2]])


def until(true, what, patience=PATIENCE):
    """Waits until true() is; its value."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {patience} s: {what}")


def is_left(port):
    """Whether nobody is connected to a server at this port of 127.0.0.1: what somebody has sent who is gone
    since was read and done by then, or never will be."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    connected = ("01", "08")  # established; the other side has gone, and the server has not yet
    return not any(row[1] == f"0100007F:{port:04X}" and row[3] in connected for row in rows)


class Terminal:
    """A program on a terminal of its own, and a person at it."""

    def __init__(self, command, env, columns=100):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, {**env, "COLUMNS": str(columns), "TERM": "xterm"})
        import fcntl
        import struct
        import termios
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def read(self, patience=0.1):
        """What has come meanwhile; False at the end."""
        ready, _, _ = select.select([self.fd], [], [], patience)
        if not ready:
            return True
        try:
            piece = os.read(self.fd, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            return False
        self.seen += piece.decode(errors="replace")
        return bool(piece)

    def expect(self, text, patience=PATIENCE):
        """Waits for a text after the last expected one; what came before it."""
        end = time.monotonic() + patience
        while text not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
            assert self.read() or text in self.seen, f"ended without {text!r}: {self.seen!r}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def enter(self, text=""):
        self.type(text + "\n")

    def end(self, patience=PATIENCE):
        """The exit code, once the program has ended; what it said last is in `seen`."""
        end = time.monotonic() + patience
        while self.read():
            assert time.monotonic() < end, f"goes on and on: {self.seen!r}"
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


class UnixConnection(http.client.HTTPConnection):
    """To a server on a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Peer:
    """A simulated CRM: its process, what it said of itself, and its control side."""

    def __init__(self, program, options, env):
        self.unheeded = ()  # kinds of messages that a test has sent as they should not be
        self.process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, env=env)
        self.info = json.loads(self.process.stdout.readline())
        self.tls = ssl.create_default_context(cafile=self.info["ca_file"])

    @property
    def port(self):
        return urllib.parse.urlsplit(self.info["control_url"]).port

    def request(self, path, body=None, method=None):
        request = urllib.request.Request(
            self.info["control_url"] + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=self.tls, timeout=30) as answer:
            return answer.read().decode()

    def lines(self, path):
        return [json.loads(line) for line in self.request(path).splitlines()]

    def violations(self):
        """Requests and answers that the vendor's documents do not know, if it looks for them and runs."""
        if "--strict" not in self.process.args or self.process.poll() is not None:
            return []
        found = json.loads(self.request("/violations"))["violations"]
        return [each for each in found if each.get("kind") not in self.unheeded]

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, programs, name="test", language="C.UTF-8"):
        self.bin = os.path.abspath(programs)
        self.dir = tempfile.mkdtemp(prefix=f"kontor-{name}-")
        foreign = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "LC_ALL", "LC_MESSAGES",
                   "NOTIFY_SOCKET", "NO_COLOR")
        self.env = {k: v for k, v in os.environ.items()
                    if k not in foreign and not k.startswith("KONTOR_")}
        for variable, path in (("HOME", "home"), ("XDG_CONFIG_HOME", "home/.config"),
                               ("XDG_STATE_HOME", "home/.local/state"), ("XDG_RUNTIME_DIR", "run"),
                               ("XDG_CACHE_HOME", "home/.cache")):
            self.env[variable] = os.path.join(self.dir, path)
            os.makedirs(self.env[variable], mode=0o700, exist_ok=True)
        self.env["LANG"] = language
        # What a sanitizer finds in a program stands there, whoever started it and whatever became of it.
        self.reports = os.path.join(self.dir, "reports")
        os.mkdir(self.reports)
        self.connectors_crash = False  # as a test may have them do
        self.found = []
        for sanitizer in ("ASAN", "LSAN", "TSAN", "UBSAN"):
            more = f":print_suppressions=0:suppressions={SUPPRESSIONS}" if sanitizer == "TSAN" else ""
            self.env[sanitizer + "_OPTIONS"] = (
                f"{os.environ.get(sanitizer + '_OPTIONS', '')}:log_path={self.reports}/report"
                f":log_exe_name=1{more}")
        self.daemon = self.peer = self.zoho = self.fxiaoke = self.salesforce = None
        self.state = os.path.join(self.env["XDG_STATE_HOME"], "kontor")
        self.config = os.path.join(self.env["XDG_CONFIG_HOME"], "kontor")
        self.replica = os.path.join(self.state, "replica.db")
        self.socket = os.path.join(self.env["XDG_RUNTIME_DIR"], "kontor", "kontor.sock")
        # Never a daemon of this machine's, whatever runs there.
        self.env["KONTOR_SOCKET"] = self.socket
        self.log_path = os.path.join(self.dir, "kontord.log")
        self.log = open(self.log_path, "ab")

    @staticmethod
    def free_port():
        """A port of 127.0.0.1 at which nobody listens."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return free.getsockname()[1]

    def program(self, name):
        return os.path.join(self.bin, name)

    def logged(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    # --- The simulated Zoho

    def start_peer(self, *options):
        self.zoho = Peer(self.program("kontor-peer-zoho"), ["--no-credits-limit", "--strict", *options],
                         self.env)
        self.peer, self.info, self.tls = self.zoho.process, self.zoho.info, self.zoho.tls

    def control(self, path, body=None):
        return self.zoho.request(path, body)

    def clear_faults(self):
        self.zoho.request("/fault", method="DELETE")

    def dump(self, module, fields):
        return self.zoho.lines(f"/dump?module={module}&fields=id,{fields}&limit=1000000")

    def secret_file(self, name, info=None):
        path = os.path.join(self.dir, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
            out.write((info or self.info)[name])
        return path

    def account(self):
        """What `kontor connect zoho` has to be told of the simulated account, but for secrets."""
        base = self.info["base_url"]
        return ["--option", "data_centre=custom", "--option",
                "accounts_url=" + self.info["accounts_url"], "--option", "api_url=" + base,
                "--option", "upload_url=" + base, "--ca-file", self.info["ca_file"]]

    def connect(self, *more):
        return self.kontor("connect", "zoho", "--no-input", *self.account(),
                           "--value", "client_id=" + self.info["client_id"],
                           "--secret", "client_secret=file:" + self.secret_file("client_secret"),
                           "--secret", "refresh_token=file:" + self.secret_file("refresh_token"),
                           *more)

    # --- The simulated Fxiaoke

    def start_fxiaoke(self, *options):
        self.fxiaoke = Peer(self.program("kontor-peer-fxiaoke"), ["--strict", *options], self.env)

    def fxiaoke_account(self, api="new"):
        """What `kontor connect fxiaoke` has to be told of the simulated tenant, but for secrets."""
        info = self.fxiaoke.info
        return ["--option", "cloud=custom", "--option", "api_url=" + info["base_url"],
                "--option", "api=" + api, "--option",
                "user_id=" + info["user_id" if api == "new" else "open_user_id"],
                "--ca-file", info["ca_file"]]

    def connect_fxiaoke(self, *more, api="new"):
        info = self.fxiaoke.info
        return self.kontor("connect", "fxiaoke", "--no-input", *self.fxiaoke_account(api),
                           "--value", "app_id=" + info["app_id"],
                           "--secret", "app_secret=file:" + self.secret_file("app_secret", info),
                           "--secret",
                           "permanent_code=file:" + self.secret_file("permanent_code", info), *more)

    # --- The simulated Salesforce

    def start_salesforce(self, *options):
        self.salesforce = Peer(self.program("kontor-peer-salesforce"), options, self.env)

    def salesforce_account(self, sign_in="jwt"):
        """What `kontor connect salesforce` has to be told of the simulated organisation."""
        info = self.salesforce.info
        out = ["--option", "instance_url=" + info["base_url"], "--option", "sign_in=" + sign_in,
               "--ca-file", info["ca_file"], "--value", "client_id=" + info["client_id"]]
        if sign_in == "client_credentials":
            return [*out, "--secret",
                    "client_secret=file:" + self.secret_file("client_secret", info)]
        return [*out, "--option", "environment=custom", "--option", "login_url=" + info["base_url"],
                "--option", "audience=https://login.salesforce.com", "--value",
                "user=" + info["user"], "--secret", "private_key=file:" + info["private_key_file"]]

    def ask_for_sync(self, name):
        """Asks for a sync without waiting for it: the process that does."""
        return subprocess.Popen([self.program("kontor"), "sync", name, "--quiet"], env=self.env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def begin_sync(self, name="zoho"):
        """Asks for a sync without waiting for it, and waits until it is under way."""
        asking = self.ask_for_sync(name)
        until(lambda: self.json("status", name)["state"] == "syncing", "the sync")
        asking.kill()
        asking.wait()

    def begin_failing(self, name):
        """Asks for a sync that will fail, and goes on; the process that waits for it."""
        return subprocess.Popen([self.program("kontor"), "sync", name, "--quiet"], env=self.env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    # --- kontord and kontor

    def spawn_daemon(self, *words, env=None, **how):
        self.daemon = subprocess.Popen([self.program("kontord"), *words], env=env or self.env,
                                       stdout=self.log, stderr=self.log, **how)
        return self.daemon

    def start_daemon(self, *words, **how):
        self.spawn_daemon(*words, **how)
        def answers():
            if self.daemon.poll() is not None:
                raise AssertionError(f"kontord ended with {self.daemon.returncode}: {self.logged()}")
            return self.kontor("status", "--json", check=False).returncode == 0
        until(answers, "kontord answers")

    def stop_daemon(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        code = self.daemon.wait(PATIENCE)
        self.daemon = None
        return code

    def kontor(self, *words, check=True, wait=COMMAND_PATIENCE, **how):
        result = subprocess.run([self.program("kontor"), *words], env=how.pop("env", self.env),
                                capture_output=True, text=True, timeout=wait, **how)
        if REPORT.search(result.stderr):  # of a connector that this command has run
            self.found.append(f"kontor {' '.join(words)}: {result.stderr}")
        if check and result.returncode != 0:
            raise AssertionError(f"kontor {' '.join(words)}: {result.returncode}\n{result.stderr}")
        # The addresses that a connector declares have gaps of their own, and so has a page's style.
        own = words[:1] == ("plugins",) or "html" in words
        for text in ("" if own else result.stdout, result.stderr):
            if found := UNFILLED.search(text):
                raise AssertionError(f"kontor {' '.join(words)}: not filled in: {found[0]}")
        return result

    def json(self, *words, **how):
        return json.loads(self.kontor(*words, "--json", **how).stdout)

    def terminal(self, *words, env=None):
        return Terminal([self.program("kontor"), *words], env or self.env)

    def api(self, method, path, body=None):
        """A request to kontord's API: the answer's JSON. AssertionError unless it is 2xx."""
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status // 100 == 2, f"{method} {path}: {answer.status} {text}"
        return json.loads(text)

    def sql(self, text, *values):
        """A plain SQL statement by another program, durable once this returns."""
        database = sqlite3.connect(self.replica, timeout=20, isolation_level=None)
        try:
            return database.execute(text, values).fetchall()
        finally:
            database.close()

    def wal_bytes(self):
        """What stands in the replica's log and is not written back."""
        try:
            return os.path.getsize(self.replica + "-wal")
        except FileNotFoundError:
            return 0

    def memory_peak(self):
        """The most memory that kontord has had, in bytes; 0 where a sanitizer keeps books on it."""
        if SANITIZED:
            return 0
        with open(f"/proc/{self.daemon.pid}/status") as status:
            return 1024 * next(int(line.split()[1]) for line in status
                               if line.startswith("VmHWM"))

    def close(self, keep=False):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        for name, peer in (("Zoho", self.zoho), ("Fxiaoke", self.fxiaoke), ("Salesforce", self.salesforce)):
            if peer:
                try:
                    self.found += [f"{name}'s documents do not know: {json.dumps(each, ensure_ascii=False)}"
                                   for each in peer.violations()]
                except OSError as error:
                    self.found.append(f"the simulated {name} says nothing of messages: {error}")
                peer.end()
        self.log.close()
        found = self.findings()
        if keep:
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if found:
            raise AssertionError("a program is not well:\n" + "\n".join(found))

    def findings(self):
        """What sanitizers have reported, of any program of this world, and crashes of connectors."""
        if not os.path.isdir(self.reports):
            return []  # closed before
        out = list(self.found)
        for name in sorted(os.listdir(self.reports)):
            with open(os.path.join(self.reports, name), errors="replace") as file:
                text = file.read(20000)
            if REPORT.search(text):  # and no word of a sanitizer whose process was killed as it looked for leaks
                out.append(f"{name}: {text}")
        # A connector's process opens no file: what is found there, its daemon's log has.
        log = self.logged()
        if report := REPORT.search(log):
            out.append(f"a connector: {log[report.start():report.start() + 20000]}")
        if not self.connectors_crash:
            out += sorted(set(CRASH.findall(log)))
        return [PLACE.sub(name_of, text) for text in out]
