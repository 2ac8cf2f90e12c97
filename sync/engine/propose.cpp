#include "sync/engine/propose.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "sync/engine/missing_columns.hpp"

namespace kontor::engine {
namespace {

using remote::FieldType;

/// Types that share a way of being stored and compared.
int family(FieldType type) {
    switch (type) {
        case FieldType::kInteger:
        case FieldType::kReal:
        case FieldType::kDecimal:
            return 1;
        case FieldType::kBoolean:
            return 2;
        case FieldType::kDate:
            return 3;
        case FieldType::kInstant:
            return 4;
        case FieldType::kReference:
            return 5;
        case FieldType::kList:
            return 6;
        case FieldType::kJson:
            return 7;
        case FieldType::kFile:
            return 8;
        default:
            return 0;
    }
}

merge::Policy policy_for(const remote::FieldSpec& field, const std::string& column) {
    if (column.ends_with("opt_out") || column.ends_with("do_not_contact"))
        return merge::Policy::kRestrictive;
    if (field.type == FieldType::kList) return merge::Policy::kUnion;
    if (column == "owner_id" || column == "amount" || column == "stage")
        return merge::Policy::kManual;
    return merge::Policy::kNewest;
}

class Proposer {
public:
    Proposer(const std::vector<remote::StreamSpec>& streams, const replica::Catalogue& catalogue,
             const std::string& connection, const merge::Mapping& present,
             const merge::Mapping& before)
        : streams_(streams),
          catalogue_(catalogue),
          connection_(connection),
          present_(present),
          before_(before) {}

    Proposal run() {
        name_entities();
        for (const auto& stream : streams_)
            if (stream.can.pull) add_stream(stream);
        return std::move(out_);
    }

private:
    // First, so that references know their targets.
    void name_entities() {
        std::vector<std::string> taken;
        for (const auto& entity : catalogue_.entities()) taken.push_back(entity.name);
        for (const auto& mapped : present_.streams) entity_of_[mapped.stream] = mapped.entity;
        for (const auto& stream : streams_) {
            if (!stream.can.pull || entity_of_.contains(stream.name)) continue;
            const bool free = std::ranges::none_of(
                entity_of_, [&](const auto& entry) { return entry.second == stream.entity_hint; });
            if (catalogue_.entity(stream.entity_hint) != nullptr && free) {
                entity_of_[stream.name] = stream.entity_hint;
                continue;
            }
            // A table that an earlier proposal made for this stream is used again.
            const std::string plain = replica::propose_name(stream.name, {});
            const replica::Entity* earlier = catalogue_.entity(plain);
            const std::string name = earlier != nullptr && !earlier->builtin
                                         ? plain
                                         : replica::propose_name(stream.name, taken);
            taken.push_back(name);
            entity_of_[stream.name] = name;
        }
    }

    void add_stream(const remote::StreamSpec& stream) {
        const std::string& name = entity_of_.at(stream.name);
        const replica::Entity* existing = catalogue_.entity(name);
        replica::Entity wanted;
        if (existing != nullptr) {
            wanted = *existing;
        } else {
            wanted.name = name;
            wanted.label = stream.label;
        }
        const std::size_t known = wanted.fields.size();

        merge::StreamMapping mapping;
        mapping.stream = stream.name;
        mapping.entity = name;
        mapping.key_field = stream.can.key_field;
        mapping.push = stream.can.create || stream.can.update || stream.can.remove;
        mapping.create = stream.can.create;
        std::vector<std::string> used, mapped;
        if (const auto* before = present_.stream(stream.name); before != nullptr) {
            mapped = before->remote_fields();
            mapped.push_back(before->key_field);
            for (const auto& group : before->groups)
                for (const auto& field : group.fields)
                    used.insert(used.end(), field.columns.begin(), field.columns.end());
        }
        for (const auto& field : stream.fields) {
            if (field.type == FieldType::kFile || field.name == stream.can.key_field) continue;
            if (std::ranges::count(mapped, field.name) > 0) continue;
            add_field(mapping, wanted, stream, used, field);
        }
        if (wanted.fields.size() > known || existing == nullptr)
            out_.entities.push_back(std::move(wanted));
        if (!mapping.groups.empty()) out_.mapping.streams.push_back(std::move(mapping));
    }

    std::vector<std::string> mapped_targets(const remote::FieldSpec& field) const {
        std::vector<std::string> targets;
        for (const auto& stream : field.references)
            if (entity_of_.contains(stream)) targets.push_back(stream);
        return targets;
    }

