#include "plugins/rest/rows.hpp"

#include <algorithm>

namespace kontor::rest {

using declarative::Pointer;

namespace {

bool is_nothing(const Json& value) {
    return value.is_null() || value == false || value == "";
}

// A person without telephone numbers has a list of none, one without a company no company at all.
bool leads_to_nothing(const Pointer& path, const Json& row) {
    const Json* at = &row;
    for (const auto& step : path.steps()) {
        if (is_nothing(*at)) return true;
        if (at->is_array()) {
            const auto item = Pointer::chosen_item(step, *at);
            if (!item) return Pointer::chooses_item(step);
            at = &(*at)[*item];
            continue;
        }
        if (!at->is_object() || !at->contains(step)) return false;
        at = &at->at(step);
    }
    return false;
}

}  // namespace

std::string Stamp::version() const {
    return modified_ms ? sdk::format_instant(*modified_ms) : std::string();
}

Rows::Rows(Api& api, const declarative::Stream& stream, const std::vector<std::string>& names)
    : api_(api), stream_(stream), forms_(api.description(), api.offset_ms()) {
    const auto want = [&](const Pointer& place) {
        const auto at = stream.fields_at.steps().size();
        if (!place.is_in(stream.fields_at) || place.steps().size() <= at) return;
        const Json name = place.steps()[at];
        if (std::ranges::find(wanted_, name) == wanted_.end()) wanted_.push_back(name);
    };
    for (const auto& name : names) {
        const auto* field = stream.field(name);
        if (field == nullptr)
            throw sdk::Error(KONTOR_E_INVALID, stream.name + " has no field " + name)
                .stream(stream.name)
                .unknown_field(name);
        fields_.push_back(field);
        want(field->path);
    }
    want(stream.id);
    if (stream.modified)
        for (const auto& place : stream.modified->at) want(place);
    if (stream.modified_by) want(*stream.modified_by);
    if (stream.gone_at) want(*stream.gone_at);
    if (stream.token) want(*stream.token);
}

Stamp Rows::stamp(const Json& row) const {
    Stamp out;
    // Lists of ids alone have no members.
    out.id = id_text(row.is_structured() ? stream_.id.find(row) : &row);
    if (out.id.empty())
        throw sdk::Error(KONTOR_E_PROTOCOL,
                         stream_.name + ": a record has no id at " + stream_.id.text())
            .stream(stream_.name);
    if (stream_.modified)
        for (const auto& place : stream_.modified->at)
            if (const Json* value = place.find(row)) {
                const auto ms = forms_.moment(stream_.modified->format, *value);
                if (ms && (!out.modified_ms || *ms > *out.modified_ms)) out.modified_ms = ms;
            }
    if (stream_.modified_by) out.actor = id_text(stream_.modified_by->find(row));
    if (stream_.gone_at) {
        const Json* flag = stream_.gone_at->find(row);
        out.gone = flag != nullptr && *flag == stream_.gone_if;
    }
    return out;
}

void Rows::add(const Json& row, const Stamp& stamp, abi::BatchWriter& out) const {
    out.begin(abi::Op::kRecord, stamp.id, stamp.version(), {}, stamp.actor);
    for (std::size_t at = 0; at < fields_.size(); ++at) {
        const auto i = static_cast<std::uint16_t>(at);
        const auto& field = *fields_[at];
        const Json* value = field.path.find(row);
        if (value == nullptr) {
            if (stream_.omits_blank || leads_to_nothing(field.path, row)) out.add_null(i);
            continue;
        }
        if (!forms_.add(field, *value, i, out)) api_.odd_value(stream_, field);
    }
}

}  // namespace kontor::rest
