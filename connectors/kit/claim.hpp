#pragma once

#include <string>

#include "sync/remote/remote.hpp"

namespace kontor::kit {

/// What a push says of one change, by the port's contract.
enum class Claim : std::uint8_t {
    kDone,     ///< carried out
    kNotDone,  ///< surely not carried out
    kUnsure,   ///< only the remote can tell
};

/// The first result of a push of one change, or its error.
using Pushed = Result<remote::PushResult>;

[[nodiscard]] Claim claim_of(const Pushed& pushed, remote::ChangeOp op);

/// "ok", "invalid MANDATORY_NOT_FOUND: …", "rate_limited: …"
[[nodiscard]] std::string words_of(const Pushed& pushed);

}  // namespace kontor::kit
