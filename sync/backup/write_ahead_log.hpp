#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::backup {

/// A commit in a write-ahead log. The salts are drawn anew whenever the log begins anew; the
/// checksum covers all frames from the beginning, so that within one machine's uptime no other
/// commit has the same position.
struct LogPosition {
    std::array<std::uint32_t, 2> salts{};
    std::uint32_t frames = 0;
    std::array<std::uint32_t, 2> checksum{};
    bool operator==(const LogPosition&) const = default;
};

/// What was committed after a position.
struct LogRead {
    enum class Kind {
        kEmpty,      ///< the log holds nothing
        kContinues,  ///< the position is in it
        kAnother,    ///< the log has begun anew since, and was read from its beginning
        kBroken,     ///< the position should be in it, and is not
    };
    Kind kind = Kind::kEmpty;
    LogPosition end;                          ///< the last commit; not if kEmpty or kBroken
    std::vector<std::uint32_t> pages;         ///< written; some of them several times
    std::optional<std::uint32_t> least_size;  ///< smallest number of pages after any commit
};

/// Reads what SQLite has committed to a log (FILE-wal), as SQLite does after a crash: complete
/// frames with the right salts and checksum, up to the last commit. Others may write to it
/// meanwhile. `from` nullopt: all of it, as kAnother. kBusy if it began anew at each try, kStorage.
/// Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
[[nodiscard]] Result<LogRead> read_log(const std::string& path,
                                       const std::optional<LogPosition>& from);

}  // namespace kontor::backup
