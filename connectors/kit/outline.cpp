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

bool has_objects(const json& value) {
    return value.is_array() && !value.empty() && value.front().is_object();
}

/// `record` gets the first object of the first list that has one.
void find_lists(const json& value, const std::string& at, int depth, Outline& out,
                const json*& record) {
    if (value.is_array()) {
        if (out.lists.size() < kLists) out.lists.push_back(at);
        if (record == nullptr && has_objects(value)) record = &value.front();
        return;
    }
    if (!value.is_object() || depth == 0) return;
    for (const auto& [name, member] : value.items())
        find_lists(member, at + "/" + escaped(name), depth - 1, out, record);
}

/// nullptr if there is nothing, or `place` is no JSON Pointer.
const json* at_place(const json& value, const std::string& place) {
    try {
        const json::json_pointer pointer(place);
        return value.contains(pointer) ? &value.at(pointer) : nullptr;
    } catch (const json::exception&) {
        return nullptr;
    }
}

std::vector<std::string> names_in(const json* value) {
    std::vector<std::string> out;
    if (value != nullptr && value->is_object())
        for (const auto& [name, member] : value->items()) out.push_back(name);
    return out;
}

}  // namespace

Outline outline_of(std::string_view body, const Places& places) {
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
    const json* record = nullptr;
    find_lists(value, "", kDepth, out, record);
    if (const auto* told = at_place(value, places.records); told != nullptr && has_objects(*told))
        record = &told->front();
    out.members = names_in(record);
    if (record != nullptr) out.fields = names_in(at_place(*record, places.fields));
    return out;
}

}  // namespace kontor::kit
