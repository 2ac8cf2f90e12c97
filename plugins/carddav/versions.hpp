#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "connectors/sdk/host.hpp"

namespace kontor::carddav {

/// Versions of cards. An entity tag tells whether a card is another one, not which is newer, but
/// versions must order: a version is when we saw this tag first, then the tag. What we have written
/// ourselves keeps the version that the push told, so that it is known when it comes back.
/// Not thread-safe.
class Versions {
public:
    /// Reads what the host has kept; what cannot be read is as good as nothing.
    explicit Versions(sdk::Host& host);

    /// Of a card that was read; newer than all versions told before, unless it is our own write.
    [[nodiscard]] std::string seen(const std::string& id, std::string_view etag);
    /// Of a card that we have just written.
    [[nodiscard]] std::string written(const std::string& id, std::string_view etag);
    /// Of a deletion.
    [[nodiscard]] std::string gone(const std::string& id);

    /// Hands it to the host if there is something new in it.
    void save();

private:
    struct Own {
        std::string etag;
        std::int64_t at_ms = 0;
    };
    [[nodiscard]] std::int64_t tick();

    sdk::Host& host_;
    std::map<std::string, Own> own_;  // by id; the latest writes
    std::int64_t last_ms_ = 0;
    std::string saved_;
};

/// The entity tag in a version; "" if there is none.
[[nodiscard]] std::string_view etag_in(std::string_view version);

}  // namespace kontor::carddav
