// CSV from a bulk job, in pieces of awkward sizes.
#include <algorithm>
#include <cstring>

#include "connectors/sdk/connector.hpp"
#include "connectors/sdk/csv_reader.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = as_text(data, size);
    kontor::sdk::CsvReader reader([&](char* buffer, std::size_t room) {
        const std::size_t n = std::min({room, rest.size(), std::size_t{7}});
        std::memcpy(buffer, rest.data(), n);
        rest.remove_prefix(n);
        return n;
    });
    std::vector<std::string_view> fields;
    std::size_t total = 0;
    try {
        while (reader.next(fields)) {
            must_hold(!fields.empty());
            for (const auto field : fields) total += field.size();
        }
    } catch (const kontor::sdk::Error&) {
        return 0;
    }
    must_hold(total <= size);
    return 0;
}
