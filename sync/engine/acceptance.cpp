#include "sync/engine/acceptance.hpp"

#include "sync/engine/plan.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/validate.hpp"

namespace kontor::engine {
namespace {

/// For lenses that translate none.
class NoReferences final : public merge::References {
    Value remote_id(std::int64_t, std::span<const std::string>, std::string*) const override {
        return Value::null();
    }
    Value remote_any(std::string_view) const override { return Value::null(); }
    std::optional<std::int64_t> local_id(std::string_view,
                                         std::span<const std::string>) const override {
        return std::nullopt;
    }
    std::optional<std::string> local_any(std::string_view) const override { return std::nullopt; }
};

/// What the remote would hold. nullopt: not to be told from what was typed alone.
std::optional<Value> sent_value(const merge::FieldMapping& field,
                                const std::map<std::string, Value>& fields, bool create) {
    std::vector<Value> columns;
    for (const auto& column : field.columns) {
        const auto typed = fields.find(column);
        const bool given = typed != fields.end() && !typed->second.is_absent();
        if (!given && !create) return std::nullopt;
        columns.push_back(given ? typed->second : Value::null());
    }
    if (!merge::is_reference(field.lens)) return merge::put(field, columns, NoReferences());
    if (columns.front().is_blank()) return Value::null();
    return std::nullopt;
}

}  // namespace

void Acceptance::add(const std::string& connection, const merge::StreamMapping& mapping,
                     const remote::StreamSpec* described, const replica::Entity& entity) {
    if (!mapping.push) return;
    for (const auto& group : mapping.groups)
        for (const auto& field : group.fields) {
            if (!may_go(field, entity)) continue;
            for (const auto& column : field.columns) by_column_.emplace(column, targets_.size());
            const auto* spec = described == nullptr ? nullptr : described->field(field.remote);
            targets_.push_back({.connection = connection,
                                .field = field,
                                .described = spec == nullptr ? std::nullopt : std::optional(*spec),
                                .creates = mapping.create});
        }
}

std::optional<EditFlaw> Acceptance::flaw_at(const Target& target,
                                            const std::map<std::string, Value>& fields,
                                            bool create) {
    const auto& field = target.field;
    const auto flaw = [&](std::string code, std::string message) {
        return EditFlaw{.connection = target.connection,
                        .column = field.columns.front(),
                        .code = std::move(code),
                        .message = std::move(message)};
    };
    const auto typed = fields.find(field.columns.front());
    const bool given = typed != fields.end() && !typed->second.is_absent();
    if (!goes_out(field, create)) {
        if (!given || (create && typed->second.is_blank())) return std::nullopt;
        return field.read_only ? flaw("KONTOR_READ_ONLY", "is computed by the remote")
                               : flaw("KONTOR_CREATE_ONLY",
                                      "is taken by the remote only when the record is made there");
    }
    const auto value = sent_value(field, fields, create);
    if (!value) return std::nullopt;
    const auto* spec = target.described ? &*target.described : nullptr;
    if (auto found = merge::flaw_of(field, spec, *value))
        return flaw(std::move(found->code), std::move(found->message));
    if (given && merge::is_cut(field, typed->second))
        return flaw("KONTOR_CUT", "is longer than the " + std::to_string(field.max_length) +
                                      " characters that the remote keeps");
    return std::nullopt;
}

std::vector<EditFlaw> Acceptance::flaws(const std::map<std::string, Value>& fields,
                                        bool create) const {
    std::vector<EditFlaw> out;
    const auto look = [&](const Target& target) {
        if (create && !target.creates) return;
        if (auto found = flaw_at(target, fields, create)) out.push_back(std::move(*found));
    };
    if (create) {
        for (const auto& target : targets_) look(target);
        return out;
    }
    for (const auto& [column, value] : fields)
        for (auto [it, end] = by_column_.equal_range(column); it != end; ++it)
            // A field of several columns is looked at once.
            if (targets_[it->second].field.columns.front() == column) look(targets_[it->second]);
    return out;
}

}  // namespace kontor::engine
