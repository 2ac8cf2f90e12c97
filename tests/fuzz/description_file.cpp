// Descriptions of REST CRMs: every mistake is a problem with a place; what has none can be
// connected.
#include "connectors/declarative/read.hpp"
#include "connectors/declarative/spec_json.hpp"
#include "plugins/rest/connector.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/fake_host.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    const auto text = as_text(data, size);
    config::Problems problems;
    const auto description = declarative::read_description(text, "crm.toml", problems);
    must_hold(description.has_value() == problems.empty());
    if (!description) return 0;
    must_hold(sdk::Json::accept(declarative::spec_json(*description)));
    test::FakeHost host;
    host.handler = [](const test::FakeRequest&) { return test::FakeResponse{200, "[]", {}, {}}; };
    sdk::Host sdk_host(host.raw());
    try {
        const sdk::Json config{{"options", {{"url", "https://crm.test"}}}, {"description", text}};
        rest::Connector connector(sdk_host, config.dump());
        must_hold(connector.describe().size() == description->streams.size());
        (void)connector.check();
    } catch (const sdk::Error&) {
    }
    return 0;
}
