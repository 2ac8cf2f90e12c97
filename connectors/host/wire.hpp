#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

#include "connectors/frames/frame.hpp"
#include "connectors/host/unique_fd.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// The bytes to and from a connector's process. Tests play the process.
class Wire {
public:
    virtual ~Wire() = default;
    /// The next frame may take its time, from now on.
    virtual void next_frame() = 0;
    /// Exactly `size` bytes.
    [[nodiscard]] virtual Result<> read(char* to, std::size_t size) = 0;
    [[nodiscard]] virtual Result<> write(const frames::Frame& frame) = 0;
};

/// A wire over a socket. Waits for each frame at most `silence`, and a moment once `cancelled`.
/// Errors are the connector's end: see connector_failure.hpp.
class SocketWire final : public Wire {
public:
    SocketWire(UniqueFd socket, std::chrono::milliseconds silence)
        : socket_(std::move(socket)), silence_(silence) {}

    void cancel_by(std::function<bool()> cancelled) { cancelled_ = std::move(cancelled); }
    /// From now on waits no longer than this.
    void hurry(std::chrono::milliseconds silence) { silence_ = silence; }

    void next_frame() override;
    [[nodiscard]] Result<> read(char* to, std::size_t size) override;
    [[nodiscard]] Result<> write(const frames::Frame& frame) override;

private:
    using Clock = std::chrono::steady_clock;  // of real processes, which know no other
    [[nodiscard]] Result<> wait(short events);

    UniqueFd socket_;
    std::chrono::milliseconds silence_;
    std::function<bool()> cancelled_;
    Clock::time_point until_{};
    std::optional<Clock::time_point> cancelled_until_;
};

}  // namespace kontor::host
