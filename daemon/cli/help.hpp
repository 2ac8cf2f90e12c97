#pragma once

#include <string>

#include "daemon/cli/spec.hpp"

namespace kontor::cli {

/// What `kontor COMMAND --help` prints: examples first, then usage, explanation and options.
/// `bold` marks headings. nullptr: the program as a whole with its commands.
[[nodiscard]] std::string help_text(const CommandSpec* command, messages::Language language,
                                    bool bold);

/// "kontor list ENTITY [OPTIONS]".
[[nodiscard]] std::string usage_line(const CommandSpec& command);

/// "-n, --dry-run" or "--limit N".
[[nodiscard]] std::string option_names(const OptionSpec& option);

/// The text of an option of a command (nullptr: a global one).
[[nodiscard]] std::string option_text(const OptionSpec& option, const CommandSpec* command,
                                      messages::Language language);

/// The text of the example numbered from 1; "" if there is none.
[[nodiscard]] std::string example_text(const CommandSpec& command, std::size_t number,
                                       messages::Language language);

/// More about a command than its one line; "" if there is none.
[[nodiscard]] std::string about_text(const CommandSpec& command, messages::Language language);

/// Whether `spec` is a visible member of `group` (nullptr: the top).
[[nodiscard]] bool belongs_to(const CommandSpec& spec, const CommandSpec* group);

}  // namespace kontor::cli
