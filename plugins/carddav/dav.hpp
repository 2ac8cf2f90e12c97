#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/carddav/multistatus.hpp"

namespace kontor::carddav {

/// What a server answered to a request of one resource.
struct Reply {
    int status = 0;
    std::string etag, location, body;
};

/// A redirect where it must not be followed blindly.
struct Redirect {
    std::string url;
};

/// WebDAV requests through the host. Those that return a Reply leave it to the caller to judge its
/// status. `doing` is for messages. Not thread-safe.
class Dav {
public:
    explicit Dav(sdk::Host& host) : host_(host) {}

    /// `properties`: XML of the names, with the prefixes d (DAV:), c (CardDAV), s (calendarserver).
    /// Throws sdk::Error for any status but 207, and Redirect.
    Multistatus propfind(const std::string& url, int depth, const std::string& properties,
                         const std::string& doing, const char* lane = "read");
    /// The answer to a report, whatever its status: the caller judges.
    Reply report(const std::string& url, int depth, const std::string& body);

    /// A card as `accept` (a media type) asks for it.
    Reply get(const std::string& url, const std::string& accept);
    /// `condition`: a header ("If-Match") and its value; none if the value is "".
    Reply put(const std::string& url, const std::string& card, const std::string& condition,
              const std::string& value);
    Reply remove(const std::string& url, const std::string& etag);
    /// What the server says of one resource; nullopt if it is not there.
    std::optional<Resource> look(const std::string& url);

    [[nodiscard]] sdk::Host& host() const { return host_; }

private:
    Reply send(sdk::HttpRequest request);

    sdk::Host& host_;
};

/// What a status other than success means.
[[nodiscard]] sdk::Error failure(const Reply& reply, const std::string& doing);

/// XML of a REPORT or PROPFIND: `root` ("d:sync-collection") around `content`.
[[nodiscard]] std::string xml_request(const std::string& root, const std::string& content);

}  // namespace kontor::carddav
