#include "connectors/sdk/url.hpp"

namespace kontor::sdk {

std::string percent_encode(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out.push_back(c);
        else
            out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
    return out;
}

Url::Url(std::string_view base) : text_(base) {
    while (!text_.empty() && text_.back() == '/') text_.pop_back();
}

Url& Url::path(std::string_view segments) {
    if (segments.empty() || segments[0] != '/') text_.push_back('/');
    text_.append(segments);
    return *this;
}

Url& Url::segment(std::string_view name) {
    text_.append(1, '/').append(percent_encode(name));
    return *this;
}

Url& Url::query(std::string_view name, std::string_view value) {
    text_.push_back(has_query_ ? '&' : '?');
    has_query_ = true;
    text_.append(percent_encode(name)).append(1, '=').append(percent_encode(value));
    return *this;
}

}  // namespace kontor::sdk
