#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/host/http_client.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// What a request bears so that the remote knows who asks.
struct Credentials {
    std::vector<SecretHeader> headers;
    /// Go to the top level of its body, a JSON object or a form; a name that begins with a slash is
    /// a JSON Pointer to what they replace.
    std::vector<SecretHeader> members;
    std::vector<SecretHeader> query;  ///< go to the end of its address
    /// Replace `{name}`, percent-encoded, in its address behind the host.
    std::vector<SecretHeader> path;
};

/// A request as its credentials may depend on it: as the plugin wrote it.
struct AskedFor {
    std::string_view method, url, body;
};

/// Puts a connection's credentials into requests. Thread-safe.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// What to add to this request, now; may ask an accounts server first. kUnauthenticated,
    /// kRateLimited, or what HttpClient returns.
    virtual Result<Credentials> credentials(const AskedFor& request) = 0;
    /// True if this answer refuses the credentials; what it refuses was not carried out.
    [[nodiscard]] virtual bool refuses(const HttpResponse& answer) const {
        return answer.status == 401;
    }
    /// The remote refused a request that bore `used` with this answer. True if it should be sent
    /// once more, with the credentials as they are then.
    virtual Result<bool> renew(const Credentials& used, const HttpResponse& answer) = 0;
    /// The API address that the accounts server named; "" if it named none.
    [[nodiscard]] virtual std::string api_domain() const { return {}; }
};

/// The same always: bearer, basic, header and query authentication, or none at all.
class FixedCredentials final : public Authenticator {
public:
    explicit FixedCredentials(Credentials same) : same_(std::move(same)) {}
    Result<Credentials> credentials(const AskedFor&) override;
    Result<bool> renew(const Credentials&, const HttpResponse&) override { return false; }

private:
    const Credentials same_;
};

/// `body`, a JSON object, with `members` as texts before its own, or in the places that their names
/// point to. kInvalid if it is no object or lacks such a place.
[[nodiscard]] Result<Secret> with_members(std::string_view body,
                                          const std::vector<SecretHeader>& members);
/// The same of a form: `members` are fields of it, in place of those of the same name; a name that
/// begins with a slash leads into a field whose text is JSON ("/rest_data/session").
[[nodiscard]] Result<Secret> with_fields(std::string_view form,
                                         const std::vector<SecretHeader>& members);
/// `url` with these parameters at its end, percent-encoded.
[[nodiscard]] std::string with_query(std::string_view url, const std::vector<SecretHeader>& query);
/// `url` with these values, percent-encoded, in the places that are named after them.
[[nodiscard]] std::string with_path(std::string_view url, const std::vector<SecretHeader>& path);
/// Base64 of RFC 4648, with padding.
[[nodiscard]] Secret base64(std::string_view bytes);
/// "SCHEME SECRET", or the secret alone if the scheme is "".
[[nodiscard]] Secret with_scheme(std::string_view scheme, const Secret& secret);
/// "Basic …" of RFC 7617.
[[nodiscard]] Secret basic_credentials(std::string_view user, const Secret& password);

}  // namespace kontor::host
