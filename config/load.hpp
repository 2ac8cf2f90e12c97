#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/paths.hpp"
#include "config/problem.hpp"
#include "config/table_reader.hpp"

namespace kontor::config {

/// What the command line said; "" = not given.
struct Flags {
    std::string config;  ///< this file instead of the system's and the user's
    std::string state_dir;
    std::string socket;
    std::string log_level;
    std::string log_format;
    std::string language;
};

/// A configuration and all that is wrong with it. `config` may only be used if `problems` is empty.
struct Loaded {
    Config config;
    Problems problems;
    Origins origins;                 ///< which file, variable or flag said what
    std::vector<std::string> files;  ///< read, in order
    std::string folder;              ///< where new connections are written (its conf.d)
};

/// Layers, the later over the earlier: defaults, system file and its conf.d/*.toml in name order,
/// user file and its conf.d, KONTOR_* variables, flags. Files and folders that are not there are
/// skipped, except one that was named; those that cannot be read are a problem. All paths in the
/// result are filled in and absolute.
[[nodiscard]] Loaded load(const Flags& flags, const Environment& environment, bool is_root);

}  // namespace kontor::config
