#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/cli/failure.hpp"

namespace kontor::cli {

class Context;

/// What a shell may offer in a place.
enum class Complete : unsigned char { kNothing, kFile, kFolder, kConnection, kEntity, kWords };

/// One option. Its text in the catalogue is `cli.option.NAME`, or `cli.option.COMMAND.NAME` if
/// there is one.
struct OptionSpec {
    std::string_view name;        ///< without the dashes
    char letter = 0;              ///< short form, 0 = none
    std::string_view value = {};  ///< placeholder of its value, "" for a flag
    bool repeat = false;
    Complete complete = Complete::kNothing;
    std::string_view words = {};  ///< kWords: choices, separated by spaces; others are refused
};

struct ArgumentSpec {
    std::string_view name;  ///< upper case, as in the usage line
    bool required = true;
    bool repeat = false;
    Complete complete = Complete::kNothing;
    std::string_view words = {};
};

/// One example. Its text is `cli.example.COMMAND.N`, N from 1.
struct ExampleSpec {
    std::string_view command;
};

/// What a command does; the exit code where it got through.
using Handler = Outcome<Exit> (*)(Context&);

/// One command. The one place from which the parser, `--help`, man pages and completions come.
/// Texts: `cli.command.PATH` (one line) and, where there is more to say, `cli.about.PATH`; in keys
/// the spaces of a path are dots.
struct CommandSpec {
    std::string_view path;  ///< "sync", "config check"
    std::span<const ExampleSpec> examples;
    std::span<const ArgumentSpec> arguments;
    std::span<const OptionSpec> options;
    Handler run = nullptr;  ///< null for a group of commands
    bool hidden = false;
};

/// All commands in the order of the help text; groups come before their members.
[[nodiscard]] std::span<const CommandSpec> command_table();

/// Options that every command takes.
[[nodiscard]] std::span<const OptionSpec> global_options();

/// The command of that path, nullptr if there is none.
[[nodiscard]] const CommandSpec* find_command(std::string_view path);

/// "config check" → "config.check": how texts of a command are called.
[[nodiscard]] std::string text_key(std::string_view path);

}  // namespace kontor::cli
