#pragma once

#include "connectors/abi/kontor_connector.h"
#include "connectors/frames/frame.hpp"
#include "connectors/process/pipe.hpp"

namespace kontor::process {

/// The services of the host as a plugin in this process sees them: each is asked of the daemon. One
/// thread; `pipe` must outlive it.
class HostStub {
public:
    explicit HostStub(Pipe& pipe);
    HostStub(const HostStub&) = delete;
    HostStub& operator=(const HostStub&) = delete;

    [[nodiscard]] const kontor_host& table() const { return table_; }
    /// The call that the plugin is in: its services are asked for under this number.
    void in_call(std::uint32_t number) { call_ = number; }

private:
    struct Calls;  // the C functions
    using Numbers = std::array<std::int64_t, 3>;
    using Texts = std::array<std::string_view, frames::kTexts>;
    frames::Frame ask(frames::Service service, Numbers numbers, Texts texts);

    Pipe& pipe_;
    kontor_host table_{};
    std::uint32_t call_ = 0;
};

}  // namespace kontor::process
