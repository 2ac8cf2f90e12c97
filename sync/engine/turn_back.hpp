#pragma once

#include <cstdint>
#include <string>

#include "sync/base/clock.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

struct TurnedBack {
    std::int64_t run = 0;      ///< kontor_run.id of what was written
    std::int64_t records = 0;  ///< that are not what they were before
};

/// Makes every record what it was after the last history entry that is not later than `at`
/// (canonical form): for a backup that was made some time after the moment that is wanted. The
/// history goes on: what was turned back is in it, as a run of the kind `restore`, so that nothing
/// is lost.
///
/// These are no edits and never sent: what a record was then counts as what its remotes hold, and
/// what they hold now is taken over it. Whoever calls this begins a new epoch afterwards, which
/// reads them. What had been typed before that moment and was sent to nobody since stays to be
/// sent. A record that was made later goes with its link: what a remote has of it comes back as
/// new. A record that was deleted later is back; if it was deleted at a remote too, the next sync
/// finds that out. `db` is opened with Access::kEngine and used by nobody else. kNotFound with the
/// reason `history_too_young` if the history begins later; on failure nothing has changed, but that
/// edits may have been absorbed.
[[nodiscard]] Result<TurnedBack> turn_back(const replica::Database& db, const Clock& clock,
                                           Random& random, const std::string& at);

/// Notes in a database that comes from a backup that it is one, of the moment `shows`: what
/// happened between that and now is not in its history. turn_back() does the same.
[[nodiscard]] Result<> note_restore(const replica::Database& db, const Clock& clock,
                                    const std::string& shows);

/// True if the history tells what records were at `at`: it had begun, and that moment does not lie
/// in a time that a restore has lost.
[[nodiscard]] Result<bool> history_reaches(const replica::Database& db, const std::string& at);

}  // namespace kontor::engine
