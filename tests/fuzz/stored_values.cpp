// What the replica stores in its own forms, should the file be damaged: field groups, mappings,
// decimals, instants. What reads back writes back the same.
#include "sync/base/clock.hpp"
#include "sync/base/decimal.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/merge/mapping_json.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    if (const auto values = kontor::merge::decode(text))
        must_hold(kontor::merge::encode(*values) == text);
    if (const auto decimal = kontor::canonical_decimal(text))
        must_hold(kontor::canonical_decimal(*decimal) == *decimal);
    must_hold(kontor::is_canonical_decimal(text) == (kontor::canonical_decimal(text) == text));
    if (const auto instant = kontor::parse_instant(text))
        if (text.starts_with("20"))
            must_hold(kontor::parse_instant(kontor::format_instant(*instant)) == *instant);
    static_cast<void>(kontor::merge::stream_mapping_from_json(text));
    return 0;
}
