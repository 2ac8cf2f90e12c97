#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/host/http_client.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Puts a connection's credentials into requests. Thread-safe.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// The headers to add; may ask an accounts server first. kUnauthenticated, kRateLimited, or
    /// what HttpClient returns.
    virtual Result<std::vector<SecretHeader>> headers() = 0;
    /// The remote refused a request that bore `used` with 401 and this answer. True if it should be
    /// sent once more, with the headers as they are then.
    virtual Result<bool> renew(const std::vector<SecretHeader>& used,
                               const HttpResponse& answer) = 0;
    /// The API address that the accounts server named; "" if it named none.
    [[nodiscard]] virtual std::string api_domain() const { return {}; }
};

/// The same headers always: bearer, basic and header authentication, or none at all.
class FixedHeaders final : public Authenticator {
public:
    explicit FixedHeaders(std::vector<SecretHeader> headers) : headers_(std::move(headers)) {}
    Result<std::vector<SecretHeader>> headers() override;
    Result<bool> renew(const std::vector<SecretHeader>&, const HttpResponse&) override {
        return false;
    }

private:
    const std::vector<SecretHeader> headers_;
};

/// "SCHEME SECRET", or the secret alone if the scheme is "".
[[nodiscard]] Secret with_scheme(std::string_view scheme, const Secret& secret);
/// "Basic …" of RFC 7617.
[[nodiscard]] Secret basic_credentials(std::string_view user, const Secret& password);

}  // namespace kontor::host
