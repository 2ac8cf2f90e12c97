#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// What is wrong with a description of a REST CRM, and what goes wrong with one, as templates for
/// localized().
[[nodiscard]] std::span<const Text> description_sentences();

}  // namespace kontor::messages
