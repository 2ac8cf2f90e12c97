#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "connectors/host/byte_stream.hpp"
#include "connectors/host/postgres_sign_in.hpp"
#include "connectors/host/socket_stream.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// "postgresql://host:port/database"
struct DialAddress {
    std::string host;  ///< lower case; IPv6 in brackets
    int port = 0;
    std::string database;  ///< as it is, nothing is decoded

    /// kInvalid for anything else.
    [[nodiscard]] static Result<DialAddress> parse(std::string_view text);
};

/// A connection that is signed in, and what the server said of itself.
struct Dialled {
    std::unique_ptr<ByteStream> stream;
    PostgresParameters parameters;
};

/// Connects a plugin to servers that speak a protocol of their own, and signs in: the plugin never
/// sees the credentials. Blocks; one thread at a time.
class Dialer {
public:
    /// Tests play the network.
    using Connect =
        std::function<Result<std::unique_ptr<ByteStream>>(const std::string& host, int port)>;

    struct Settings {
        std::set<std::string, std::less<>> addresses;  ///< all that may be dialled
        std::string user;
        Secret password;
        bool plain_loopback = false;  ///< no TLS needed to this machine
        Connect connect;
        /// Puts something between the plugin and a connection that is signed in. May be empty.
        std::function<std::unique_ptr<ByteStream>(std::unique_ptr<ByteStream>)> wrap = {};
    };
    explicit Dialer(Settings settings) : settings_(std::move(settings)) {}

    /// kPermission if the address is not, letter for letter, one of those allowed; else as
    /// connect_socket() and postgres_sign_in().
    [[nodiscard]] Result<Dialled> dial(std::string_view address) const;

private:
    Settings settings_;
};

}  // namespace kontor::host
