#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// The part of the catalogue about `kontor connector try`. Lives for ever.
[[nodiscard]] std::span<const Text> try_texts();

}  // namespace kontor::messages
