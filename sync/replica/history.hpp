#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// An entry of the history, put into words.
struct Change {
    std::int64_t seq = 0;
    std::string entity;
    std::int64_t record = 0;  ///< of a load, its first
    std::string field;        ///< "" for the record as such
    char op = ' ';            ///< as in kontor_history
    Value old;                ///< of a load, its last record; of a deleted record, its uid
    Value now;                ///< what it was changed to; absent for offers (`k`) and for records
    std::string at;           ///< UTC
    std::string actor;        ///< "" for plain SQL
    std::optional<std::int64_t> run;
    std::string run_kind;
    std::string connection;
    std::string rule;
};

struct Explanation {
    Value current;                ///< absent if the record does not exist
    std::vector<Change> changes;  ///< of the field and of the record as such, newest first
};

struct RecordImage {
    Value uid;
    std::map<std::string, Value> values;  ///< by column, all fields
};

// All newest first and at most `limit`; entities and fields no longer in the catalogue appear as
// "#7". kNotFound for unknown names. For one moment across calls hold a Snapshot.

/// Those before entry `before` alone, to go on from there.
[[nodiscard]] Result<std::vector<Change>> changes_of_record(
    const Database& db, const Catalogue& catalogue, const std::string& entity, std::int64_t record,
    std::int64_t limit = 1000, std::int64_t before = INT64_MAX);
/// The newest entry that changed that field of the record, however old; nullopt if none has.
[[nodiscard]] Result<std::optional<std::int64_t>> last_change_of_field(const Database& db,
                                                                       const Catalogue& catalogue,
                                                                       const std::string& entity,
                                                                       std::int64_t record,
                                                                       const std::string& field);
[[nodiscard]] Result<std::vector<Change>> changes_of_run(const Database& db,
                                                         const Catalogue& catalogue,
                                                         std::int64_t run,
                                                         std::int64_t limit = 1000);
/// `at` in canonical form. Reads the whole log if little of it is older.
[[nodiscard]] Result<std::vector<Change>> changes_since(const Database& db,
                                                        const Catalogue& catalogue,
                                                        const std::string& at,
                                                        std::int64_t limit = 1000);

/// The record as it was right after entry `seq`; nullopt if it did not exist then.
[[nodiscard]] Result<std::optional<RecordImage>> record_at_seq(const Database& db,
                                                               const Entity& entity,
                                                               std::int64_t record,
                                                               std::int64_t seq);
/// The record after its last entry that is not later than `at` (canonical form).
[[nodiscard]] Result<std::optional<RecordImage>> record_at_time(const Database& db,
                                                                const Entity& entity,
                                                                std::int64_t record,
                                                                const std::string& at);

/// The last entry that is not later than `at` (canonical form); 0 if there is none.
[[nodiscard]] Result<std::int64_t> last_seq_at(const Database& db, const std::string& at);

/// By how much the number of records of each entity has changed after entry `seq`: all entities of
/// the catalogue. Reads the entries after it.
[[nodiscard]] Result<std::map<std::string, std::int64_t>> records_since(const Database& db,
                                                                        std::int64_t seq);

/// How a field came to its value.
[[nodiscard]] Result<Explanation> why(const Database& db, const Catalogue& catalogue,
                                      const std::string& entity, std::int64_t record,
                                      const std::string& field, std::int64_t limit = 1000);

}  // namespace kontor::replica
