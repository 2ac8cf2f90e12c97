// What a program may send to the local API: targets, numbers in queries, JSON bodies and values.
#include "daemon/api/json_io.hpp"
#include "tests/fuzz/input.hpp"

namespace {

// A value that was taken must come out again as it went in.
void check_value(const nlohmann::json& in) {
    const auto value = kontor::api::value_from(in);
    if (!value) return;
    const auto again = kontor::api::value_from(kontor::api::to_json(value->view()));
    must_hold(again.has_value() && *again == *value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor::api;
    const auto text = as_text(data, size);

    // The first line is the target, the rest the body.
    const auto line = text.substr(0, text.find('\n'));
    ApiRequest request;
    if (parse_target(line, request)) {
        const auto limit = number_of(request, "limit", 50, 1, 1000);
        if (limit) must_hold(*limit >= 1 && *limit <= 1000);
        for (const auto& [name, value] : request.query) must_hold(!request.all(name).empty());
    }
    request.body = text.substr(std::min(text.size(), line.size() + 1));
    const auto body = parse_body(request, {"a", "flag", "text", "number", "texts", "fields"});
    if (!body) return 0;
    must_hold(body->is_object());
    static_cast<void>(flag_in(*body, "flag", false));
    static_cast<void>(text_in(*body, "text"));
    static_cast<void>(integer_in(*body, "number"));
    static_cast<void>(texts_in(*body, "texts"));
    for (const auto& item : *body) check_value(item);
    return 0;
}
