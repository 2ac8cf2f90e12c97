#pragma once

#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// The schema version that this build writes (PRAGMA user_version).
inline constexpr int kSchemaVersion = 13;

/// "KTR1" in PRAGMA application_id: says that a file is a replica.
inline constexpr int kApplicationId = 0x4B545231;

/// The version of a file; 0 if it is empty. Errors: kTooNew, kCorrupt (not a replica), kStorage.
[[nodiscard]] Result<int> schema_version(const Database& db);

/// Brings a replica to kSchemaVersion, creating it if the file is empty: system tables, standard
/// entities, capture triggers. One transaction a step. Nothing happens if it is there already.
/// Errors: kTooNew (file left as it is), kCorrupt (not a replica), kStorage.
[[nodiscard]] Result<> migrate(const Database& db, Random& random);

}  // namespace kontor::replica
