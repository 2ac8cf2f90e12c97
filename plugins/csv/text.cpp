#include "plugins/csv/text.hpp"

#include <array>

namespace kontor::csv {
namespace {

constexpr std::array<std::string_view, 3> kWideBlanks{"\xC2\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF"};
constexpr std::string_view kBlanks = " \t\r\n\v\f";

}  // namespace

std::string_view trimmed(std::string_view text) {
    for (bool more = true; more && !text.empty();) {
        more = false;
        if (kBlanks.find(text.front()) != std::string_view::npos)
            text.remove_prefix(1), more = true;
        if (!text.empty() && kBlanks.find(text.back()) != std::string_view::npos)
            text.remove_suffix(1), more = true;
        for (const auto blank : kWideBlanks) {
            if (text.starts_with(blank)) text.remove_prefix(blank.size()), more = true;
            if (text.ends_with(blank)) text.remove_suffix(blank.size()), more = true;
        }
    }
    return text;
}

std::string folded(std::string_view text) {
    std::string out(trimmed(text));
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string folded_name(std::string_view text) {
    std::string out;
    for (const char c : folded(text))
        if (std::string_view(" \t\r\n-_*:./").find(c) == std::string_view::npos) out += c;
    return out;
}

}  // namespace kontor::csv
