#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// The part of the catalogue about folders that are opened to connectors. Lives for ever.
[[nodiscard]] std::span<const Text> folder_texts();

}  // namespace kontor::messages
