// The JSON answers of a plugin: descriptions, identity, push results.
#include "connectors/host/description_json.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    if (const auto streams = kontor::host::read_streams(text))
        for (const auto& stream : *streams) must_hold(!stream.name.empty());
    static_cast<void>(kontor::host::read_identity(text));
    static_cast<void>(kontor::host::read_push_results(text));
    static_cast<void>(kontor::host::read_credits(text));
    return 0;
}
