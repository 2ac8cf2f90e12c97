#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// The part of the catalogue about jobs. Lives for ever.
[[nodiscard]] std::span<const Text> job_texts();
/// What runs of jobs say of themselves, in the replica: for localized().
[[nodiscard]] std::span<const Text> job_sentences();

}  // namespace kontor::messages
