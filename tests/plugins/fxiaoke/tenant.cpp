#include "tests/plugins/fxiaoke/tenant.hpp"

#include <catch2/catch.hpp>

namespace kontor::test {

namespace {

std::string with_user(const std::string& options, bool old) {
    auto json = sdk::parse_json(options, "options");
    json["user_id"] = old ? "FSUID_A1000" : "1000";
    return sdk::Json{{"options", json}}.dump();
}

bool is_old(const std::string& options) {
    return sdk::text_of(sdk::parse_json(options, "options"), "api") == "old";
}

}  // namespace

FxiaokeTenant::FxiaokeTenant(const std::string& options, const Switches& switches,
                             std::uint64_t contacts)
    : tenant([&] {
          host.clock_ms = 1'780'000'000'000;
          peer::fxiaoke::PeerOptions out;
          out.contacts = contacts;
          out.clock_ms = [this] { return host.clock_ms; };
          out.switches = switches;
          out.strict = true;
          return out;
      }()),
      old_generation(is_old(options)),
      connector(sdk_host, with_user(options, old_generation)) {
    for (const auto& [name, value] : switches)
        if (name == "date_header") host.send_date = value == "true";
    host.handler = [this](const FakeRequest& request) { return answer(request); };
    refresh();
}

peer::Response FxiaokeTenant::call(const std::string& method, const std::string& target,
                                   const std::string& body, peer::Headers headers) {
    peer::Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    request.body = body;
    return tenant.handle(request);
}

void FxiaokeTenant::refresh() {
    const auto known = tenant.credentials();
    sdk::Json body{{"appId", known.app_id},
                   {"appSecret", known.app_secret},
                   {"permanentCode", known.permanent_code}};
    if (!old_generation) body["grantType"] = "app_secret";
    const std::string path = old_generation ? "/cgi/corpAccessToken/get/V2" : "/oauth2.0/token";
    const auto got = sdk::parse_json(
        call("POST", path + "?thirdTraceId=6f1c0000-0000-4000-8000-000000000000", body.dump()).body,
        "token");
    token_ = sdk::text_of(got, old_generation ? "corpAccessToken" : "accessToken");
}

peer::Response FxiaokeTenant::send(const FakeRequest& asked) {
    peer::Headers headers(asked.headers.begin(), asked.headers.end());
    std::string body = asked.body;
    if (old_generation) {
        auto json = sdk::parse_json(body, "body");
        json["corpAccessToken"] = token_;
        json["corpId"] = tenant.credentials().corp_id;
        body = json.dump();
    } else {
        headers.emplace_back("authorization", "Bearer " + token_);
        headers.emplace_back("x-fs-ea", tenant.credentials().ea);
    }
    const auto path = asked.url.find('/', asked.url.find("://") + 3);
    return call(asked.method, asked.url.substr(path), body, headers);
}

// What the host does of it all: a new token once.
FakeResponse FxiaokeTenant::answer(const FakeRequest& asked) {
    auto got = send(asked);
    if (got.body.size() < 1000 && got.body.find("\"errorCode\":20016") != std::string::npos) {
        refresh();
        got = send(asked);
    }
    FakeResponse out;
    if (got.delivery != peer::Delivery::normal) {
        out.transport = KONTOR_E_UNAVAILABLE;
        return out;
    }
    out.status = got.status;
    out.body = got.body;
    return out;
}

sdk::Json FxiaokeTenant::control(const std::string& what, const sdk::Json& body) {
    const auto got = call("POST", "/_control/" + what, body.dump());
    CAPTURE(what, body.dump(), got.body);
    REQUIRE(got.status == 200);
    return sdk::parse_json(got.body, "control");
}

sdk::Json FxiaokeTenant::stats() {
    return sdk::parse_json(call("GET", "/_control/stats", "").body, "stats");
}

std::map<std::string, sdk::Json> FxiaokeTenant::dump(const std::string& object) {
    const std::string lines = call("GET", "/_control/dump?object=" + object, "").body;
    std::map<std::string, sdk::Json> out;
    for (std::size_t at = 0; at < lines.size();) {
        const auto end = lines.find('\n', at);
        auto json = sdk::parse_json(lines.substr(at, end - at), "dump");
        const std::string id = sdk::text_of(json, "_id");
        out[id] = std::move(json);
        at = end + 1;
    }
    return out;
}

std::string FxiaokeTenant::violations() {
    const auto json = sdk::parse_json(call("GET", "/_control/violations", "").body, "violations");
    const sdk::Json& list = sdk::member(json, "violations");
    return list.empty() ? std::string() : list.dump(1).substr(0, 4000);
}

void FxiaokeTenant::pull(const std::string& stream, const std::vector<std::string>& fields) {
    host.clear();
    cursors[stream] = connector.pull(request(stream, fields), cursors[stream]);
    for (auto& record : host.records()) {
        if (record.op == abi::Op::kDeleted) mirror[stream].erase(record.id);
        if (record.op == abi::Op::kRecord) mirror[stream][record.id] = record;
    }
}

std::vector<sdk::PushResult> FxiaokeTenant::push(const std::string& stream,
                                                 const std::vector<std::string>& fields,
                                                 abi::BatchWriter& batch) {
    const std::string bytes(batch.bytes());
    batch.clear();
    return connector.push(request(stream, fields), abi::BatchReader(bytes));
}

std::set<std::string> FxiaokeTenant::sweep(const std::string& stream) {
    host.clear();
    CHECK(connector.list_ids(request(stream, {})));
    std::set<std::string> out;
    for (const auto& record : host.records()) out.insert(record.id);
    return out;
}

std::vector<EmittedRecord> FxiaokeTenant::fetch(const std::string& stream,
                                                const std::vector<std::string>& fields,
                                                const std::vector<std::string>& ids) {
    auto wanted = request(stream, fields);
    wanted.ids = ids;
    host.clear();
    connector.fetch(wanted);
    return host.records();
}

std::size_t FxiaokeTenant::asked(const std::string& action) const {
    std::size_t count = 0;
    for (const auto& each : host.requests) count += each.path.ends_with("/" + action) ? 1 : 0;
    return count;
}

}  // namespace kontor::test
