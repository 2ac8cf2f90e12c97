#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "sync/engine/context.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/merger.hpp"
#include "sync/engine/rereads.hpp"

namespace kontor::engine {

/// What the steps of a cycle share beside the context.
struct StepPorts {
    remote::Remote& remote;
    Observer& observer;
    const WriterGate& gate;
    const std::atomic<bool>& cancelled;
};

/// True for an answer of a remote that will be the same the next time: what may not be read, or not
/// so, tells nothing, and nothing waits for it.
[[nodiscard]] constexpr bool tells_nothing(Errc code) {
    return code == Errc::kPermission || code == Errc::kUnsupported;
}

/// Longest engine transaction once others write too.
inline constexpr std::chrono::milliseconds kTransactionMax{50};

/// Pulls one stream from its cursor to now and merges it; the cursor moves in the transaction that
/// applies what it covers, or after the records that must be read by id have been fetched. A remote
/// is never called from within its own pull: where there are many such records, the pull is broken
/// off and taken up again. Throws Failure.
void pull(Context& context, const StepPorts& ports, const StreamPlan& plan,
          const remote::Capabilities& can, StreamCounts& counts);

/// What to make of it if a remote says that it has no record of an id: believe it only after
/// confirm_missing(), believe it, or let it stand open.
enum class Absence { kDoubted, kBelieved, kLeftOpen };

/// Hands the images of some ids to a sink, as Remote::fetch does.
using Fetch = std::function<Result<>(std::span<const std::string> ids, remote::RecordSink& sink)>;

/// Reads records by id and merges them as authoritative images. `first`, if there is one, fetches
/// the first of them in the remote's stead. One that is older than `listed` has it comes from a
/// copy that lags: it is not merged, and the others are before that is an error (kUnavailable).
/// Throws Failure.
void fetch_and_merge(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     std::vector<std::string> ids, StreamCounts& counts,
                     Absence absence = Absence::kDoubted, Fetch first = {},
                     const ListedVersions* listed = nullptr);

/// Reads by id those that `query` names, some at a time, however many there are. It takes the
/// stream, the id to go on after, and how many. Throws Failure.
void read_each(Context& context, const StepPorts& ports, const StreamPlan& plan,
               const std::string& query, StreamCounts& counts, Absence absence);

/// The same as fetch_and_merge() for records with these values of the mapping's key field.
void find_and_merge(Context& context, const StepPorts& ports, const StreamPlan& plan,
                    const std::vector<std::string>& keys, StreamCounts& counts);

}  // namespace kontor::engine
