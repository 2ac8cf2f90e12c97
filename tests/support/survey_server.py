"""Small survey services on loopback, each strict about what it is asked, as its vendor documents it.

    with CrmServer(LimeSurvey()) as server:
        server.crm.add("7", submitted=..., Q1="9")

They are vendors for CrmServer. Whatever a request should not have ends in `complaints`, and is refused.
`faults` are answers given once, before anything else: {"status": 429}, {"cut": 40} for an answer cut
after so many bytes.
"""
import base64
import json
import re
from datetime import datetime, timedelta, timezone

UTC = timezone.utc


class Service:
    """What the four have in common."""

    def __init__(self):
        self.complaints, self.faults, self.asked = [], [], []

    def answer(self, request):
        self.asked.append((request.method, request.path, request.query, request.body))
        fault = self.faults.pop(0) if self.faults else {}
        if "status" in fault:
            return fault["status"], fault.get("body"), fault.get("headers", {})
        status, answer, *more = self.serve(request)
        if "cut" in fault:
            return status, Raw(json.dumps(answer).encode()[:fault["cut"]])
        return status, answer, *more

    def complain(self, what):
        self.complaints.append(what)
        return 400, {"error": what}


class Raw(bytes):
    """An answer that is sent as it is."""


def local(moment, hours):
    return (moment + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")


class LimeSurvey(Service):
    """RemoteControl 2: positional parameters, failures as texts with status 200, exports in base64, times
    without a zone, sessions that end."""
    user, password = "kontor", "geheim-令牌"
    zone = 8

    def __init__(self):
        super().__init__()
        self.surveys, self.people = {}, {}
        self.wrapped = False  # as versions before 4 write it
        self.sessions, self.made = set(), 0

    def add(self, survey, submitted, token="", language="en", **answers):
        rows = self.surveys.setdefault(survey, {})
        number = max(rows, default=0) + 1
        rows[number] = {"submitted": submitted, "token": token, "language": language,
                        "answers": answers}
        return number

    def end_sessions(self):
        self.sessions.clear()

    def serve(self, request):
        call = request.body
        if request.method != "POST" or request.path != "/index.php/admin/remotecontrol":
            return 404, None
        if not isinstance(call, dict) or set(call) != {"method", "params", "id"}:
            return self.complain(f"not a call: {call}")
        if request.headers.get("Content-Type") != "application/json":
            return self.complain("content type")
        method, params = call["method"], call["params"]
        known = {"get_session_key": (2, 3), "list_surveys": (1, 2), "export_responses": (3, 10),
                 "list_participants": (2, 7)}
        if method not in known or not known[method][0] <= len(params) <= known[method][1]:
            return self.complain(f"{method} with {len(params)} parameters")
        return 200, {"id": call["id"], "result": getattr(self, method)(*params), "error": None}

    def get_session_key(self, user, password, plugin="Authdb"):
        if (user, password) != (self.user, self.password):
            return {"status": "Invalid user name or password"}
        self.made += 1
        key = f"session-{self.made}-{'x' * 20}"
        self.sessions.add(key)
        return key

    def list_surveys(self, key, user=None):
        if key not in self.sessions:
            return {"status": "Invalid session key"}
        return [{"sid": sid, "surveyls_title": "S", "startdate": None, "expires": None,
                 "active": "Y"} for sid in self.surveys] or {"status": "No surveys found"}

    def list_participants(self, key, survey, start=0, limit=10, unused=False, attributes=False,
                          conditions=None):
        if key not in self.sessions:
            return {"status": "Invalid session key"}
        people = list(self.people.get(survey, {}).items())[start:start + limit]
        return [{"tid": str(at), "token": token, "participant_info": {
            "firstname": "", "lastname": "", "email": email}}
            for at, (token, email) in enumerate(people)] or {
                "status": "No survey participants found."}

    def export_responses(self, key, survey, kind, language=None, completion="all", heading="code",
                         values="short", first=None, last=None, fields=None):
        if key not in self.sessions:
            return {"status": "Invalid session key"}
        if (kind, heading, values) != ("json", "code", "short") or completion not in (
                "all", "complete", "incomplete"):
            self.complain(f"export as {kind}, {heading}, {values}, {completion}")
        if survey not in self.surveys:
            return {"status": "Error: Invalid survey ID"}
        rows = [self.row(number, row) for number, row in self.surveys[survey].items()
                if number >= (first or 1) and (last is None or number <= last)]
        if not self.surveys[survey]:
            return {"status": "No Data, could not get max id."}
        if self.wrapped:
            rows = [{str(row["id"]): row} for row in rows]
        return base64.b64encode(json.dumps({"responses": rows}).encode()).decode()

    def row(self, number, row):
        when = row["submitted"]
        return {"id": str(number), "submitdate": when and local(when, self.zone), "lastpage": "1",
                "startlanguage": row["language"], "seed": "1", "token": row["token"],
                **{name.replace("__", "[") + ("]" if "__" in name else ""): value
                   for name, value in row["answers"].items()}}


class Formbricks(Service):
    """Its management API, version 2: a key in a header, windows of time, pages of at most 100."""
    token = "fbk_geheim_4711"

    def __init__(self):
        super().__init__()
        self.rows = {}

    def add(self, survey, data, finished=True, at=None, contact=None):
        at = at or datetime.now(UTC)
        number = f"cm{len(self.rows):022}"
        self.rows[number] = {
            "id": number, "createdAt": at, "updatedAt": at, "surveyId": survey,
            "finished": finished, "data": data, "language": "en",
            "contactAttributes": contact, "variables": {}, "ttc": {}, "meta": {"source": "link"}}
        return number

    def alter(self, number, **changes):
        self.rows[number].update(changes, updatedAt=datetime.now(UTC))

    @staticmethod
    def shown(row):
        form = lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
        return {**row, "createdAt": form(row["createdAt"]), "updatedAt": form(row["updatedAt"])}

    def serve(self, request):
        if request.headers.get("x-api-key") != self.token:
            return 401, {"error": {"code": 401, "message": "Unauthorized"}}
        if request.method != "GET":
            return self.complain(request.method)
        if match := re.fullmatch(r"/api/v2/management/responses/(\w+)", request.path):
            row = self.rows.get(match[1])
            return (200, {"data": self.shown(row)}) if row else (
                404, {"error": {"code": 404, "message": "Not Found"}})
        if request.path != "/api/v2/management/responses":
            return 404, {"error": {"code": 404, "message": "Not Found"}}
        query = request.query
        allowed = {"surveyId", "contactId", "limit", "skip", "sortBy", "order", "startDate",
                   "endDate", "filterDateField"}
        if extra := set(query) - allowed:
            return self.complain(f"parameters {extra}")
        limit = int(query.get("limit", 50))
        if not 1 <= limit <= 100:
            return self.complain(f"limit {limit}")
        by = query.get("filterDateField", "createdAt")
        rows = [row for row in self.rows.values()
                if query.get("surveyId") in (None, row["surveyId"])]
        if "startDate" in query:
            start = datetime.fromisoformat(query["startDate"].replace("Z", "+00:00"))
            rows = [row for row in rows if row[by] >= start]
        rows.sort(key=lambda row: row[query.get("sortBy", "createdAt")],
                  reverse=query.get("order", "desc") == "desc")
        skip = int(query.get("skip", 0))
        return 200, {"data": [self.shown(row) for row in rows[skip:skip + limit]],
                     "meta": {"total": len(rows), "limit": limit, "offset": skip}}


class Typeform(Service):
    """Its Responses API: newest first, pages by `before`, and the very newest not listed yet."""
    token = "tfp_geheim_4711"

    def __init__(self):
        super().__init__()
        self.forms = {}
        self.hidden_yet = 0  # newest responses that the list does not have yet

    def add(self, form, answers, hidden=None, at=None):
        """`answers`: [(ref, type, value)]."""
        rows = self.forms.setdefault(form, [])
        token = f"{form}{len(rows):05}tok"
        at = at or datetime.now(UTC)
        rows.append({"token": token, "response_id": token, "landed_at": self.time(at),
                     "submitted_at": self.time(at), "at": at, "hidden": hidden or {},
                     "calculated": {"score": 0},
                     "answers": [{"field": {"id": "id_" + ref, "ref": ref, "type": "x"},
                                  "type": kind, kind: value} for ref, kind, value in answers]})
        return token

    @staticmethod
    def time(at):
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def serve(self, request):
        if request.headers.get("Authorization") != "Bearer " + self.token:
            return 401, {"code": "AUTHENTICATION_FAILED", "description": "Invalid access token"}
        match = re.fullmatch(r"/forms/(\w+)/responses", request.path)
        if request.method != "GET" or not match:
            return 404, {"code": "NOT_FOUND", "description": "not found"}
        if match[1] not in self.forms:
            return 404, {"code": "FORM_NOT_FOUND", "description": "form not found"}
        query = request.query
        if extra := set(query) - {"page_size", "since", "until", "after", "before", "completed",
                                  "query", "fields", "sort", "included_response_ids"}:
            return self.complain(f"parameters {extra}")
        size = int(query.get("page_size", 25))
        if not 1 <= size <= 1000:
            return self.complain(f"page_size {size}")
        if "sort" in query and ({"after", "before"} & set(query)):
            return self.complain("sort with after or before")
        if "since" in query and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
                                                 query["since"]):
            return self.complain("since " + query["since"])
        rows = self.forms[match[1]]
        rows = rows[:len(rows) - self.hidden_yet]
        if "since" in query:
            rows = [row for row in rows if row["submitted_at"] >= query["since"]]
        total = len(rows)
        rows = rows[::-1]
        if "before" in query:
            tokens = [row["token"] for row in rows]
            if query["before"] not in tokens:
                return self.complain("before an unknown token")
            rows = rows[tokens.index(query["before"]) + 1:]
        return 200, {"total_items": total, "page_count": 1, "items": [
            {name: value for name, value in row.items() if name != "at"} for row in rows[:size]]}


