#pragma once
// Instants (seconds since the Unix epoch, UTC) and their ISO 8601 text in a user's time zone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::peer {

inline constexpr std::int64_t kDaySeconds = 86'400;

/// The offsets of one IANA zone, looked up in a table built once. Immutable, so safe to share.
class Zone {
public:
    /// An unknown name gives UTC; `known()` says so.
    explicit Zone(const std::string& name);

    bool known() const { return known_; }
    const std::string& name() const { return name_; }
    std::int32_t offset_seconds(std::int64_t epoch_s) const;

private:
    struct Change {
        std::int64_t from_s;
        std::int32_t offset_s;
    };
    std::string name_;
    bool known_ = true;
    std::vector<Change> changes_;
};

/// `2026-05-20T10:00:00+08:00` appended to `out`.
void append_instant(std::string& out, std::int64_t epoch_s, const Zone& zone);
std::string format_instant(std::int64_t epoch_s, const Zone& zone);

/// `Wed, 20 May 2026 02:00:00 GMT`, as the header Date has it.
std::string format_http_date(std::int64_t epoch_s);

/// `2026-05-20`; days since the epoch.
void append_date(std::string& out, std::int64_t days);

/// ISO 8601 with `Z` or an offset (fractions of a second are cut off). Nothing if malformed.
std::optional<std::int64_t> parse_instant(std::string_view text);

/// Days since the epoch of a valid `YYYY-MM-DD`.
std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace kontor::peer
