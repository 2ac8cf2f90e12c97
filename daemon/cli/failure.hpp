#pragma once

#include <string>
#include <tl/expected.hpp>

#include "daemon/exit_codes.hpp"
#include "daemon/messages/messages.hpp"

namespace kontor::cli {

/// Why a command ended early: what a person reads, and what a script reads.
struct Failure {
    Exit exit = Exit::kFailed;
    std::string code;     ///< stable: an Errc name, or one of usage, unreachable
    std::string message;  ///< in the person's language
    std::string hint;     ///< what to do next; may be empty
    messages::Args args = {};
};

template <class T = void>
using Outcome = tl::expected<T, Failure>;

/// The user called the program wrongly. `key` is a text of the catalogue.
[[nodiscard]] tl::unexpected<Failure> usage(messages::Language language, std::string_view key,
                                            const messages::Args& args = {}, std::string hint = {});

/// A failure of ours with a catalogue text and an optional hint text.
[[nodiscard]] Failure failed(messages::Language language, Exit exit, std::string code,
                             std::string_view key, const messages::Args& args = {},
                             std::string_view hint_key = {});

/// From a library's error.
[[nodiscard]] Failure failure_of(messages::Language language, const Error& error);

/// The code of that name; nullopt for unknown ones.
[[nodiscard]] std::optional<Errc> errc_of(std::string_view code);

/// Exit code of an API problem's code (an Errc name); kFailed for unknown ones.
[[nodiscard]] Exit exit_of(std::string_view code);

}  // namespace kontor::cli
