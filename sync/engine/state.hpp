#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/engine/context.hpp"
#include "sync/engine/rows.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/oscillation.hpp"
#include "sync/replica/links.hpp"

/// Rows of the link, shadow, intent and conflict tables, read and written one at a time. All
/// functions throw Failure; those that write need an open write transaction.
namespace kontor::engine {

struct Link {
    std::int64_t id = 0;
    std::int64_t stream = 0;
    std::int64_t record = 0;
    std::string ext_id;  ///< "" = not created there
    std::string key;     ///< what it is called there, where that is not its uid (record_key.hpp)
    std::string version;
    std::int64_t covers = 0;
    replica::LinkState state = replica::LinkState::kLive;
    bool operator==(const Link&) const = default;
};

[[nodiscard]] std::optional<Link> link_by_ext(Sql& sql, std::int64_t stream, std::string_view ext);
[[nodiscard]] std::optional<Link> link_by_record(Sql& sql, std::int64_t stream,
                                                 std::int64_t record);
[[nodiscard]] std::optional<Link> link_by_id(Sql& sql, std::int64_t id);
/// The record that had the remote id is there no more, so far as is known here.
[[nodiscard]] bool is_gone(const Link& link);
/// A link without remote id, to be pushed. `key`: see Link.
void add_unsent_link(Sql& sql, std::int64_t stream, std::int64_t record, std::string_view key = {});
/// Writes nothing if nothing is different. `stored`: as it is in the database.
void save_link(Sql& sql, const Link& link, const Link& stored);
void save_link(Sql& sql, const Link& link);
/// `more` live links with a remote id: for whoever writes them not through this file.
void count_records(Sql& sql, std::int64_t stream, std::int64_t more);
void mark_dirty(Sql& sql, std::int64_t link);
void clear_dirty(Sql& sql, std::int64_t link);
/// It may be tried again. A create of unknown fate stays listed: a person must say.
void unblock(Sql& sql, std::int64_t link);
/// Link, shadow, waiting, intents, conflicts and blocks of it.
void forget_link(Sql& sql, std::int64_t link);

struct Shadow {
    merge::GroupValues theirs, ours;
    bool waits = false;
    bool operator==(const Shadow&) const = default;

    /// Absent `theirs` say that nothing is known of what the remote holds. `ours` are then absent
    /// too, or what stood here before somebody edited it.
    [[nodiscard]] bool unknown() const;
    /// True if `local` was typed here since: the remote has not been told, as far as we know.
    [[nodiscard]] bool edited(const merge::GroupValues& local) const;
    [[nodiscard]] static Shadow nothing_known(const GroupPlan& group);
    [[nodiscard]] static Shadow edit_of_unknown(merge::GroupValues before);
};
using Shadows = std::map<std::int64_t, Shadow>;  ///< by group

[[nodiscard]] Shadows shadows_of(Sql& sql, std::int64_t link);
void save_shadow(Sql& sql, std::int64_t link, std::int64_t group, const Shadow& shadow);
void drop_shadow(Sql& sql, std::int64_t link, std::int64_t group);
void drop_shadows(Sql& sql, std::int64_t link);

/// Values of one group as sent.
struct SentGroup {
    std::int64_t group = 0;
    merge::GroupValues values;
};
[[nodiscard]] std::string encode_sent(const std::vector<SentGroup>& groups);
[[nodiscard]] std::vector<SentGroup> decode_sent(std::string_view bytes);

struct Intent {
    std::int64_t id = 0;
    std::int64_t link = 0;
    std::string op;  ///< create update delete
    std::vector<SentGroup> sent;
    std::string key, base_version;
    /// sent unknown acked parked; refused: said to be not carried out, for the record had changed
    std::string state;
    std::string version;
    std::optional<Instant> at = {};  ///< when it was written down, by our clock; of stored ones
};
[[nodiscard]] std::vector<Intent> intents_of(Sql& sql, std::int64_t link);
/// True if it is not known of an intent of the link whether it was carried out.
[[nodiscard]] bool unsettled(Sql& sql, std::int64_t link);
std::int64_t add_intent(Context& context, const Intent& intent);
void set_intent_state(Sql& sql, std::int64_t id, std::string_view state, std::string_view version);
void drop_intent(Sql& sql, std::int64_t id);
void drop_intents(Sql& sql, std::int64_t link);

struct OpenConflict {
    std::int64_t id = 0;
    std::string kind;
    std::string rule;  ///< why it is a question
    bool has_base = false;
};
/// The open conflict of a group (nullopt: of the record as such).
[[nodiscard]] std::optional<OpenConflict> open_conflict(Sql& sql, std::int64_t link,
                                                        std::optional<std::int64_t> group);
/// What the remote showed when it was opened or refreshed last.
[[nodiscard]] std::optional<merge::GroupValues> conflict_theirs(Sql& sql, std::int64_t conflict);
[[nodiscard]] bool has_open_conflicts(Sql& sql, std::int64_t link);
/// Of values, not of the record as such.
[[nodiscard]] bool has_open_group_conflict(Sql& sql, std::int64_t link);

/// kontor_conflict.kind of a group that two sides fight over (C3).
inline constexpr std::string_view kOscillation = "oscillation";
/// Rule of what a policy would have decided, had no backup been restored: a person does.
inline constexpr std::string_view kAfterRestore = "after_restore";
/// Rule of what concerns a lead that became another record there, and was not deleted.
inline constexpr std::string_view kConvertedThere = "converted_there";

/// What happened to a field within the last day and since a person last decided about a fight over
/// it, newest first (a bounded number), as seen from the link's remote.
[[nodiscard]] std::vector<merge::Turn> field_turns(Context& context, const StreamPlan& plan,
                                                   const Link& link, std::int64_t group,
                                                   std::int64_t field);

struct ConflictSides {
    std::optional<merge::GroupValues> base;
    merge::GroupValues ours, theirs;
    std::string theirs_version, theirs_by;
};
/// Opens a conflict, or refreshes the open one of the same group. `chosen` empty: open for a
/// person; else it is recorded as decided by `rule`. True if a new row was made.
bool record_conflict(Context& context, const StreamPlan& plan, const Link& link,
                     std::optional<std::int64_t> group, std::string_view kind,
                     const ConflictSides& sides, std::string_view rule, std::string_view chosen);
void close_conflict(Context& context, std::int64_t id, std::string_view chosen,
                    std::string_view rule, std::string_view decided_by);
/// Closes what has become moot: the question about the record as such, or those about its groups.
void close_record_conflict(Context& context, std::int64_t link, std::string_view rule);
void close_group_conflicts(Context& context, std::int64_t link, std::string_view rule);
/// Decides those about its groups for what stands here; the other value can still be taken.
void keep_ours(Context& context, std::int64_t link, std::string_view rule);

/// put(columns) of a group for a row.
[[nodiscard]] merge::GroupValues put_group(const GroupPlan& group, const Row& row,
                                           const merge::References& references);

/// What kontor_meta has under `prefix`, which ends in ':', by the rest of the key.
[[nodiscard]] std::map<std::string, std::string> meta_under(Sql& sql, const std::string& prefix);

}  // namespace kontor::engine
