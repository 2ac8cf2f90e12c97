#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "config/config.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::app {

/// Opens remotes; the seam through which tests bring their own. Thread-safe.
class RemoteFactory {
public:
    virtual ~RemoteFactory() = default;
    struct Wishes {
        std::stop_token stop;  ///< ends all waiting
        /// What fails for a passing reason is tried again for minutes; else once, for a person
        /// waits.
        bool patient = false;
        /// A step's name (load, wait …), how much is done, of how much (0 = not known).
        std::function<void(const std::string&, std::int64_t, std::int64_t)> on_progress = {};
    };
    /// Loads the plugin and opens the connection; no network yet.
    [[nodiscard]] virtual Result<std::unique_ptr<remote::Remote>> open(
        const config::Connection& connection, const Wishes& wishes) = 0;
};

}  // namespace kontor::app
