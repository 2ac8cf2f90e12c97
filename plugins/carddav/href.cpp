#include "plugins/carddav/href.hpp"

#include <algorithm>

#include "connectors/sdk/url.hpp"
#include "plugins/carddav/text.hpp"

namespace kontor::carddav {
namespace {

constexpr std::size_t kNameBytesMax = 255;

bool is_absolute(std::string_view url) {
    return url.starts_with("https://") || url.starts_with("http://");
}

std::size_t path_begin(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return 0;
    return std::min(url.find_first_of("/?#", scheme + 3), url.size());
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::string origin_of(std::string_view url) {
    std::string out(url.substr(0, path_begin(url)));
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const std::string_view usual = out.starts_with("https:") ? ":443" : ":80";
    if (out.ends_with(usual)) out.resize(out.size() - usual.size());
    return out;
}

std::string path_of(std::string_view url) {
    url.remove_prefix(path_begin(url));
    url = url.substr(0, url.find_first_of("?#"));
    return url.empty() ? "/" : std::string(url);
}

std::optional<std::string> resolved(std::string_view base, std::string_view href) {
    if (href.empty() || href.starts_with("//") || has_control(href)) return std::nullopt;
    if (is_absolute(href)) return origin_of(href) + path_of(href);
    if (href.find("://") != std::string_view::npos) return std::nullopt;
    if (href.starts_with('/')) return origin_of(base) + path_of(href);
    const std::string path = path_of(base);
    return origin_of(base) + path.substr(0, path.rfind('/') + 1) + path_of(href);
}

std::string member_name(std::string_view href) {
    const std::string path = path_of(href);
    const auto name = percent_decoded(std::string_view(path).substr(path.rfind('/') + 1));
    if (!name || name->size() > kNameBytesMax || has_control(*name) || *name == "." ||
        *name == ".." || as_utf8(*name) != *name)
        return {};
    return *name;
}

bool is_member_name(std::string_view name) {
    return !name.empty() && member_name(sdk::percent_encode(name)) == name;
}

std::string member_url(std::string_view collection, std::string_view name) {
    return std::string(collection) + sdk::percent_encode(name);
}

std::string strong_etag(std::string_view etag) {
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    const bool plain = std::ranges::all_of(etag, [](char c) { return c >= 0x20 && c < 0x7f; });
    return plain ? std::string(etag) : std::string();
}

}  // namespace kontor::carddav