    void add_field(merge::StreamMapping& mapping, replica::Entity& entity,
                   const remote::StreamSpec& stream, std::vector<std::string>& used,
                   const remote::FieldSpec& field) {
        merge::FieldMapping out;
        out.remote = field.name;
        out.type = field.type;
        out.read_only = field.read_only;
        out.create_only = field.create_only;
        out.required = field.required;
        out.may_be_cut = field.may_be_cut;
        out.max_length = field.max_length;
        out.scale = field.scale;
        out.direction = field.read_only ? merge::Direction::kIn : merge::Direction::kBoth;

        FieldType stored = field.type;
        std::string target;
        if (field.type == FieldType::kReference) {
            out.references = mapped_targets(field);
            if (field.references.size() > 1) {
                out.lens = merge::LensKind::kAnyReference;
                target = replica::kAnyTarget;
            } else if (out.references.size() == 1 && leads_anywhere(stream, entity, field)) {
                out.lens = merge::LensKind::kOneReference;
                target = replica::kAnyTarget;
            } else if (out.references.size() == 1) {
                out.lens = merge::LensKind::kReference;
                target = entity_of_.at(out.references.front());
            } else {
                // Its stream is not synced: the id is kept as text and only comes in.
                stored = FieldType::kText;
                out.direction = merge::Direction::kIn;
                out.type = FieldType::kText;
            }
        }
        if (is_whole_name(entity, used, field)) {
            out.lens = merge::LensKind::kFullName;
            out.columns = {"first_name", "last_name"};
        } else {
            out.columns = {column_for(entity, stream, used, field, stored, target)};
        }
        used.insert(used.end(), out.columns.begin(), out.columns.end());
        group_for(mapping, field, out).fields.push_back(std::move(out));
    }

    /// True if the column that the field is kept in takes references to whatever there is: the
    /// person of a task may be a lead elsewhere, where this remote knows contacts only.
    bool leads_anywhere(const remote::StreamSpec& stream, const replica::Entity& entity,
                        const remote::FieldSpec& field) const {
        const auto before = columns_before(stream, entity.name);
        const auto kept = before.find(field.name);
        const auto* column = entity.field(kept != before.end() ? kept->second : field.column_hint);
        return column != nullptr && column->target == replica::kAnyTarget;
    }

    /// A person's name in one field that can be written: it is kept in its two parts, so that
    /// remotes that have them apart can tell what changed. (One that is only read is a column of
    /// its own.)
    static bool is_whole_name(const replica::Entity& entity, const std::vector<std::string>& used,
                              const remote::FieldSpec& field) {
        return field.column_hint == "full_name" && !field.read_only &&
               std::ranges::all_of(std::initializer_list<const char*>{"first_name", "last_name"},
                                   [&](const char* part) {
                                       return entity.field(part) != nullptr &&
                                              std::ranges::find(used, part) == used.end();
                                   });
    }

    /// By field, the one column that it was mapped to before.
    std::map<std::string, std::string> columns_before(const remote::StreamSpec& stream,
                                                      const std::string& entity) const {
        std::map<std::string, std::string> out;
        const auto* mapped = before_.stream(stream.name);
        if (mapped == nullptr || mapped->entity != entity) return out;
        for (const auto& group : mapped->groups)
            for (const auto& field : group.fields)
                if (field.columns.size() == 1 && stream.field(field.remote) != nullptr)
                    out.emplace(field.remote, field.columns.front());
        return out;
    }

    std::string column_for(replica::Entity& entity, const remote::StreamSpec& stream,
                           const std::vector<std::string>& used, const remote::FieldSpec& field,
                           FieldType stored, const std::string& target) const {
        const auto before = columns_before(stream, entity.name);
        const auto free = [&](const std::string& name) {
            return std::ranges::find(used, name) == used.end() &&
                   std::ranges::none_of(before, [&](const auto& kept) {
                       return kept.second == name && kept.first != field.name;
                   });
        };
        const auto fits = [&](const replica::Field* column) {
            return column != nullptr && free(column->name) &&
                   family(column->type) == family(stored) &&
                   (stored != FieldType::kReference || column->target == target);
        };
        if (const auto kept = before.find(field.name); kept != before.end())
            if (const auto* column = entity.field(kept->second); fits(column)) return column->name;
        if (const auto* hinted = entity.field(field.column_hint); fits(hinted)) return hinted->name;
        const std::string& source = field.column_hint.empty() ? field.name : field.column_hint;
        const std::string plain = replica::propose_name(source, {});
        if (const auto* same = entity.field(plain); fits(same) && same->origin == connection_)
            return same->name;

        std::vector<std::string> taken = used;
        for (const auto& column : entity.fields) taken.push_back(column.name);
        auto column = column_of(field, stored, target, connection_);
        column.name = replica::propose_name(source, taken);
        entity.fields.push_back(column);
        return column.name;
    }

    static merge::GroupMapping& group_for(merge::StreamMapping& mapping,
                                          const remote::FieldSpec& field,
                                          const merge::FieldMapping& out) {
        const std::string& name = field.group.empty() ? out.columns.front() : field.group;
        const auto found = std::ranges::find(mapping.groups, name, &merge::GroupMapping::name);
        if (found != mapping.groups.end()) return *found;
        merge::GroupMapping group;
        group.name = name;
        group.policy = policy_for(field, name);
        mapping.groups.push_back(std::move(group));
        return mapping.groups.back();
    }

