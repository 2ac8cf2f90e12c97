#pragma once

#include <functional>
#include <optional>
#include <string>

namespace kontor::config {

/// Reads one environment variable; nullopt if it is not set. A seam for tests.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

/// Where things lie by default: systemd's *_DIRECTORY, else XDG (relative values are ignored), else
/// the home directory, else the system's places (also for root without XDG).
struct Paths {
    std::string system_config = "/etc/kontor/kontor.toml";
    std::string user_config;  ///< "" if there is no home
    std::string state_dir;    ///< replica, lock file, caches
    std::string socket;
};
[[nodiscard]] Paths default_paths(const Environment& environment, bool is_root);

/// A path taken from the working directory, without `.` and `..`; as it was given if that
/// directory is gone.
[[nodiscard]] std::string whole_path(const std::string& path);

}  // namespace kontor::config
