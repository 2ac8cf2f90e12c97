#pragma once

/// Addresses on a WebDAV server. Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace kontor::carddav {

/// "https://host:port" in lower case, without the usual port.
[[nodiscard]] std::string origin_of(std::string_view url);
/// From the first slash after the origin on; "/" if there is none.
[[nodiscard]] std::string path_of(std::string_view url);

/// The address that `href` means in an answer to a request of `base`; nullopt if it is none that
/// could be asked for.
[[nodiscard]] std::optional<std::string> resolved(std::string_view base, std::string_view href);

/// The last segment of an href, decoded: what a collection calls its member, and a record's id. ""
/// for a collection (final slash), and for what could be no id (too long, control characters).
[[nodiscard]] std::string member_name(std::string_view href);
/// True for what member_name() could give. Nothing else may become an address: "" and ".." would be
/// those of the collection itself and of what is above it.
[[nodiscard]] bool is_member_name(std::string_view name);
/// Address of the member `name` (is_member_name) of a collection, which ends with a slash.
[[nodiscard]] std::string member_url(std::string_view collection, std::string_view name);

/// An entity tag without the mark of a weak one: proxies that compress add it, and a server
/// compares by the tag that it gave itself. "" for what could stand in no header.
[[nodiscard]] std::string strong_etag(std::string_view etag);

}  // namespace kontor::carddav
