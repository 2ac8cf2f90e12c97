#pragma once

#include "sync/engine/context.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::engine {

/// Before a stream is loaded for the first time: another connection may have brought its records
/// here already, from the same organisation (a connection that was renamed, or set up twice). Under
/// both, each record would be here twice, and each connection would send what the other has
/// brought. Some of those records are asked for by id, if there is such a connection: one request.
/// Throws Failure: kConflict names the other connection; or what the remote says.
void refuse_same_records(Context& context, remote::Remote& remote, const StreamPlan& plan);

}  // namespace kontor::engine
