// The connector against the simulated organisation, in-process: both sides of what Zoho's documents
// leave open. The oracle is the peer's own dump.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/connector.hpp"
#include "tests/peers/zoho/peer.hpp"
#include "tests/plugins/zoho/account.hpp"

using namespace kontor;
using Switches = std::vector<std::pair<std::string, std::string>>;

namespace {

struct Organisation {
    explicit Organisation(const std::string& options = "{}", const Switches& switches = {},
                          std::uint64_t contacts = 1000)
        : peer([&] {
              peer_zoho::PeerOptions out;
              out.contacts = contacts;
              out.clock_ms = [this] { return host.clock_ms; };
              out.switches = switches;
              return out;
          }()),
          connector(sdk_host, "{\"options\":" + options + "}") {
        host.clock_ms = 1'780'000'000'000;
        host.handler = [this](const test::FakeRequest& asked) { return answer(asked); };
        const auto keys = peer.credentials();
        token = sdk::parse_json(call("POST", "/oauth/v2/token",
                                     "grant_type=refresh_token&client_id=" + keys.client_id +
                                         "&client_secret=" + keys.client_secret +
                                         "&refresh_token=" + keys.refresh_token,
                                     {{"Content-Type", "application/x-www-form-urlencoded"}})
                                    .body,
                                "token")["access_token"];
    }

    peer_zoho::Response call(const std::string& method, const std::string& target,
                             const std::string& body, peer_zoho::Headers headers = {}) {
        peer_zoho::Request request;
        request.method = method;
        request.target = target;
        request.headers = std::move(headers);
        request.body = body;
        return peer.handle(request);
    }

    test::FakeResponse answer(const test::FakeRequest& asked) {
        peer_zoho::Headers headers(asked.headers.begin(), asked.headers.end());
        headers.emplace_back("Authorization", "Zoho-oauthtoken " + token);
        const auto path = asked.url.find('/', asked.url.find("://") + 3);
        const auto got = call(asked.method, asked.url.substr(path), asked.body, headers);
        test::FakeResponse out;
        if (got.delivery != peer_zoho::Delivery::normal) {
            out.transport = KONTOR_E_UNAVAILABLE;
            return out;
        }
        out.status = got.status;
        out.body = got.body;
        for (const auto& [name, value] : got.headers) {
            std::string lower = name;
            for (char& c : lower)
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            out.headers[lower] = value;
        }
        return out;
    }

    std::string control(const std::string& what, const std::string& body) {
        const auto got = call("POST", "/_control/" + what, body);
        CAPTURE(got.body);
        REQUIRE(got.status < 300);
        return got.body;
    }

    /// Last_Name of every live contact by id, as the peer has them.
    std::map<std::string, std::string> dump() {
        const std::string lines =
            call("GET", "/_control/dump?module=Contacts&fields=Last_Name", "").body;
        std::map<std::string, std::string> out;
        for (std::size_t at = 0; at < lines.size();) {
            const auto end = std::min(lines.find('\n', at), lines.size());
            if (end > at) {
                const auto json = sdk::parse_json(lines.substr(at, end - at), "dump");
                out[sdk::text_of(json, "id")] = sdk::text_of(json, "Last_Name");
            }
            at = end + 1;
        }
        return out;
    }

    /// Pulls and applies what comes to `mirror`.
    void pull() {
        host.clear();
        cursor = connector.pull(test::request("Contacts", fields), cursor);
        for (const auto& record : host.records()) {
            if (record.op == abi::Op::kDeleted)
                mirror.erase(record.id);
            else
                mirror[record.id] = test::shown(record, 0);
            if (record.op == abi::Op::kRecord) images[record.id] = record;
        }
    }

    test::FakeHost host;
    sdk::Host sdk_host{host.raw()};
    peer_zoho::ZohoPeer peer;
    zoho::Connector connector;
    std::string token, cursor;
    std::vector<std::string> fields{"Last_Name",   "Email",       "Account_Name", "Owner",
                                    "Phone",       "Lead_Source", "Created_Time", "Email_Opt_Out",
                                    "Modified_By", "Mailing_City"};
    std::map<std::string, std::string> mirror;
    std::map<std::string, test::EmittedRecord> images;
};

const Switches kDefaults;
const Switches kOthers{{"page_token_mode", "position"}, {"if_modified_since_inclusive", "true"},
                       {"unknown_field", "invalid"},    {"missing_record", "400"},
                       {"deleted_order", "asc"},        {"deleted_envelope", "data"},
                       {"bulk_lookup", "name_columns"}, {"bulk_boolean", "title"},
                       {"bulk_crlf", "true"},           {"zip_level", "0"},
                       {"coql_limit_max", "200"},       {"all_failed_status", "202"},
                       {"json_type_missing", "true"},   {"bulk_page_size", "400"}};

}  // namespace

