#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/host/http_client.hpp"

namespace kontor::host {

/// True if `text` may be a header's name or an HTTP method.
[[nodiscard]] bool is_token(std::string_view text);

/// Header lines for libcurl; those with credentials are wiped before they are freed.
class HeaderLines {
public:
    HeaderLines() = default;
    HeaderLines(const HeaderLines&) = delete;
    HeaderLines& operator=(const HeaderLines&) = delete;
    ~HeaderLines();
    /// False if the name or the value would break out of its line.
    bool add(std::string_view name, std::string_view value);
    bool add_line(std::string& line);
    [[nodiscard]] curl_slist* get() const { return first_; }

private:
    curl_slist* first_ = nullptr;
};

/// What one transfer's callbacks write to.
struct Transfer {
    HttpResponse response;
    std::size_t max_body = 0;
    std::size_t body_bytes = 0;
    std::size_t header_bytes = 0;
    bool body_too_large = false;
    bool headers_too_large = false;
    std::optional<Error> spool_error;
};

// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION; `user` is the Transfer.
std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept;
std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* user) noexcept;

}  // namespace kontor::host
