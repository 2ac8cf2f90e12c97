#include "config/parse_parts.hpp"

#include <filesystem>

namespace kontor::config {
namespace {

TableReader::Check path_in(const std::string& file, std::string& out) {
    // Takes the value itself, made absolute; the caller's own assignment is then harmless.
    return [&file, &out](const std::string& text) -> std::string {
        if (text.find('\0') != std::string::npos) return "must not hold a zero byte";
        const std::filesystem::path path(text);
        const bool whole = text.empty() || path.is_absolute();
        out = whole
                  ? text
                  : (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
        return "";
    };
}

}  // namespace

void read_path(TableReader& in, std::string_view key, std::string& out) {
    std::string path;
    std::string unused;
    in.text(key, unused, path_in(in.into().file, path));
    if (in.node().member(key) != nullptr && in.node().member(key)->kind == Node::Kind::kText)
        out = path;
}

void read_secrets(TableReader& in, std::map<std::string, std::string>& out) {
    const Node* table = in.table("secrets");
    if (table == nullptr) return;
    for (const auto& [name, line, column, value] : table->members) {
        in.stands(value, "secrets." + name);
        const auto reason =
            value.kind == Node::Kind::kText ? check_secret_reference(value.text) : "must be a text";
        if (!reason.empty())
            in.problem(value, "secrets." + name, reason);
        else
            out[name] = value.text;
    }
}

}  // namespace kontor::config
