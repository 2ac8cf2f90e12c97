#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontor::zoho {

/// Where a pull of one module goes on. Opaque to everybody else; JSON with a version.
///
/// A load is kScan or kBulk until all records were handed over, then kChanges for ever. `start_ms`
/// is Zoho's clock before the load began: increments begin there, so that nothing changed during
/// the load is missed. All times are Zoho's, never ours.
struct Cursor {
    enum class Phase { kScan, kBulk, kChanges };

    Phase phase = Phase::kScan;
    std::int64_t start_ms = 0;

    /// kScan, kBulk: records that the module had when the load began; -1 = not known.
    std::int64_t count = -1;

    std::string page_token;  ///< kScan: the next page; "" = the first
    std::string last_id;     ///< kScan: highest id handed over; "" = none

    std::string job;        ///< kBulk: the running or finished job
    std::string next_job;   ///< kBulk: the job for the page after it; "" = not begun
    std::int64_t page = 1;  ///< kBulk: 1-based page of 200,000 records
    std::int64_t row = 0;   ///< kBulk: rows of this page handed over
    std::string fields;     ///< kBulk: signature of the fields that the job exports

    std::int64_t modified_ms = 0;  ///< kChanges: every change up to here was handed over
    std::int64_t deleted_ms = 0;   ///< kChanges: every deletion up to here was handed over

    [[nodiscard]] std::string encode() const;
    /// nullopt for "". Throws sdk::Error(KONTOR_E_INVALID) for a cursor that is not ours.
    [[nodiscard]] static std::optional<Cursor> decode(std::string_view text);
};

}  // namespace kontor::zoho
