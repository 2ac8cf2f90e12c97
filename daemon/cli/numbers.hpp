#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// A whole number of at least 0; a usage failure naming `name` otherwise.
[[nodiscard]] Outcome<std::int64_t> whole_number(messages::Language language,
                                                 const std::string& name, const std::string& value);

/// The number given to an option; nullopt if it was not given.
[[nodiscard]] Outcome<std::optional<std::int64_t>> number_option(Context& context,
                                                                 std::string_view option);
/// The same of one that says how many: at least 1.
[[nodiscard]] Outcome<std::optional<std::int64_t>> count_option(Context& context,
                                                                std::string_view option);

}  // namespace kontor::cli
