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

/// What is to be decided from now on, and who wants it when.
struct Decided {
    merge::Policy take = merge::Policy::kRemote;  ///< or kLocal
    std::string by, at;
};
/// The text of a mapping file with that decision standing for the group, in each stream of the
/// entity, or with none (nullopt). A person's comments and layout stay, unless the group is written
/// in a way that leaves no line to put it in. nullopt exactly if something was added to `problems`.
[[nodiscard]] std::optional<std::string> with_standing(
    std::string_view text, const std::string& file, const std::string& connection,
    const std::string& entity, const std::string& group, const std::optional<Decided>& decided,
    Problems& problems);

}  // namespace kontor::config
