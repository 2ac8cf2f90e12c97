#pragma once

#include <span>

#include "daemon/messages/messages.hpp"

namespace kontor::messages {

/// The part of the catalogue about replies and bounces. Lives for ever.
[[nodiscard]] std::span<const Text> mailbox_texts();
/// What mistakes in [mailbox] and mail servers' answers are called: for localized().
[[nodiscard]] std::span<const Text> mailbox_sentences();

}  // namespace kontor::messages
