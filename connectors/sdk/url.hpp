#pragma once

#include <string>
#include <string_view>

namespace kontor::sdk {

/// Percent-encodes everything but RFC 3986 unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Builds a URL piece by piece; every piece is encoded, the base is not.
class Url {
public:
    /// `base` with or without a final slash.
    explicit Url(std::string_view base);

    /// Appends path segments as they are given, slashes kept: for constant text.
    Url& path(std::string_view segments);
    /// Appends one segment, slashes encoded: for names and ids.
    Url& segment(std::string_view name);
    Url& query(std::string_view name, std::string_view value);

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
    bool has_query_ = false;
};

}  // namespace kontor::sdk
