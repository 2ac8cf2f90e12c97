#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/failure.hpp"
#include "daemon/cli/spec.hpp"

namespace kontor::cli {

/// A command line that was understood. A plain value.
class Invocation {
public:
    const CommandSpec* command = nullptr;  ///< null: only global options were given
    std::map<std::string, std::vector<std::string>, std::less<>> options;    ///< by name
    std::map<std::string, std::vector<std::string>, std::less<>> arguments;  ///< by name

    /// Whether a flag or option was given.
    [[nodiscard]] bool has(std::string_view option) const;
    /// The (last) value of an option; `fallback` if it was not given.
    [[nodiscard]] std::string option(std::string_view name, std::string_view fallback = {}) const;
    [[nodiscard]] const std::vector<std::string>& all(std::string_view option) const;
    /// An argument; "" if it was not given.
    [[nodiscard]] std::string argument(std::string_view name) const;
    [[nodiscard]] const std::vector<std::string>& arguments_of(std::string_view name) const;
};

/// Reads a command line (without the program's name) by the command table. A usage failure says
/// what is wrong and, for a mistyped word, what was probably meant. Missing arguments are not
/// looked at when --help is given.
[[nodiscard]] Outcome<Invocation> parse(messages::Language language,
                                        const std::vector<std::string>& words);

/// The value of `--NAME VALUE` or `--NAME=VALUE` among raw words, before `--`: what has to be known
/// (language, JSON) to report that parsing failed.
[[nodiscard]] std::optional<std::string> raw_option(const std::vector<std::string>& words,
                                                    std::string_view name);
[[nodiscard]] bool raw_flag(const std::vector<std::string>& words, std::string_view name);

}  // namespace kontor::cli
