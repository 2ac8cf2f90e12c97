#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// The part of the catalogue about the hub of a team. Lives for ever.
[[nodiscard]] std::span<const Text> hub_texts();

}  // namespace kontor::messages
