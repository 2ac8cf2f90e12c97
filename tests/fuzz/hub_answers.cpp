// A team's hub that answers anything: whoever reaches the database server may have written into it.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgres/hub/connector.hpp"
#include "tests/connectors/host/scripted_stream.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/plugin_call.hpp"

namespace {

using namespace kontor;
using host::test::big_endian;
using host::test::message;

const std::string kReady = message('Z', "I");
const std::string kDone =
    message('1', "") + message('2', "") + message('C', "SELECT 1" + std::string(1, '\0'));

std::string row(const std::vector<std::string>& cells) {
    std::string body{'\0', static_cast<char>(cells.size())};
    for (const auto& cell : cells)
        body += big_endian(static_cast<std::uint32_t>(cell.size())) + cell;
    return message('D', body);
}

// What the script need not say: that the session's settings are taken, and a sound description.
std::string usual_answer(std::string_view asked, bool described) {
    const auto about = [&](std::string_view words) {
        return asked.find(words) != std::string_view::npos;
    };
    if (about("SET TIME ZONE")) return kDone + kDone + kDone + kDone + kDone + kDone + kReady;
    if (!described) return {};
    if (about("SELECT format")) return row({"1"}) + kDone + kReady;
    if (about("kontor_hub_entity")) return row({"people", "People", "人"}) + kDone + kReady;
    if (about("kontor_hub_field"))
        return row({"people", "name", "text", "", "Name", "名", "0", "0", "", "f"}) +
               row({"people", "boss", "reference", "people", "Boss", "", "0", "0", "", "f"}) +
               row({"people", "tags", "list", "", "Tags", "", "0", "0", "", "f"}) + kDone + kReady;
    return {};
}

// Takes the script apart: an answer ends with ReadyForQuery, or is all that is left.
class Server {
public:
    Server(std::string_view script, bool described) : script_(script), described_(described) {}
    std::string operator()(std::string_view asked) {
        if (asked.starts_with('X')) return {};  // the client leaves
        if (auto usual = usual_answer(asked, described_); !usual.empty()) return usual;
        const auto end = script_.find(kReady);
        const auto answer =
            script_.substr(0, end == std::string_view::npos ? end : end + kReady.size());
        script_.remove_prefix(answer.size());
        return std::string(answer);
    }

private:
    std::string_view script_;
    bool described_;
};

template <class Work>
void attempt(Work&& work) {
    try {
        work();
    } catch (const sdk::Error&) {
    }
}

void push(postgres::hub::Connector& connector, const sdk::Request& request) {
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "key");
    batch.add(0, "Ada");
    batch.begin(abi::Op::kUpdate, "1", "00000000000000000001");
    batch.add_null(0);
    batch.begin(abi::Op::kDelete, "2", "00000000000000000001");
    const auto results = connector.push(request, abi::BatchReader(batch.bytes()));
    must_hold(results.size() == 3);
    for (const auto& result : results) must_hold(!result.status.empty());
}

void act(postgres::hub::Connector& connector, unsigned what) {
    auto request = test::request("people", {"name", "boss", "tags"});
    request.ids = request.values = {"1", "2"};
    request.field = "kontor_id";
    switch (what) {
        case 0: {
            const auto cursor = connector.pull(request, "");
            must_hold(connector.pull(request, cursor).size() < 1'000);
            return;
        }
        case 1:
            (void)connector.check();
            return;
        case 2:
            (void)connector.list_ids(request);
            return;
        case 3:
            connector.fetch(request);
            connector.find(request);
            return;
        default:
            push(connector, request);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    // The first byte chooses what is asked, and whether the script describes the tables, too.
    test::FakeHost fake;
    fake.server = Server(as_text(data + 1, size - 1), data[0] < 128);
    sdk::Host host(fake.raw());
    postgres::hub::Connector connector(
        host, R"({"options":{"host":"db","port":5432,"database":"team","schema":"kontor"}})");
    attempt([&] { (void)connector.describe(); });
    attempt([&] { act(connector, data[0] % 5); });
    attempt([&] { (void)connector.check(); });
    return 0;
}
