// Answers of RemoteControl as a broken or hostile server may send them: the reply as a whole, and
// what an export holds.
#include "connectors/sdk/base64.hpp"
#include "connectors/sdk/connector.hpp"
#include "plugins/limesurvey/connector.hpp"
#include "plugins/limesurvey/export.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/support/fake_host.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    const auto text = as_text(data, size);
    test::FakeHost host;
    host.handler = [&](const test::FakeRequest&) {
        test::FakeResponse out;
        out.body = std::string(text);
        return out;
    };
    sdk::Host services(host.raw());
    limesurvey::Connector connector(services,
                                    R"({"options":{"url":"https://s.test","surveys":["7"]}})");
    sdk::Request request;
    request.stream = "responses";
    request.fields = {"survey",   "submission", "started_at", "submitted_at", "complete",
                      "language", "token",      "email",      "answers"};
    try {
        const std::string cursor = connector.pull(request, "");
        must_hold(!cursor.empty());
        (void)connector.pull(request, std::string(text));
    } catch (const sdk::Error&) {
    }
    for (const auto& record : host.records()) must_hold(record.id.size() > 2);
    try {
        for (const auto& row : limesurvey::rows_of(sdk::parse_json(text, "export"), "7"))
            must_hold(limesurvey::answers_of(row).is_object());
    } catch (const sdk::Error&) {
    }
    if (const auto bytes = sdk::from_base64(text)) must_hold(bytes->size() <= size);
    return 0;
}
