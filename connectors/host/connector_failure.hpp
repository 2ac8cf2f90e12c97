#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "sync/base/result.hpp"

namespace kontor::host {

/// What ended a connector's process: kConnector, with what a person reads under `reason` in the
/// catalogue. `what` goes into the arguments as well.
[[nodiscard]] Error connector_failure(const char* reason, std::string message,
                                      std::map<std::string, std::string> what = {});

/// It sent what no frame of this moment may be.
[[nodiscard]] Error broken_protocol(const std::string& how);
/// The sandbox refused a system call.
[[nodiscard]] Error refused_call(const std::string& call);
[[nodiscard]] Error out_of_memory(std::uint64_t limit_mb);
[[nodiscard]] Error out_of_time(std::chrono::seconds limit);
[[nodiscard]] Error fell_silent(std::chrono::milliseconds limit);

/// Its end of the socket pair is closed; why, the status of its process may tell better.
[[nodiscard]] Error closed_its_end();
[[nodiscard]] bool is_closed_end(const Error& error);

/// What the status of wait() tells.
[[nodiscard]] Error ended_with(int wait_status);

}  // namespace kontor::host
