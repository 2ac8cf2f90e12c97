#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/host/secret.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Signs statements with a private key that it keeps: JSON Web Tokens (RFC 7519), RS256 (RFC 7518,
/// 3.3). Movable; sign() is thread-safe.
class JwtSigner {
public:
    /// `private_key`: PEM of an RSA key of at least 2,048 bits, without a passphrase. `claims`:
    /// what every token states. A token is valid for `lasts`. kUnauthenticated if it is no such
    /// key.
    [[nodiscard]] static Result<JwtSigner> create(const Secret& private_key,
                                                  std::map<std::string, std::string> claims,
                                                  std::chrono::seconds lasts);
    JwtSigner(JwtSigner&&) noexcept;
    JwtSigner& operator=(JwtSigner&&) noexcept;
    ~JwtSigner();

    /// A token that expires `lasts` after `now`. kInternal if OpenSSL refuses.
    [[nodiscard]] Result<Secret> sign(Instant now) const;

private:
    struct Key;
    JwtSigner(std::unique_ptr<Key> key, std::map<std::string, std::string> claims,
              std::chrono::seconds lasts);

    std::unique_ptr<Key> key_;
    std::map<std::string, std::string> claims_;
    std::chrono::seconds lasts_;
};

}  // namespace kontor::host
