// Answers as a broken or hostile server may send them to everything that the connector asks beside
// pages of records: modules and fields, deletions, users, bulk jobs, searches, results of writes.
#include <set>

#include "plugins/zoho/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/plugins/zoho/zip_archive.hpp"
#include "tests/support/plugin_call.hpp"

namespace {

using namespace kontor;

constexpr const char* kModules = R"({"modules":[
    {"api_name":"Contacts","generated_type":"default","plural_label":"Contacts"},
    {"api_name":"Own","generated_type":"custom","plural_label":"Own"}]})";

constexpr const char* kFieldsOfAll = R"({"fields":[
    {"api_name":"Last_Name","data_type":"text","length":80,"system_mandatory":true},
    {"api_name":"Email","data_type":"email","unique":{"casesensitive":false}},
    {"api_name":"Kontor_ID","data_type":"text","external":{"type":"org"},"unique":{}},
    {"api_name":"Lines","data_type":"subform","subform":{"module":"Rows"}},
    {"api_name":"Modified_Time","data_type":"datetime"}]})";

const std::vector<std::string> kFields{"Last_Name", "Email", "Kontor_ID", "Lines", "Modified_Time"};

constexpr const char* kId = "3652397000000624046";
constexpr std::size_t kRequestsMost = 60;  // a list that goes on for ever

// One answer for everything: the first byte says what stays sound.
class Server {
public:
    Server(std::string_view text, std::uint8_t mode) : text_(text), mode_(mode) {}

    test::FakeResponse answer(const test::FakeRequest& asked) {
        test::FakeResponse out;
        out.body = std::string(text_);
        if (asked.spool) out.body = test::zip_archive("id,Last_Name\n" + out.body + "\n");
        if (has(1)) {
            if (asked.path.ends_with("/settings/modules")) out.body = kModules;
            if (asked.path.ends_with("/settings/fields")) out.body = kFieldsOfAll;
        }
        if (has(2) && asked.method == "POST" && asked.path.ends_with("/bulk/v8/read"))
            out.body = R"({"data":[{"details":{"id":"77"}}]})";
        if (has(4) && asked.method != "GET") out.status = 400;
        // A list that ends: of three pages the third is empty.
        if (has(8) && asked.method == "GET" && !asked.path.ends_with("/settings/fields") &&
            ++count_ % 3 == 0) {
            out.status = 204;
            out.body.clear();
        }
        return out;
    }

private:
    [[nodiscard]] bool has(unsigned bit) const { return (mode_ & bit) != 0; }
    std::string_view text_;
    std::uint8_t mode_;
    unsigned count_ = 0;
};

template <class Work>
void attempt(Work&& work) {
    try {
        work();
    } catch (const sdk::Error&) {
    }
}

void read_everything(zoho::Connector& connector) {
    auto request = test::request("Contacts", kFields);
    attempt([&] {
        for (const auto& stream : connector.describe()) {
            must_hold(!stream.name.empty());
            std::set<std::string> names;
            for (const auto& field : stream.fields)
                must_hold(!field.name.empty() && names.insert(field.name).second);
        }
    });
    attempt([&] { (void)connector.check(); });
    attempt([&] {
        const std::string cursor = connector.pull(request, "");
        must_hold(connector.pull(request, cursor).size() < 1000);
    });
    attempt([&] { (void)connector.pull(test::request("users", {"full_name", "role"}), ""); });
    attempt([&] { connector.list_ids(request); });
    request.ids = {kId, "2"};
    attempt([&] { connector.fetch(request); });
    request.values = {"x", "it's"};
    for (const char* field : {"Email", "Kontor_ID"}) {
        request.field = field;
        attempt([&] { connector.find(request); });
    }
}

void write_everything(zoho::Connector& connector) {
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "key");
    batch.add(0, "x");
    batch.begin(abi::Op::kCreate, "");
    batch.add(0, "x");
    batch.begin(abi::Op::kUpdate, kId, "2026-05-20T10:00:00.000Z");
    batch.add(0, "x");
    batch.add(3, R"([{"A":"b"}])");
    batch.begin(abi::Op::kDelete, "2");
    const std::string bytes(batch.bytes());
    attempt([&] {
        const auto results =
            connector.push(test::request("Contacts", kFields), abi::BatchReader(bytes));
        must_hold(results.size() == 4);
        for (const auto& result : results) must_hold(!result.status.empty());
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Server server(as_text(data + 1, size - 1), data[0]);
    test::FakeHost host;
    host.handler = [&](const test::FakeRequest& asked) {
        auto out = server.answer(asked);
        if (host.requests.size() > kRequestsMost) out.transport = KONTOR_E_CANCELLED;
        return out;
    };
    sdk::Host sdk_host(host.raw());
    const bool bulk = (data[0] & 2) != 0;
    zoho::Connector connector(
        sdk_host, bulk ? R"({"options":{"bulk":"always"}})" : R"({"options":{"bulk":"never"}})");
    read_everything(connector);
    for (const auto& record : host.records()) must_hold(!record.id.empty());
    host.clear();
    write_everything(connector);
    return 0;
}
