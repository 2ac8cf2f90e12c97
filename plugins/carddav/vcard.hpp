#pragma once

/// A vCard (RFC 6350, RFC 2426, and to read 2.1) as the lines that it consists of. What is not
/// edited keeps every byte: folding, order, letter case, line ends, what nobody knows.
/// Plain values; not thread-safe.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::carddav {

inline constexpr std::size_t kCardBytesMax = std::size_t{8} << 20;
inline constexpr std::size_t kCardLinesMax = 20'000;

struct Parameter {
    std::string name;   ///< upper case; "" for a bare value of vCard 2.1 (`TEL;HOME:`)
    std::string value;  ///< as it stands there, quotes included
};

/// One content line.
struct Property {
    std::string raw;    ///< every byte of it, folds and the line's end included
    std::string group;  ///< as it stands there; "" if there is none
    std::string name;   ///< upper case; "" for a line that is no property (blank, nested, foreign)
    std::vector<Parameter> parameters;
    std::string value;  ///< unfolded, still escaped

    /// True if one of its types is this (upper case): TYPE=…, lists and bare values included.
    [[nodiscard]] bool has_type(std::string_view type) const;
    /// Value of the first parameter of this name (upper case), without quotes; "" if none.
    [[nodiscard]] std::string parameter(std::string_view name) const;
};

class Card {
public:
    /// Throws sdk::Error(KONTOR_E_PROTOCOL) if it is no vCard or beyond the limits above.
    [[nodiscard]] static Card parse(std::string_view text);

    /// The whole card. Without an edit: byte for byte what was parsed.
    [[nodiscard]] std::string text() const;

    /// All lines in order; those of nested cards and after the card's end have no name.
    [[nodiscard]] const std::vector<Property>& properties() const { return properties_; }
    /// The first property of this name; nullopt if there is none.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
    /// "3.0", "4.0", …; "" if the card does not say.
    [[nodiscard]] std::string version() const;

    /// Writes `value` (escaped) into property `at`; group and parameters stay, but for those named
    /// in `without`. A value that is there already changes no byte.
    void set_value(std::size_t at, std::string_view value,
                   const std::vector<std::string_view>& without = {});
    /// Adds a parameter ("NAME=value") to property `at`.
    void add_parameter(std::size_t at, std::string_view parameter);
    /// Adds a line before the card's end: `head` is name and parameters ("TEL;TYPE=WORK").
    void add(std::string_view head, std::string_view value);
    /// Takes property `at` out, and with the last real property of a group its labels (X-AB…).
    void erase(std::size_t at);

private:
    [[nodiscard]] std::string line_of(std::string_view head, std::string_view value) const;

    std::vector<Property> properties_;
    std::size_t end_ = 0;  // index of END:VCARD
    std::string newline_ = "\r\n";
};

}  // namespace kontor::carddav
