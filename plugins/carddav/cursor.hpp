#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kontor::carddav {

/// Where a pull of one address book goes on.
struct Cursor {
    std::string token;  ///< of sync-collection; "" where the server has none
    std::string tag;    ///< getctag of the book, where there is no token
    std::string after;  ///< a load is under way: the last name that was handed over
    bool loading = false;

    [[nodiscard]] std::string encode() const;
    /// nullopt if it is none of ours.
    [[nodiscard]] static std::optional<Cursor> decode(std::string_view text);
};

}  // namespace kontor::carddav
