#pragma once

#include <cstdint>
#include <vector>

#include "sync/base/random.hpp"
#include "sync/replica/query.hpp"

namespace kontor::replica {

/// So many records may have changed since a moment for it to be asked what they were.
inline constexpr std::size_t kPastRecordsMax = 200'000;

/// The records of an entity, by id, that have changed after entry `seq` and that the filters would
/// have let through right after it: what they are now does not count. Holds what they were in
/// memory. kInvalid with the reason `past_too_many`; else the errors of list().
[[nodiscard]] Result<std::vector<std::int64_t>> changed_that_were(
    const Database& db, const Entity& entity, std::int64_t seq, const std::vector<Filter>& filters,
    Random& random);

/// The records that the filters let through now, by id.
[[nodiscard]] Result<std::vector<std::int64_t>> ids_of(const Database& db,
                                                       const Catalogue& catalogue,
                                                       const std::string& entity,
                                                       const std::vector<Filter>& filters);

}  // namespace kontor::replica
