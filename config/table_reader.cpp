#include "config/table_reader.hpp"

#include <algorithm>
#include <charconv>

namespace kontor::config {

using std::chrono::milliseconds;

std::optional<milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data(), end, number);
    if (failed != std::errc() || number < 0) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    std::int64_t factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s") factor = 1'000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (unit == "d") factor = 86'400'000;
    if (factor == 0 || number > std::numeric_limits<std::int64_t>::max() / factor)
        return std::nullopt;
    return milliseconds(number * factor);
}

std::string format_duration(milliseconds time) {
    struct Unit {
        std::int64_t factor;
        const char* name;
    };
    for (const auto& [factor, name] :
         {Unit{86'400'000, "d"}, Unit{3'600'000, "h"}, Unit{60'000, "m"}, Unit{1'000, "s"}})
        if (time.count() != 0 && time.count() % factor == 0)
            return std::to_string(time.count() / factor) + name;
    return std::to_string(time.count()) + (time.count() == 0 ? "s" : "ms");
}

TableReader::TableReader(const Node& table, std::string prefix, Into into)
    : table_(table), prefix_(std::move(prefix)), into_(into) {}

std::string TableReader::dotted(std::string_view key) const {
    if (key.empty()) return prefix_;
    return prefix_.empty() ? std::string(key) : prefix_ + "." + std::string(key);
}

void TableReader::problem(const Node& at, std::string_view key, std::string reason,
                          std::string nearest_word) const {
    into_.problems.push_back(Problem{into_.file, at.line, at.column, dotted(key), std::move(reason),
                                     std::move(nearest_word)});
}

const Node* TableReader::any(std::string_view key) {
    known_.emplace_back(key);
    const Node* value = table_.member(key);
    if (value != nullptr) stands(*value, key);
    return value;
}

void TableReader::stands(const Node& at, std::string_view key) const {
    if (into_.origins != nullptr)
        (*into_.origins)[dotted(key)] = into_.file + ":" + std::to_string(at.line);
}

const Node* TableReader::take(std::string_view key, Node::Kind kind) {
    const Node* value = any(key);
    if (value == nullptr || value->kind == kind) return value;
    problem(
        *value, key,
        "must be " + std::string(to_string(kind)) + ", is " + std::string(to_string(value->kind)));
    return nullptr;
}

void TableReader::text(std::string_view key, std::string& out) {
    if (const auto* value = take(key, Node::Kind::kText)) out = value->text;
}

void TableReader::text(std::string_view key, std::string& out, const Check& check) {
    const auto* value = take(key, Node::Kind::kText);
    if (value == nullptr) return;
    if (auto reason = check(value->text); !reason.empty())
        problem(*value, key, std::move(reason));
    else
        out = value->text;
}

void TableReader::one_of(std::string_view key, std::string& out,
                         const std::vector<std::string>& allowed) {
    const auto* value = take(key, Node::Kind::kText);
    if (value == nullptr) return;
    if (std::find(allowed.begin(), allowed.end(), value->text) != allowed.end()) {
        out = value->text;
        return;
    }
    std::string list;
    for (const auto& name : allowed)
        list += (list.empty() ? "" : ", ") + (name.empty() ? "\"\"" : name);
    problem(*value, key, "must be one of: " + list, nearest(value->text, allowed));
}

void TableReader::integer(std::string_view key, std::int64_t& out, std::int64_t min,
                          std::int64_t max) {
    const auto* value = take(key, Node::Kind::kInteger);
    if (value == nullptr) return;
    if (value->integer < min || value->integer > max)
        problem(*value, key,
                "must be between " + std::to_string(min) + " and " + std::to_string(max));
    else
        out = value->integer;
}

void TableReader::number(std::string_view key, double& out, double min, double max) {
    const auto* value = any(key);
    if (value == nullptr) return;
    double read = 0;
    if (value->kind == Node::Kind::kReal) {
        read = value->real;
    } else if (value->kind == Node::Kind::kInteger) {
        read = static_cast<double>(value->integer);
    } else {
        problem(*value, key, "must be a number, is " + std::string(to_string(value->kind)));
        return;
    }
    // Written so that NaN is refused.
    if (!(read >= min && read <= max))
        problem(*value, key,
                "must be between " + std::to_string(min) + " and " + std::to_string(max));
    else
        out = read;
}

void TableReader::boolean(std::string_view key, bool& out) {
    if (const auto* value = take(key, Node::Kind::kBoolean)) out = value->boolean;
}

void TableReader::duration(std::string_view key, milliseconds& out, milliseconds min,
                           milliseconds max) {
    const auto* value = take(key, Node::Kind::kText);
    if (value == nullptr) return;
    const auto read = parse_duration(value->text);
    if (!read)
        problem(*value, key, "must be a time such as \"90s\", \"15m\", \"24h\" or \"7d\"");
    else if (*read < min || *read > max)
        problem(*value, key,
                "must be between " + format_duration(min) + " and " + format_duration(max));
    else
        out = *read;
}

void TableReader::texts(std::string_view key, std::vector<std::string>& out) {
    const auto* value = take(key, Node::Kind::kArray);
    if (value == nullptr) return;
    std::vector<std::string> read;
    for (const auto& item : value->items) {
        if (item.kind != Node::Kind::kText) {
            problem(item, key, "must hold texts, has " + std::string(to_string(item.kind)));
            return;
        }
        read.push_back(item.text);
    }
    out = std::move(read);
}

const Node* TableReader::table(std::string_view key) {
    return take(key, Node::Kind::kTable);
}
const Node* TableReader::array(std::string_view key) {
    return take(key, Node::Kind::kArray);
}

void TableReader::finish() {
    for (const auto& member : table_.members) {
        if (std::find(known_.begin(), known_.end(), member.name) != known_.end()) continue;
        Node at;
        at.line = member.line;
        at.column = member.column;
        problem(at, member.name, "unknown key", nearest(member.name, known_));
    }
}

}  // namespace kontor::config
