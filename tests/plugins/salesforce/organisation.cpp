#include "tests/plugins/salesforce/organisation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace kontor::test {

namespace {

std::string config(const std::string& options) {
    auto json = sdk::parse_json(options, "options");
    json["instance_url"] = "https://example.my.salesforce.com";
    return sdk::Json{{"options", json}}.dump();
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

SalesforceOrganisation::SalesforceOrganisation(const std::string& options, const Switches& switches,
                                               std::uint64_t contacts)
    : peer([&] {
          host.clock_ms = 1'780'000'000'000;
          peer::salesforce::PeerOptions out;
          out.contacts = contacts;
          out.clock_ms = [this] { return host.clock_ms; };
          out.switches = switches;
          return out;
      }()),
      connector(sdk_host, config(options)) {
    host.send_date = false;
    host.handler = [this](const FakeRequest& asked) { return answer(asked); };
    refresh();
}

peer::Response SalesforceOrganisation::call(const std::string& method, const std::string& target,
                                            const std::string& body, peer::Headers headers) {
    peer::Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    request.body = body;
    return peer.handle(request);
}

void SalesforceOrganisation::refresh() {
    const auto known = peer.credentials();
    const auto got = call("POST", "/services/oauth2/token",
                          "grant_type=client_credentials&client_id=" + known.client_id +
                              "&client_secret=" + known.client_secret);
    token_ = sdk::text_of(sdk::parse_json(got.body, "token"), "access_token");
}

// What the host does of it all: a new token once.
FakeResponse SalesforceOrganisation::answer(const FakeRequest& asked) {
    const auto path = asked.url.find('/', asked.url.find("://") + 3);
    peer::Response got;
    for (int tries = 0; tries < 2; ++tries) {
        peer::Headers headers(asked.headers.begin(), asked.headers.end());
        headers.emplace_back("Authorization", "Bearer " + token_);
        got = call(asked.method, asked.url.substr(path), asked.body, headers);
        if (got.status != 401) break;
        refresh();
    }
    FakeResponse out;
    if (got.delivery != peer::Delivery::normal) {
        out.transport = KONTOR_E_UNAVAILABLE;
        return out;
    }
    out.status = got.status;
    out.body = got.body;
    for (const auto& [name, value] : got.headers) out.headers[lower(name)] = value;
    return out;
}

sdk::Json SalesforceOrganisation::control(const std::string& what, const sdk::Json& body) {
    const auto got = call("POST", "/_control/" + what, body.dump());
    CAPTURE(what, body.dump(), got.body);
    REQUIRE(got.status == 200);
    return sdk::parse_json(got.body, "control");
}

std::map<std::string, sdk::Json> SalesforceOrganisation::dump(const std::string& object) {
    const std::string lines = call("GET", "/_control/dump?object=" + object, "").body;
    std::map<std::string, sdk::Json> out;
    for (std::size_t at = 0; at < lines.size();) {
        const auto end = lines.find('\n', at);
        auto json = sdk::parse_json(lines.substr(at, end - at), "dump");
        const std::string id = sdk::text_of(json, "Id");
        out[id] = std::move(json);
        at = end + 1;
    }
    return out;
}

void SalesforceOrganisation::pull(const std::string& stream,
                                  const std::vector<std::string>& fields) {
    host.clear();
    cursors[stream] = connector.pull(request(stream, fields), cursors[stream]);
    for (auto& record : host.records()) {
        if (record.op == abi::Op::kDeleted || record.op == abi::Op::kMerged)
            mirror[stream].erase(record.id);
        if (record.op == abi::Op::kMerged) merged[record.id] = record.key;
        if (record.op == abi::Op::kRecord) mirror[stream][record.id] = record;
    }
}

std::vector<sdk::PushResult> SalesforceOrganisation::push(const std::string& stream,
                                                          const std::vector<std::string>& fields,
                                                          abi::BatchWriter& batch) {
    const std::string bytes(batch.bytes());
    batch.clear();
    return connector.push(request(stream, fields), abi::BatchReader(bytes));
}

std::set<std::string> SalesforceOrganisation::sweep(const std::string& stream) {
    host.clear();
    CHECK(connector.list_ids(request(stream, {})));
    std::set<std::string> out;
    for (const auto& record : host.records()) out.insert(record.id);
    return out;
}

std::vector<EmittedRecord> SalesforceOrganisation::fetch(const std::string& stream,
                                                         const std::vector<std::string>& fields,
                                                         const std::vector<std::string>& ids) {
    auto wanted = request(stream, fields);
    wanted.ids = ids;
    host.clear();
    connector.fetch(wanted);
    return host.records();
}

std::size_t SalesforceOrganisation::asked(const std::string& part) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        host.requests,
        [&](const FakeRequest& each) { return each.path.find(part) != std::string::npos; }));
}

}  // namespace kontor::test
