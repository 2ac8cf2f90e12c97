#pragma once

#include <map>
#include <string>

#include "connectors/host/auth.hpp"
#include "connectors/host/redactor.hpp"
#include "connectors/host/spec.hpp"
#include "connectors/host/url.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/random.hpp"

namespace kontor::host {

/// Credentials that are made anew of each request: of its method, path, query, body, of the time
/// and of chance, with a key that never leaves the host (docs/connector-abi.md, "signed").
/// Thread-safe if `random` is, or if used from one thread; the references must outlive it.
class SignedRequests final : public Authenticator {
public:
    /// `texts`: secrets, values and options, by name; wiped at the end. Only requests below the
    /// address `below` are signed.
    SignedRequests(AppTokenSpec spec, std::map<std::string, std::string> texts, Url below,
                   const Clock& clock, Random& random, Redactor& redactor);
    SignedRequests(const SignedRequests&) = delete;
    SignedRequests& operator=(const SignedRequests&) = delete;
    ~SignedRequests() override;

    /// kPermission if it goes elsewhere; kConfig if something has no value.
    Result<Credentials> credentials(const AskedFor& request) override;
    /// Signed as it should be, it was refused: once more would be the same.
    Result<bool> renew(const Credentials&, const HttpResponse&) override { return false; }

private:
    void hide(const Credentials& borne, const std::map<std::string, std::string>& made);

    const AppTokenSpec spec_;
    std::map<std::string, std::string> texts_;
    const Url below_;
    const Clock& clock_;
    Random& random_;
    Redactor& redactor_;
};

}  // namespace kontor::host
