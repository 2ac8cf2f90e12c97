#pragma once
// HTTP messages as plain values, so that the peer's logic runs in-process without sockets.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontor::peer {

using Headers = std::vector<std::pair<std::string, std::string>>;
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// First header of that name (ASCII case-insensitive), or nothing.
std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);

/// Decodes %XX and '+'. Malformed escapes are kept as they are.
std::string url_decode(std::string_view text);

/// Everything but letters, digits and `-._~` as %XX.
std::string url_encode(std::string_view text);

/// Splits `a=1&b=2`, tolerating empty parts (SDKs send a trailing '&').
Parameters parse_query(std::string_view text);

/// First parameter of that name, or nothing.
std::optional<std::string_view> find_parameter(const Parameters& parameters, std::string_view name);

struct FormPart {
    std::string name;
    std::string file_name;
    std::string content;
};

/// Parts of a multipart/form-data body; empty when the content type or body is malformed.
std::vector<FormPart> parse_multipart(std::string_view content_type, std::string_view body);

struct Request {
    std::string method;
    std::string target;  ///< path and query as on the request line
    Headers headers;
    std::string body;
    int in_flight = 1;        ///< requests under way at the server, this one included
    int heavy_in_flight = 0;  ///< those of ServerOptions::heavy, if this is one of them

    std::string_view path() const;
    std::string_view query() const;
};

/// What happens on the wire with a response.
enum class Delivery : std::uint8_t {
    normal,
    drop,      ///< close the connection without a byte
    truncate,  ///< announce the full length, send half of the body, close
};

struct Response {
    int status = 200;
    Headers headers;
    std::string body;
    Delivery delivery = Delivery::normal;
    std::int64_t delay_ms = 0;
};

}  // namespace kontor::peer
