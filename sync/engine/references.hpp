#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sync/engine/context.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/sql.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/merge/lens.hpp"

namespace kontor::engine {

/// References of one connection, translated through its links. Throws Failure.
class LinkReferences final : public merge::References {
public:
    LinkReferences(Sql& sql, const Plans& plans, std::int64_t connection)
        : sql_(sql), plans_(plans), connection_(connection) {}

    Value remote_id(std::int64_t local_id, std::span<const std::string> streams,
                    std::string* stream_out) const override;
    Value remote_any(std::string_view entity_and_id) const override;
    std::optional<std::int64_t> local_id(std::string_view remote_id,
                                         std::span<const std::string> streams) const override;
    std::optional<std::string> local_any(std::string_view stream_and_id) const override;
    /// What a column holds that `remote` was got into, also where its target has gone there since
    /// or been let go; nullopt if it never was here, or if `field` is no reference.
    [[nodiscard]] std::optional<Value> led_to(const merge::FieldMapping& field,
                                              const Value& remote) const;
    /// The same of what would be sent: a symbol in place of a remote id counts, too.
    [[nodiscard]] std::optional<Value> leads_to(const merge::FieldMapping& field,
                                                const Value& remote) const;

private:
    [[nodiscard]] std::optional<std::int64_t> record_once(std::string_view stream,
                                                          std::string_view ext_id) const;

    Sql& sql_;
    const Plans& plans_;
    std::int64_t connection_;
};

/// True if `theirs` refers to a record that has not arrived.
[[nodiscard]] bool waits_for_target(const merge::FieldMapping& field, const Value& theirs,
                                    const merge::References& references);
/// `local`, with theirs in place of each reference that waits: what theirs was answered with.
[[nodiscard]] merge::GroupValues answer(const GroupPlan& group, const merge::GroupValues& theirs,
                                        merge::GroupValues local,
                                        const merge::References& references);

/// The record that a symbolic value names, in a stream of the connection that maps its entity.
struct NamedRecord {
    const StreamPlan* plan = nullptr;
    std::int64_t record = 0;
};
[[nodiscard]] std::optional<NamedRecord> named_by(const Plans& plans, std::int64_t connection,
                                                  const Value& symbol);

/// Why a new record is blocked that waits for another one which is stuck itself.
inline constexpr std::string_view kParentCode = "KONTOR_PARENT";

/// Remembers that a group of `link` waits for record `ext_id` of one of `streams`.
void wait_for(Sql& sql, const Plans& plans, std::int64_t connection, std::int64_t link,
              std::int64_t group, const merge::FieldMapping& field, const Value& theirs);

/// What it waited for has come or been asked, or does not matter any more. Needs an open write
/// transaction, as does wait_for().
void wait_no_longer(Sql& sql, std::int64_t link, std::int64_t group);

/// Before the remote id of `record` in `plan`'s stream changes or goes: referrers whose group has
/// no shadow row get one with the value that the remote is still known to hold (clause c).
void pin_referrers(Sql& sql, const Plans& plans, const StreamPlan& plan, std::int64_t record);

/// Before the link of `record` is forgotten that was deleted here, while the remote may show it
/// yet: referrers that are known to lead to it there wait for it, as for one that has not arrived.
void await_again(Sql& sql, const Plans& plans, const StreamPlan& plan, std::int64_t record);

/// What pin_referrers() does, for all records of `plan`'s stream whose ids an accepted remote has
/// not shown (B5). In transactions of its own, so that others write between them; once more does no
/// harm.
void pin_referrers_of_missing(Context& context, const StreamPlan& plan);

/// True if records of `plan`'s stream may refer to those of `target`'s, of the same connection.
[[nodiscard]] bool refers_to(const StreamPlan& plan, const StreamPlan& target);

/// After `record` got its remote id: its referrers may have something to push now.
void wake_referrers(Sql& sql, const Plans& plans, const StreamPlan& plan, std::int64_t record);

/// The link is no longer taken for one that waits for a parent (D6). If it does, the next push says
/// so again.
void wait_no_longer(Sql& sql, std::int64_t link);

/// After `record` has come to be here: who was blocked for referring to nobody may mean it.
void refer_to_somebody(Sql& sql, const Plans& plans, const StreamPlan& plan, std::int64_t record);

/// After `record` was deleted here: who was held up by it (D6) refers to nothing any more.
void wait_for_parent_no_longer(Sql& sql, const Plans& plans, const StreamPlan& plan,
                               std::int64_t record);

}  // namespace kontor::engine
