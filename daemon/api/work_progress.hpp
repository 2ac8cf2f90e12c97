#pragma once

#include "daemon/api/json_io.hpp"
#include "daemon/api/services.hpp"
#include "sync/base/how_far.hpp"

namespace kontor::api {

/// Tells by events (work.progress) how far a request's long work is, if the body has a name for it
/// ("work"); empty if it has none. `stage`: what is done. `services` must outlive it.
[[nodiscard]] Result<HowFar> work_progress(Services& services, const json& body, std::string stage);

}  // namespace kontor::api
