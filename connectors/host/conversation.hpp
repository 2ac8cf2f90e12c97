#pragma once

#include <cstdint>
#include <functional>

#include "connectors/frames/frame.hpp"
#include "connectors/host/connector.hpp"
#include "connectors/host/relay.hpp"
#include "connectors/host/wire.hpp"

namespace kontor::host {

/// The daemon's part in talking to a connector's process, which may send anything. After an error
/// (kConnector, or what the wire says) nothing more can be said. Not thread-safe.
class Conversation {
public:
    /// `wire` must outlive it.
    Conversation(Wire& wire, std::uint64_t memory_mb) : wire_(wire), memory_mb_(memory_mb) {}

    /// Waits for the process to have loaded its plugin. Errors also as Library.
    [[nodiscard]] Result<PluginInfo> greet();
    /// Calls a function and serves the process until it returns.
    [[nodiscard]] Result<Reply> call(Function function, std::string_view first,
                                     std::string_view second, const kontor_host& host);
    /// Told of each batch of records that was handed over and taken.
    void on_batch(std::function<void()> told) { batch_ = std::move(told); }

private:
    [[nodiscard]] Result<frames::Frame> receive();
    [[nodiscard]] Result<> serve(const frames::Frame& asked, const kontor_host& host);
    [[nodiscard]] Error last_word(const frames::Frame& frame) const;

    Wire& wire_;
    const std::uint64_t memory_mb_;
    std::function<void()> batch_;
    Relay relay_;
    frames::TextBuffer texts_;
    std::uint32_t calls_ = 0;
    bool greeted_ = false;
};

}  // namespace kontor::host
