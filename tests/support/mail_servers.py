"""A real mail server for tests: Postfix takes and sends mail, Dovecot keeps the mailboxes (IMAP).

    with MailServers() as servers: …

Postfix signs senders in by Dovecot's word, gives mail to `domain` to Dovecot, and everything else to
`beyond`, a port on loopback that stands for all other mail servers. What these refuse, Postfix returns to
the sender as it does everywhere. Both have folders of their own; the system's are not touched. Both
programs change to users of their own, so root has to start them.
"""
import email
import email.policy
import grp
import imaplib
import os
import pwd
import re
import shutil
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = 60  # seconds


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def become_root(*words):
    """Goes on as root: the program that is run, with these words in front of its own. Who may not ends, with 77."""
    if os.geteuid() == 0:
        return
    sudo = ["sudo", "-n", "-E"]
    try:
        subprocess.run([*sudo, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: Postfix and Dovecot are started by root; run this test with sudo")
        sys.exit(77)
    os.execvp("sudo", [*sudo, sys.executable, sys.argv[0], *words, *sys.argv[1:]])


class Beyond(socketserver.ThreadingTCPServer):
    """All other mail servers of the world: plain SMTP on a port of loopback. `letters`: (recipient, message);
    `answer(recipient)` may refuse with a line."""
    allow_reuse_address = daemon_threads = True
    request_queue_size = 100

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.port, self.letters, self.lock = self.server_address[1], [], threading.Lock()
        self.answer = lambda recipient: None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 beyond")
        recipient = None
        while line := self.rfile.readline().decode(errors="replace").strip():
            word = line.split(" ", 1)[0].upper()
            if word == "RCPT":
                recipient = line[line.index("<") + 1:line.index(">")]
                self.say(self.server.answer(recipient) or "250 ok")
            elif word == "DATA":
                self.say("354 go on")
                body = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    body += line[1:] if line.startswith(b"..") else line
                with self.server.lock:
                    self.server.letters.append(
                        (recipient, email.message_from_bytes(body, policy=email.policy.default)))
                self.say("250 taken")
            elif word == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")


class MailServers:
    """`smtp`, `imap`: ports (STARTTLS and TLS); `certificate`: PEM that vouches for both."""

    def __init__(self, beyond, domain="kontor.example", password="Sesam-öffne-dich-密码"):
        if os.geteuid() != 0:
            raise RuntimeError("Postfix and Dovecot are started by root")
        for program in ("/usr/sbin/dovecot", "/usr/lib/postfix/sbin/master"):
            if not os.path.exists(program):
                raise RuntimeError(program + " is not installed: ./dev setup")
        self.dir = tempfile.mkdtemp(prefix="kmail-")
        os.chmod(self.dir, 0o755)
        self.domain, self.password = domain, password
        self.smtp, self.imap, self.lmtp, self.auth = (free_port() for _ in range(4))
        self.certificate = self.path("tls.crt")
        self.programs = []
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.path("tls.key"),
                            "-out", self.certificate], check=True, capture_output=True)
            self.make_dovecot()
            self.start_dovecot()
            self.start_postfix(beyond)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def run(self, *command):
        log = open(self.path("programs.log"), "ab")
        self.programs.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        log.close()
        return self.programs[-1]

    def wait_for(self, port):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"nothing listens on {port}: {self.said()}")

    def said(self):
        out = ""
        for name in ("programs.log", "dovecot.log", "postfix.log"):
            if os.path.exists(self.path(name)):
                with open(self.path(name), errors="replace") as log:
                    out += f"--- {name}\n" + log.read()[-4000:]
        return out

    # --- Dovecot

    def make_dovecot(self):
        os.mkdir(self.path("Maildir"))
        shutil.chown(self.path("Maildir"), "nobody", "nogroup")
        self.write("dovecot.conf", f"""base_dir = {self.dir}/run
protocols = imap lmtp
listen = 127.0.0.1
log_path = {self.dir}/dovecot.log
ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self.dir}/tls.key
disable_plaintext_auth = no
mail_location = maildir:{self.dir}/Maildir/%u
first_valid_uid = 1
lmtp_save_to_detail_mailbox = no
recipient_delimiter = +
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password={self.password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={self.dir}/Maildir/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {self.imap}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp}
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {self.auth}
  }}
}}
""")

    def start_dovecot(self):
        self.dovecot = self.run("/usr/sbin/dovecot", "-F", "-c", self.path("dovecot.conf"))
        for port in (self.imap, self.lmtp, self.auth):
            self.wait_for(port)

    def stop_dovecot(self):
        self.end(self.dovecot)

    def renumber(self, user):
        """As after a restore of the mail server: all messages get new UIDs, under another UIDVALIDITY."""
        self.stop_dovecot()
        for name in os.listdir(self.path("Maildir/" + user)):
            if name.startswith("dovecot"):
                os.remove(self.path(f"Maildir/{user}/{name}"))
        time.sleep(1.1)  # Dovecot makes it of the second
        self.start_dovecot()

    def mailbox(self, user):
        """Signed in, the inbox open for reading only."""
        box = imaplib.IMAP4_SSL("127.0.0.1", self.imap,
                                ssl_context=ssl.create_default_context(cafile=self.certificate))
        box.authenticate("PLAIN", lambda _: f"\0{user}\0{self.password}".encode())
        box.select(readonly=True)
        return box

    def count(self, user):
        box = self.mailbox(user)
        try:
            return len(box.uid("SEARCH", "ALL")[1][0].split())
        finally:
            box.logout()

    # --- Postfix

    def start_postfix(self, beyond):
        for name in ("postfix", "spool", "data"):
            os.mkdir(self.path(name))
        user, drop = pwd.getpwnam("postfix"), grp.getgrnam("postdrop")
        os.chown(self.path("data"), user.pw_uid, user.pw_gid)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                     "private", "saved", "trace", "maildrop", "public", "pid"):
            os.mkdir(self.path("spool/" + name))
            if name != "pid":
                os.chown(self.path("spool/" + name), user.pw_uid,
                         drop.gr_gid if name in ("maildrop", "public") else 0)
        os.chmod(self.path("spool/maildrop"), 0o730)
        os.chmod(self.path("spool/public"), 0o710)
        self.write("postfix/main.cf", f"""compatibility_level = 3.6
queue_directory = {self.dir}/spool
data_directory = {self.dir}/data
maillog_file = {self.dir}/postfix.log
maillog_file_prefixes = {self.dir}
myhostname = mail.{self.domain}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
smtp_dns_support_level = disabled
alias_maps =
recipient_delimiter = +
virtual_mailbox_domains = {self.domain}
virtual_mailbox_maps = static:all
virtual_transport = lmtp:inet:127.0.0.1:{self.lmtp}
default_transport = smtp:[127.0.0.1]:{beyond}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {self.certificate}
smtpd_tls_key_file = {self.dir}/tls.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{self.auth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 2s
maximal_queue_lifetime = 6s
bounce_queue_lifetime = 6s
""")
        services = "\n".join(f"{name} unix {private} - n {wakeup} {most} {program}" for name, private, wakeup, most, program in (
            ("pickup", "n", 60, 1, "pickup"), ("cleanup", "n", "-", 0, "cleanup"), ("qmgr", "n", 300, 1, "qmgr"),
            ("tlsmgr", "-", "1000?", 1, "tlsmgr"), ("rewrite", "-", "-", "-", "trivial-rewrite"),
            ("bounce", "-", "-", 0, "bounce"), ("defer", "-", "-", 0, "bounce"), ("trace", "-", "-", 0, "bounce"),
            ("proxymap", "-", "-", "-", "proxymap"), ("smtp", "-", "-", "-", "smtp"), ("lmtp", "-", "-", "-", "lmtp"),
            ("error", "-", "-", "-", "error"), ("retry", "-", "-", "-", "error"), ("anvil", "-", "-", 1, "anvil"),
            ("scache", "-", "-", 1, "scache")))
        self.write("postfix/master.cf", f"127.0.0.1:{self.smtp} inet n - n - - smtpd\n{services}\n"
                   "postlog unix-dgram n - n - 1 postlogd\n")
        self.run("/usr/lib/postfix/sbin/master", "-c", self.path("postfix"), "-d")
        self.wait_for(self.smtp)

    def sessions(self):
        """How often somebody has connected to hand mail in."""
        with open(self.path("postfix.log"), errors="replace") as log:
            return len(re.findall(r"/smtpd\[\d+\]: connect from ", log.read()))

    def queued(self):
        """How many letters it has taken and not delivered yet."""
        return sum(len(files) for queue in ("maildrop", "incoming", "active", "deferred")
                   for _, _, files in os.walk(self.path("spool/" + queue)))

    def hand_in(self, messages):
        """From other mail servers: (sender, recipient, bytes) each, without signing in."""
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=PATIENCE) as server:
            for sender, recipient, text in messages:
                server.sendmail(sender, [recipient], text)

    @staticmethod
    def end(program):
        if program.poll() is None:
            program.terminate()
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def close(self):
        for program in self.programs:
            self.end(program)
        shutil.rmtree(self.dir, ignore_errors=True)
