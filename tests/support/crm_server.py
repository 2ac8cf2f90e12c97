"""Small CRM servers on loopback for descriptions of REST CRMs, each with the habits of one vendor.

    with CrmServer(Espo()) as server:
        server.crm.rows["Contact"] …

A vendor is a class with `answer(request)`, which returns status, JSON and headers. Times are real, and
cut to `resolution` as the vendor's are.
"""
import base64
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import urllib.parse
from datetime import datetime, timezone


class Request:
    """`parts` are those of the path; `query` has the last value of each name; `body` is the JSON, or None."""

    def __init__(self, method, target, headers, body):
        parts = urllib.parse.urlsplit(target)
        self.method, self.headers, self.path = method, headers, parts.path
        self.parts = [urllib.parse.unquote(part) for part in parts.path.strip("/").split("/")]
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        form = "form-urlencoded" in (headers.get("Content-Type") or "")
        self.body = (None if not body else dict(urllib.parse.parse_qsl(body.decode())) if form else
                     json.loads(body))


class CrmServer:
    def __init__(self, crm):
        self.crm = crm
        self.lock = lock = threading.Lock()  # of the records

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                with lock:
                    status, answer, *more = crm.answer(
                        Request(self.command, self.path, self.headers, body))
                data = (answer if isinstance(answer, bytes) else
                        b"" if answer is None else json.dumps(answer).encode())
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # who asked was killed

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
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
    deleted, and by which user ("1" is whoever signs in) it was last."""
    resolution = 1.0  # seconds that stamps are cut to
    token = "geheim-4711-令牌".encode().hex()
    shown_blank = ()  # fields that each record has, filled or not

    def __init__(self):
        self.rows, self.last = {}, 0

    def now(self):
        at = time.time()
        return at - at % self.resolution

    def add(self, kind, fields, key=None, at=None, by="1"):
        self.last += 1
        key = key or self.new_key()
        exact = time.time() if at is None else at
        at = self.now() if at is None else at
        self.rows.setdefault(kind, {})[key] = {
            "fields": {**dict.fromkeys(self.shown_blank), **fields}, "made": at, "changed": at,
            "exact": exact, "gone": False, "version": 1, "by": by}
        return key

    def new_key(self):
        return str(self.last)

    def alter(self, kind, key, fields, by="1"):
        row = self.rows[kind][key]
        row["by"] = by
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


class Vtiger(Crm):
    """A challenge that is answered by a digest, a session in the query that ends, errors inside 200."""

    def __init__(self):
        super().__init__()
        self.nonces, self.sessions, self.sign_ins = set(), set(), 0

    def answer(self, request):
        told = {**request.query, **(request.body or {})}
        operation = told.get("operation")
        if operation == "getchallenge" and told.get("username") == "ada&eve":
            self.nonces.add(f"nonce{len(self.nonces)}")
            return self.good({"token": sorted(self.nonces)[-1]})
        if operation == "login":
            for nonce in self.nonces:
                if told["accessKey"] == hashlib.md5((nonce + self.token).encode()).hexdigest():
                    self.nonces.remove(nonce)
                    self.sign_ins += 1
                    self.sessions = {f"sitzung-4711-{self.sign_ins}"}
                    return self.good({"sessionName": next(iter(self.sessions)), "userId": "19x1"})
            return self.bad("INVALID_AUTH_TOKEN")
        if request.query.get("sessionName") not in self.sessions:
            return self.bad("INVALID_SESSIONID", " of " + str(request.query.get("sessionName")))
        rows = [{"id": "12x" + key, **row["fields"]} for key, row in self.live("Contacts")]
        if operation == "query":
            begin, size = (int(n) for n in re.search(r"LIMIT (\d+), (\d+);", told["query"]).groups())
            return self.good(rows[begin:begin + size])
        if operation == "retrieve":
            found = [row for row in rows if row["id"] == told["id"]]
            return self.good(found[0]) if found else self.bad("RECORD_NOT_FOUND")
        return self.bad("UNKNOWN_OPERATION")

    @staticmethod
    def good(result):
        return 200, {"success": True, "result": result}

    @staticmethod
    def bad(code, more=""):
        return 200, {"success": False, "error": {"code": code, "message": code.lower() + more}}


class SuiteCrmV4(Crm):
    """SuiteCRM's v4.1: forms whose rest_data is a JSON list of arguments, the session the first of them; a
    session that ends; errors inside 200; fields as objects; a warning for a record that is not there."""

    def __init__(self):
        super().__init__()
        self.session, self.sign_ins, self.calls = None, 0, 0

    def new_key(self):
        return f"00000000-0000-4000-8000-{self.last:012x}"

    def answer(self, request):
        form = request.body
        if request.path != "/service/v4_1/rest.php" or "form-urlencoded" not in request.headers["Content-Type"]:
            return 404, None
        if (form["input_type"], form["response_type"]) != ("JSON", "JSON"):
            return 200, {"name": "Unknown Error", "number": -1, "description": "no JSON"}
        arguments = json.loads(form["rest_data"])
        if form["method"] == "login":
            user, _application, _more = arguments
            if user != {"user_name": "ada", "password": hashlib.md5(self.token.encode()).hexdigest()}:
                return 200, {"name": "Invalid Login", "number": 10, "description": "Login attempt failed"}
            self.sign_ins += 1
            self.session = f"sitzung-4711-{self.sign_ins}"
            return 200, {"id": self.session, "module_name": "Users", "name_value_list": {}}
        self.calls += 1
        if self.calls == 3:
            self.session = None  # it has ended
        if arguments[0] != self.session:
            return 200, {"name": "Invalid Session ID", "number": 11,
                         "description": f"The session {arguments[0]} is invalid"}
        return 200, getattr(self, form["method"])(*arguments[1:])

    def get_entry_list(self, kind, query, order, offset, _fields, _links, limit, deleted):
        assert (order, deleted) == ("contacts.id", 0)
        since = re.fullmatch(r"contacts\.date_modified >= '(.*)'", query)
        rows = sorted(self.live(kind, seconds_of(since[1]) if since else None))[offset:offset + limit]
        return {"result_count": len(rows), "next_offset": offset + len(rows),
                "entry_list": [self.shown(kind, *each) for each in rows], "relationship_list": []}

    def get_entry(self, kind, key, _fields, _links):
        row = self.get(kind, key)
        gone = {"id": key, "module_name": kind,
                "name_value_list": [{"name": "warning", "value": "it does not exist"},
                                    {"name": "deleted", "value": "1"}]}
        return {"entry_list": [self.shown(kind, key, row) if row else gone], "relationship_list": []}

    def set_entry(self, kind, values):
        key = values.pop("id", None)
        if values.pop("deleted", 0):
            self.remove(kind, key)
        elif key:
            self.alter(kind, key, values)
        else:
            key = self.add(kind, values)
        return {"id": key, "entry_list": {}}

    @staticmethod
    def shown(kind, key, row):
        values = {**row["fields"], "id": key, "date_modified": text_of(row["changed"])}
        return {"id": key, "module_name": kind, "name_value_list": {
            name: {"name": name, "value": "" if value is None else value} for name, value in values.items()}}


class Webhooks(Crm):
    """The key in the address, as inbound webhooks of Bitrix24 have it; it says the address in errors."""

    def answer(self, request):
        rest, user, key, method = request.parts
        if (rest, user, key) != ("rest", "7", self.token):
            return 401, {"error": "INVALID_CREDENTIALS", "error_description": request.path}
        begin = int(request.query.get("start") or 0)
        rows = [{"ID": key, **row["fields"]} for key, row in self.live("contact")]
        if method == "crm.contact.list":
            more = {"next": begin + 50} if begin + 50 < len(rows) else {}
            return 200, {"result": rows[begin:begin + 50], "total": len(rows), **more}
        if method == "crm.contact.get":
            found = [row for row in rows if row["ID"] == request.query["ID"]]
            return (200, {"result": found[0]}) if found else (400, {"error": "", "error_description": request.path})
        return 404, {"error": "ERROR_METHOD_NOT_FOUND"}


class Espo(Crm):
    """EspoCRM: capped pages refused with the reason in a header, hidden deletions, possible duplicates
    with the candidates in the body and a header that overrides, optimistic locks, ids that clients
    choose."""
    kinds = ("Account", "Contact", "Lead", "Opportunity")
    api_key = "4711api0815"

    def __init__(self, hmac_form=None):
        super().__init__()
        self.hmac_form = hmac_form  # "hex", "raw"; None: the API user signs in with its key
        self.refused, self.borne = [], [self.api_key]

    def new_key(self):
        return f"{self.last:017x}"

    def signed_in(self, request):
        if self.hmac_form is None:
            return request.headers.get("X-Api-Key") == self.token
        header = request.headers.get("X-Hmac-Authorization", "")
        told = base64.b64decode(header, validate=True)
        key, _, given = told.partition(b":")
        made = hmac.new(self.token.encode(), f"{request.method} {request.path[len('/api/v1'):]}".encode(), "sha256")
        wanted = made.digest() if self.hmac_form == "raw" else made.hexdigest().encode()
        self.borne.append(header)
        return key == self.api_key.encode() and given == wanted

    def answer(self, request):
        if not self.signed_in(request):
            self.refused.append(request.path)
            return 401, {"message": "no user for " + str(request.headers.get("X-Hmac-Authorization"))}
        parts = request.parts[2:]
        if parts == ["App", "user"]:
            return 200, {"user": {"id": "u1", "userName": "api", "name": "Api"}}
        if parts[0] not in self.kinds:
            return 404, None
        if len(parts) == 1:
            return (self.list if request.method == "GET" else self.create)(parts[0], request)
        row = self.get(*parts)
        if row is None:
            return 404, None
        if request.method == "GET":
            return 200, self.shown(parts[1], row)
        if request.method == "DELETE":
            self.remove(*parts)
            return 200, True
        number = request.headers.get("X-Version-Number")
        if number and int(number) != row["version"]:
            return 409, self.shown(parts[1], row)
        self.alter(*parts, request.body)
        return 200, self.shown(parts[1], row)

    def list(self, kind, request):
        query = request.query
        if int(query["maxSize"]) > 200:
            return 403, None, {"X-Status-Reason": "Max size should not exceed 200."}
        since = query.get("where[0][value]")
        rows = self.live(kind, since and seconds_of(since))
        stamp = {"modifiedAt": "changed", "createdAt": "made"}[query["orderBy"]]
        rows.sort(key=lambda each: (each[1][stamp], each[0]))
        first = int(query["offset"])
        chosen = query["select"].split(",")
        return 200, {"total": len(rows), "list": [
            {name: value for name, value in self.shown(key, row).items() if name in chosen}
            for key, row in rows[first:first + int(query["maxSize"])]]}

    def create(self, kind, request):
        mail = request.body.get("emailAddress")
        alike = [self.shown(key, row) for key, row in self.live(kind)
                 if mail and row["fields"].get("emailAddress") == mail]
        if alike and request.headers.get("X-Skip-Duplicate-Check") != "true":
            return 409, alike
        fields = {name: value for name, value in request.body.items() if name != "id"}
        key = request.body.get("id")
        if key and self.get(kind, key):
            return 409, [self.shown(key, self.get(kind, key))]
        key = self.add(kind, fields, key)
        return 200, self.shown(key, self.get(kind, key))

    @staticmethod
    def shown(key, row):
        return {"id": key, **row["fields"], "createdAt": text_of(row["made"]),
                "modifiedAt": text_of(row["changed"]), "modifiedById": "u1",
                "versionNumber": row["version"]}


class HubSpot(Crm):
    """HubSpot: lists by cursor, searches by id with at most 10,000 hits, stamps of two names, archived
    records, batches whose bad items are told beside the good ones."""
    resolution = 0.001
    kinds = ("companies", "contacts", "deals")

    def answer(self, request):
        if not self.signed_in(request):
            return 401, {"category": "INVALID_AUTHENTICATION", "message": "no"}
        parts = request.parts
        if parts[:2] == ["account-info", "v3"]:
            return 200, {"portalId": 4711}
        kind, rest = parts[3], parts[4:]
        if parts[:3] != ["crm", "v3", "objects"] or kind not in self.kinds:
            return 404, None
        if rest == ["search"]:
            return self.search(kind, request.body)
        if rest[:1] == ["batch"]:
            return self.batch(kind, rest[1], request.body)
        if not rest and request.method == "GET":
            return self.list(kind, request.query)
        if not rest:
            return self.create(kind, request.body["properties"])
        row = self.get(kind, rest[0])
        if row is None:
            return 404, {"category": "OBJECT_NOT_FOUND", "message": "resource not found"}
        if request.method == "DELETE":
            self.remove(kind, rest[0])
            return 204, None
        if request.method == "PATCH":
            self.alter(kind, rest[0], request.body["properties"])
        return 200, self.shown(kind, rest[0], row)

    def create(self, kind, fields):
        mail = fields.get("email")
        if mail and any(row["fields"].get("email") == mail for _, row in self.live(kind)):
            return 409, {"category": "CONFLICT", "message": "Contact already exists"}
        key = self.add(kind, fields)
        return 201, self.shown(kind, key, self.get(kind, key))

    def list(self, kind, query):
        rows = sorted(self.live(kind), key=lambda each: int(each[0]))
        rows = [each for each in rows if int(each[0]) > int(query.get("after", 0))]
        page = rows[:int(query["limit"])]
        out = {"results": [self.shown(kind, *each) for each in page]}
        if len(rows) > len(page):
            out["paging"] = {"next": {"after": page[-1][0]}}
        return 200, out

    def search(self, kind, body):
        stamp, after = body["filterGroups"][0]["filters"]
        if stamp["propertyName"] != self.stamp(kind) or body["limit"] > 200:
            return 400, {"category": "VALIDATION_ERROR", "message": "no such property"}
        rows = [each for each in self.live(kind, int(stamp["value"]) / 1000)
                if int(each[0]) > int(after["value"])]
        rows.sort(key=lambda each: int(each[0]))
        return 200, {"total": len(rows), "results": [
            self.shown(kind, *each) for each in rows[:body["limit"]]]}

    def batch(self, kind, what, body):
        done, errors = [], []
        if len(body["inputs"]) > 100:
            return 400, {"category": "VALIDATION_ERROR", "message": "too many"}
        if what == "create":
            # One bad item, and none is made.
            mails = [each["properties"].get("email") for each in body["inputs"]]
            known = [row["fields"].get("email") for _, row in self.live(kind)]
            if any(mail and (mail in known or mails.count(mail) > 1) for mail in mails):
                return 409, {"category": "CONFLICT", "message": "Contact already exists"}
            for each in body["inputs"]:
                done.append(self.create(kind, each["properties"])[1])
            return 201, {"status": "COMPLETE", "results": done[::-1]}
        for each in body["inputs"]:
            row = self.get(kind, each["id"])
            if row is None:
                errors.append({"category": "OBJECT_NOT_FOUND", "context": {"ids": [each["id"]]}})
            elif what == "update":
                self.alter(kind, each["id"], each["properties"])
                done.append(self.shown(kind, each["id"], row))
            elif what == "archive":
                self.remove(kind, each["id"])
            else:
                done.append(self.shown(kind, each["id"], row))
        if what == "archive":
            return 204, None
        return (207 if errors else 200), {"results": done, "errors": errors}

    @staticmethod
    def stamp(kind):
        return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"

    def shown(self, kind, key, row):
        at = text_of(row["changed"], "%Y-%m-%dT%H:%M:%S.") + f"{round(row['changed'] % 1 * 1000):03}Z"
        fields = {name: None if value == "" else str(value) for name, value in row["fields"].items()}
        return {"id": key, "archived": False, "updatedAt": at,
                "properties": {**fields, "hs_object_id": key, self.stamp(kind): at}}


class Dolibarr(Crm):
    """Dolibarr: 404 for an empty list, a bare number for a create, epoch seconds, numbers as texts."""
    kinds = ("thirdparties", "contacts")

    def answer(self, request):
        if request.headers.get("DOLAPIKEY") != self.token:
            return 401, {"error": {"code": 401, "message": "Unauthorized"}}
        parts = request.parts[2:]
        if parts == ["users", "info"]:
            return 200, {"id": "1", "login": "api"}
        if len(parts) == 1 and request.method == "GET":
            return self.list(parts[0], request.query)
        if len(parts) == 1:
            if any(row["fields"].get("ref_ext") == request.body["ref_ext"]
                   for _, row in self.live(parts[0]) if request.body.get("ref_ext")):
                return 500, {"error": {"code": 500, "message": "ErrorRefAlreadyExists"}}
            return 200, int(self.add(parts[0], request.body))
        row = self.get(*parts)
        if row is None:
            return self.nothing()
        if request.method == "DELETE":
            self.remove(*parts)
            return 200, {"success": {"code": 200, "message": "Object deleted"}}
        if request.method == "PUT":
            self.alter(*parts, request.body)
        return 200, self.shown(parts[1], row)

    @staticmethod
    def nothing():
        return 404, {"error": {"code": 404, "message": "Not Found: nothing found"}}

    def list(self, kind, query):
        rows = self.live(kind)
        wanted = query.get("sqlfilters", "")
        name, _, value = wanted.strip("()").partition(":")
        sign, _, value = value.partition(":")
        if name == "t.tms" and sign == ">=":
            rows = self.live(kind, seconds_of(value.strip("'")))
        elif name == "t.ref_ext" and sign == "=":
            rows = [each for each in rows if each[1]["fields"].get("ref_ext") == value.strip("'")]
        elif wanted:
            return 503, {"error": {"code": 503, "message": "Error when validating parameter sqlfilters"}}
        size = min(int(query["limit"]), 100)
        first = int(query.get("page", 0)) * size
        rows = sorted(rows, key=lambda each: int(each[0]))[first:first + size]
        return (200, [self.shown(*each) for each in rows]) if rows else self.nothing()

    @staticmethod
    def shown(key, row):
        fields = {name: value if value is None else str(value)
                  for name, value in row["fields"].items()}
        return {"id": key, **fields, "date_modification": int(row["changed"]),
                "user_modification_id": row["by"]}


class Pipedrive(Crm):
    """Pipedrive v2: cursors, lists of addresses and numbers, deleted records that lists do not show."""
    kinds = ("organizations", "persons", "deals")

    def answer(self, request):
        if request.headers.get("x-api-token") != self.token:
            return 401, {"success": False, "error": "unauthorized access", "errorCode": 401}
        parts = request.parts
        if parts == ["api", "v1", "users", "me"]:
            return 200, {"success": True, "data": {"id": 7, "name": "Api", "company_id": 4711,
                                                   "company_name": "Example"}}
        if parts[:2] != ["api", "v2"] or parts[2] not in self.kinds:
            return 404, {"success": False, "error": "Not found"}
        kind = parts[2]
        if len(parts) == 3 and request.method == "GET":
            return self.list(kind, request.query)
        if len(parts) == 3:
            name = "title" if kind == "deals" else "name"
            if not request.body.get(name):
                return 400, {"success": False, "error": f"{name}: is required"}
            key = self.add(kind, request.body)
            return 201, {"success": True, "data": self.shown(key, self.rows[kind][key])}
        row = self.rows.get(kind, {}).get(parts[3])
        if row is None:
            return 404, {"success": False, "error": kind + " not found"}
        if request.method == "DELETE":
            if row["gone"]:
                return 410, {"success": False, "error": "deleted"}
            self.remove(kind, parts[3])
            return 200, {"success": True, "data": {"id": int(parts[3])}}
        if request.method == "PATCH":
            if row["gone"]:
                return 404, {"success": False, "error": kind + " not found"}
            self.alter(kind, parts[3], request.body)
        return 200, {"success": True, "data": self.shown(parts[3], row)}

    def list(self, kind, query):
        since = query.get("updated_since")
        since = since and seconds_of(since, "%Y-%m-%dT%H:%M:%SZ")
        rows = self.live(kind, since)
        if kind == "deals" and "deleted" in query.get("status", ""):
            rows += [(key, row) for key, row in self.rows.get(kind, {}).items()
                     if row["gone"] and (since is None or row["changed"] >= since)]
        stamp = "made" if query["sort_by"] == "add_time" else "changed"
        rows.sort(key=lambda each: (each[1][stamp], int(each[0]))
                  if query["sort_by"] != "id" else int(each[0]))
        first, size = int(query.get("cursor", "c0")[1:]), int(query["limit"])
        if size > 500:
            return 400, {"success": False, "error": "limit: must be 500 at most"}
        more = first + size < len(rows)
        return 200, {"success": True,
                     "data": [self.shown(*each) for each in rows[first:first + size]],
                     "additional_data": {"next_cursor": f"c{first + size}" if more else None}}

    @staticmethod
    def shown(key, row):
        form = "%Y-%m-%dT%H:%M:%SZ"
        return {"id": int(key), **row["fields"], "add_time": text_of(row["made"], form),
                "update_time": text_of(row["changed"], form), "is_deleted": row["gone"]}


class SuiteCrm(Crm):
    """SuiteCRM 8 (V8 API): client credentials, 400 for a record that is not there, stamps that are cut
    while filters go by what the database has, pages whose total may be 0, a filter for deleted records
    that spoils the whole list."""
    kinds = ("Accounts", "Contacts", "Leads", "Opportunities")

    def __init__(self, resolution=60.0):
        super().__init__()
        self.resolution = resolution

    def new_key(self):
        return f"00000000-0000-4000-8000-{self.last:012x}"

    def answer(self, request):
        parts = request.parts
        if parts == ["legacy", "Api", "access_token"]:
            body = request.body
            if (body.get("grant_type"), body.get("client_secret")) != ("client_credentials",
                                                                      self.token):
                return 401, {"error": "invalid_client", "message": "Client authentication failed"}
            return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "t" + self.token}
        if request.headers.get("Authorization") != "Bearer t" + self.token:
            return 401, {"error": "access_denied"}
        if parts[:4] != ["legacy", "Api", "V8", "module"]:
            return 404, {"errors": {"status": 404, "detail": "Not found"}}
        rest = parts[4:]
        if not rest:
            return self.write(request)
        if rest[0] not in self.kinds:
            return self.bad(f"Module {rest[0]} is not found")
        if len(rest) == 1:
            return self.list(rest[0], request.query)
        row = self.get(*rest[:2])
        if row is None:
            return self.missing(rest[0], rest[1])
        if request.method == "DELETE":
            self.remove(*rest[:2])
            return 200, {"meta": {"message": f"Record with id {rest[1]} is deleted"}, "data": []}
        return 200, {"data": self.shown(rest[0], rest[1], row)}

    @staticmethod
    def bad(detail):
        return 400, {"errors": {"status": 400, "title": None, "detail": detail}}

    def missing(self, kind, key):
        return self.bad(f"{kind} module with id {key} is not found")

    def write(self, request):
        data = request.body["data"]
        kind, fields = data["type"], data.get("attributes", {})
        if kind not in self.kinds:
            return self.bad(f"Module {kind} is not found")
        if request.method == "POST":
            key = self.add(kind, fields)
            return 201, {"data": self.shown(kind, key, self.get(kind, key))}
        if self.get(kind, data["id"]) is None:
            return self.missing(kind, data["id"])
        self.alter(kind, data["id"], fields)
        return 201, {"data": self.shown(kind, data["id"], self.get(kind, data["id"]))}

    def list(self, kind, query):
        if "filter[deleted][eq]" in query:
            gone = next((key for key, row in self.rows[kind].items() if row["gone"]), None)
            if gone:
                return self.missing(kind, gone)
        rows = self.live(kind)
        since = query.get("filter[date_modified][gte]")
        if since:
            at = seconds_of(since, "%Y-%m-%dT%H:%M:%S")
            rows = [each for each in rows if each[1]["exact"] >= at]
        stamp = {"date_entered": "made", "date_modified": "exact", "id": None}[query["sort"]]
        rows.sort(key=lambda each: (each[1][stamp] if stamp else 0, each[0]))
        size, number = int(query["page[size]"]), int(query["page[number]"])
        pages = 0 if since else -(-len(rows) // size)
        if not rows[size * (number - 1):]:
            return 200, {"meta": {"message": "Request was successful, but there is no result"},
                         "data": []}
        return 200, {"meta": {"total-pages": pages}, "data": [
            self.shown(kind, *each) for each in rows[size * (number - 1):size * number]]}

    @staticmethod
    def shown(kind, key, row):
        form = "%Y-%m-%dT%H:%M:%S+00:00"
        return {"type": kind, "id": key, "attributes": {
            **{name: "" if value is None else value for name, value in row["fields"].items()},
            "date_entered": text_of(row["made"], form),
            "date_modified": text_of(row["changed"], form), "modified_user_id": row["by"]},
            "relationships": {}}
