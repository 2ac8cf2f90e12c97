// A file in a folder of spreadsheets: a workbook if it begins like an archive, else CSV.
#include <set>
#include <string>

#include "plugins/csv/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/fake_host.hpp"

using namespace kontor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = as_text(data, size);
    test::FakeHost fake;
    fake.granted[bytes.substr(0, 2) == "PK" ? "inbox/a.xlsx" : "inbox/a.csv"] = {std::string(bytes),
                                                                                 1'600'000'000'000};
    sdk::Host host(fake.raw());
    csv::Connector connector(host, "{}");
    // Nothing that stands in a file may stop the connector.
    for (const auto& stream : connector.describe()) {
        sdk::Request request;
        request.stream = stream.name;
        for (const auto& field : stream.fields) request.fields.push_back(field.name);
        const std::string cursor = connector.pull(request, "");
        const auto records = fake.records();
        std::set<std::string> ids;
        for (const auto& record : records) {
            must_hold(!record.id.empty() && record.id.size() <= 256);
            must_hold(ids.insert(record.id).second);
        }
        fake.clear();
        must_hold(connector.pull(request, cursor) == cursor);
        must_hold(fake.records().empty());
    }
    must_hold(fake.open_files == 0);
    return 0;
}
