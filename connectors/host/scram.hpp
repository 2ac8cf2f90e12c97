#pragma once

#include <string>
#include <string_view>

#include "connectors/host/secret.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677): proves that we know the password
/// without showing it, and that the server knows it too. One sign-in; not thread-safe.
class Scram {
public:
    /// How the exchange is tied to the TLS connection that it goes through.
    struct Binding {
        bool offered = false;  ///< the server can: then what it sends is checked against this
        std::string data;      ///< tls-server-end-point; "" = no TLS, or no hash
    };
    /// `nonce`: printable, unforeseeable, without commas; tests give the RFC's.
    /// `user`: "" where it is known already, as PostgreSQL has it.
    Scram(std::string_view user, const Secret& password, Binding binding, std::string nonce);

    /// "SCRAM-SHA-256-PLUS" with a channel binding, else "SCRAM-SHA-256".
    [[nodiscard]] std::string_view mechanism() const;
    [[nodiscard]] std::string first() const;
    /// The answer to the server's first message. kProtocol if it makes no sense.
    [[nodiscard]] Result<std::string> answer(std::string_view server_first);
    /// Whether the server's last message proves that it knows the password. kUnauthenticated.
    [[nodiscard]] Result<> verify(std::string_view server_final) const;

    static constexpr int kIterationsMax = 1'000'000;

private:
    [[nodiscard]] bool binds() const { return binding_.offered && !binding_.data.empty(); }
    [[nodiscard]] std::string_view header() const;
    [[nodiscard]] std::string first_bare() const { return "n=" + user_ + ",r=" + nonce_; }

    std::string user_;
    Secret password_;
    Binding binding_;
    std::string nonce_;
    std::string server_signature_;
};

/// 18 random bytes as text, for Scram.
[[nodiscard]] std::string scram_nonce();

}  // namespace kontor::host
