// The body of a form that a stranger sends: it becomes answers to the survey, or nothing.
#include "daemon/form/form_body.hpp"

#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    const auto text = as_text(data, size);
    const auto fields = form::parse_fields(text);
    if (!fields) return 0;
    must_hold(fields->size() <= form::kFieldsMax);
    std::size_t bytes = 0;
    for (const auto& [name, value] : *fields) {
        must_hold(!name.empty());
        bytes += name.size() + value.size();
    }
    must_hold(bytes <= size);
    return 0;
}
