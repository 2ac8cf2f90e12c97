#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace kontor::config {

/// A configuration file may be this large, in bytes.
inline constexpr std::size_t kFileMax = std::size_t{4} << 20;

/// One value of a TOML document, with its place in the file.
struct Node {
    enum class Kind : std::uint8_t { kTable, kArray, kText, kInteger, kReal, kBoolean, kTime };
    struct Member;

    Kind kind = Kind::kTable;
    int line = 0;
    int column = 0;
    std::string text;
    std::int64_t integer = 0;
    double real = 0;
    bool boolean = false;
    std::vector<Node> items;      ///< of an array
    std::vector<Member> members;  ///< of a table, in the order of the file

    [[nodiscard]] const Node* member(std::string_view name) const;
};

struct Node::Member {
    std::string name;
    int line = 0;
    int column = 0;
    Node value;
};

/// "table", "text" …, for messages.
[[nodiscard]] std::string_view to_string(Node::Kind kind);

/// Reads TOML. nullopt and one problem if it is not TOML, is not UTF-8, is larger than kFileMax, or
/// nested too deeply.
[[nodiscard]] std::optional<Node> parse_toml(std::string_view text, const std::string& file,
                                             Problems& problems);

/// What a file says, up to kFileMax and a little. nullopt and one problem if it is missing, or no
/// regular file.
[[nodiscard]] std::optional<std::string> read_text(const std::string& file, Problems& problems);

/// Reads and parses a file. A missing one is a problem, as is one that is no regular file.
[[nodiscard]] std::optional<Node> read_toml(const std::string& file, Problems& problems);

/// The text as a TOML basic string, quotes included.
[[nodiscard]] std::string toml_string(std::string_view text);

/// A key as TOML wants it: bare if possible, else quoted.
[[nodiscard]] std::string quoted_key(std::string_view key);

}  // namespace kontor::config
