// Answers as a broken or hostile gateway may send them, to everything that the connector asks.
#include "connectors/sdk/connector.hpp"
#include "plugins/fxiaoke/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/fake_host.hpp"

namespace {

using namespace kontor;

constexpr const char* kDescription = R"({"errorCode":0,"data":{"describe":{"fields":{
    "name":{"type":"text"},"amount":{"type":"currency"},"vip":{"type":"true_or_false"},
    "born":{"type":"date"},"at":{"type":"date_time"},"from":{"type":"time"},
    "owner":{"type":"employee"},"tags":{"type":"select_many"},"photo":{"type":"image"},
    "account_id":{"type":"object_reference","target_api_name":"AccountObj"},
    "life_status":{"type":"select_one"},"life_status_before_invalid":{"type":"text"}}}}})";

constexpr const char* kNothing =
    R"({"errorCode":0,"data":{"dataList":[],"offset":0,"limit":100,"total":0}})";
constexpr std::size_t kRequestsMost = 200;  // a list that goes on for ever

template <class Work>
void calmly(Work&& work) {
    try {
        work();
    } catch (const sdk::Error&) {
    }
}

// A load, an increment, ids, records by id and by a field, and changes.
void ask_everything(fxiaoke::Connector& connector) {
    sdk::Request request;
    request.stream = "ContactObj";
    request.fields = {"name", "amount", "vip",  "born",  "at",
                      "from", "owner",  "tags", "photo", "account_id"};
    calmly([&] {
        const std::string cursor = connector.pull(request, "");
        must_hold(!cursor.empty());
        must_hold(connector.pull(request, cursor).size() < 1000);
    });
    calmly([&] { (void)connector.list_ids(request); });
    sdk::Request some = request;
    some.ids = {"0039b47555cf4be98b8ff85d1ca70144", "2"};
    calmly([&] { connector.fetch(some); });
    some.field = "name";
    some.values = {"x"};
    calmly([&] { connector.find(some); });
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "key");
    batch.add(0, "x");
    batch.begin(abi::Op::kUpdate, "0039b47555cf4be98b8ff85d1ca70144");
    batch.add(0, "x");
    batch.begin(abi::Op::kDelete, "2");
    calmly([&] {
        for (const auto& result : connector.push(request, abi::BatchReader(batch.bytes())))
            must_hold(!result.status.empty());
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The same for ever, or a list that ends after its first page.
    for (const bool ends : {false, true}) {
        test::FakeHost host;
        bool empty = true;
        host.handler = [&](const test::FakeRequest& asked) {
            test::FakeResponse out;
            empty = ends && !empty;
            out.body = asked.path.ends_with("/describe") ? kDescription
                       : empty                           ? kNothing
                                                         : std::string(as_text(data, size));
            if (host.requests.size() > kRequestsMost) out.transport = KONTOR_E_CANCELLED;
            return out;
        };
        sdk::Host sdk_host(host.raw());
        fxiaoke::Connector connector(sdk_host, R"({"options":{"user_id":"1000"}})");
        ask_everything(connector);
        for (const auto& record : host.records()) {
            must_hold(!record.id.empty());
            must_hold(record.op != abi::Op::kRecord || record.version.size() == sdk::kInstantSize);
        }
    }
    return 0;
}