    const std::vector<remote::StreamSpec>& streams_;
    const replica::Catalogue& catalogue_;
    const std::string& connection_;
    const merge::Mapping& present_;
    const merge::Mapping& before_;
    std::map<std::string, std::string> entity_of_;
    Proposal out_;
};

/// Splits "Contacts.Blood_Type"; a stream alone means all of it.
bool is_wanted(const std::vector<std::string>& wanted, const std::string& stream,
               const std::string& field) {
    return std::ranges::count(wanted, stream) > 0 ||
           std::ranges::count(wanted, stream + "." + field) > 0;
}

/// Takes the wanted fields out of `rest`.
merge::StreamMapping take(merge::StreamMapping& rest, const std::vector<std::string>& wanted) {
    merge::StreamMapping out = rest;
    out.groups.clear();
    for (auto& group : rest.groups) {
        merge::GroupMapping taken = group;
        std::erase_if(taken.fields, [&](const auto& field) {
            return !is_wanted(wanted, rest.stream, field.remote);
        });
        std::erase_if(group.fields, [&](const auto& field) {
            return is_wanted(wanted, rest.stream, field.remote);
        });
        if (!taken.fields.empty()) out.groups.push_back(std::move(taken));
    }
    std::erase_if(rest.groups, [](const auto& group) { return group.fields.empty(); });
    return out;
}

void append(merge::Mapping& mapping, merge::StreamMapping more) {
    const auto stream =
        std::ranges::find(mapping.streams, more.stream, &merge::StreamMapping::stream);
    if (stream == mapping.streams.end()) {
        mapping.streams.push_back(std::move(more));
        return;
    }
    for (auto& group : more.groups) {
        const auto same = std::ranges::find(stream->groups, group.name, &merge::GroupMapping::name);
        if (same == stream->groups.end())
            stream->groups.push_back(std::move(group));
        else
            std::ranges::move(group.fields, std::back_inserter(same->fields));
    }
}

/// References lead to records only where their streams are mapped.
Result<> check_references(merge::Mapping& mapping) {
    for (auto& stream : mapping.streams)
        for (auto& group : stream.groups)
            for (auto& field : group.fields) {
                const std::vector<std::string> all = field.references;
                std::erase_if(field.references, [&](const std::string& target) {
                    return mapping.stream(target) == nullptr;
                });
                if (merge::shows_id(field.lens) && field.references.empty() && !all.empty())
                    return fail(Errc::kInvalid,
                                stream.stream + "." + field.remote + " refers to " + all.front() +
                                    ", which is not mapped: add " + all.front() + " too",
                                {{"field", stream.stream + "." + field.remote},
                                 {"stream", all.front()},
                                 {"reason", "reference_unmapped"}});
            }
    return {};
}

bool has_column(const merge::Mapping& mapping, const std::string& entity,
                const std::string& column) {
    for (const auto& stream : mapping.streams)
        if (stream.entity == entity)
            for (const auto& group : stream.groups)
                for (const auto& field : group.fields)
                    if (std::ranges::count(field.columns, column) > 0) return true;
    return false;
}

bool proposes(const Proposal& proposal, const std::string& wanted) {
    for (const auto& stream : proposal.mapping.streams) {
        if (stream.stream == wanted) return true;
        for (const auto& name : stream.remote_fields())
            if (stream.stream + "." + name == wanted) return true;
    }
    return false;
}

}  // namespace

Proposal propose(const std::vector<remote::StreamSpec>& streams,
                 const replica::Catalogue& catalogue, const std::string& connection,
                 const merge::Mapping& present, const merge::Mapping& before) {
    return Proposer(streams, catalogue, connection, present, before).run();
}

Result<std::vector<replica::Entity>> adopt(merge::Mapping& present, Proposal& proposal,
                                           const std::vector<std::string>& wanted) {
    for (const auto& name : wanted)
        if (!proposes(proposal, name))
            return fail(Errc::kNotFound,
                        "'" + name + "' is no stream or field that is there and not mapped",
                        {{"field", name}, {"reason", "nothing_to_map"}});
    merge::Mapping mapping = present;
    Proposal rest = proposal;
    for (auto& stream : rest.mapping.streams)
        if (auto taken = take(stream, wanted); !taken.groups.empty())
            append(mapping, std::move(taken));
    std::erase_if(rest.mapping.streams, [](const auto& stream) { return stream.groups.empty(); });
    if (auto sound = check_references(mapping); !sound) return pass(sound);

    std::vector<replica::Entity> entities = rest.entities;
    for (auto& entity : entities)
        std::erase_if(entity.fields, [&](const auto& field) {
            return !has_column(mapping, entity.name, field.name);
        });
    std::erase_if(entities, [](const auto& entity) { return entity.fields.empty(); });
    present = std::move(mapping);
    proposal = std::move(rest);
    return entities;
}

}  // namespace kontor::engine
