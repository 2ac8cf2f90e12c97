#include "tests/peers/base/message.hpp"

namespace kontor::peer {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The value of `key="value"` or `key=value` inside a header.
std::string header_attribute(std::string_view header, std::string_view key) {
    std::size_t at = 0;
    while ((at = header.find(key, at)) != std::string_view::npos) {
        const bool starts = at == 0 || header[at - 1] == ' ' || header[at - 1] == ';';
        const std::size_t equals = at + key.size();
        if (!starts || equals >= header.size() || header[equals] != '=') {
            ++at;
            continue;
        }
        std::string_view value = header.substr(equals + 1);
        if (!value.empty() && value.front() == '"') {
            value.remove_prefix(1);
            return std::string(value.substr(0, value.find('"')));
        }
        return std::string(value.substr(0, value.find_first_of("; \r\n")));
    }
    return {};
}

}  // namespace

std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (equal_ignoring_case(key, name)) return value;
    }
    return std::nullopt;
}

std::string url_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                   hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string url_encode(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return out;
}

Parameters parse_query(std::string_view text) {
    Parameters out;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view part = text.substr(0, end);
        if (!part.empty()) {
            const std::size_t equals = part.find('=');
            std::string key = url_decode(part.substr(0, equals));
            std::string value = equals == std::string_view::npos
                                    ? std::string()
                                    : url_decode(part.substr(equals + 1));
            out.emplace_back(std::move(key), std::move(value));
        }
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return out;
}

std::optional<std::string_view> find_parameter(const Parameters& parameters,
                                               std::string_view name) {
    for (const auto& [key, value] : parameters) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::vector<FormPart> parse_multipart(std::string_view content_type, std::string_view body) {
    const std::string boundary = header_attribute(content_type, "boundary");
    if (boundary.empty()) return {};
    const std::string delimiter = "--" + boundary;
    std::vector<FormPart> parts;
    std::size_t at = body.find(delimiter);
    while (at != std::string_view::npos) {
        at += delimiter.size();
        if (body.substr(at, 2) == "--") break;
        if (body.substr(at, 2) != "\r\n") return {};
        at += 2;
        const std::size_t head_end = body.find("\r\n\r\n", at);
        if (head_end == std::string_view::npos) return {};
        const std::string_view head = body.substr(at, head_end - at);
        const std::size_t next = body.find("\r\n" + delimiter, head_end + 2);
        if (next == std::string_view::npos) return {};
        FormPart part;
        part.name = header_attribute(head, "name");
        part.file_name = header_attribute(head, "filename");
        if (next > head_end + 4)
            part.content = std::string(body.substr(head_end + 4, next - head_end - 4));
        parts.push_back(std::move(part));
        at = next + 2;
    }
    return parts;
}

std::string_view Request::path() const {
    const std::string_view all = target;
    return all.substr(0, all.find('?'));
}

std::string_view Request::query() const {
    const std::size_t at = target.find('?');
    return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
}

}  // namespace kontor::peer
