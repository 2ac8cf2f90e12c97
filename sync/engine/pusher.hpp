#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sync/engine/context.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/puller.hpp"
#include "sync/engine/state.hpp"

namespace kontor::engine {

/// What a link has to tell its remote now.
struct PlannedPush {
    Link link;
    remote::ChangeOp op = remote::ChangeOp::kUpdate;
    std::vector<SentGroup> groups;
    /// A value that must not be sent: the record is blocked instead.
    struct Refusal {
        std::string column, code, message;
        explicit operator bool() const { return !code.empty(); }
    } refused;
    /// Some groups wait for the remote id of another record, or for the remote to show what it has.
    bool waits = false;

    [[nodiscard]] bool empty() const {
        return op == remote::ChangeOp::kUpdate && groups.empty() && !refused;
    }
};

/// Derives it: groups whose map(local) differs from `ours` of their shadow row, are covered,
/// writable, resolvable, not parked, and have no push of unknown outcome. nullopt: nothing to tell,
/// or it must wait. Needs an open transaction. `force`: a create goes without the references that
/// wait (a cycle of new records).
[[nodiscard]] std::optional<PlannedPush> plan_push(Context& context, const StreamPlan& plan,
                                                   const Link& link, bool force = false);

/// Pushes what one stream has to tell, in batches: look at the remote's images, plan, commit the
/// intents, send, settle. `allow` of a kind of change false: leave those alone.
struct PushPass {
    bool creates = true, updates = true, deletes = true;
    bool force_creates = false;
};
/// Returns the number of changes that were carried out. Throws Failure.
std::int64_t push(Context& context, const StepPorts& ports, const StreamPlan& plan,
                  const remote::Capabilities& can, const PushPass& pass, StreamCounts& counts);

/// Calls `each` with what the stream's links would send now, or be refused for. Needs an open
/// transaction.
void for_each_push(Context& context, const StreamPlan& plan,
                   const std::function<void(const PlannedPush&)>& each);

/// How much a push would do; for the mass-change guard.
struct PushForecast {
    std::int64_t creates = 0, updates = 0, deletes = 0;
};
[[nodiscard]] PushForecast forecast_push(Context& context, const StreamPlan& plan);

/// Settles intents that an earlier run left open by asking the remote, before anything else is
/// sent. Throws Failure.
void recover(Context& context, const StepPorts& ports, const StreamPlan& plan,
             const remote::Capabilities& can, StreamCounts& counts);

/// After recover() and a pull of the stream that went through: a create whose fate neither a key
/// nor the pull could tell waits for a person (created again it might be there twice); other
/// changes that could not be asked for were not carried out. Throws Failure.
void give_up_doubt(Context& context, const StreamPlan& plan, const remote::Capabilities& can);

/// Before a stream is read that is unread (see start_epoch()) or of a replica that was restored:
/// what waits to be created there may have been created in the time that was lost. Lists may not
/// show it yet, and not every remote takes a create under the same key for the same record; so the
/// remote is asked for the keys. While the stream is unread, for all; later for what was not born
/// here, as another remote may have brought it back since. Throws Failure.
void look_for_unsent(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     const remote::Capabilities& can, StreamCounts& counts);

/// Once an accepted remote has been read, before what it lacks becomes new to it (see
/// introduce_missing()): its lists may lag, so it is asked for the keys of that. Throws Failure.
void look_for_missing(Context& context, const StepPorts& ports, const StreamPlan& plan,
                      const remote::Capabilities& can, StreamCounts& counts);

}  // namespace kontor::engine
