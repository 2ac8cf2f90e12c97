#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "config/load.hpp"
#include "daemon/exit_codes.hpp"
#include "daemon/messages/messages.hpp"

namespace kontor::app {

/// What kontord was called with.
struct Arguments {
    config::Flags flags;
    bool check_config = false;  ///< only check the configuration, then end
};

/// Reads the words of the command line. If nothing is to be run (help, version, a mistake), says so
/// on `out` or `err`, in `language`, and sets `ends` to the exit code.
[[nodiscard]] Arguments read_arguments(int argc, const char* const* argv,
                                       messages::Language language, std::ostream& out,
                                       std::ostream& err, std::optional<Exit>& ends);

}  // namespace kontor::app
