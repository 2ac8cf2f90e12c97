#pragma once

#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// Capture triggers of an entity: what makes every local edit, whoever makes it, leave a trace in
/// kontor_history. They use SQLite's built-in functions alone, so that any program that opens the
/// file fires them. The engine's handle has triggers off and keeps history itself.
///
/// What they write (actor, run and rule stay NULL; `at` is the statement's UTC time):
/// - INSERT: one row `i` (field and old NULL). The values are the row's, or the next entries' old.
/// - UPDATE: a row `u` for each field whose value or storage class changed, with the old value.
/// - DELETE: a row `d` for each field that was not NULL, with its value; then a row `d` without a
///   field whose `old` is the record's uid; and a tombstone whose image is empty:
///   complete_tombstones() (tombstones.hpp) fills it from those rows.
/// - INSERT OR REPLACE of an existing id: as an UPDATE of the same record, which keeps its uid,
///   whether or not the program has recursive_triggers on. UPSERT likewise.
/// - A change of `id`, or of a uid once set, is refused with a clear message.
/// - A record inserted without an acceptable uid (32 lower-case hex digits that no other record
/// has)
///   gets one: that of its tombstone if this id was deleted before, else 128 random bits.
/// - Whatever a statement's conflict clause, nothing is lost; a rollback leaves nothing.
///
/// kontor_replaced holds the old row while a REPLACE is under way. INSERT OR IGNORE leaves it
/// behind, which is harmless as long as each absorb empties the table (`DELETE FROM
/// kontor_replaced`, under the write lock) before it chains the history rows it has read.
[[nodiscard]] std::vector<std::string> capture_triggers(const Entity& entity);

/// The triggers of capture_triggers() that the file lacks or has another text of.
[[nodiscard]] Result<std::vector<std::string>> missing_triggers(const Database& db,
                                                                const Entity& entity);

/// Drops and creates the entity's triggers. Needs an open write transaction.
[[nodiscard]] Result<> rebuild_triggers(const Database& db, const Entity& entity);

}  // namespace kontor::replica
