#pragma once

#include <functional>
#include <memory>
#include <string>

#include "connectors/host/byte_stream.hpp"
#include "connectors/host/secret.hpp"

namespace kontor::host {

class KeptTrust;

struct SocketOptions {
    std::string ca_bundle = "/etc/ssl/certs/ca-certificates.crt";  ///< the system's authorities
    std::string extra_ca_file;              ///< PEM, trusted in addition; "" = none
    std::shared_ptr<KeptTrust> trust = {};  ///< shared with others; empty: its own
    std::string proxy;                      ///< as CurlOptions
    Secret proxy_credentials;               ///< "user:password"
    std::chrono::milliseconds connect_timeout{20'000};
};

/// Connects to `host` (IPv6 in brackets) by TCP, through the proxy if there is one; libcurl looks
/// the name up and tries its addresses. Whoever waits looks now and then whether it is `cancelled`.
/// kUnavailable, kTimeout, kProxy, kCancelled, kConfig (a CA file). The program must ignore
/// SIGPIPE.
[[nodiscard]] Result<std::unique_ptr<ByteStream>> connect_socket(const std::string& host, int port,
                                                                 const SocketOptions& options,
                                                                 std::function<bool()> cancelled);

}  // namespace kontor::host
