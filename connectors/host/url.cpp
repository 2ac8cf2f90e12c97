#include "connectors/host/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "connectors/host/ascii.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kUrlBytesMax = 16'384;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK || !text) return {};
    std::string out(text);
    curl_free(text);
    return out;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
    const bool clean = std::ranges::none_of(
        text, [](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '\\'; });
    if (!clean || text.empty() || text.size() > kUrlBytesMax)
        return fail(Errc::kInvalid, "malformed URL");
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
    const std::string copy(text);
    if (!url || curl_url_set(url.get(), CURLUPART_URL, copy.c_str(), 0) != CURLUE_OK)
        return fail(Errc::kInvalid, "malformed URL");
    Url out;
    out.scheme = ascii_lower(part(url.get(), CURLUPART_SCHEME));
    out.host = ascii_lower(part(url.get(), CURLUPART_HOST));
    if (out.scheme != "https" && out.scheme != "http")
        return fail(Errc::kInvalid, "a URL must be https");
    if (out.host.empty()) return fail(Errc::kInvalid, "a URL without a host");
    if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty() ||
        text.substr(0, text.find_first_of("/?#", out.scheme.size() + 3)).find('@') !=
            std::string_view::npos)
        return fail(Errc::kInvalid, "a URL must not hold credentials");
    out.port = std::atoi(part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).c_str());
    out.path = part(url.get(), CURLUPART_PATH);
    return out;
}

std::string Url::origin() const {
    const bool usual = port == (scheme == "https" ? 443 : 80);
    return scheme + "://" + host + (usual ? "" : ":" + std::to_string(port));
}

bool Url::is_loopback() const {
    return host == "127.0.0.1" || host == "[::1]" || host == "localhost";
}

std::string origin_of(std::string_view url) {
    const auto parsed = Url::parse(url);
    return parsed ? parsed->origin() : "invalid URL";
}

void append_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const unsigned char c : text) {
        if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += static_cast<char>(c);
        } else {
            out += '%';
            out += kHex[c >> 4];
            out += kHex[c & 15];
        }
    }
}

std::string form_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] == '%' && i + 2 < text.size() &&
                   std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace kontor::host
