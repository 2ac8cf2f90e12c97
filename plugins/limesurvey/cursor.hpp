#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kontor::limesurvey {

/// How far a survey has been read. Responses have numbers but no time of change.
struct Progress {
    std::int64_t last = 0;     ///< the highest number seen
    std::int64_t full_ms = 0;  ///< when all of it was last read; 0: never
    /// Numbers of those that were not finished, and since when that is known.
    std::map<std::int64_t, std::int64_t> open;

    /// Where the next read begins: those not finished may be by now.
    [[nodiscard]] std::int64_t next() const;
    /// Notes a response that was read. `now_ms` as full_ms.
    void note(std::int64_t id, bool complete, std::int64_t now_ms);
};

/// By survey.
struct Cursor {
    std::map<std::string, Progress> surveys;

    [[nodiscard]] std::string encode() const;
    /// A cursor of another version means: from the beginning.
    [[nodiscard]] static Cursor decode(std::string_view text);
};

}  // namespace kontor::limesurvey
