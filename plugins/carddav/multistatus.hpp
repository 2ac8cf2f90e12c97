#pragma once

/// The XML of WebDAV answers (RFC 4918, 5397, 6352, 6578). What comes from outside is bounded in
/// size and depth; document types and entities of its own are refused. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::carddav {

inline constexpr std::size_t kXmlBytesMax = std::size_t{16} << 20;
inline constexpr int kXmlDepthMax = 32;
inline constexpr std::size_t kResourcesMax = 100'000;

/// One `response`: a resource and its properties; what was not found is empty.
struct Resource {
    std::string href;  ///< as the server wrote it
    int status = 0;    ///< of the resource as a whole; 0 = it says so for each property
    std::string etag, card, display_name, sync_token, change_tag;
    std::string principal, home, content_length, modified;
    bool is_address_book = false, is_collection = false;
    bool can_sync = false;          ///< has the report sync-collection
    std::optional<bool> may_write;  ///< of what the current user may; nullopt = not said
};

struct Multistatus {
    std::vector<Resource> resources;
    std::string sync_token;
};

/// Throws sdk::Error(KONTOR_E_PROTOCOL) that names `doing`.
[[nodiscard]] Multistatus parse_multistatus(std::string_view xml, const std::string& doing);

/// The preconditions that an error answer names ("valid-sync-token"), and the href in it, if any.
/// Empty if the body is no such XML.
struct DavError {
    std::vector<std::string> conditions;
    std::string href;
    [[nodiscard]] bool has(std::string_view condition) const;
};
[[nodiscard]] DavError parse_error(std::string_view xml);

/// `text` with what XML gives a meaning escaped.
[[nodiscard]] std::string xml_escaped(std::string_view text);

}  // namespace kontor::carddav
