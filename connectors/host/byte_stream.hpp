#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "sync/base/result.hpp"

namespace kontor::host {

/// A connection to a server that speaks a protocol of its own. Blocks; one thread at a time. After
/// an error nothing more can be said.
class ByteStream {
public:
    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    virtual ~ByteStream() = default;

    /// From one to `size` bytes, as soon as there are some; 0 once the other side has closed.
    /// kTimeout, kUnavailable (cut off), kCancelled.
    [[nodiscard]] virtual Result<std::size_t> read(char* to, std::size_t size,
                                                   std::chrono::milliseconds timeout) = 0;
    /// All of `bytes`. Errors as read().
    [[nodiscard]] virtual Result<> write(std::string_view bytes) = 0;

    /// What follows is encrypted, with a server whose certificate is trusted and made out to
    /// `host`; else kTls.
    [[nodiscard]] virtual Result<> start_tls(const std::string& host) = 0;
    /// The hash of the server's certificate for channel binding (RFC 5929, tls-server-end-point);
    /// "" without TLS.
    [[nodiscard]] virtual std::string end_point_hash() const = 0;
};

}  // namespace kontor::host
