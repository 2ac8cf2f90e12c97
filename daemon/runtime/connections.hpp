#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "daemon/runtime/worker.hpp"

namespace kontor::app {

/// The workers of all configured connections. Thread-safe.
class Connections {
public:
    explicit Connections(Worker::Parts parts) : parts_(std::move(parts)) {}

    struct Changes {
        std::vector<std::string> started, stopped, changed;
    };
    /// Starts, stops and replaces workers as the configuration says; those whose settings are the
    /// same go on undisturbed; if a secret of theirs has become another, they count as changed and
    /// use it from their next sync on. Waits for what it stops: not for the loop's thread.
    Changes apply(const config::Config& config);
    /// Asks all to stop, then waits for them.
    void stop();

    /// nullptr if there is none of that name.
    [[nodiscard]] std::shared_ptr<Worker> find(const std::string& name) const;
    [[nodiscard]] std::vector<std::shared_ptr<Worker>> all() const;

private:
    const Worker::Parts parts_;
    std::mutex applying_;
    mutable std::shared_mutex mutex_;
    std::map<std::string, std::shared_ptr<Worker>> workers_;
};

}  // namespace kontor::app
