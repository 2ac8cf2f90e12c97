// A PostgreSQL server that answers anything: the connector describes, pulls and pushes. It may
// fail; it may not crash, hang, or hand over a malformed batch (which the host of the test
// refuses).
#include <exception>
#include <string>
#include <string_view>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/connector.hpp"
#include "plugins/postgres/session.hpp"
#include "tests/support/fake_host.hpp"

using namespace kontor;

namespace {

template <class Work>
void tried(Work&& work) {
    try {
        work();
    } catch (const std::exception&) {
        // A failure is an answer; the SDK stops it at the boundary.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    std::string_view script(reinterpret_cast<const char*>(bytes), size);
    test::FakeHost fake;
    fake.stream_piece = size > 0 ? 1 + bytes[0] : 1;
    // Each answer ends with a ReadyForQuery of the script, or is the rest of it.
    fake.server = [&script](std::string_view) {
        constexpr std::string_view kReady("Z\0\0\0\5I", 6);
        const auto end = script.find(kReady);
        const auto take = end == std::string_view::npos ? script.size() : end + kReady.size();
        const std::string answer(script.substr(0, take));
        script.remove_prefix(take);
        return answer;
    };
    sdk::Host host(fake.raw());
    constexpr std::string_view kConfig = R"({"options": {"host": "db", "database": "crm"}})";
    tried([&] {
        postgres::Connector connector(host, kConfig);
        std::string stream = "t";
        tried([&] {
            for (const auto& each : connector.describe()) stream = each.name;
        });
        sdk::Request request;
        request.stream = stream;
        request.fields = {"name"};
        tried([&] { static_cast<void>(connector.pull(request, {})); });
        abi::BatchWriter changes;
        changes.begin(abi::Op::kCreate, "", "", "key");
        changes.add(0, "Ada");
        changes.begin(abi::Op::kUpdate, "1", "7-8");
        changes.add_null(0);
        tried(
            [&] { static_cast<void>(connector.push(request, abi::BatchReader(changes.bytes()))); });
    });
    return 0;
}
