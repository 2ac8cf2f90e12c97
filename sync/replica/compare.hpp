#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"
#include "sync/replica/rewind.hpp"

namespace kontor::replica {

/// How a record differs between two moments of one history.
struct Difference {
    enum class Kind { kCreated, kChanged, kDeleted };
    struct Cell {
        std::string field;
        Value then, now;
    };
    Kind kind = Kind::kChanged;
    std::int64_t record = 0;
    std::vector<Cell> fields = {};  ///< of kCreated and kDeleted those that are not blank
};
[[nodiscard]] std::string_view to_string(Difference::Kind kind);

/// The records of an entity with entries after `first` and up to `last`, by id; those of a first
/// load included as far as they exist.
[[nodiscard]] Result<std::vector<std::int64_t>> records_between(const Database& db,
                                                                const Entity& entity,
                                                                std::int64_t first,
                                                                std::int64_t last);

/// The record right after entry `seq`. What has been erased stays as it is now.
[[nodiscard]] Result<RecordState> state_at(const Database& db, const Entity& entity,
                                           std::int64_t record, std::int64_t seq);

/// Calls `visit` with each record of the entity that is not the same after entry `last` as it was
/// after entry `first` (first <= last), by id, until it returns false. Reads what has changed
/// between the two and since, not the whole.
[[nodiscard]] Result<> compare(const Database& db, const Entity& entity, std::int64_t first,
                               std::int64_t last,
                               const std::function<bool(const Difference&)>& visit);

}  // namespace kontor::replica
