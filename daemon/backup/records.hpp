#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/api/where.hpp"
#include "daemon/backup/past.hpp"
#include "sync/base/clock.hpp"
#include "sync/replica/compare.hpp"
#include "sync/replica/put_back.hpp"

namespace kontor::backup {

/// Records that are to be what they were.
struct RecordsWanted {
    std::string entity;
    std::vector<std::int64_t> records = {};  ///< these, or
    std::vector<api::Where> where = {};      ///< those that were so at that moment
    Instant at{};
};

/// Makes records of the live replica what they were at a moment of `past`, as ordinary local edits
/// of one run (see replica::put_back); with `preview` it only says what would be done. `live` is
/// opened with Access::kLocal (a preview may read only). A `past` that is a backup is turned back
/// to that moment for it, and no other one can be had from it then. kNotFound for an unknown entity
/// or column, kInvalid for a filter that makes no sense, and the errors of replica::put_back().
[[nodiscard]] Result<replica::PutBack> restore_records(const replica::Database& live,
                                                       const Past& past,
                                                       const RecordsWanted& wanted,
                                                       const Clock& clock, Random& random,
                                                       const std::string& actor, bool preview);

/// Calls `visit` with each record that differs between two moments of `past`, entity by entity
/// (all, or the one), until it returns false.
[[nodiscard]] Result<> compare_moments(
    const Past& past, Instant first, Instant last, const std::string& entity,
    const std::function<bool(const std::string& entity, const replica::Difference&)>& visit);

}  // namespace kontor::backup
