#pragma once

#include <utility>

#include "connectors/abi/kontor_connector.h"
#include "connectors/frames/frame.hpp"
#include "connectors/process/pipe.hpp"

namespace kontor::process {

/// The services of the host as a plugin in this process sees them: each is asked of the daemon.
/// What has no result to wait for is sent, and its answer read with the next one; so is a batch of
/// records, at most one, while the plugin only reads. One thread; `pipe` must outlive it.
class HostStub {
public:
    explicit HostStub(Pipe& pipe);
    HostStub(const HostStub&) = delete;
    HostStub& operator=(const HostStub&) = delete;

    [[nodiscard]] const kontor_host& table() const { return table_; }
    /// The call that the plugin is in: its services are asked for under this number.
    void in_call(std::uint32_t number) { call_ = number; }
    /// Before the call returns: waits until all that was sent is done. What a batch was refused
    /// with that the plugin has not been told, or KONTOR_OK.
    [[nodiscard]] kontor_status settle();

private:
    struct Calls;  // the C functions
    using Numbers = std::array<std::int64_t, 3>;
    using Texts = std::array<std::string_view, frames::kTexts>;
    frames::Frame ask(frames::Service service, Numbers numbers, Texts texts);
    void tell(frames::Service service, Numbers numbers, Texts texts);
    kontor_status emit(std::string_view batch, std::string_view checkpoint);
    void send(frames::Service service, Numbers numbers, Texts texts);
    void read_answers();
    [[nodiscard]] kontor_status take_refusal() { return std::exchange(refused_, KONTOR_OK); }

    Pipe& pipe_;
    kontor_host table_{};
    std::uint32_t call_ = 0;
    int unread_ = 0;                     // answers that nobody waits for
    kontor_status refused_ = KONTOR_OK;  // what the plugin is still to be told of its last batch
};

}  // namespace kontor::process
