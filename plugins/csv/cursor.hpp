#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/host.hpp"

namespace kontor::csv {

/// What was read of each file up to here.
struct Cursor {
    struct Seen {
        std::int64_t size = 0, modified_ms = 0;
        std::uint64_t hash = 0;
        std::int64_t problems = 0;  ///< told of it; only in the cursor of the problems
        bool waits = false;         ///< a row names one of another table that is not there
    };
    std::map<std::string, Seen> files;
    std::uint64_t parents = 0;  ///< how the other tables' files were (fingerprint())
    std::uint64_t pulled = 0;   ///< which tables were pulled; only in the cursor of the problems

    /// Throws sdk::Error(KONTOR_E_INVALID) for what is no cursor of this connector.
    [[nodiscard]] static Cursor decode(std::string_view text);
    /// Throws sdk::Error(KONTOR_E_INVALID) if there are too many files for one table.
    [[nodiscard]] std::string encode() const;

    /// What is known of the file if it looks as it did then, else nullptr.
    [[nodiscard]] const Seen* unchanged(const sdk::ListedFile& file) const;
    /// True if what the file waited for may have come. `now`: how they are.
    [[nodiscard]] bool may_have_come(const sdk::ListedFile& file, std::uint64_t now) const;
};

/// Another number when one of the files has come, gone or changed.
[[nodiscard]] std::uint64_t fingerprint(const std::vector<sdk::ListedFile>& files);
/// Another number when one of the names has come or gone.
[[nodiscard]] std::uint64_t fingerprint(const std::vector<std::string_view>& names);

}  // namespace kontor::csv
