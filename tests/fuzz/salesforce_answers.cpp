// Answers as a broken or hostile server may send them: descriptions, a load, an increment, an
// export, reads, and the results of writes.
#include "connectors/sdk/connector.hpp"
#include "plugins/salesforce/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/plugin_call.hpp"

namespace {

using namespace kontor;

constexpr const char* kObjects = R"({"sobjects":[
    {"name":"Contact","keyPrefix":"003","queryable":true},
    {"name":"Lead","keyPrefix":"00Q","queryable":true}]})";

constexpr const char* kDescription = R"({"createable":true,"updateable":true,"deletable":true,
    "replicateable":true,"keyPrefix":"003","fields":[
    {"name":"Id","type":"id"},{"name":"SystemModstamp","type":"datetime"},
    {"name":"IsDeleted","type":"boolean"},{"name":"MasterRecordId","type":"reference"},
    {"name":"LastName","type":"string","createable":true,"updateable":true},
    {"name":"Amount","type":"currency"},{"name":"Vip","type":"boolean"},
    {"name":"Born","type":"date"},{"name":"At","type":"datetime"},{"name":"From","type":"time"},
    {"name":"Tags","type":"multipicklist"},{"name":"Count","type":"int"},
    {"name":"Who","type":"reference","referenceTo":["Contact","Lead"]}]})";

const std::vector<std::string> kFields{"LastName", "Amount", "Vip",   "Born", "At",
                                       "From",     "Tags",   "Count", "Who"};

constexpr std::size_t kRequestsMost = 200;  // a list that goes on for ever

// One answer for everything that is not described: the first byte says what stays sound.
class Server {
public:
    Server(std::string_view text, std::uint8_t mode) : text_(text), mode_(mode) {}

    test::FakeResponse answer(const test::FakeRequest& asked) const {
        test::FakeResponse out;
        out.body = std::string(text_);
        if ((mode_ & 1) == 0 && asked.path.ends_with("/sobjects")) out.body = kObjects;
        if ((mode_ & 1) == 0 && asked.path.ends_with("/describe")) out.body = kDescription;
        if ((mode_ & 2) != 0 && asked.path.ends_with("/jobs/query"))
            out.body = R"({"id":"7505g00000000AAAAA"})";
        if ((mode_ & 2) != 0 && asked.path.ends_with("AAAAA"))
            out.body = R"({"state":"JobComplete"})";
        if (asked.path.ends_with("/results")) out.headers["sforce-locator"] = "null";
        if ((mode_ & 4) != 0 && asked.method != "GET") out.status = 400;
        return out;
    }

private:
    std::string_view text_;
    std::uint8_t mode_;
};

template <class Work>
void attempt(Work&& work) {
    try {
        work();
    } catch (const sdk::Error&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    test::FakeHost host;
    const Server server(as_text(data + 1, size - 1), data[0]);
    host.handler = [&](const test::FakeRequest& asked) {
        auto out = server.answer(asked);
        if (host.requests.size() > kRequestsMost) out.transport = KONTOR_E_CANCELLED;
        return out;
    };
    sdk::Host sdk_host(host.raw());
    const bool bulk = (data[0] & 2) != 0;
    salesforce::Connector connector(
        sdk_host, bulk ? R"({"options":{"instance_url":"https://crm.example","bulk_from":0}})"
                       : R"({"options":{"instance_url":"https://crm.example"}})");
    auto request = test::request("Contact", kFields);
    request.ids = {"0035g00000000AAAAA"};
    request.field = "LastName";
    request.values = {"x"};
    const std::string job =
        R"({"v":1,"since":"2026-01-01T00:00:00.000Z","feed":"2026-01-01T00:00:00.000Z",)"
        R"("job":"7505g00000000AAAAA","locator":""})";
    attempt([&] { must_hold(connector.describe().size() < 3); });
    attempt([&] {
        const std::string cursor = connector.pull(request, bulk ? job : "");
        must_hold(connector.pull(request, cursor).size() < 1000);
    });
    attempt([&] { connector.list_ids(request); });
    attempt([&] { connector.fetch(request); });
    attempt([&] { connector.find(request); });
    for (const auto& record : host.records()) {
        must_hold(!record.id.empty());
        must_hold(record.op == abi::Op::kMissing || record.version.size() == sdk::kInstantSize);
    }
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "key");
    batch.add(0, "x");
    batch.begin(abi::Op::kUpdate, "0035g00000000AAAAA");
    batch.add(0, "x");
    batch.begin(abi::Op::kDelete, "0035g00000000AAAAA");
    const std::string bytes(batch.bytes());
    attempt([&] {
        for (const auto& result : connector.push(request, abi::BatchReader(bytes)))
            must_hold(!result.status.empty());
    });
    attempt([&] { static_cast<void>(connector.check()); });
    return 0;
}
