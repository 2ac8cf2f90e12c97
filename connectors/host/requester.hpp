#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connectors/host/allow_list.hpp"
#include "connectors/host/auth.hpp"
#include "connectors/host/budgets.hpp"
#include "connectors/host/http_client.hpp"
#include "connectors/host/retry.hpp"
#include "connectors/host/sleeper.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"

namespace kontor::host {

/// A request as a plugin asks for it.
struct HttpCall {
    HttpRequest request;    ///< its body is what is sent, with credentials that belong into it
    std::string_view body;  ///< as the plugin wrote it; borrowed until the call ends
    bool authenticate = true;
    Lane lane = Lane::kRead;
    std::int64_t credits = 1;
    bool idempotent = true;  ///< may be sent again although it may have been carried out
    Credentials borne;       ///< what the last attempt bore besides
    Secret borne_body;       ///< the body with borne.members in it
    std::string plain_url;   ///< the address without borne.query and borne.path
};

/// A call that runs ahead of time (Requester::begin). Destroying it gives it up.
class BegunCall {
public:
    /// True once Requester::finish() will not wait; false for a call that was not sent yet.
    [[nodiscard]] bool arrived() { return exchange_ && exchange_->arrived(); }

private:
    friend class Requester;
    HttpCall call_;
    std::string body_;
    std::chrono::milliseconds started_{};
    std::optional<Budgets::Permit> permit_;
    std::unique_ptr<Exchange> exchange_;  // null: still to be sent
};

/// Everything between a plugin's request and the wire: hosts, budgets, credentials, one renewal
/// after they were refused, retries. Blocks; one thread at a time. All parts must outlive it.
class Requester {
public:
    struct Parts {
        HttpClient& http;
        const AllowList& hosts;
        Authenticator& auth;
        Budgets& budgets;
        const Clock& clock;
        Random& random;
        Sleeper& sleeper;
        Logger& log;
        RetryPolicy retry{};
        std::string credits_left_header{};  ///< lower case; "" = none
        /// Hears, before each wait, which attempt is to follow and whether the remote's limits are
        /// the reason. May be empty.
        std::function<void(int attempt, bool limited)> on_retry{};
    };
    explicit Requester(Parts parts) : parts_(std::move(parts)) {}

    /// An answer of any status but a persisting 429, which is kRateLimited with retry_after.
    /// kPermission if the host is not allowed; else as HttpClient and Authenticator.
    Result<HttpResponse> run(HttpCall& call);

    /// Sends a call (whose body is `body`) without waiting for its answer, if its
    /// hosts, credentials and budgets let it pass now; else finish() sends it and tells what is
    /// wrong.
    [[nodiscard]] std::unique_ptr<BegunCall> begin(HttpCall call, std::string body);
    /// Waits for the answer, and goes on as run() does.
    Result<HttpResponse> finish(BegunCall& begun);

private:
    Result<> authenticate(HttpCall& call);
    Result<HttpResponse> send_once(HttpCall& call);
    Result<HttpResponse> conclude(HttpCall& call, std::optional<Result<HttpResponse>> first);
    void note(const HttpCall& call, const Result<HttpResponse>& answer,
              std::chrono::milliseconds started);
    void learn(const HttpResponse& answer);

    Parts parts_;
};

}  // namespace kontor::host
