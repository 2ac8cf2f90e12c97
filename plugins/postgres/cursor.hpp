#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgres/catalog.hpp"

namespace kontor::postgres {

/// Where a pull goes on. Opaque to the host.
struct Cursor {
    Changes by = Changes::kAll;
    bool scan = true;  ///< all rows are being read
    std::string from;  ///< what the last whole pull had seen: an instant, or a transaction
    std::string next;  ///< what this pull will have seen once it is at its end
    std::vector<std::string> page;  ///< the last row handed over; empty: none yet

    /// A new one for anything that is no cursor for this way of finding changes.
    [[nodiscard]] static Cursor parse(std::string_view text, Changes by);
    [[nodiscard]] std::string text() const;
};

}  // namespace kontor::postgres
