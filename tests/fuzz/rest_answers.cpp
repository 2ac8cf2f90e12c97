// Answers to a description's requests as a broken or hostile server may send them: a load, an
// increment, ids, records by id, and changes. The first byte chooses the status.
#include "connectors/sdk/connector.hpp"
#include "plugins/rest/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/fake_host.hpp"

namespace {

using namespace kontor;

constexpr const char* kDescription = R"(
name = "test"
base_url = "https://crm.test"
[auth]
kind = "bearer"
[format.day]
year = "%Y"
month = "%m"
day = "%d"
[errors]
code = "/code"
message = ["/message", "/errors/0/message"]
[[errors.rule]]
status = 409
means = "duplicate"
id = "/others/0/id"
[[errors.rule]]
path = "/failed"
means = "invalid"
field = "/failed/field"
[stream.people]
id = "/id"
modified = ["/updated", "/created"]
modified_by = "/by"
gone = { at = "/gone" }
token = "/version"
key_field = "ext"
paging = { kind = "cursor", next = "/next", size = 2, total = "/total" }
list = { path = "people", records = "/items", query = { c = "{cursor}" } }
changes = { query = { since = "{since}" } }
deleted = { path = "gone", records = "/items", id_is_name = true, query = { c = "{cursor}" } }
get = { path = "people", query = { ids = "{ids}" }, records = "/items", batch = 2 }
find = { path = "people", query = { ext = "{value}" }, records = "/items" }
create = { path = "people", body = "{record}" }
update = { path = "people/{id}", body = { r = "{record}", t = "{token}" } }
update_batch = { path = "batch", item = { i = "{id}", r = "{record}" }, body = { all = "{items}" }, records = "/items" }
delete = { path = "people/{id}" }
[stream.people.fields]
ext = "text"
name = "text"
mail = { type = "email", path = "/mails/0/value" }
amount = "decimal"
vip = "boolean"
born = { type = "date", format = "day" }
met = { type = "instant", format = "epoch" }
boss = { type = "reference", to = "people" }
tags = "list"
more = "json"
pairs = { type = "json", members = { name = ["/ref", "/id"], value = ["/n", "/t"] } }
coded = { type = "json", members = { ends = "}", between = "$", items = "|" } }
)";

constexpr int kStatuses[] = {200, 200, 200, 201, 204, 207, 400, 404, 409, 500};

/// One for all inputs: to read the description takes longer than the rest.
struct Remote {
    test::FakeHost host;
    sdk::Host sdk_host{host.raw()};
    rest::Connector connector{sdk_host, sdk::Json{{"description", kDescription}}.dump()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::size_t kRequestsMost = 200;  // a list that goes on for ever
    static Remote remote;
    test::FakeHost& host = remote.host;
    rest::Connector& connector = remote.connector;
    host.clear();
    host.handler = [&](const test::FakeRequest&) {
        test::FakeResponse out;
        out.status = kStatuses[data[0] % std::size(kStatuses)];
        out.body = as_text(data + 1, size - 1);
        if (host.requests.size() > kRequestsMost) out.transport = KONTOR_E_CANCELLED;
        return out;
    };
    sdk::Request request;
    request.stream = "people";
    request.fields = {"ext", "name", "mail", "amount", "vip",   "born",
                      "met", "boss", "tags", "more",   "pairs", "coded"};
    const auto calmly = [&](auto&& call) {
        try {
            call();
        } catch (const sdk::Error&) {
        }
    };
    calmly([&] {
        const auto cursor = connector.pull(request, "");
        must_hold(connector.pull(request, cursor).size() < 65'536);
    });
    calmly([&] { (void)connector.list_ids(request); });
    sdk::Request some = request;
    some.ids = {"1", "2", "../x"};
    calmly([&] { connector.fetch(some); });
    some.field = "ext";
    some.values = {"k"};
    calmly([&] { connector.find(some); });
    abi::BatchWriter changes;
    for (const auto op : {abi::Op::kCreate, abi::Op::kUpdate, abi::Op::kUpdate, abi::Op::kDelete}) {
        changes.begin(op, op == abi::Op::kCreate ? "" : "1", "", "k");
        if (op != abi::Op::kDelete) changes.add(1, "New");
    }
    calmly([&] {
        const auto results = connector.push(request, abi::BatchReader(changes.bytes()));
        must_hold(results.size() == 4);
        for (const auto& result : results) must_hold(result.status != "ok" || !result.id.empty());
    });
    for (const auto& record : host.records()) must_hold(!record.id.empty());
    return 0;
}
