#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/sdk/host.hpp"
#include "plugins/carddav/multistatus.hpp"

namespace kontor::carddav {

/// Versions of cards. An entity tag tells whether a card is another one, not which is newer, but
/// versions must order: a version is the time of the card's last change, then the tag. Changes
/// within one second are told apart by the order in which they were seen; where the server tells no
/// time, the time at which a tag was seen first stands for it. Not thread-safe.
class Versions {
public:
    using Modified = std::optional<std::int64_t>;

    /// Reads what the host has kept; what cannot be read is as good as nothing.
    explicit Versions(sdk::Host& host);

    /// Of a card that was read. `modified`: milliseconds since the Unix epoch, UTC.
    [[nodiscard]] std::string seen(const std::string& id, std::string_view etag,
                                   const Modified& modified);
    /// Of a card that we have just written; it keeps this version when it is read.
    [[nodiscard]] std::string wrote(const std::string& id, std::string_view etag,
                                    const Modified& modified);
    /// Of a deletion.
    [[nodiscard]] std::string gone(const std::string& id);

    /// Hands it to the host if there is something new in it.
    void save();

private:
    struct Recent {
        std::string etag;
        Modified modified;
        std::int64_t at_ms = 0;  // what its version says
    };
    [[nodiscard]] std::int64_t tick();
    std::string remember(const std::string& id, std::string_view etag, const Modified& modified,
                         std::int64_t at_ms);

    sdk::Host& host_;
    std::map<std::string, Recent> recent_;  // by id: where a time alone does not tell
    std::int64_t last_ms_ = 0;
    std::string saved_;
};

/// The time of a card's last change, if the server tells it.
[[nodiscard]] Versions::Modified modified_of(const Resource& resource);
/// The entity tag in a version; "" if there is none.
[[nodiscard]] std::string_view etag_in(std::string_view version);

}  // namespace kontor::carddav
