#pragma once
// ZohoPeer: a Zoho CRM organisation behind `Request -> Response`, driven by any clock.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/peers/base/message.hpp"

namespace kontor::peer::zoho {

struct PeerOptions {
    std::uint64_t seed = 1;
    std::uint64_t contacts = 1000;  ///< the other modules follow from it
    /// Explicit counts by module name, instead of what follows from `contacts`.
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    /// Milliseconds since the Unix epoch; empty: the system clock.
    std::function<std::int64_t()> clock_ms;
    std::string base_url = "https://127.0.0.1";
    std::vector<std::pair<std::string, std::string>> switches;
    std::string database;  ///< SQLite file that keeps changes; empty: memory only
    bool strict = false;   ///< check requests against the message schemas
};

struct PeerCredentials {
    std::string client_id;
    std::string client_secret;
    std::string refresh_token;
    std::string grant_code;
};

/// What a notification channel has to say.
struct Callback {
    std::string url;
    std::string body;
    std::int64_t sent_before = 0;  ///< how often, in vain
};

/// Thread-safe: requests are handled one at a time.
class ZohoPeer {
public:
    /// Throws std::invalid_argument for unknown switches or modules, std::runtime_error when the
    /// database cannot be used.
    explicit ZohoPeer(const PeerOptions& options);
    ~ZohoPeer();
    ZohoPeer(const ZohoPeer&) = delete;
    ZohoPeer& operator=(const ZohoPeer&) = delete;

    /// Never throws for whatever a client sends.
    Response handle(const Request& request);

    PeerCredentials credentials() const;
    /// The base URL that token answers name, once the port is known.
    void set_base_url(const std::string& base_url);
    /// Bytes of a request body above which the server answers 413 without reading on.
    std::uint64_t body_limit() const;
    /// Callbacks of notification channels that are due. The server posts them.
    std::vector<Callback> take_callbacks();
    /// One that was not answered with 2xx: due again, if the switch says so.
    void callback_refused(Callback callback);

    bool callbacks_due() const;

    /// JSON description of all switches with their defaults.
    static std::string list_switches();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kontor::peer::zoho
