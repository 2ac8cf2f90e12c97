#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/how_far.hpp"
#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// Which history entries to undo.
struct UndoScope {
    enum class Kind { kChange, kRun, kRange };

    /// One entry; of a delete, the whole delete.
    static UndoScope change(std::int64_t seq) { return {Kind::kChange, seq, seq}; }
    /// What a run wrote here.
    static UndoScope of_run(std::int64_t run) { return {Kind::kRun, run, run}; }
    /// Everything from entry `first` to `last`, e.g. of an EditResult.
    static UndoScope range(std::int64_t first, std::int64_t last) {
        return {Kind::kRange, first, last};
    }
    static UndoScope since(std::int64_t first) { return {Kind::kRange, first, INT64_MAX}; }

    Kind kind = Kind::kRange;
    std::int64_t first = 0;
    std::int64_t last = 0;
    bool local = false;  ///< only edits made here, not what a sync wrote
};

/// First entry made at or after `at` (canonical form); past the last one if there is none.
[[nodiscard]] Result<std::int64_t> first_seq_since(const Database& db, const std::string& at);

struct UndoStep {
    enum class Kind { kSet, kInsert, kDelete };
    Kind kind = Kind::kSet;
    std::string entity = {};
    std::int64_t record = 0;
    std::string field = {};  ///< of kSet
    Value now = {};
    Value then = {};          ///< of kInsert, the uid
    std::int64_t source = 0;  ///< entry whose `old` is `then`; 0: none of this history
};

enum class UndoRefusal {
    kChangedSince,     ///< the value is no longer the one that this entry wrote
    kAlreadySo,        ///< likewise, and what it was before stands here again
    kExists,           ///< the deleted record exists again
    kGone,             ///< the record has been deleted since
    kReadOnly,         ///< the field is computed at a remote
    kErased,           ///< what it was has been erased
    kLoaded,           ///< came with a first load: end the connection instead
    kFromRemote,       ///< a remote made the record, or had a value that was blank here alone
    kOnlyReadRecords,  ///< no remote takes that the record is made or deleted
    kOnlyReadField,    ///< no remote takes values of the field
    kNotThen,          ///< the record did not exist at the moment that is to be restored
    kTargetGone,       ///< the record that the field referred to does not exist any more
    kOtherRecord,      ///< another record has the id now
};
[[nodiscard]] std::string_view to_string(UndoRefusal reason);

struct UndoSkip {
    std::int64_t seq = 0;
    std::string entity;
    std::int64_t record = 0;
    std::string field;
    UndoRefusal reason = UndoRefusal::kChangedSince;
    std::string connection = {};  ///< of what is only read: where from
    std::int64_t last = 0;        ///< of kLoaded: the last of the records, `record` is the first
    Value now = {};               ///< of a field, what stands here; absent if the record does not
};

/// Of long lists the first are kept.
inline constexpr std::size_t kUndoListMax = 1'000;

struct UndoPlan {
    std::vector<UndoStep> steps;    ///< the first kUndoListMax, if it is of many records
    std::vector<UndoSkip> skipped;  ///< likewise
    /// All of them: steps, those among them that delete, and what is skipped; of loads the records.
    std::size_t undone = 0, deleted = 0, left = 0, loaded = 0;

    void count();               ///< by what the lists have
    void add(UndoPlan&& more);  ///< what is planned of further records
};

struct UndoResult {
    UndoPlan plan;  ///< what was done
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;  ///< entries made, so that it can be undone; < first: none
};

/// Carries steps out, within an open write transaction. `doing`: what an error begins with.
[[nodiscard]] Result<> apply(const Database& db, std::span<const UndoStep> steps,
                             std::string_view doing);

/// Undo touches at most so many records at once.
inline constexpr std::size_t kUndoRecordsMax = 1'000'000;

/// The connection that shows a column ("": the records as such), if no remote takes edits of it,
/// so that a sync would put them back; else "".
using ShownBy = std::function<std::string(const std::string& column)>;
/// That of each kind of record; asked once for each in a plan.
using OnlyReadOf = std::function<Result<ShownBy>(const Entity&)>;

/// What undo() would do now. kNotFound if the scope names no entry, kInvalid if it is too large.
[[nodiscard]] Result<UndoPlan> preview_undo(const Database& db, const Catalogue& catalogue,
                                            const UndoScope& scope, const OnlyReadOf& only_read);

/// Up to so many records are undone in one transaction, all or none.
inline constexpr std::size_t kUndoAtOnceMax = 1'000;

/// Takes entries back where their value is still the current one, as ordinary local edits (so that
/// remotes get them). A deleted record returns with its id and uid. Values keep their storage
/// class. A record that a remote made stays, and so does what is only read. The rest is reported.
/// The handle's triggers must fire.
///
/// More than kUndoAtOnceMax records are undone in short transactions, so that nobody who writes has
/// to wait long, and with no more memory than few: what stops it leaves the rest as it was, and the
/// same undo goes on with it. Entries of others may lie between first_seq and last_seq then.
/// `how_far` is told in records.
[[nodiscard]] Result<UndoResult> undo(const Database& db, const Catalogue& catalogue,
                                      const UndoScope& scope, const std::string& actor,
                                      const OnlyReadOf& only_read, const HowFar& how_far = {});

}  // namespace kontor::replica
