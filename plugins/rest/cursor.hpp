#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/json.hpp"

namespace kontor::rest {

/// How far a stream has been read.
struct Cursor {
    bool loading = true;
    std::optional<std::int64_t> since_ms;   ///< changes from here on have not all been read
    std::optional<std::int64_t> began_ms;   ///< when the load began, by the server's clock
    std::optional<std::int64_t> newest_ms;  ///< the latest change seen
    sdk::Json position;                     ///< where a load goes on
    std::vector<sdk::Json> each;            ///< what has been loaded, where lists have an {each}

    [[nodiscard]] std::string encode() const;
    /// A cursor of another version means: from the beginning.
    [[nodiscard]] static Cursor decode(std::string_view text);
};

}  // namespace kontor::rest
