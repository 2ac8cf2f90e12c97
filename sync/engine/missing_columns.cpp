#include "sync/engine/missing_columns.hpp"

#include <algorithm>

namespace kontor::engine {
namespace {

using remote::FieldType;

/// What the remote says of the field; without its word, what the mapping says.
remote::FieldSpec spec_of(const merge::FieldMapping& field, const remote::StreamSpec* stream) {
    if (const auto* known = stream != nullptr ? stream->field(field.remote) : nullptr;
        known != nullptr)
        return *known;
    remote::FieldSpec out;
    out.name = field.remote;
    out.label = {field.remote, field.remote};
    out.max_length = field.max_length;
    out.scale = field.scale;
    out.read_only = field.read_only;
    return out;
}

/// The entity that the field's references lead to.
std::string target_of(const merge::FieldMapping& field, const merge::Mapping& mapping) {
    if (merge::names_entity(field.lens)) return std::string(replica::kAnyTarget);
    if (field.lens != merge::LensKind::kReference || field.references.empty()) return "";
    const auto* target = mapping.stream(field.references.front());
    return target != nullptr ? target->entity : "";
}

replica::Field column(const std::string& name, const merge::FieldMapping& field,
                      const merge::Mapping& mapping, const remote::StreamSpec* stream,
                      const std::string& connection) {
    // A lens over several columns splits a text.
    const FieldType stored = field.columns.size() > 1 ? FieldType::kText : field.type;
    auto out = column_of(spec_of(field, stream), stored, target_of(field, mapping), connection);
    out.name = name;
    return out;
}

}  // namespace

replica::Field column_of(const remote::FieldSpec& field, FieldType stored,
                         const std::string& target, const std::string& connection) {
    replica::Field out;
    out.type = stored;
    out.scale = field.scale;
    out.precision = field.precision;
    out.max_length = field.max_length;
    out.target = target;
    out.label = field.label;
    out.choices = field.choices;
    out.read_only = field.read_only;
    out.searchable = replica::is_text(stored);
    out.origin = connection;
    return out;
}

std::vector<replica::Entity> missing_columns(const merge::Mapping& mapping,
                                             const std::vector<remote::StreamSpec>& described,
                                             const replica::Catalogue& catalogue,
                                             const std::string& connection) {
    std::vector<replica::Entity> out;
    for (const auto& mapped : mapping.streams) {
        const auto stream = std::ranges::find(described, mapped.stream, &remote::StreamSpec::name);
        const auto* spec = stream != described.end() ? &*stream : nullptr;
        const replica::Entity* existing = catalogue.entity(mapped.entity);
        replica::Entity wanted;
        wanted.name = mapped.entity;
        if (existing != nullptr)
            wanted.label = existing->label;
        else if (spec != nullptr)
            wanted.label = spec->label;
        else
            wanted.label = {mapped.stream, mapped.stream};
        for (const auto& group : mapped.groups)
            for (const auto& field : group.fields)
                for (const auto& name : field.columns)
                    if ((existing == nullptr || existing->field(name) == nullptr) &&
                        wanted.field(name) == nullptr)
                        wanted.fields.push_back(column(name, field, mapping, spec, connection));
        if (!wanted.fields.empty() || existing == nullptr) out.push_back(std::move(wanted));
    }
    return out;
}

}  // namespace kontor::engine
