#include "sync/merge/group_values.hpp"

#include <algorithm>
#include <cstring>

namespace kontor::merge {
namespace {

template <class T>
void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
bool take(std::string_view& from, T& out) {
    if (from.size() < sizeof out) return false;
    std::memcpy(&out, from.data(), sizeof out);
    from.remove_prefix(sizeof out);
    return true;
}

}  // namespace

std::string encode(std::span<const Value> values) {
    std::string out;
    for (const Value& value : values) {
        out.push_back(static_cast<char>(value.kind()));
        switch (value.kind()) {
            case Kind::kInteger:
                put(out, value.integer());
                break;
            case Kind::kReal:
                put(out, value.real() == 0 ? 0.0 : value.real());  // there are two zeros
                break;
            case Kind::kText:
                put(out, static_cast<std::uint32_t>(value.text().size()));
                out.append(value.text());
                break;
            default:
                break;
        }
    }
    return out;
}

std::optional<GroupValues> decode(std::string_view bytes) {
    GroupValues values;
    while (!bytes.empty()) {
        const auto kind = static_cast<Kind>(bytes.front());
        bytes.remove_prefix(1);
        switch (kind) {
            case Kind::kAbsent:
                values.emplace_back();
                break;
            case Kind::kNull:
                values.push_back(Value::null());
                break;
            case Kind::kInteger: {
                std::int64_t integer = 0;
                if (!take(bytes, integer)) return std::nullopt;
                values.emplace_back(integer);
                break;
            }
            case Kind::kReal: {
                double real = 0;
                if (!take(bytes, real)) return std::nullopt;
                values.emplace_back(real);
                break;
            }
            case Kind::kText: {
                std::uint32_t size = 0;
                if (!take(bytes, size) || size > bytes.size()) return std::nullopt;
                values.emplace_back(bytes.substr(0, size));
                bytes.remove_prefix(size);
                break;
            }
            default:
                return std::nullopt;
        }
    }
    return values;
}

bool is_blank(std::span<const Value> values) {
    return std::ranges::all_of(values, [](const Value& value) { return value.is_blank(); });
}

}  // namespace kontor::merge
