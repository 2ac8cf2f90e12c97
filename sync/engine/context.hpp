#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/sql.hpp"
#include "sync/remote/description.hpp"

namespace kontor::engine {

/// What every step of a cycle works with. Lives as long as the cycle; not thread-safe.
struct Context {
    Sql& sql;
    const Clock& clock;
    Random& random;
    Logger& log;
    Plans& plans;
    std::int64_t connection = 0;  ///< kontor_connection.id of the cycle; 0: of no cycle
    std::int64_t run = 0;         ///< kontor_run.id
    /// The streams of the connection at hand as last described: what its remote accepts.
    std::span<const remote::StreamSpec> described = {};
    /// Remote's clock minus ours, and how sure that is.
    std::chrono::milliseconds clock_offset{0};
    std::chrono::milliseconds clock_uncertainty{2'000};
    /// Questions that absorb() has opened, by stream; nobody's counts are at hand there.
    std::map<std::int64_t, std::int64_t> asked = {};
    /// Remote ids, by stream, that a list has shown as changed and that could not be read by id
    /// since: what stands there has not been read, so nothing is written over it in this cycle.
    std::map<std::int64_t, std::set<std::string, std::less<>>> unread = {};
    /// Records, by stream, that are not created there in this cycle: see hold_back().
    std::map<std::int64_t, std::set<std::int64_t>> held_back = {};
    /// What somebody waits for has been found to be gone, or may have been: see waits_in_vain.hpp.
    bool awaited_gone = false;

    [[nodiscard]] std::string now() const { return format_instant(clock.now()); }
};

}  // namespace kontor::engine
