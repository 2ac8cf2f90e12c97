#include "connectors/host/curl_transfer.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "connectors/host/ascii.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kHeaderBytesMax = std::size_t{256} << 10;

bool is_header_text(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                                      std::string_view::npos;
    });
}

HeaderLines::~HeaderLines() {
    for (auto* line = first_; line; line = line->next)
        OPENSSL_cleanse(line->data, std::strlen(line->data));
    curl_slist_free_all(first_);
}

bool HeaderLines::add(std::string_view name, std::string_view value) {
    if (!is_token(name) || !is_header_text(value)) return false;
    std::string line(name);
    line.reserve(name.size() + value.size() + 3);
    // libcurl drops a header without a value unless it is written with a semicolon.
    line += value.empty() ? ";" : ": ";
    line += value;
    return add_line(line);
}

bool HeaderLines::add_line(std::string& line) {
    auto* longer = curl_slist_append(first_, line.c_str());
    wipe(line);
    if (longer) first_ = longer;
    return longer != nullptr;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    if (size > transfer.max_body - transfer.body_bytes) {
        transfer.body_too_large = true;
        return 0;
    }
    transfer.body_bytes += size;
    try {
        if (!transfer.response.spool.valid()) {
            transfer.response.body.append(bytes, size);
        } else if (auto wrote = transfer.response.spool.append({bytes, size}); !wrote) {
            transfer.spool_error = wrote.error();
            return 0;
        }
    } catch (...) {
        return 0;
    }
    return size;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.header_bytes += size;
    if (transfer.header_bytes > kHeaderBytesMax) {
        transfer.headers_too_large = true;
        return 0;
    }
    try {
        std::string_view line(bytes, size);
        if (line.starts_with("HTTP/")) {  // a new header block, after a 1xx or a proxy's answer
            transfer.response.headers.clear();
            return size;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return size;
        std::string name = ascii_lower(std::string(line.substr(0, colon)));
        line.remove_prefix(colon + 1);
        while (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
            line.remove_prefix(1);
        while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ')
            line.remove_suffix(1);
        auto& value = transfer.response.headers[name];
        // Cookies are the only header whose lines cannot be told apart once joined by commas.
        if (name == "set-cookie" && !value.empty())
            value.append(1, '\n').append(line);
        else
            value = line;
    } catch (...) {
        return 0;
    }
    return size;
}

}  // namespace kontor::host
