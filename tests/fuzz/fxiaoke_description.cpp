// What a broken or hostile gateway says of objects and their fields, of employees and of the
// records of what it described so.
#include "plugins/fxiaoke/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/plugin_call.hpp"

namespace {

using namespace kontor;

constexpr std::size_t kRequestsMost = 100;

template <class Work>
void attempt(Work&& work) {
    try {
        work();
    } catch (const sdk::Error&) {
    }
}

void read_users(fxiaoke::Connector& connector) {
    auto request = test::request("users", {"name", "mobile", "active", "leaderId", "createTime"});
    attempt([&] { must_hold(!connector.pull(request, "").empty()); });
    attempt([&] { (void)connector.list_ids(request); });
    request.ids = {"FSUID_1", "2"};
    attempt([&] { connector.fetch(request); });
}

// Reads and writes each object that is described, with the fields that it is said to have.
void use(fxiaoke::Connector& connector, const sdk::StreamSpec& stream) {
    std::vector<std::string> fields;
    for (const auto& field : stream.fields) {
        must_hold(!field.name.empty() && !field.type.empty());
        fields.push_back(field.name);
    }
    const auto request = test::request(stream.name, fields);
    attempt([&] { must_hold(!connector.pull(request, "").empty()); });
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "key");
    for (std::size_t i = 0; i < fields.size(); ++i)
        batch.add(static_cast<std::uint16_t>(i), i % 2 == 0 ? "1" : R"(["1"])");
    attempt([&] { (void)connector.push(request, abi::BatchReader(batch.bytes())); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::FakeHost host;
    host.handler = [&](const test::FakeRequest&) {
        test::FakeResponse out;
        out.body = std::string(as_text(data, size));
        if (host.requests.size() > kRequestsMost) out.transport = KONTOR_E_CANCELLED;
        return out;
    };
    sdk::Host sdk_host(host.raw());
    fxiaoke::Connector connector(sdk_host,
                                 R"({"options":{"user_id":"FSUID_1","objects":["ContactObj"]}})");
    attempt([&] { (void)connector.check(); });
    read_users(connector);
    std::vector<sdk::StreamSpec> streams;
    attempt([&] { streams = connector.describe(); });
    for (const auto& stream : streams)
        if (stream.name != "users") use(connector, stream);
    for (const auto& record : host.records()) must_hold(!record.id.empty());
    return 0;
}
