#pragma once

#include <atomic>

#include "sync/base/result.hpp"

namespace kontor::cli {

/// Ctrl-C (SIGINT) and SIGTERM as something that can be asked and waited for: a pipe becomes
/// readable. A second signal ends the process at once. At most one object may watch signals.
class Cancel {
public:
    Cancel();
    ~Cancel();
    Cancel(const Cancel&) = delete;
    Cancel& operator=(const Cancel&) = delete;

    /// Installs the signal handlers; they go with the object. kInternal if that fails.
    [[nodiscard]] Result<> watch_signals();

    /// As if Ctrl-C had been pressed. Async-signal-safe.
    void request() noexcept;
    [[nodiscard]] bool requested() const noexcept { return requested_.load(); }
    /// Readable once cancelled.
    [[nodiscard]] int fd() const noexcept { return pipe_[0]; }

private:
    std::atomic<bool> requested_{false};
    int pipe_[2] = {-1, -1};
    bool watching_ = false;
};

}  // namespace kontor::cli
