#pragma once
// SalesforcePeer: a Salesforce organisation behind `Request -> Response`, driven by any clock. It
// imitates what the vendor publishes; it has not been compared with a live organisation.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/peers/base/message.hpp"

namespace kontor::peer::salesforce {

struct PeerOptions {
    std::uint64_t seed = 1;
    std::uint64_t contacts = 200;  ///< the other objects follow from it
    /// Explicit counts by object, instead of what follows from `contacts`.
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    /// Milliseconds since the Unix epoch; empty: the system clock.
    std::function<std::int64_t()> clock_ms;
    std::vector<std::pair<std::string, std::string>> switches;
    std::string base_url = "https://example.my.salesforce.com";  ///< what answers call it
};

struct PeerCredentials {
    std::string client_id, client_secret, user, org_id, user_id;
};

/// Thread-safe: requests are handled one at a time.
class SalesforcePeer {
public:
    /// Throws std::invalid_argument for unknown switches or objects.
    explicit SalesforcePeer(const PeerOptions& options);
    ~SalesforcePeer();
    SalesforcePeer(const SalesforcePeer&) = delete;
    SalesforcePeer& operator=(const SalesforcePeer&) = delete;

    /// Never throws for whatever a client sends.
    Response handle(const Request& request);
    PeerCredentials credentials() const;
    /// PEM of the connected app's key, made at the first call.
    std::string private_key();
    void set_base_url(std::string url);
    /// JSON description of all switches with their defaults.
    static std::string list_switches();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kontor::peer::salesforce
