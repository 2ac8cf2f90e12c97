#pragma once

#include <string>

#include "daemon/cli/spec.hpp"

namespace kontor::cli {

/// The manual page of a command in roff (man(7)); nullptr: kontor(1) itself.
[[nodiscard]] std::string manual_page(const CommandSpec* command, messages::Language language);

/// "kontor", "kontor-sync", "kontor-config-check".
[[nodiscard]] std::string manual_name(const CommandSpec* command);

}  // namespace kontor::cli
