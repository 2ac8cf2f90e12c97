"""Small CRM servers on loopback for descriptions of REST CRMs, each with the habits of one vendor.

    with CrmServer(Espo()) as server:
        server.crm.rows["Contact"] …

A vendor is a class with `answer(request)`, which returns status, JSON and headers. Times are real, and
cut to `resolution` as the vendor's are.
"""
import http.server
import json
import threading
import time
import urllib.parse
from datetime import datetime, timezone


class Request:
    """`query` has the last value of each name; `body` is the JSON, or None."""

    def __init__(self, method, target, headers, body):
        parts = urllib.parse.urlsplit(target)
        self.method, self.headers, self.path = method, headers, urllib.parse.unquote(parts.path)
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.body = json.loads(body) if body else None


class CrmServer:
    def __init__(self, crm):
        self.crm = crm
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                with lock:
                    status, answer, *more = crm.answer(
                        Request(self.command, self.path, self.headers, body))
                data = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Crm:
    """Records by kind and id. A record is its fields, and beside them when it was made, changed and
    deleted."""
    resolution = 1.0  # seconds that stamps are cut to
    token = "geheim-4711-令牌".encode().hex()

    def __init__(self):
        self.rows, self.last = {}, 0

    def now(self):
        at = time.time()
        return at - at % self.resolution

    def add(self, kind, fields, key=None, at=None):
        self.last += 1
        key = key or self.new_key()
        at = self.now() if at is None else at
        self.rows.setdefault(kind, {})[key] = {
            "fields": dict(fields), "made": at, "changed": at, "exact": time.time(), "gone": False,
            "version": 1}
        return key

    def new_key(self):
        return str(self.last)

    def alter(self, kind, key, fields):
        row = self.rows[kind][key]
        row["fields"].update(fields)
        row["changed"], row["exact"] = self.now(), time.time()
        row["version"] += 1

    def remove(self, kind, key):
        row = self.rows[kind][key]
        row["gone"], row["changed"] = True, self.now()

    def live(self, kind, since=None):
        return [(key, row) for key, row in self.rows.get(kind, {}).items()
                if not row["gone"] and (since is None or row["changed"] >= since)]

    def get(self, kind, key):
        row = self.rows.get(kind, {}).get(key)
        return None if row is None or row["gone"] else row

    def signed_in(self, request):
        return request.headers.get("Authorization") == "Bearer " + self.token


def text_of(at, form="%Y-%m-%d %H:%M:%S"):
    return datetime.fromtimestamp(at, timezone.utc).strftime(form)


def seconds_of(text, form="%Y-%m-%d %H:%M:%S"):
    return datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp()


class Plain(Crm):
    """What docs/rest.md begins with: pages, a key, and nothing else."""

    def answer(self, request):
        if not self.signed_in(request):
            return 401, {"error": "token " + str(request.headers.get("Authorization"))}
        if request.path == "/api/people":
            rows = [self.shown(key, row) for key, row in self.live("people")]
            size, page = int(request.query["limit"]), int(request.query["page"])
            return 200, {"items": rows[size * (page - 1):size * page], "total": len(rows)}
        if request.path.startswith("/api/people/"):
            row = self.get("people", request.path.split("/")[-1])
            return (200, self.shown(request.path.split("/")[-1], row)) if row else (404, None)
        return 404, {"error": "nothing here"}

    @staticmethod
    def shown(key, row):
        return {"id": int(key), **row["fields"]}
