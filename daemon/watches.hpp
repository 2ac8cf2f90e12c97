#pragma once

#include <functional>
#include <memory>
#include <string>

#include "connectors/host/unique_fd.hpp"
#include "daemon/loop.hpp"
#include "sync/base/result.hpp"

namespace kontor::app {

/// Tells of writes to one file of a folder, also if the file comes and goes (a write-ahead log).
/// Costs nothing while nothing is written, and next to nothing while much is: each write would wake
/// the loop in the writer's way, so it speaks once, then is silent until asked again. Loop thread.
class FileWatch {
public:
    /// Listens. Without inotify nothing is told; then only the interval finds edits made by plain
    /// SQL.
    FileWatch(Loop& loop, const std::string& folder, std::string name,
              std::function<void()> written);

    /// Listens again, also to what was written meanwhile.
    void listen();

private:
    void drain();

    Loop& loop_;
    host::UniqueFd fd_;
    std::string name_;
    std::function<void()> written_;
    bool watched_ = false;                // by inotify
    std::unique_ptr<Loop::Watch> watch_;  // nullptr while silent
};

/// Tells when the machine's network has come back or changed. The seam through which tests say so
/// themselves. Loop thread.
class NetworkSource {
public:
    virtual ~NetworkSource() = default;
    /// Calls `back` on the loop, some time after a link or address came up. kUnavailable if the
    /// system does not tell; then it is never called.
    [[nodiscard]] virtual Result<> start(Loop& loop, std::function<void()> back) = 0;
};

/// From the kernel (rtnetlink): links and IPv4/IPv6 addresses. Several changes at once are told
/// once, two seconds after the last.
class NetlinkSource final : public NetworkSource {
public:
    [[nodiscard]] Result<> start(Loop& loop, std::function<void()> back) override;

private:
    void drain();

    host::UniqueFd fd_;
    std::function<void()> back_;
    std::unique_ptr<Loop::Watch> watch_;
    std::unique_ptr<Loop::Timer> quiet_;
};

}  // namespace kontor::app
