"""OpenStack Swift with its S3 interface behind TLS, from Debian's packages, on ports of 127.0.0.1.

It checks signatures, as a real store does. Wants root: the path of its swift.conf is fixed.
"""
import os
import shutil
import socket
import subprocess
import time

ACCESS_KEY, SECRET_KEY = "test:tester", "testing"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(port, what):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"{what} does not listen")


class Swift:
    """Processes below `folder`; `url` is where clients go, `ca_file` who signed its certificate."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.log = open(os.path.join(folder, "swift.log"), "ab")
        kinds = ("account", "container", "object")
        self.ports = {name: free_port() for name in (*kinds, "proxy", "memcached", "tls")}
        self.url = f"https://127.0.0.1:{self.ports['tls']}"
        self.ca_file = os.path.join(folder, "tls.crt")
        os.makedirs(os.path.join(folder, "data", "d1"))
        os.makedirs("/etc/swift", exist_ok=True)
        with open("/etc/swift/swift.conf", "w") as out:
            out.write("[swift-hash]\nswift_hash_path_suffix = kt\nswift_hash_path_prefix = kt\n"
                      "[storage-policy:0]\nname = Policy-0\ndefault = yes\n")
        for kind in kinds:
            self.ring(kind)
            self.write(f"{kind}-server.conf", self.head(kind) +
                       f"[pipeline:main]\npipeline = {kind}-server\n"
                       f"[app:{kind}-server]\nuse = egg:swift#{kind}\n")
        filters = "catch_errors listing_formats bulk slo dlo".split()
        self.write("proxy-server.conf", self.head("proxy") +
                   "[pipeline:main]\npipeline = catch_errors cache listing_formats bulk s3api"
                   " tempauth slo dlo proxy-server\n"
                   "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
                   "[filter:tempauth]\nuse = egg:swift#tempauth\n"
                   f"user_test_tester = {SECRET_KEY} .admin\n"
                   "[filter:s3api]\nuse = egg:swift#s3api\nlocation = us-east-1\n"
                   "[filter:cache]\nuse = egg:swift#memcache\n"
                   f"memcache_servers = 127.0.0.1:{self.ports['memcached']}\n" +
                   "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in filters))
        self.certificate()
        self.write("nginx.conf", f"""
            daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}
            http {{
              access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
              server {{
                listen 127.0.0.1:{self.ports['tls']} ssl;
                ssl_certificate {folder}/tls.crt; ssl_certificate_key {folder}/tls.key;
                location / {{
                  proxy_pass http://127.0.0.1:{self.ports['proxy']}; proxy_set_header Host $http_host;
                  proxy_request_buffering off; proxy_http_version 1.1; client_max_body_size 0;
                }} }} }}""")
        self.run("memcached", "-u", "nobody", "-l", "127.0.0.1", "-p",
                 str(self.ports["memcached"]))
        for kind in (*kinds, "proxy"):
            self.run(f"swift-{kind}-server", self.path(f"{kind}-server.conf"))
        self.start_tls()
        for name, port in self.ports.items():
            wait_for(port, name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as out:
            out.write(text)

    def head(self, kind):
        return (f"[DEFAULT]\ndevices = {self.path('data')}\nmount_check = false\n"
                f"bind_ip = 127.0.0.1\nbind_port = {self.ports[kind]}\nworkers = 0\nuser = root\n"
                f"swift_dir = {self.folder}\n")

    def ring(self, kind):
        builder = self.path(kind + ".builder")
        for words in (["create", "4", "1", "1"],
                      ["add", "--region", "1", "--zone", "1", "--ip", "127.0.0.1", "--port",
                       str(self.ports[kind]), "--device", "d1", "--weight", "1"],
                      ["rebalance"]):
            subprocess.run(["swift-ring-builder", builder, *words], check=True, stdout=self.log)

    def certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                        self.path("tls.key"), "-out", self.ca_file, "-days", "30", "-subj",
                        "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, stdout=self.log, stderr=self.log)

    def run(self, *command):
        self.processes.append(subprocess.Popen(command, stdout=self.log, stderr=self.log))
        return self.processes[-1]

    def start_tls(self):
        """The way in: without it, the store cannot be reached."""
        self.tls = self.run("nginx", "-c", self.path("nginx.conf"))

    def stop_tls(self):
        self.tls.terminate()
        self.tls.wait()

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()
        self.log.close()
        shutil.rmtree(self.path("data"), ignore_errors=True)
