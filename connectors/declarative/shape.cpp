#include "connectors/declarative/shape.hpp"

#include "connectors/declarative/time_format.hpp"

namespace kontor::declarative {
namespace {

char directive_of(const Json& leaf) {
    if (!leaf.is_string()) return 0;
    const auto& text = leaf.get_ref<const std::string&>();
    return text.size() == 2 && text[0] == '%' ? text[1] : '\0';
}

// Calls `visit(directive, leaf)` for each leaf of the shape and what is at its place.
template <class Visit>
bool walk(const Json& shape, const Json* at, Visit&& visit) {
    if (shape.is_object()) {
        for (const auto& [name, member] : shape.items()) {
            const Json* below = nullptr;
            if (at != nullptr && at->is_object())
                if (const auto found = at->find(name); found != at->end()) below = &*found;
            if (!walk(member, below, visit)) return false;
        }
        return true;
    }
    if (shape.is_array()) {
        for (std::size_t i = 0; i < shape.size(); ++i) {
            const Json* below =
                at != nullptr && at->is_array() && i < at->size() ? &(*at)[i] : nullptr;
            if (!walk(shape[i], below, visit)) return false;
        }
        return true;
    }
    const char directive = directive_of(shape);
    return directive == 0 || visit(directive, at);
}

template <class Put>
Json filled(const Json& shape, Put&& put) {
    Json out = shape;
    if (out.is_structured()) {
        for (auto& each : out) each = filled(each, put);
        return out;
    }
    if (const char directive = directive_of(shape)) put(directive, out);
    return out;
}

}  // namespace

ShapeUse use_of(const Json& shape) {
    ShapeUse out;
    walk(shape, nullptr, [&](char directive, const Json*) {
        Moment moment;
        out.value = out.value || directive == 'v';
        out.time = out.time || moment.part(directive) != nullptr;
        return true;
    });
    return out;
}

Json wrap(const Json& shape, const Json& value) {
    return filled(shape, [&](char directive, Json& leaf) {
        if (directive == 'v') leaf = value;
    });
}

Json wrap_time(const Json& shape, std::int64_t ms) {
    Moment moment = Moment::of(ms);
    return filled(shape, [&](char directive, Json& leaf) {
        if (const auto* part = moment.part(directive)) leaf = *part;
    });
}

const Json* unwrap(const Json& shape, const Json& wrapped) {
    const Json* found = nullptr;
    walk(shape, &wrapped, [&](char directive, const Json* at) {
        if (directive == 'v') found = at;
        return found == nullptr;
    });
    return found;
}

std::optional<std::int64_t> unwrap_time(const Json& shape, const Json& wrapped) {
    Moment moment;
    const bool whole = walk(shape, &wrapped, [&](char directive, const Json* at) {
        auto* part = moment.part(directive);
        if (part == nullptr) return true;
        if (at == nullptr || !at->is_number_integer()) return false;
        *part = at->get<std::int64_t>();
        return true;
    });
    return whole ? moment.ms() : std::nullopt;
}

}  // namespace kontor::declarative
