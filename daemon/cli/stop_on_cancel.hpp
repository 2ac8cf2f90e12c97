#pragma once

#include <poll.h>

#include <stop_token>
#include <thread>

#include "daemon/cli/cancel.hpp"

namespace kontor::cli {

/// Turns Ctrl-C into a stop request while it lives.
class StopOnCancel {
public:
    /// `cancel` must outlive it.
    explicit StopOnCancel(const Cancel& cancel)
        : thread_([&cancel, this](const std::stop_token& done) {
              while (!done.stop_requested()) {
                  pollfd wait{cancel.fd(), POLLIN, 0};
                  if (::poll(&wait, 1, kLookMs) > 0) return source_.request_stop();
              }
              return false;
          }) {}
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    static constexpr int kLookMs = 100;
    std::stop_source source_;
    std::jthread thread_;
};

}  // namespace kontor::cli
