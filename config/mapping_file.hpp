#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/problem.hpp"
#include "sync/merge/mapping.hpp"

namespace kontor::config {

/// Reads a mapping. nullopt exactly if something was added to `problems`.
[[nodiscard]] std::optional<merge::Mapping> parse_mapping(std::string_view text,
                                                          const std::string& file,
                                                          Problems& problems);
[[nodiscard]] std::optional<merge::Mapping> read_mapping(const std::string& file,
                                                         Problems& problems);

/// The mapping as TOML that a person can edit; parse_mapping() reads it back as it was.
[[nodiscard]] std::string write_mapping(const merge::Mapping& mapping,
                                        const std::string& connection);

}  // namespace kontor::config