TEST_CASE("pages and exports give the same replica, and increments keep it", "[zoho][peer]") {
    const bool others = GENERATE(false, true);
    CAPTURE(others);
    const Switches& switches = others ? kOthers : kDefaults;
    Organisation paged(R"({"bulk":"never"})", switches);
    Organisation exported(R"({"bulk":"always"})", switches);
    for (Organisation* each : {&paged, &exported}) {
        each->pull();
        CHECK(each->mirror.size() == 1000);
        CHECK(each->mirror == each->dump());

        // More than two pages within one second.
        each->control("bulk_edit", R"({"module":"Contacts","count":700,"same_time":true,
                                       "set":{"Last_Name":"Edited"}})");
        each->host.clock_ms += 60'000;
        each->pull();
        CHECK(each->mirror == each->dump());
        const std::string first = each->mirror.begin()->first;
        each->control("delete", R"({"module":"Contacts","id":")" + first + R"("})");
        each->control("create", R"({"module":"Contacts","count":3,"set":{"Last_Name":"New {n}"}})");
        each->host.clock_ms += 60'000;
        each->pull();
        CHECK(each->mirror == each->dump());
        CHECK(each->mirror.count(first) == 0);

        each->host.clock_ms += 1'800'000;
        each->pull();
        each->pull();
        CHECK(each->host.requests.size() == 2);
    }
    for (const auto& [id, image] : paged.images) {
        const auto other = exported.images.find(id);
        // Those written during the test were written at other times there.
        if (other == exported.images.end() || other->second.version != image.version) continue;
        for (std::uint16_t i = 1; i < 8; ++i) {
            CAPTURE(id, i);
            CHECK(test::shown(image, i) == test::shown(other->second, i));
        }
    }
}

TEST_CASE("a record goes there and back", "[zoho][peer]") {
    const bool others = GENERATE(false, true);
    CAPTURE(others);
    Organisation organisation("{}", others ? kOthers : kDefaults);
    const std::vector<std::string> fields{"Last_Name", "Email_Opt_Out", "Date_of_Birth"};
    const auto push = [&](abi::BatchWriter& batch) {
        const std::string bytes(batch.bytes());
        batch.clear();
        return organisation.connector.push(test::request("Contacts", fields),
                                           abi::BatchReader(bytes));
    };
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    batch.add(0, "Ada");
    batch.add(1, std::int64_t{1});
    batch.add(2, "1815-12-10");
    batch.begin(abi::Op::kCreate, "", "", "uid-2");
    auto results = push(batch);
    REQUIRE(results.size() == 2);
    REQUIRE(results[0].status == "ok");
    CHECK(results[1].status == "invalid");
    CHECK(results[1].field == "Last_Name");
    const std::string id = results[0].id, version = results[0].version;

    auto wanted = test::request("Contacts", fields);
    wanted.field = "Kontor_Id";
    wanted.values = {"uid-1", "uid-2"};
    organisation.host.clear();
    organisation.connector.find(wanted);
    auto found = organisation.host.records();
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == id);
    CHECK(found[0].version == version);
    CHECK(test::shown(found[0], 1) == "1");
    CHECK(test::shown(found[0], 2) == "1815-12-10");
    CHECK(found[0].actor == organisation.connector.check().user_id);

    organisation.host.clock_ms += 10'000;
    organisation.control(
        "edit", R"({"module":"Contacts","id":")" + id + R"(","set":{"Last_Name":"Theirs"}})");
    batch.begin(abi::Op::kUpdate, id, version);
    batch.add(0, "Ours");
    CHECK(push(batch)[0].status == "changed");
    batch.begin(abi::Op::kUpdate, id);
    batch.add(0, "Ours");
    CHECK(push(batch)[0].status == "ok");
    batch.begin(abi::Op::kDelete, id);
    CHECK(push(batch)[0].status == "ok");
    batch.begin(abi::Op::kDelete, id);
    batch.begin(abi::Op::kUpdate, id);
    batch.add(0, "Too late");
    for (const auto& each : push(batch)) CHECK(each.status == "missing");

    auto again = test::request("Contacts", fields);
    again.ids = {id};
    organisation.host.clear();
    organisation.connector.fetch(again);
    REQUIRE(organisation.host.records().size() == 1);
    CHECK(organisation.host.records()[0].op == abi::Op::kMissing);
}

TEST_CASE("a lost answer to a create is unknown, and the key finds what became of it",
          "[zoho][peer]") {
    Organisation organisation;
    organisation.connector.describe();
    organisation.control("fault", R"({"kind":"lost_answer","match":{"method":"POST"},"count":1})");
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-7");
    batch.add(0, "Lost");
    const std::string bytes(batch.bytes());
    const auto results = organisation.connector.push(test::request("Contacts", {"Last_Name"}),
                                                     abi::BatchReader(bytes));
    CHECK(results[0].status == "unknown");
    auto wanted = test::request("Contacts", {"Last_Name"});
    wanted.field = "Kontor_Id";
    wanted.values = {"uid-7"};
    organisation.connector.find(wanted);
    CHECK(organisation.host.records().size() == 1);
}

TEST_CASE("every module is described and can be pulled", "[zoho][peer]") {
    Organisation organisation(R"({"bulk":"never"})", {{"unknown_field", "invalid"}}, 200);
    const auto streams = organisation.connector.describe();
    CHECK(streams.size() >= 15);
    for (const auto& stream : streams) {
        CAPTURE(stream.name);
        sdk::Request request;
        request.stream = stream.name;
        for (const auto& field : stream.fields) request.fields.push_back(field.name);
        organisation.host.clear();
        CHECK_NOTHROW(organisation.connector.pull(request, ""));
        std::set<std::string> pulled, listed;
        for (const auto& record : organisation.host.records())
            if (record.op == abi::Op::kRecord) pulled.insert(record.id);
        organisation.host.clear();
        CHECK(organisation.connector.list_ids(test::request(stream.name, {})));
        for (const auto& record : organisation.host.records()) listed.insert(record.id);
        CHECK(pulled == listed);
    }
}
