#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// Texts of surveys, and the mistakes in their files as templates for localized().
[[nodiscard]] std::span<const Text> feedback_texts();
[[nodiscard]] std::span<const Text> survey_sentences();

}  // namespace kontor::messages
