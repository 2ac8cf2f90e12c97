#pragma once

#include <cstdint>
#include <string>

#include "config/problem.hpp"
#include "sync/base/result.hpp"

namespace kontor::feedback {

/// feedback.toml beside the configuration: how this device asks and answers. Everything is off
/// unless it is said; the file need not be there. A plain value.
struct Settings {
    bool pulled_answers = false;  ///< act on answers that came from a remote; one device of a team
};

/// Reads the file; what is wrong becomes a problem.
[[nodiscard]] Settings read_settings(const std::string& file, config::Problems& problems);

/// The settings of a folder, the defaults if the file is not there. kConfig with every mistake.
[[nodiscard]] Result<Settings> load_settings(const std::string& config_folder);

/// feedback.toml in that folder.
[[nodiscard]] std::string settings_path(const std::string& config_folder);

}  // namespace kontor::feedback
