#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "connectors/sdk/host.hpp"

namespace kontor::csv {

/// What was read of each file up to here.
struct Cursor {
    struct Seen {
        std::int64_t size = 0, modified_ms = 0;
        std::uint64_t hash = 0;
        std::int64_t problems = 0;  ///< told of it; only in the cursor of the problems
    };
    std::map<std::string, Seen> files;

    /// Throws sdk::Error(KONTOR_E_INVALID) for what is no cursor of this connector.
    [[nodiscard]] static Cursor decode(std::string_view text);
    /// Throws sdk::Error(KONTOR_E_INVALID) if there are too many files for one table.
    [[nodiscard]] std::string encode() const;

    /// What is known of the file if it looks as it did then, else nullptr.
    [[nodiscard]] const Seen* unchanged(const sdk::ListedFile& file) const;
};

}  // namespace kontor::csv
