#pragma once

#include <string>
#include <string_view>

#include "sync/base/result.hpp"

namespace kontor::host {

/// The parts of an absolute http(s) URL, as libcurl itself understands them, so that what is
/// checked and what is connected to cannot differ.
struct Url {
    std::string scheme;  ///< lower case
    std::string host;    ///< lower case; IPv6 in brackets
    int port = 443;
    std::string path;  ///< without query

    /// kInvalid for anything else, with user information, or with control characters or spaces.
    /// The message does not quote the URL.
    [[nodiscard]] static Result<Url> parse(std::string_view text);
    /// "https://host" or "https://host:port"
    [[nodiscard]] std::string origin() const;
    [[nodiscard]] bool is_loopback() const;
};

/// The origin, for messages and logs; "invalid URL" if it is none.
[[nodiscard]] std::string origin_of(std::string_view url);

/// Appends `text` with all but unreserved characters percent-encoded. Leaves no copy elsewhere.
void append_encoded(std::string& out, std::string_view text);
/// A name or a value of a form. What is no escape stays as it is.
[[nodiscard]] std::string form_decoded(std::string_view text);

}  // namespace kontor::host
