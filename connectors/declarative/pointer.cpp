#include "connectors/declarative/pointer.hpp"

#include <algorithm>
#include <charconv>

namespace kontor::declarative {
namespace {

std::optional<std::size_t> index_of(std::string_view step) {
    std::size_t index = 0;
    const auto* end = step.data() + step.size();
    const auto [rest, failed] = std::from_chars(step.data(), end, index);
    if (step.empty() || failed != std::errc() || rest != end) return std::nullopt;
    return index;
}

// "[type=home]" as `type` and `home`.
std::optional<std::pair<std::string_view, std::string_view>> wanted_of(std::string_view step) {
    const auto equals = step.find('=');
    if (step.size() < 4 || step.front() != '[' || step.back() != ']' || equals < 2 ||
        equals == std::string_view::npos)
        return std::nullopt;
    return std::pair(step.substr(1, equals - 1), step.substr(equals + 1, step.size() - equals - 2));
}

bool is(const Json& value, std::string_view text) {
    if (value.is_string()) return value.get_ref<const std::string&>() == text;
    return !value.is_structured() && !value.is_null() && value.dump() == text;
}

// What a new item says of itself: numbers and truth as such.
Json scalar_of(std::string_view text) {
    Json out = Json::parse(text, nullptr, false);
    return out.is_number_integer() || out.is_boolean() ? out : Json(text);
}

}  // namespace

bool Pointer::chooses_item(std::string_view step) {
    return step == "0" || wanted_of(step).has_value();
}

std::optional<std::size_t> Pointer::chosen_item(std::string_view step, const Json& list) {
    if (!list.is_array()) return std::nullopt;
    const auto wanted = wanted_of(step);
    if (!wanted) {
        const auto index = index_of(step);
        return index && *index < list.size() ? index : std::nullopt;
    }
    for (std::size_t at = 0; at < list.size(); ++at) {
        if (!list[at].is_object()) continue;
        const auto member = list[at].find(wanted->first);
        if (member != list[at].end() && is(*member, wanted->second)) return at;
    }
    return std::nullopt;
}

std::optional<Pointer> Pointer::parse(std::string_view text) {
    Pointer out;
    if (text.empty()) return out;
    if (text[0] != '/') return std::nullopt;
    while (!text.empty()) {
        text.remove_prefix(1);
        const auto end = std::min(text.find('/'), text.size());
        std::string step;
        for (std::size_t i = 0; i < end; ++i) {
            if (text[i] != '~') {
                step += text[i];
                continue;
            }
            if (++i >= end || (text[i] != '0' && text[i] != '1')) return std::nullopt;
            step += text[i] == '0' ? '~' : '/';
        }
        out.steps_.push_back(std::move(step));
        text.remove_prefix(end);
    }
    return out;
}

const Json* Pointer::find(const Json& in) const {
    const Json* at = &in;
    for (const auto& step : steps_) {
        if (at->is_object()) {
            const auto found = at->find(step);
            if (found == at->end()) return nullptr;
            at = &*found;
        } else if (at->is_array()) {
            const auto index = chosen_item(step, *at);
            if (!index) return nullptr;
            at = &(*at)[*index];
        } else {
            return nullptr;
        }
    }
    return at;
}

void Pointer::put(Json& in, Json value) const {
    Json* at = &in;
    for (const auto& step : steps_) {
        if (chooses_item(step) && (at->is_null() || at->is_array())) {
            if (at->is_null()) *at = Json::array();
            auto index = chosen_item(step, *at);
            if (!index) {
                index = at->size();
                const auto wanted = wanted_of(step);
                at->push_back(wanted ? Json{{std::string(wanted->first), scalar_of(wanted->second)}}
                                     : Json());
            }
            at = &(*at)[*index];
            continue;
        }
        if (!at->is_object()) *at = Json::object();
        at = &(*at)[step];
    }
    *at = std::move(value);
}

Pointer Pointer::below(const Pointer& parent) const {
    Pointer out = parent;
    out.steps_.insert(out.steps_.end(), steps_.begin(), steps_.end());
    return out;
}

bool Pointer::is_in(const Pointer& parent) const {
    return steps_.size() >= parent.steps_.size() &&
           std::equal(parent.steps_.begin(), parent.steps_.end(), steps_.begin());
}

std::string Pointer::text() const {
    std::string out;
    for (const auto& step : steps_) {
        out += '/';
        for (const char c : step) {
            if (c == '~')
                out += "~0";
            else if (c == '/')
                out += "~1";
            else
                out += c;
        }
    }
    return out;
}

}  // namespace kontor::declarative
