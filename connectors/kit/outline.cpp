#include "connectors/kit/outline.hpp"

#include <nlohmann/json.hpp>

#include "connectors/abi/json_depth.hpp"

namespace kontor::kit {
namespace {

using nlohmann::json;

constexpr int kDepth = 4;
constexpr std::size_t kMembers = 24, kLists = 8, kTextMax = 1'000;
constexpr int kDepthMax = 64;
constexpr std::size_t kBodyMax = std::size_t{4} << 20;

std::string describe(const json& value, int depth) {
    if (value.is_array()) {
        if (value.empty()) return "[]";
        return "[" + (depth == 0 ? "…" : describe(value.front(), depth - 1)) + " × " +
               std::to_string(value.size()) + "]";
    }
    if (value.is_object()) {
        if (depth == 0) return "{…}";
        std::string out = "{";
        std::size_t count = 0;
        for (const auto& [name, member] : value.items()) {
            if (count == kMembers) {
                out += ", …";
                break;
            }
            out += (count++ == 0 ? "\"" : ", \"") + name + "\": " + describe(member, depth - 1);
        }
        return out + "}";
    }
    if (value.is_string()) return "text";
    if (value.is_boolean()) return "boolean";
    return value.is_null() ? "null" : "number";
}

std::string escaped(std::string_view name) {
    std::string out;
    for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return out;
}

void find_lists(const json& value, const std::string& at, int depth, Outline& out) {
    if (value.is_array()) {
        if (out.lists.size() < kLists) out.lists.push_back(at);
        if (out.members.empty() && !value.empty() && value.front().is_object())
            for (const auto& [name, member] : value.front().items()) out.members.push_back(name);
        return;
    }
    if (!value.is_object() || depth == 0) return;
    for (const auto& [name, member] : value.items())
        find_lists(member, at + "/" + escaped(name), depth - 1, out);
}

}  // namespace

Outline outline_of(std::string_view body) {
    Outline out;
    if (body.size() > kBodyMax || abi::nested_deeper_than(body, kDepthMax)) return out;
    const json value = json::parse(body, nullptr, false);
    if (value.is_discarded()) return out;
    out.is_json = true;
    out.text = describe(value, kDepth);
    if (out.text.size() > kTextMax) {
        auto end = kTextMax;
        while ((static_cast<unsigned char>(out.text[end]) & 0xC0U) == 0x80U) --end;
        out.text = out.text.substr(0, end) + "…";
    }
    find_lists(value, "", kDepth, out);
    return out;
}

}  // namespace kontor::kit
