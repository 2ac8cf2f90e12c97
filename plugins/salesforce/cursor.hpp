#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontor::salesforce {

/// Where a pull of one object goes on. Opaque to everybody else; JSON with a version. All times are
/// the server's.
struct Cursor {
    enum class Stage {
        kLoad,    ///< everything in the order of ids, as far as last_id
        kBulk,    ///< everything by a bulk job, as far as locator
        kChanges  ///< what changed since since_ms; last_id and at_ms: as far as there
    };
    Stage stage = Stage::kLoad;
    std::int64_t since_ms = 0;  ///< every change up to here was handed over, or will be after load
    std::int64_t feed_ms = 0;   ///< the deleted feed was read as far as here
    std::string last_id;        ///< handed over last; "" = none
    std::int64_t at_ms = 0;     ///< kChanges: its stamp
    std::int64_t began_ms = 0;  ///< kChanges, with last_id: when this round began
    std::string job, locator;   ///< kBulk; locator "" = from the beginning
    std::int64_t done = 0;      ///< while loading: records handed over

    [[nodiscard]] std::string encode() const;
    /// nullopt for "". Throws sdk::Error(KONTOR_E_INVALID) for a cursor that is not ours.
    [[nodiscard]] static std::optional<Cursor> decode(std::string_view text);
};

}  // namespace kontor::salesforce
