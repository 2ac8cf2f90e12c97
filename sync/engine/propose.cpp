#include "sync/engine/propose.hpp"

#include <algorithm>
#include <map>

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
             const std::string& connection)
        : streams_(streams), catalogue_(catalogue), connection_(connection) {}

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
        for (const auto& stream : streams_) {
            if (!stream.can.pull) continue;
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
        std::vector<std::string> used;
        for (const auto& field : stream.fields) {
            if (field.type == FieldType::kFile || field.name == stream.can.key_field) continue;
            add_field(mapping, wanted, used, field);
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
                   std::vector<std::string>& used, const remote::FieldSpec& field) {
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
                target = "*";
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
        out.columns = {column_for(entity, used, field, stored, target)};
        used.push_back(out.columns.front());
        group_for(mapping, field, out).fields.push_back(std::move(out));
    }

    std::string column_for(replica::Entity& entity, const std::vector<std::string>& used,
                           const remote::FieldSpec& field, FieldType stored,
                           const std::string& target) const {
        const auto free = [&](const std::string& name) {
            return std::ranges::find(used, name) == used.end();
        };
        const auto fits = [&](const replica::Field* column) {
            return column != nullptr && free(column->name) &&
                   family(column->type) == family(stored) &&
                   (stored != FieldType::kReference || column->target == target);
        };
        if (const auto* hinted = entity.field(field.column_hint); fits(hinted)) return hinted->name;
        const std::string& source = field.column_hint.empty() ? field.name : field.column_hint;
        const std::string plain = replica::propose_name(source, {});
        if (const auto* same = entity.field(plain); fits(same) && same->origin == connection_)
            return same->name;

        std::vector<std::string> taken = used;
        for (const auto& column : entity.fields) taken.push_back(column.name);
        replica::Field column;
        column.name = replica::propose_name(source, taken);
        column.type = stored;
        column.scale = field.scale;
        column.precision = field.precision;
        column.max_length = field.max_length;
        column.target = target;
        column.label = field.label;
        column.choices = field.choices;
        column.read_only = field.read_only;
        column.searchable = stored == FieldType::kText || stored == FieldType::kLongText ||
                            stored == FieldType::kEmail || stored == FieldType::kPhone;
        column.origin = connection_;
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
    std::map<std::string, std::string> entity_of_;
    Proposal out_;
};

}  // namespace

Proposal propose(const std::vector<remote::StreamSpec>& streams,
                 const replica::Catalogue& catalogue, const std::string& connection) {
    return Proposer(streams, catalogue, connection).run();
}

}  // namespace kontor::engine
