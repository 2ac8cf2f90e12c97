#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// Texts of the form that customers see, and of the e-mails that lead to it.
[[nodiscard]] std::span<const Text> form_texts();

}  // namespace kontor::messages
