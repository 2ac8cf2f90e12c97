#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"
#include "config/problem.hpp"

namespace kontor::config {

/// Where each value that is not a default came from: dotted key → "file:line".
using Origins = std::map<std::string, std::string>;

/// Reads the keys of one table, each into its place; wrong types, values and unknown keys become
/// problems. A key that is not there leaves its place as it was, so that files can be layered.
/// Not thread-safe; everything given must outlive it.
class TableReader {
public:
    struct Into {
        const std::string& file;
        Problems& problems;
        Origins* origins = nullptr;
    };
    /// `prefix`: dotted name of the table, "" for the document.
    TableReader(const Node& table, std::string prefix, Into into);

    void text(std::string_view key, std::string& out);
    /// Returns "" if the text is good, else the reason why not.
    using Check = std::function<std::string(const std::string&)>;
    void text(std::string_view key, std::string& out, const Check& check);
    void one_of(std::string_view key, std::string& out, const std::vector<std::string>& allowed);
    void integer(std::string_view key, std::int64_t& out, std::int64_t min, std::int64_t max);
    void number(std::string_view key, double& out, double min, double max);
    void boolean(std::string_view key, bool& out);
    /// "15m", "90s", "24h", "7d", "250ms".
    void duration(std::string_view key, std::chrono::milliseconds& out,
                  std::chrono::milliseconds min, std::chrono::milliseconds max);
    void texts(std::string_view key, std::vector<std::string>& out);

    /// The table or array at `key`; nullptr if there is none (or it is something else: a problem).
    [[nodiscard]] const Node* table(std::string_view key);
    [[nodiscard]] const Node* array(std::string_view key);
    /// Any value.
    [[nodiscard]] const Node* any(std::string_view key);

    /// Reports the keys that nobody asked for. Call it last.
    void finish();

    /// Remembers where a key stands that is read by itself.
    void stands(const Node& at, std::string_view key) const;
    void problem(const Node& at, std::string_view key, std::string reason,
                 std::string nearest = "") const;
    [[nodiscard]] std::string dotted(std::string_view key) const;
    [[nodiscard]] const Node& node() const { return table_; }
    [[nodiscard]] const Into& into() const { return into_; }

private:
    [[nodiscard]] const Node* take(std::string_view key, Node::Kind kind);

    const Node& table_;
    std::string prefix_;
    Into into_;
    std::vector<std::string> known_;
};

/// nullopt if it is not a number followed by ms, s, m, h or d.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest form that parse_duration() reads back: "15m".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds time);

}  // namespace kontor::config
