#pragma once

#include <string>

#include "tests/simulation/device.hpp"
#include "tests/simulation/server.hpp"

namespace kontor::simulation {

/// What a replica holds and what it has to say and to ask, as lines that two runs can be compared
/// by: records are named, not numbered, and nothing depends on when it happened. History counts
/// too: each change stands there once.
[[nodiscard]] std::string summary_of(const Device& device);

/// The field of a stream that names its records.
[[nodiscard]] const char* name_field(const std::string& stream);

/// What a remote holds, likewise; deleted records too.
[[nodiscard]] std::string summary_of(const Server& server);

}  // namespace kontor::simulation
