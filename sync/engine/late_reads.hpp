#pragma once

#include <chrono>
#include <cstdint>

#include "sync/engine/puller.hpp"

namespace kontor::engine {

/// For how long after a change a remote's reads by id may still show what was there before it,
/// since a copy answers them that lags behind. Two kinds of remotes show a record older than it
/// is known here: such a one for a while, and one that was set back from then on.
inline constexpr std::chrono::minutes kReadsLag{10};

/// What to make of an error of Merger::refuse_older(): itself (kMismatch) if reads that lag do not
/// explain it, since what is known there is older than that or since the record has been shown so
/// for as long; else kUnavailable, and the record is remembered for look_again(). Other errors come
/// back as they are. Needs no open transaction.
[[nodiscard]] Error set_back_or_late(Context& context, std::int64_t connection, Error error);

/// Before anything else of the connection is read: reads the record once more that was too old when
/// it was read last, if it is of `plan`. Throws Failure as a merge does if it still is, and as the
/// remote does. Where the right to read it is withdrawn, it is not looked for again.
void look_again(Context& context, const StepPorts& ports, const StreamPlan& plan,
                StreamCounts& counts);
/// A person has accepted what answers now.
void forget_late_read(Sql& sql, std::int64_t connection);

}  // namespace kontor::engine
