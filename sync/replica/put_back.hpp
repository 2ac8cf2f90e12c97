#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sync/base/clock.hpp"
#include "sync/replica/undo.hpp"

namespace kontor::replica {

/// Records as they were at a moment: after entry `seq` of the history of `source`, which is the
/// replica itself or an older state of it (a backup).
struct PastRecords {
    const Database& source;
    std::string entity;
    std::span<const std::int64_t> records;
    std::int64_t seq = 0;
    std::string at;  ///< that moment, for people: UTC
};

/// What put_back() would do now: values that are not what they were, and deleted records. A record
/// that did not exist then is left as it is (UndoRefusal::kNotThen), and so are a field that is
/// only read and a reference to what does not exist any more. After a restore of the whole replica
/// an id may have gone to another record than it had in the time that was lost: kOtherRecord.
/// kNotFound if one of the two databases has no such entity.
[[nodiscard]] Result<UndoPlan> preview_put_back(const Database& db, const PastRecords& past,
                                                const OnlyReadOf& only_read);

struct PutBack {
    UndoPlan plan;
    std::int64_t run = 0;  ///< kontor_run.id, of the kind `put_back`: UndoScope::of_run() takes it
};

/// Makes the records what they were, as ordinary local edits (so that remotes get them), in one
/// transaction and one run. A deleted record returns with its id and uid. The handle's triggers
/// must fire.
[[nodiscard]] Result<PutBack> put_back(const Database& db, const PastRecords& past,
                                       const Clock& clock, const std::string& actor,
                                       const OnlyReadOf& only_read);

/// What is to be undone of a run. What it put back are local edits: entries that no run is named
/// in.
[[nodiscard]] Result<UndoScope> scope_of_run(const Database& db, std::int64_t run);

}  // namespace kontor::replica
