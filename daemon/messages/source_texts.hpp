#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// Texts of survey services, and the mistakes in [[source]] tables as templates for localized().
[[nodiscard]] std::span<const Text> source_texts();
[[nodiscard]] std::span<const Text> source_sentences();

}  // namespace kontor::messages
