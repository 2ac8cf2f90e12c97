#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sync/base/clock.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/rows.hpp"
#include "sync/engine/state.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/merge/lens.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// Begins a new epoch: this file is not the one that last spoke to its remotes, but an older state
/// of it (a restored backup) or a copy. Whoever restores calls this before anything syncs.
///
/// All that is known of the remotes may be out of date, and what had been sent since is not known
/// at all. So every stream is read again from the start, and compared by its list of ids, before
/// anything of it is pushed; what had not been sent when the backup was made then meets what the
/// remote holds now as any edit does. Increments (`sum`, `append`) ask, for they may have been
/// added already. Creates that a key does not identify wait for a person (see doubt_creates). `db`
/// is opened with Access::kEngine. Returns the new epoch.
[[nodiscard]] Result<std::int64_t> start_epoch(const replica::Database& db);

/// B5. A person says that what answers at the connection's address now is what to go on with:
/// another organisation, or one that was set back to an older state. Nothing is known of it: links
/// stay, but as ids to look for, uncovered; each comes to life with the first image that has its
/// id. Nothing is deleted on either side: what the new organisation does not have stays here, and
/// deletions that the old one was not told are dropped. Both sides' values are compared without a
/// base. Open questions and intents concerned the old one and are closed. Everything is read again,
/// and pushing is off until it is switched on anew. kNotFound.
///
/// `missing`: what is to become of records that are here and that it does not have. Those of a
/// remote that lost what came after its backup are sent as new ones, under their old keys; without
/// keys they might be there twice, so streams that have none keep theirs here.
enum class Missing { kStay, kSend };
[[nodiscard]] Result<> accept_remote(const replica::Database& db, const Clock& clock,
                                     const std::string& connection, const std::string& actor,
                                     Missing missing = Missing::kStay);

/// True from the first start_epoch() on.
[[nodiscard]] bool was_restored(Sql& sql);
/// True while a stream has not been read again since one of the above.
[[nodiscard]] bool is_unread(Sql& sql, std::int64_t stream);
/// True from accept_remote() with Missing::kSend until introduce_missing().
[[nodiscard]] bool sends_missing(Sql& sql, std::int64_t stream);
/// In a transaction of its own.
void mark_read(Context& context, const StreamPlan& plan);

/// After Missing::kSend, once a stream has been read and so have all that may refer to it: what it
/// lacks becomes new to it. Not before: what a referrer holds is known by then, and names the ids
/// that are gone, which are not those of what is sent anew. `streams`: all of the connection that
/// are synced, this time or not; `closed`: those of them that we may not read, so that nobody waits
/// for them. In transactions of its own; once more does no harm.
void introduce_missing(Context& context, const std::vector<const StreamPlan*>& streams,
                       const std::vector<const StreamPlan*>& closed);
/// Those of `some` that may be pushed: that have been read, and whose records refer to none that
/// are still to be introduced so, by ids that nobody has. `streams`: as above.
[[nodiscard]] std::vector<const StreamPlan*> ready_to_push(
    Sql& sql, const std::vector<const StreamPlan*>& some,
    const std::vector<const StreamPlan*>& streams);

/// Throws Failure (kCancelled) if a person has accepted the remote since the cycle of `connection`
/// began: what that has read and still would write is no longer what the replica goes by.
void refuse_if_accepted(Sql& sql, std::int64_t connection);

/// True if `theirs` stood here after `known` did, and an edit made since the restore has replaced
/// it: an edit of what the replica's user saw, whoever of us had brought it to the remote in the
/// time that was lost. `row` is the record as it is now, `known` the group's last known local side
/// (Shadow::ours); nullopt if there is none, as in a record that the backup had not sent yet.
[[nodiscard]] bool replaced_since_restore(Context& context, const StreamPlan& plan,
                                          const GroupPlan& group, std::int64_t record, Row row,
                                          const std::optional<merge::GroupValues>& known,
                                          const merge::GroupValues& theirs,
                                          const merge::References& references);

/// B5. A remote has made a new record under the id of `lost`, which is another one here: it no
/// longer has that one, so it was set back. The id is free afterwards; what
/// is here stays as it is, known to be missing there. Needs an open write transaction.
void lose_id(Context& context, const StreamPlan& plan, const Link& lost);
/// The same of one that is_gone(): nothing new. Open questions about what is kept here stay.
void give_up_id(Context& context, const StreamPlan& plan, const Link& gone);
/// Throws Failure (kMismatch) after lose_id(), until a person has accepted the remote.
void refuse_if_ids_lost(Sql& sql, std::int64_t connection);

/// Before an unread stream is read: what waits to be created there may have been created in the
/// time that was lost. With a key the read tells. Without, each gets a parked intent with its
/// values, so that a record of ours that equals it is recognised, and is blocked until then.
void doubt_creates(Context& context, const StreamPlan& plan);

}  // namespace kontor::engine
