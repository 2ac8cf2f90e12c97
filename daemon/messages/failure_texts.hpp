#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// What libraries say of failures that seldom happen, as templates for localized().
[[nodiscard]] std::span<const Text> failure_sentences();

}  // namespace kontor::messages
