#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/cli/cancel.hpp"

namespace kontor::test {

class FakeDaemon;

/// One run of the kontor program inside the test, with its own streams and environment.
struct Runner {
    std::map<std::string, std::string> env = {{"LANG", "en_US.UTF-8"}};
    std::vector<std::string> typed;  ///< lines that a person types; a terminal if not empty
    bool terminal = false;           ///< stdout is one, 80 columns wide
    cli::Cancel cancel;

    std::string out;
    std::string err;

    /// Returns the exit code.
    int run(const std::vector<std::string>& words);
    /// The same with that daemon's socket named.
    int run_at(const FakeDaemon& daemon, std::vector<std::string> words);
};

}  // namespace kontor::test
