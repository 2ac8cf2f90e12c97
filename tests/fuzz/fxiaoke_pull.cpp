// Answers to queries as a broken or hostile gateway may send them: a load and an increment.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::FakeHost host;
    host.handler = [&](const test::FakeRequest& asked) {
        test::FakeResponse out;
        out.body =
            asked.path.ends_with("/describe") ? kDescription : std::string(as_text(data, size));
        constexpr std::size_t kRequestsMost = 200;  // a list that goes on for ever
        if (host.requests.size() > kRequestsMost) out.transport = KONTOR_E_CANCELLED;
        return out;
    };
    sdk::Host sdk_host(host.raw());
    fxiaoke::Connector connector(sdk_host, R"({"options":{"user_id":"1000"}})");
    sdk::Request request;
    request.stream = "ContactObj";
    request.fields = {"name", "amount", "vip",  "born",  "at",
                      "from", "owner",  "tags", "photo", "account_id"};
    try {
        const std::string cursor = connector.pull(request, "");
        must_hold(!cursor.empty());
        const std::string next = connector.pull(request, cursor);
        must_hold(next.size() < 1000);
    } catch (const sdk::Error&) {
    }
    for (const auto& record : host.records()) {
        must_hold(!record.id.empty());
        must_hold(record.version.size() == sdk::kInstantSize);
    }
    return 0;
}
