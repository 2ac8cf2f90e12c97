#pragma once

#include <cstddef>

#include "connectors/abi/kontor_connector.h"
#include "connectors/frames/frame.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Carries out what a connector's process asks of the host. Not thread-safe.
class Relay {
public:
    /// Answers one kService frame. Its texts live until the next call. kConnector if it is no
    /// request, or if the connector asks without end and hands nothing over.
    [[nodiscard]] Result<frames::Frame> answer(const kontor_host& host, const frames::Frame& asked);

    [[nodiscard]] static bool hands_over_records(const frames::Frame& asked);

    /// What one file_read() gives at most, in bytes.
    static constexpr std::size_t kReadMax = std::size_t{1} << 20;
    /// Questions from one piece of work to the next; what is logged or refused counts for a
    /// hundred.
    static constexpr int kPatience = 1'000'000;

private:
    frames::TextBuffer file_;
    int idle_ = 0;
};

}  // namespace kontor::host