class Wjx(Service):
    """问卷星: one address, actions by number, said twice; failures inside 200; pages of at most 50."""
    token = "wjx_geheim_4711"

    def __init__(self):
        super().__init__()
        self.surveys = {}

    def add(self, survey, answers, parameter="", at=None):
        rows = self.surveys.setdefault(survey, [])
        rows.append({"jid": 900_000 + len(rows), "index": len(rows) + 1,
                     "at": at or datetime.now(UTC), "sojumpparm": parameter, "answers": answers})
        return rows[-1]["jid"]

    def serve(self, request):
        if request.method != "POST" or request.path != "/openapi/default.aspx":
            return 404, None
        if request.headers.get("Authorization") != "Bearer " + self.token:
            return 200, {"result": False, "errormsg": "ApiKey无效"}
        query, body = request.query, request.body
        if not re.fullmatch(r"[0-9a-f]{32}", query.get("traceid", "")):
            return self.complain("traceid")
        if query.get("action") != str(body.get("action")):
            return self.complain("action is said twice")
        if body["action"] != 1001002:
            return self.complain(f"action {body['action']}")
        if extra := set(body) - {"action", "vid", "valid", "page_index", "page_size", "sort",
                                 "min_index", "jid", "begin_time", "end_time"}:
            return self.complain(f"parameters {extra}")
        if not isinstance(body["vid"], int) or not 1 <= body["page_size"] <= 50:
            return self.complain("vid or page_size")
        if str(body["vid"]) not in self.surveys:
            return 200, {"result": False, "errormsg": "问卷不存在"}
        rows = [row for row in self.surveys[str(body["vid"])]
                if row["at"].timestamp() * 1000 >= body.get("begin_time", 0)]
        if body.get("sort", 0) == 1:
            rows.reverse()
        first = (body.get("page_index", 1) - 1) * body["page_size"]
        return 200, {"result": True, "data": {"total_count": len(rows), "list": [
            self.shown(row) for row in rows[first:first + body["page_size"]]]}}

    @staticmethod
    def shown(row):
        return {"jid": row["jid"], "index": row["index"], "submit_time": local(row["at"], 8),
                "sojumpparm": row["sojumpparm"], "source": "2",
                "submitdata": "}".join(f"{name}${value}" for name, value in row["answers"].items())}
