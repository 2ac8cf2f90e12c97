#include "tests/plugins/zoho/organisation.hpp"

#include <catch2/catch.hpp>

#include "tests/plugins/zoho/account.hpp"

namespace kontor::test {

namespace {

constexpr int kAttempts = 4;
constexpr std::int64_t kPauseMs = 61'000;

}  // namespace

Organisation::Organisation(const std::string& options, const Switches& switches,
                           std::uint64_t contacts)
    : peer([&] {
          peer::zoho::PeerOptions out;
          out.contacts = contacts;
          out.clock_ms = [this] { return host.clock_ms; };
          out.switches = switches;
          out.strict = true;
          return out;
      }()),
      connector(sdk_host, "{\"options\":" + options + "}") {
    host.clock_ms = 1'780'000'000'000;
    host.handler = [this](const FakeRequest& asked) { return answer(asked); };
    refresh();
}

void Organisation::refresh() {
    const auto keys = peer.credentials();
    const std::string body =
        call("POST", "/oauth/v2/token",
             "grant_type=refresh_token&client_id=" + keys.client_id +
                 "&client_secret=" + keys.client_secret + "&refresh_token=" + keys.refresh_token,
             {{"Content-Type", "application/x-www-form-urlencoded"}})
            .body;
    token_ = sdk::parse_json(body, "token").at("access_token");
}

peer::Response Organisation::call(const std::string& method, const std::string& target,
                                  const std::string& body, peer::Headers headers) {
    peer::Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    request.body = body;
    return peer.handle(request);
}

peer::Response Organisation::api(const std::string& method, const std::string& target,
                                 const std::string& body) {
    return call(method, target, body, {{"Authorization", "Zoho-oauthtoken " + token_}});
}

peer::Response Organisation::send(const FakeRequest& asked) {
    peer::Headers headers(asked.headers.begin(), asked.headers.end());
    headers.emplace_back("Authorization", "Zoho-oauthtoken " + token_);
    const auto path = asked.url.find('/', asked.url.find("://") + 3);
    return call(asked.method, asked.url.substr(path), asked.body, headers);
}

// What the host does of it all: a new token once, and patience with limits.
FakeResponse Organisation::answer(const FakeRequest& asked) {
    auto got = send(asked);
    for (int i = 1; i < kAttempts && (got.status == 401 || got.status == 429); ++i) {
        if (got.body.find("OAUTH_SCOPE_MISMATCH") != std::string::npos) break;
        if (got.status == 401)
            refresh();
        else
            host.clock_ms += kPauseMs;
        got = send(asked);
    }
    FakeResponse out;
    if (got.delivery != peer::Delivery::normal) {
        out.transport = KONTOR_E_UNAVAILABLE;
        return out;
    }
    out.status = got.status;
    out.body = got.body;
    for (const auto& [name, value] : got.headers) {
        std::string lower = name;
        for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        out.headers[lower] = value;
    }
    return out;
}

std::string Organisation::control(const std::string& what, const std::string& body) {
    const auto got = call("POST", "/_control/" + what, body);
    CAPTURE(what, body, got.body);
    REQUIRE(got.status < 300);
    return got.body;
}

std::map<std::string, sdk::Json> Organisation::dump(const std::string& module,
                                                    const std::string& field) {
    const std::string lines =
        call("GET", "/_control/dump?module=" + module + "&fields=" + field, "").body;
    std::map<std::string, sdk::Json> out;
    for (std::size_t at = 0; at < lines.size();) {
        const auto end = std::min(lines.find('\n', at), lines.size());
        if (end > at) {
            const auto json = sdk::parse_json(lines.substr(at, end - at), "dump");
            out[sdk::text_of(json, "id")] = sdk::member(json, field);
        }
        at = end + 1;
    }
    return out;
}

std::string Organisation::violations() {
    const auto json = sdk::parse_json(call("GET", "/_control/violations", "").body, "violations");
    const sdk::Json& list = sdk::member(json, "violations");
    return list.empty() ? std::string() : list.dump(1);
}

void Organisation::pull(const std::string& stream, const std::vector<std::string>& fields) {
    host.clear();
    cursors[stream] = connector.pull(request(stream, fields), cursors[stream]);
    for (auto& record : host.records()) {
        if (record.op == abi::Op::kDeleted) mirror[stream].erase(record.id);
        if (record.op == abi::Op::kRecord) mirror[stream][record.id] = record;
    }
}

std::vector<sdk::PushResult> Organisation::push(const std::string& stream,
                                                const std::vector<std::string>& fields,
                                                abi::BatchWriter& batch) {
    const std::string bytes(batch.bytes());
    batch.clear();
    return connector.push(request(stream, fields), abi::BatchReader(bytes));
}

std::set<std::string> Organisation::sweep(const std::string& stream) {
    host.clear();
    CHECK(connector.list_ids(request(stream, {})));
    std::set<std::string> out;
    for (const auto& record : host.records()) out.insert(record.id);
    return out;
}

std::set<std::string> ids_of(const std::map<std::string, EmittedRecord>& records) {
    std::set<std::string> out;
    for (const auto& [id, record] : records) out.insert(id);
    return out;
}

std::set<std::string> ids_of(const std::map<std::string, sdk::Json>& records) {
    std::set<std::string> out;
    for (const auto& [id, record] : records) out.insert(id);
    return out;
}

}  // namespace kontor::test
