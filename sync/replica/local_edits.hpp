#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// One edit of one record. Absent values are skipped, null ones blank the field.
struct Edit {
    enum class Kind { kCreate, kUpdate, kRemove };
    Kind kind = Kind::kUpdate;
    std::string entity;
    std::int64_t id = 0;  ///< not for kCreate
    std::map<std::string, Value> fields = {};
    /// Of kCreate: 32 lower-case hex digits where whoever makes the record knows it by a name of
    /// their own, so that it is made once; "" = drawn at random.
    std::string uid = {};
    /// Those of `fields` whose value is the text of a JSON list or object: a field that keeps no
    /// such text refuses it, though it would take the same as a plain text.
    std::set<std::string> json = {};
};

/// A value that was taken although it is unusual: a choice that is not on the field's list.
struct EditWarning {
    std::size_t edit = 0;  ///< index in the batch
    std::string entity;
    std::string field;
};

struct EditResult {
    std::vector<std::int64_t> ids;  ///< of each edit's record, in order
    /// History entries it made, for undo; last < first if nothing changed.
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
    std::vector<EditWarning> warnings = {};
};

/// What else belongs to the transaction of some edits. Each may be empty; its error undoes all.
struct EditSteps {
    std::function<Result<>(const Catalogue&)> before;
    std::function<Result<>(const Catalogue&, const EditResult&)> after;  ///< before the commit
};

/// Edits by people and programs through the API, checked against the field catalogue. What a plain
/// SQL statement can do, this does too, with better errors and with the actor in history.
///
/// Errors name entity, record and field in `args`: kNotFound (entity, field with a `suggestion`,
/// record, a reference's target), kInvalid (a value that the field cannot hold), kPermission (a
/// read-only field), kConflict (a record of that uid is there), kInternal (a handle whose triggers
/// are off). On error nothing has changed.
///
/// One thread at a time. Both given must outlive it; `db` is opened with Access::kLocal.
class LocalEdits {
public:
    LocalEdits(const Database& db, CatalogueCache& catalogues) : db_(db), catalogues_(catalogues) {}

    /// All or nothing, in one BEGIN IMMEDIATE transaction. `actor` as in kontor_history.
    [[nodiscard]] Result<EditResult> apply(std::span<const Edit> edits, const std::string& actor,
                                           const EditSteps& steps = {});
    /// The same, but kBusy at once, and nothing else done, if anybody else writes.
    [[nodiscard]] Result<EditResult> try_apply(std::span<const Edit> edits,
                                               const std::string& actor,
                                               const EditSteps& steps = {});

    [[nodiscard]] Result<EditResult> create(const std::string& entity,
                                            std::map<std::string, Value> fields,
                                            const std::string& actor);
    [[nodiscard]] Result<EditResult> update(const std::string& entity, std::int64_t id,
                                            std::map<std::string, Value> fields,
                                            const std::string& actor);
    [[nodiscard]] Result<EditResult> remove(const std::string& entity, std::int64_t id,
                                            const std::string& actor);

private:
    [[nodiscard]] Result<EditResult> apply_in(Result<Transaction> transaction,
                                              std::span<const Edit> edits, const std::string& actor,
                                              const EditSteps& steps);
    [[nodiscard]] Result<std::int64_t> apply_one(const Catalogue& catalogue, const Edit& edit,
                                                 std::size_t index,
                                                 std::vector<EditWarning>& warnings);

    const Database& db_;
    CatalogueCache& catalogues_;
};

/// kInternal unless the capture triggers fire on this handle.
[[nodiscard]] Result<> require_triggers(const Database& db);

/// Names who made (and if given, by which rule) the history entries after `seq`. What a rule made
/// in several statements was made at one time: that of the last. For the transaction that made
/// them.
[[nodiscard]] Result<> stamp_history(const Database& db, std::int64_t seq, const std::string& actor,
                                     const std::string& rule = {});

}  // namespace kontor::replica
