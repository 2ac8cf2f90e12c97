#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/problem.hpp"
#include "connectors/declarative/description.hpp"

namespace kontor::declarative {

/// Reads and checks the text of a description. nullopt and at least one problem if something is
/// wrong; all that is wrong is told, with file and line. `file` is only for messages.
[[nodiscard]] std::optional<Description> read_description(std::string_view text,
                                                          const std::string& file,
                                                          config::Problems& problems);

}  // namespace kontor::declarative
