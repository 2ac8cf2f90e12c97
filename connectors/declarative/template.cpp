#include "connectors/declarative/template.hpp"

#include <functional>

#include "connectors/sdk/url.hpp"

namespace kontor::declarative {
namespace {

constexpr std::string_view kSpread = "...";

struct Piece {
    bool gap = false;
    std::string text;
};

std::optional<std::vector<Piece>> pieces_of(std::string_view text) {
    std::vector<Piece> out;
    std::string plain;
    const auto end_plain = [&] {
        if (!plain.empty()) out.push_back({false, std::move(plain)});
        plain.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c != '{' && c != '}') {
            plain += c;
            continue;
        }
        if (i + 1 < text.size() && text[i + 1] == c) {
            plain += c;
            ++i;
            continue;
        }
        const auto close = text.find('}', i);
        if (c == '}' || close == std::string_view::npos) return std::nullopt;
        end_plain();
        out.push_back({true, std::string(text.substr(i + 1, close - i - 1))});
        i = close;
    }
    end_plain();
    return out;
}

const Json* value_of(const std::string& name, const Values& values) {
    const auto found = values.find(name);
    return found == values.end() || found->second.is_null() ? nullptr : &found->second;
}

std::optional<std::string> fill(std::string_view text, const Values& values,
                                const std::function<std::string(std::string)>& write) {
    const auto pieces = pieces_of(text);
    if (!pieces) return std::nullopt;
    std::string out;
    for (const auto& piece : *pieces) {
        if (!piece.gap) {
            out += piece.text;
            continue;
        }
        const Json* value = value_of(piece.text, values);
        if (value == nullptr) return std::nullopt;
        out += write(as_text(*value));
    }
    return out;
}

}  // namespace

std::optional<std::vector<std::string>> names_in(std::string_view text) {
    const auto pieces = pieces_of(text);
    if (!pieces) return std::nullopt;
    std::vector<std::string> out;
    for (const auto& piece : *pieces)
        if (piece.gap) out.push_back(piece.text);
    return out;
}

std::string as_text(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string out;
    for (const auto& item : value) out += (out.empty() ? "" : ",") + as_text(item);
    return out;
}

std::optional<std::string> fill_text(std::string_view text, const Values& values) {
    return fill(text, values, [](std::string value) { return value; });
}

std::optional<std::string> fill_path(std::string_view text, const Values& values) {
    return fill(text, values, [](const std::string& value) { return sdk::percent_encode(value); });
}

std::optional<Json> fill_json(const Json& shape, const Values& values) {
    if (shape.is_string()) {
        const auto& text = shape.get_ref<const std::string&>();
        const auto pieces = pieces_of(text);
        if (pieces && pieces->size() == 1 && pieces->front().gap) {
            const Json* value = value_of(pieces->front().text, values);
            return value == nullptr ? std::nullopt : std::optional<Json>(*value);
        }
        auto filled = fill_text(text, values);
        return filled ? std::optional<Json>(std::move(*filled)) : std::nullopt;
    }
    if (shape.is_array()) {
        Json out = Json::array();
        for (const auto& item : shape)
            if (auto filled = fill_json(item, values)) out.push_back(std::move(*filled));
        return out;
    }
    if (!shape.is_object()) return shape;
    Json out = Json::object(), spread = Json::object();
    for (const auto& [name, member] : shape.items()) {
        auto key = fill_text(name, values);
        auto filled = fill_json(member, values);
        if (!key || !filled) continue;
        if (*key == kSpread && filled->is_object())
            spread = std::move(*filled);
        else
            out[*key] = std::move(*filled);
    }
    for (const auto& [name, value] : spread.items())
        if (!out.contains(name)) out[name] = value;
    return out;
}

std::optional<std::string> fill_parameter(const Json& shape, const Values& values) {
    if (shape.is_string()) return fill_text(shape.get_ref<const std::string&>(), values);
    const auto filled = fill_json(shape, values);
    if (!filled) return std::nullopt;
    return filled->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kontor::declarative
