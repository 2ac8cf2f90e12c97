#include "plugins/carddav/text.hpp"

#include <algorithm>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::carddav {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/// The byte that the two hexadecimal digits at `at` stand for; -1 if there are none.
int hex_byte(std::string_view text, std::size_t at) {
    if (at + 2 > text.size()) return -1;
    const int high = hex_value(text[at]), low = hex_value(text[at + 1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// Puts the dashes into a basic date, the colons into a basic time.
std::optional<std::string> extended(std::string_view text, std::size_t first, std::size_t second,
                                    char separator) {
    if (text.size() < second + 2) return std::nullopt;
    std::string out(text);
    if (text[first] == separator) return out;
    out.insert(second, 1, separator);
    out.insert(first, 1, separator);
    return out;
}

std::uint32_t code_point(std::string_view text, std::size_t at, std::size_t size) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    if (size == 3) return (byte(0) & 15U) << 12 | (byte(1) & 63U) << 6 | (byte(2) & 63U);
    if (size == 4)
        return (byte(0) & 7U) << 18 | (byte(1) & 63U) << 12 | (byte(2) & 63U) << 6 |
               (byte(3) & 63U);
    return 0;
}

}  // namespace

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::size_t utf8_size(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (at + size > text.size()) return 1;
    for (std::size_t i = 1; i < size; ++i)
        if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 1;
    return size;
}

std::string as_utf8(std::string text) {
    const bool ascii =
        std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (ascii) return text;
    std::string json;
    sdk::append_json_string(text, json);
    return sdk::Json::parse(json).get<std::string>();
}

std::string unescaped(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\' || i + 1 == value.size()) {
            out += value[i];
            continue;
        }
        const char next = value[++i];
        if (next == 'n' || next == 'N') {
            out += '\n';
        } else {
            if (next != ',' && next != ';' && next != '\\' && next != ':') out += '\\';
            out += next;
        }
    }
    return out;
}

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n' || c == '\r') {
            if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
            out += "\\n";
            continue;
        }
        // No other control character may stand in a card, nor in the XML around it.
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t') continue;
        if (c == ',' || c == ';' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::vector<std::string> split_escaped(std::string_view value, char separator) {
    std::vector<std::string> out(1);
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == separator) {
            out.emplace_back();
            continue;
        }
        out.back() += value[i];
        if (value[i] == '\\' && i + 1 < value.size()) out.back() += value[++i];
    }
    return out;
}

std::string joined(const std::vector<std::string>& parts, char separator) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) out += separator;
        out += parts[i];
    }
    return out;
}

std::string from_quoted_printable(std::string_view value) {
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '=') {
            out += value[i];
        } else if (const int byte = hex_byte(value, i + 1); byte >= 0) {
            out += static_cast<char>(byte);
            i += 2;
        } else if (value.substr(i + 1, 2) == "\r\n") {
            i += 2;
        } else {
            out += '=';
        }
    }
    return out;
}

std::string from_latin1(std::string_view value) {
    std::string out;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xc0 | byte >> 6);
            out += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return out;
}

std::optional<std::string> date_of(std::string_view value) {
    value = trimmed(value);
    value = value.substr(0, value.find_first_of("Tt "));
    if (value.size() == 8 && all_digits(value)) {
        auto out = extended(value, 4, 6, '-');
        if (out && sdk::is_date(*out)) return out;
        return std::nullopt;
    }
    if (value.size() == 10 && sdk::is_date(value)) return std::string(value);
    return std::nullopt;
}

std::optional<std::int64_t> instant_of(std::string_view value) {
    value = trimmed(value);
    const auto t = value.find('T');
    if (t == std::string_view::npos) return std::nullopt;
    const auto date = date_of(value.substr(0, t));
    const auto time = extended(value.substr(t + 1), 2, 4, ':');
    if (!date || !time) return std::nullopt;
    return sdk::parse_instant(*date + "T" + *time);
}

bool is_east_asian(std::string_view text) {
    bool found = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = utf8_size(text, at);
        const char c = text[at];
        if (size == 1 && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return false;
        if (size == 2) return false;  // Latin, Greek, Cyrillic, …
        const std::uint32_t code = code_point(text, at, size);
        found |= (code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff) ||
                 (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
                 (code >= 0x20000 && code <= 0x323af);
        at += size;
    }
    return found;
}

std::string display_name(std::string_view family, std::string_view given) {
    if (family.empty() || given.empty()) return std::string(family.empty() ? given : family);
    if (is_east_asian(family) && is_east_asian(given)) return std::string(family).append(given);
    return std::string(given).append(1, ' ').append(family);
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int byte = hex_byte(text, i + 1);
        if (byte < 0) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

}  // namespace kontor::carddav
