#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/how_far.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// One field of a conflict, three sides, in the remote's representation.
struct ConflictField {
    std::string remote_field;
    std::string column;
    Value base, ours, theirs;
    /// Of a reference, as the column holds it; absent where its record is not here.
    Value base_here, ours_here, theirs_here;
};

struct Conflict {
    std::int64_t id = 0;
    std::string connection, stream, entity;
    std::int64_t record = 0;
    std::string group;  ///< "" = the record as such (delete against edit)
    std::string kind;   ///< edit delete create match uncovered
    std::string rule;
    std::string state;  ///< open decided
    std::string chosen;
    std::string theirs_by, theirs_version;
    std::string ours_by, ours_at;  ///< of the last change here; "" if it came with the first load
    std::string opened_at, decided_at, decided_by;
    /// Of a conflict about a deletion: the side that has deleted the record, ours or theirs.
    /// `fields` are then what the other side has changed.
    std::string deleted;
    std::vector<ConflictField> fields;
};

/// Open conflicts, oldest first; or decided ones, those decided last first; or all, open ones
/// first. The rest narrows it.
struct ConflictQuery {
    enum class State : std::uint8_t { kOpen, kDecided, kAll };
    State state = State::kOpen;
    std::string connection = {}, entity = {};
    std::int64_t record = 0;
    std::string field = {};  ///< a column or a group's name; those about whole records stay in
    std::string kind = {};   ///< as Conflict::kind
    std::string rule = {};   ///< as Conflict::rule
    std::int64_t limit = 100, offset = 0;
};
[[nodiscard]] Result<std::vector<Conflict>> list_conflicts(const replica::Database& db,
                                                           const ConflictQuery& query);
/// kNotFound unless the connection syncs a column, or group of columns, of that name; of an entity.
/// "" is any.
[[nodiscard]] Result<> check_field(const replica::Database& db, const std::string& connection,
                                   const std::string& entity, const std::string& field);
/// kNotFound if there is none of that id.
[[nodiscard]] Result<Conflict> get_conflict(const replica::Database& db, std::int64_t id);

/// kSame and kApart answer a question of the kind `match`: their record is ours, or another one.
enum class Side : std::uint8_t { kOurs, kTheirs, kSame, kApart };

/// Decides an open conflict, or chooses the other value of a decided one: `kTheirs` writes their
/// value here (history names `actor`), `kOurs` makes ours the value to be pushed. In one
/// transaction. `db` is opened with Access::kEngine. kConflict if the record has changed meanwhile
/// in the group; kNotFound; kInvalid if the side is no answer to the question. An answer to `match`
/// is carried out by the next cycle, which reads their record.
[[nodiscard]] Result<> resolve(const replica::Database& db, const Clock& clock, Random& random,
                               std::int64_t id, Side side, const std::string& actor);

/// Many conflicts at once: open ones that fit all that is given. With kOurs and kTheirs those about
/// values, with kSame and kApart the questions of the kind `match`. What wants to be looked at one
/// by one is left: deletions, and for kSame whoever may be more than one record.
struct ManyConflicts {
    std::string connection = {}, entity = {};
    std::string field = {};          ///< values only: a column or a group's name
    std::string rule = {};           ///< matches only: by what they are alike, such as "email"
    std::string opened_before = {};  ///< canonical form; "" = any
};
struct ManyDecided {
    std::int64_t run = 0;  ///< to undo it by; 0 for a preview, or if there was nothing to decide
    std::int64_t decided = 0;                            ///< or would be
    std::int64_t left = 0;                               ///< fit, but are not decided so
    std::vector<std::pair<std::int64_t, Error>> failed;  ///< at most kManyListMax are listed
    std::int64_t failed_total = 0;
    std::vector<Conflict> conflicts;  ///< the first kManyListMax, as they were
    /// How many by (connection, entity, group); by (connection, entity, rule) if they are matches.
    std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> groups;
};
inline constexpr std::size_t kManyListMax = 100;

/// What decide_many() would decide now. kInvalid for a filter that the side has no use for.
[[nodiscard]] Result<ManyDecided> preview_many(const replica::Database& db,
                                               const ManyConflicts& which, Side side);
/// Decides each as resolve() does, all under one run. In short transactions,
/// so that nobody who writes has to wait long: what stops it leaves the rest open. `db` is opened
/// with Access::kEngine. `how_far` is told in conflicts.
[[nodiscard]] Result<ManyDecided> decide_many(const replica::Database& db, const Clock& clock,
                                              Random& random, const ManyConflicts& which, Side side,
                                              const std::string& actor, const HowFar& how_far = {});

/// Takes such a run back: its conflicts are open again, and where theirs was taken the value from
/// before stands here again. Not where the value has been changed, sent or decided anew since; and
/// who is who only until a cycle has acted on the answer.
struct Reopened {
    std::int64_t reopened = 0;        ///< or would be
    std::int64_t kept = 0;            ///< cannot be, any more
    std::vector<Conflict> conflicts;  ///< the first kManyListMax that are, or would be
    std::vector<Conflict> kept_list;  ///< the first kManyListMax of the others
};
/// kNotFound if the run decided nothing. `how_far` is told in conflicts, unless it is a preview.
[[nodiscard]] Result<Reopened> reopen_run(const replica::Database& db, const Clock& clock,
                                          Random& random, std::int64_t run, bool preview,
                                          const std::string& actor, const HowFar& how_far = {});

/// What a remote refused, and why.
struct Blocked {
    std::int64_t link = 0;
    std::string connection, stream, entity;
    std::int64_t record = 0;
    std::string ext_id;
    std::string op, status, code, field, message, other_id, since, retry_at;
    std::string column;  ///< ours that `field` means, "" if it is about none
    std::int64_t attempts = 0;
};
[[nodiscard]] Result<std::vector<Blocked>> list_blocked(const replica::Database& db,
                                                        std::int64_t limit, std::int64_t offset);
/// Makes blocked records pushable again; all of them if `link` is nullopt. Returns how many.
[[nodiscard]] Result<std::int64_t> retry_blocked(const replica::Database& db,
                                                 std::optional<std::int64_t> link);

/// Pull-only until this is set, once a person has seen what would be pushed. kNotFound.
[[nodiscard]] Result<> set_push(const replica::Database& db, const std::string& connection,
                                bool enabled);
/// Clears the stop that a mismatch or guard has set. kNotFound.
[[nodiscard]] Result<> resume(const replica::Database& db, const std::string& connection);

}  // namespace kontor::engine
