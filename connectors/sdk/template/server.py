#!/usr/bin/env python3
"""A small CRM of people to test the connector against: HTTP on 127.0.0.1, a bearer token, nothing kept.

Prints one JSON line with its address and token, and serves until it is ended.
"""
import datetime
import http.server
import json
import secrets
import sys
import threading
import urllib.parse

TOKEN = secrets.token_hex(16)
STAMP_MS = 100  # as coarse as real ones: records of one moment have one stamp
FIELDS = [
    {"name": "name", "label": "Name", "type": "text", "required": True, "max_length": 80},
    {"name": "email", "label": "E-mail", "type": "email", "max_length": 100},
    {"name": "phone", "label": "Phone", "type": "phone", "max_length": 30},
    {"name": "notes", "label": "Notes", "type": "longtext", "max_length": 2000},
    {"name": "level", "label": "Level", "type": "choice", "choices": ["gold", "silver", "bronze"]},
    {"name": "birthday", "label": "Birthday", "type": "date"},
    {"name": "visits", "label": "Visits", "type": "integer"},
    {"name": "credit", "label": "Credit", "type": "decimal", "scale": 2},
    {"name": "vip", "label": "VIP", "type": "boolean"},
    {"name": "external_id", "label": "External id", "type": "text", "max_length": 64},
    {"name": "created", "label": "Created", "type": "instant", "read_only": True},
]
TYPES = {"integer": int, "boolean": bool}
lock = threading.Lock()
people = {}
last_id = 0


def stamp(moment=None):
    moment = moment or datetime.datetime.now(datetime.timezone.utc)
    ms = moment.microsecond // 1000 // STAMP_MS * STAMP_MS
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms:03d}Z"


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(body)
        self.status, self.body = status, body


def invalid(field, message):
    return Refused(400, {"code": "INVALID", "field": field, "message": message})


def checked(values):
    known = {field["name"]: field for field in FIELDS}
    for name, value in values.items():
        field = known.get(name)
        if not field or field.get("read_only"):
            raise invalid(name, "no such field, or it cannot be written")
        if value is None:
            continue
        if not isinstance(value, TYPES.get(field["type"], (str, int))):
            raise invalid(name, "not of this type")
        if len(str(value)) > field.get("max_length", 2000):
            raise invalid(name, "too long")
        if "choices" in field and value not in field["choices"]:
            raise invalid(name, "not one of the choices")
    return values


def create(values, moment=None):
    global last_id
    key = values.get("external_id")
    for person in people.values():
        if key and person.get("external_id") == key and not person.get("deleted"):
            raise Refused(409, person)
    if not values.get("name"):
        raise invalid("name", "is required")
    last_id += 1
    now = stamp(moment)
    person = {field["name"]: None for field in FIELDS}
    person.update(checked(values), id=f"p{last_id:05d}", created=now, updated=now, version=1, by="me")
    people[person["id"]] = person
    return person


def existing(name):
    person = people.get(name)
    if not person or person.get("deleted"):
        raise Refused(404, {"message": "no such person"})
    return person


def change(person, expected):
    if expected and int(expected) != person["version"]:
        raise Refused(412, {"message": "somebody else was faster"})
    person.update(updated=stamp(), version=person["version"] + 1)


def changed_since(query):
    key = (query["since"], query.get("after", ""))
    limit = int(query.get("limit", 50))
    order = sorted(people.values(), key=lambda one: (one["updated"], one["id"]))
    found = [one for one in order if (one["updated"], one["id"]) > key]
    return {"people": found[:limit], "more": len(found) > limit}


def ids(query):
    live = sorted(key for key, one in people.items()
                  if not one.get("deleted") and key > query.get("after", ""))
    page = [{"id": key, "version": people[key]["version"]} for key in live[:200]]
    return {"ids": page, "more": len(live) > 200}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            with lock:
                status, out = self.route(method, body)
                out = b"" if out is None else json.dumps(out).encode()
        except Refused as refused:
            status, out = refused.status, json.dumps(refused.body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def route(self, method, body):
        if self.headers.get("Authorization") != "Bearer " + TOKEN:
            raise Refused(401, {"message": "who are you?"})
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        parts = [urllib.parse.unquote(part) for part in path.split("/")[1:]]
        if method == "GET":
            return 200, self.read(parts, query)
        if parts == ["fields"] and method == "POST":
            FIELDS.append(json.loads(body))
            return 201, FIELDS[-1]
        if parts == ["people"] and method == "POST":
            return 201, create(json.loads(body))
        if len(parts) != 2 or parts[0] != "people":
            raise Refused(404, {"message": "no such place"})
        person = existing(parts[1])
        if method == "PATCH":
            values = checked(json.loads(body))
            if "name" in values and not values["name"]:
                raise invalid("name", "is required")
            change(person, self.headers.get("If-Match"))
            person.update(values)
            return 200, person
        change(person, self.headers.get("If-Match"))
        person["deleted"] = True
        return 204, None

    def read(self, parts, query):
        if parts == ["me"]:
            return {"organisation": "acme", "user": "me"}
        if parts == ["fields"]:
            return {"fields": FIELDS}
        if parts == ["ids"]:
            return ids(query)
        if parts == ["people"] and "since" in query:
            return changed_since(query)
        if parts == ["people"]:
            return {"people": [one for one in people.values() if not one.get("deleted") and
                               all(one.get(name) == value for name, value in query.items())]}
        if len(parts) == 2 and parts[0] == "people":
            return existing(parts[1])
        raise Refused(404, {"message": "no such place"})

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_PATCH(self):
        self.answer("PATCH")

    def do_DELETE(self):
        self.answer("DELETE")

    def log_message(self, *_):
        pass


def main():
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    for number in range(170):
        create({"name": f"Person {number}", "email": f"person{number}@example.com",
                "credit": number * 10, "vip": number % 3 == 0},
               start + datetime.timedelta(minutes=number))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "token": TOKEN}), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
