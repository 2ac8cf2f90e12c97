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

}  // namespace

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
            const auto index = index_of(step);
            if (!index || *index >= at->size()) return nullptr;
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
        if (step == "0" && (at->is_null() || at->is_array())) {
            if (at->is_null()) *at = Json::array();
            if (at->empty()) at->push_back(nullptr);
            at = &(*at)[0];
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
