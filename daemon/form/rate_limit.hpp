#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sync/base/clock.hpp"

namespace kontor::form {

/// So many requests a minute for each client, with a burst of as many. Remembers a bounded number
/// of clients; the longest silent are forgotten. Not thread-safe.
class RateLimit {
public:
    explicit RateLimit(std::int64_t per_minute) : per_minute_(per_minute) {}

    /// Whether this client may be served now; counts it if so.
    [[nodiscard]] bool allow(const std::string& client, Instant now);

private:
    struct Bucket {
        double tokens;
        Instant at;
    };
    void forget(Instant now);

    std::int64_t per_minute_;
    std::map<std::string, Bucket> buckets_;
};

/// Whose requests are counted together: an IPv4 address, the /64 of an IPv6 one. `forwarded`: the
/// value of X-Forwarded-For, "" = none; its last entry is what the proxy itself saw. `peer` where
/// it is none.
[[nodiscard]] std::string client_of(const std::string& peer, const std::string& forwarded);

}  // namespace kontor::form
