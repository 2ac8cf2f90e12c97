#include <sqlite3.h>
#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

#include "sync/replica/catalogue.hpp"

namespace kontor::replica {

namespace {

constexpr std::size_t kNameMax = 63;
constexpr std::size_t kSuffixRoom = 8;  // for "_1234567"
constexpr std::size_t kRemoteNameMax = 1000;

// Names that mean something else to SQLite (rowid aliases; OLD and NEW in triggers) or to us.
constexpr std::array<std::string_view, 6> kTaken{"id", "uid", "rowid", "oid", "old", "new"};

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool reserved(std::string_view name) {
    return std::ranges::find(kTaken, name) != kTaken.end() || name.starts_with("kontor_") ||
           name.starts_with("sqlite_") ||
           sqlite3_keyword_check(name.data(), static_cast<int>(name.size())) != 0;
}

std::string to_latin(std::string_view text) {
    // Immutable once made, and making it takes milliseconds.
    static const std::unique_ptr<const icu::Transliterator> latin = [] {
        UErrorCode status = U_ZERO_ERROR;
        std::unique_ptr<icu::Transliterator> made(
            icu::Transliterator::createInstance("Any-Latin; Latin-ASCII", UTRANS_FORWARD, status));
        if (U_FAILURE(status)) made.reset();
        return made;
    }();
    std::string out;
    if (!latin) return out;
    icu::UnicodeString unicode = icu::UnicodeString::fromUTF8(
        icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
    latin->transliterate(unicode);
    unicode.toUTF8String(out);
    return out;
}

/// Words in lower case joined by underscores; "" if nothing of the text can stay.
std::string snake_case(std::string_view text) {
    std::string out;
    char before = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const char after = i + 1 < text.size() ? text[i + 1] : '\0';
        if (is_lower(c) || is_upper(c) || is_digit(c)) {
            // LastName, HTMLText
            const bool word = is_upper(c) && (is_lower(before) || is_digit(before) ||
                                              (is_upper(before) && is_lower(after)));
            if (word && !out.empty() && out.back() != '_') out += '_';
            out += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
        } else if (c != '\'' && !out.empty() && out.back() != '_') {
            out += '_';
        }
        before = c;
    }
    while (!out.empty() && out.back() == '_') out.pop_back();
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

bool safe_name(std::string_view name) {
    if (name.empty() || name.size() > kNameMax || !is_lower(name.front())) return false;
    const bool plain =
        std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
    return plain && !reserved(name);
}

std::string sql_name(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

std::string propose_name(std::string_view remote_name, const std::vector<std::string>& taken) {
    const std::string_view head = remote_name.substr(0, kRemoteNameMax);
    const bool ascii = std::ranges::all_of(head, [](unsigned char c) { return c < 0x80; });
    std::string name = ascii ? snake_case(head) : snake_case(to_latin(head));
    name.resize(std::min(name.size(), kNameMax - kSuffixRoom));
    while (!name.empty() && name.back() == '_') name.pop_back();
    if (name.empty()) name = "field";
    if (!is_lower(name.front()) || name.starts_with("kontor_") || name.starts_with("sqlite_"))
        name.insert(0, "f_");
    if (reserved(name)) name += '_';

    const auto is_taken = [&](const std::string& candidate) {
        return std::ranges::any_of(
            taken, [&](const std::string& t) { return equal_ignoring_case(t, candidate); });
    };
    if (!is_taken(name)) return name;
    const char* separator = name.back() == '_' ? "" : "_";
    // At most one more than there are names can be taken.
    for (std::size_t n = 2;; ++n) {
        std::string candidate = name + separator + std::to_string(n);
        if (!is_taken(candidate)) return candidate;
    }
}

}  // namespace kontor::replica
