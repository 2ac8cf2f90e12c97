#pragma once
// FxiaokePeer: a 纷享销客 tenant behind `Request -> Response`, driven by any clock. It imitates
// what the vendor documents; it has not been compared with a live tenant.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/peers/base/message.hpp"

namespace kontor::peer::fxiaoke {

struct PeerOptions {
    std::uint64_t seed = 1;
    std::uint64_t contacts = 200;  ///< the other objects follow from it
    /// Explicit counts by object, instead of what follows from `contacts`.
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    /// Milliseconds since the Unix epoch; empty: the system clock.
    std::function<std::int64_t()> clock_ms;
    std::vector<std::pair<std::string, std::string>> switches;
    bool strict = false;  ///< check messages against the schemas
};

struct PeerCredentials {
    std::string app_id, app_secret, permanent_code, ea, corp_id;
};

/// Thread-safe: requests are handled one at a time.
class FxiaokePeer {
public:
    /// Throws std::invalid_argument for unknown switches or objects.
    explicit FxiaokePeer(const PeerOptions& options);
    ~FxiaokePeer();
    FxiaokePeer(const FxiaokePeer&) = delete;
    FxiaokePeer& operator=(const FxiaokePeer&) = delete;

    /// Never throws for whatever a client sends.
    Response handle(const Request& request);
    PeerCredentials credentials() const;
    /// JSON description of all switches with their defaults.
    static std::string list_switches();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kontor::peer::fxiaoke
