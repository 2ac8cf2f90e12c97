#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontor::fxiaoke {

/// Where a pull of one object goes on. Opaque to everybody else; JSON with a version. All times are
/// the server's.
struct Cursor {
    bool loading = true;
    std::int64_t since_ms = 0;  ///< every change up to here was handed over, or will be after load
    std::string last_id;        ///< while loading: highest id handed over; "" = none
    std::int64_t done = 0;      ///< while loading: records handed over

    [[nodiscard]] std::string encode() const;
    /// nullopt for "". Throws sdk::Error(KONTOR_E_INVALID) for a cursor that is not ours.
    [[nodiscard]] static std::optional<Cursor> decode(std::string_view text);
};

}  // namespace kontor::fxiaoke
