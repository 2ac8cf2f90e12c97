#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// The part of the catalogue about answering who is who. Lives for ever.
[[nodiscard]] std::span<const Text> match_texts();

}  // namespace kontor::messages
