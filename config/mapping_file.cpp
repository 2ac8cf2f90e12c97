#include "config/mapping_file.hpp"

#include <algorithm>
#include <set>

#include "config/mapping_names.hpp"
#include "config/node.hpp"
#include "config/table_reader.hpp"

namespace kontor::config {
namespace {

template <class E>
void read_enum(TableReader& in, std::string_view key, const Names<E>& names, E& out) {
    std::vector<std::string> allowed;
    for (const auto& [name, value] : names) allowed.push_back(name);
    std::string word;
    in.one_of(key, word, allowed);
    for (const auto& [name, value] : names)
        if (name == word) out = value;
}

void read_small(TableReader& in, std::string_view key, int& out) {
    std::int64_t number = out;
    in.integer(key, number, 0, 1'000'000'000);
    out = static_cast<int>(number);
}

void required(TableReader& in, std::string_view key) {
    const auto* value = in.node().member(key);
    if (value == nullptr)
        in.problem(in.node(), key, "is missing");
    else if (value->kind == Node::Kind::kText && value->text.empty())
        in.problem(*value, key, "must not be empty");
}

void read_columns(TableReader& in, merge::FieldMapping& out) {
    std::string one;
    in.text("column", one);
    in.texts("columns", out.columns);
    const bool both = in.node().member("column") != nullptr && !out.columns.empty();
    if (both) in.problem(in.node(), "columns", "give either column or columns");
    if (!one.empty()) out.columns = {one};
    const std::size_t wanted = out.lens == merge::LensKind::kFullName ? 2 : 1;
    if (out.columns.size() != wanted)
        in.problem(in.node(), wanted == 2 ? "columns" : "column",
                   wanted == 2 ? "the lens full_name wants columns = [first, last]"
                               : "names exactly one column");
}

void read_choices(TableReader& in, std::map<std::string, std::string>& out) {
    const Node* table = in.table("choices");
    if (table == nullptr) return;
    for (const auto& [name, line, column, value] : table->members) {
        if (value.kind == Node::Kind::kText)
            out[name] = value.text;
        else
            in.problem(value, "choices." + name, "must be a text");
    }
}

merge::FieldMapping read_field(const Node& node, const std::string& prefix,
                               TableReader::Into into) {
    merge::FieldMapping out;
    TableReader in(node, prefix, into);
    required(in, "remote");
    in.text("remote", out.remote);
    read_enum(in, "lens", lens_names(), out.lens);
    read_columns(in, out);
    read_enum(in, "type", type_names(), out.type);
    read_enum(in, "direction", direction_names(), out.direction);
    in.boolean("read_only", out.read_only);
    in.boolean("create_only", out.create_only);
    in.boolean("required", out.required);
    in.boolean("may_be_cut", out.may_be_cut);
    read_small(in, "max_length", out.max_length);
    read_small(in, "scale", out.scale);
    in.texts("references", out.references);
    read_choices(in, out.choices);
    in.finish();
    return out;
}

// Calls `read` with each table of an array of tables.
template <class Read>
void each_table(TableReader& in, std::string_view key, Read read) {
    const Node* array = in.array(key);
    if (array == nullptr) return;
    std::size_t number = 0;
    for (const auto& item : array->items) {
        const auto name = in.dotted(key) + "[" + std::to_string(number++) + "]";
        if (item.kind == Node::Kind::kTable)
            read(item, name);
        else
            in.problem(item, key, "must hold tables, has " + std::string(to_string(item.kind)));
    }
}

void unique(TableReader& in, const Node& at, std::string_view key, std::set<std::string>& seen,
            const std::string& value) {
    if (!value.empty() && !seen.insert(value).second)
        in.problem(at, key, "'" + value + "' is there already");
}

// What a person has asked for takes the place of the policy.
void read_standing(TableReader& in, TableReader::Into into, merge::GroupMapping& out) {
    const Node* table = in.table("always");
    if (table == nullptr) return;
    TableReader always(*table, in.dotted("always"), into);
    required(always, "take");
    std::string take;
    merge::StandingDecision standing{.instead = out.policy, .by = {}, .at = {}};
    always.one_of("take", take, {"ours", "theirs"});
    always.text("by", standing.by);
    always.text("at", standing.at);
    always.finish();
    out.policy = take == "ours" ? merge::Policy::kLocal : merge::Policy::kRemote;
    out.standing = std::move(standing);
}

merge::GroupMapping read_group(const Node& node, const std::string& prefix, TableReader::Into into,
                               std::set<std::string>& remote_fields,
                               std::set<std::string>& columns) {
    merge::GroupMapping out;
    TableReader in(node, prefix, into);
    required(in, "name");
    in.text("name", out.name);
    read_enum(in, "policy", policy_names(), out.policy);
    read_enum(in, "fallback", policy_names(), out.fallback);
    in.text("owner", out.owner);
    const bool owned = out.policy == merge::Policy::kOwner || out.fallback == merge::Policy::kOwner;
    if (!owned && !out.owner.empty())
        in.problem(node, "owner", "only means something with the policy 'owner'");
    read_standing(in, into, out);
    each_table(in, "fields", [&](const Node& item, const std::string& name) {
        out.fields.push_back(read_field(item, name, into));
        unique(in, item, "fields", remote_fields, out.fields.back().remote);
        for (const auto& column : out.fields.back().columns)
            unique(in, item, "column", columns, column);
    });
    if (node.member("fields") == nullptr) in.problem(node, "fields", "is missing");
    in.finish();
    return out;
}

merge::StreamMapping read_stream(const Node& node, const std::string& prefix,
                                 TableReader::Into into) {
    merge::StreamMapping out;
    TableReader in(node, prefix, into);
    required(in, "name");
    required(in, "entity");
    in.text("name", out.stream);
    in.text("entity", out.entity);
    in.text("key_field", out.key_field);
    in.boolean("push", out.push);
    in.boolean("create", out.create);
    read_enum(in, "delete_there", delete_names(), out.delete_there);
    read_enum(in, "delete_relayed", delete_names(), out.delete_relayed);
    read_enum(in, "delete_here", delete_names(), out.delete_here);
    Names<merge::Policy> sides;
    for (const auto& side : policy_names())
        if (side.first == "local" || side.first == "remote" || side.first == "manual")
            sides.push_back(side);
    read_enum(in, "delete_against_edit", sides, out.delete_against_edit);
    std::set<std::string> groups;
    std::set<std::string> remote_fields;
    std::set<std::string> columns;
    each_table(in, "group", [&](const Node& item, const std::string& name) {
        out.groups.push_back(read_group(item, name, into, remote_fields, columns));
        unique(in, item, "group", groups, out.groups.back().name);
    });
    in.finish();
    return out;
}

std::optional<merge::Mapping> from_node(const Node& document, const std::string& file,
                                        Problems& problems) {
    const auto before = problems.size();
    merge::Mapping out;
    const TableReader::Into into{file, problems, nullptr};
    TableReader in(document, "", into);
    std::set<std::string> names;
    each_table(in, "stream", [&](const Node& item, const std::string& name) {
        out.streams.push_back(read_stream(item, name, into));
        unique(in, item, "stream", names, out.streams.back().stream);
    });
    in.finish();
    if (problems.size() != before) return std::nullopt;
    return out;
}

// --- Writing

constexpr const char* kHeader = R"(
# Edit it freely; check it with: kontor config check
#
# [[stream]]  name = the remote's kind of record, entity = the replica's table
#   key_field: the remote's unique field that keeps our id of a record
#   push = false: only fetch; create = false: records born here are not created there
#   delete_there: when a record is deleted here; delete_here: when it is deleted there;
#   delete_relayed: when another remote deleted it: mirror, unlink (keep), ask
#   delete_against_edit: local (the edit wins), remote (the deletion wins), manual (ask)
# [[stream.group]]  fields that merge and are sent together
#   policy, when both sides changed it: manual (ask), remote, local, newest, union, max, min,
#   restrictive, append, sum, owner; fallback: what newest does if the times do not tell;
#   owner: the connection whose value counts with policy owner (without it: what stands here)
#   always: stands above the policy until it is taken back, see kontor conflicts rules
#   fields: remote = its name there, column = ours; direction = in: only fetched, out: only sent
)";

std::string list_of(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? ", " : "") + toml_string(item);
    return out + "]";
}

std::string write_standing(const Decided& decided) {
    return std::string("always = { take = ") +
           (decided.take == merge::Policy::kLocal ? "\"ours\"" : "\"theirs\"") +
           ", by = " + toml_string(decided.by) + ", at = " + toml_string(decided.at) + " }\n";
}

// The groups of that name in streams of the entity.
template <class Visit>
void each_group(merge::Mapping& mapping, const std::string& entity, const std::string& group,
                Visit visit) {
    for (auto& stream : mapping.streams)
        if (stream.entity == entity)
            for (auto& one : stream.groups)
                if (one.name == group) visit(one);
}

bool says(const Node& table, std::string_view key, const std::string& text) {
    const Node* value = table.member(key);
    return value != nullptr && value->text == text;
}

std::vector<const Node*> group_nodes(const Node& document, const std::string& entity,
                                     const std::string& group) {
    std::vector<const Node*> out;
    const Node* streams = document.member("stream");
    if (streams == nullptr) return out;
    for (const auto& stream : streams->items) {
        const Node* groups = stream.member("group");
        if (groups == nullptr || !says(stream, "entity", entity)) continue;
        for (const auto& one : groups->items)
            if (says(one, "name", group)) out.push_back(&one);
    }
    return out;
}

// The line of the text is left out of each of the groups, and put in behind their names.
std::string edit_lines(std::string_view text, const std::vector<const Node*>& groups,
                       const std::string& line) {
    std::set<int> without, behind;
    for (const Node* group : groups)
        for (const auto& member : group->members) {
            if (member.name == "always") without.insert(member.line);
            if (member.name == "name") behind.insert(member.line);
        }
    std::string out;
    int number = 1;
    for (std::size_t at = 0; at < text.size(); ++number) {
        const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
        if (!without.contains(number)) out += text.substr(at, end - at);
        if (behind.contains(number)) out += (out.ends_with('\n') ? "" : "\n") + line;
        at = end;
    }
    return out;
}

std::string write_field(const merge::FieldMapping& field) {
    const merge::FieldMapping defaults;
    std::string out = "  { remote = " + toml_string(field.remote);
    if (field.columns.size() == 1)
        out += ", column = " + toml_string(field.columns[0]);
    else
        out += ", columns = " + list_of(field.columns);
    const auto word = [&out](const char* key, const std::string& name) {
        out += std::string(", ") + key + " = " + toml_string(name);
    };
    const auto flag = [&out](const char* key, bool set) {
        if (set) out += std::string(", ") + key + " = true";
    };
    word("type", name_of(type_names(), field.type));
    if (field.lens != defaults.lens) word("lens", name_of(lens_names(), field.lens));
    if (field.direction != defaults.direction)
        word("direction", name_of(direction_names(), field.direction));
    flag("read_only", field.read_only);
    flag("create_only", field.create_only);
    flag("required", field.required);
    flag("may_be_cut", field.may_be_cut);
    if (field.max_length != 0) out += ", max_length = " + std::to_string(field.max_length);
    if (field.scale != 0) out += ", scale = " + std::to_string(field.scale);
    if (!field.references.empty()) out += ", references = " + list_of(field.references);
    if (!field.choices.empty()) {
        out += ", choices = {";
        const char* comma = " ";
        for (const auto& [theirs, ours] : field.choices) {
            out += comma + quoted_key(theirs) + " = " + toml_string(ours);
            comma = ", ";
        }
        out += " }";
    }
    return out + " },\n";
}

}  // namespace

std::optional<merge::Mapping> parse_mapping(std::string_view text, const std::string& file,
                                            Problems& problems) {
    const auto document = parse_toml(text, file, problems);
    if (!document) return std::nullopt;
    return from_node(*document, file, problems);
}

std::optional<merge::Mapping> read_mapping(const std::string& file, Problems& problems) {
    const auto document = read_toml(file, problems);
    if (!document) return std::nullopt;
    return from_node(*document, file, problems);
}

std::string write_mapping(const merge::Mapping& mapping, const std::string& connection) {
    std::string out =
        "# What belongs to what between connection " + connection + " and the replica." + kHeader;
    for (const auto& stream : mapping.streams) {
        out += "\n[[stream]]\nname = " + toml_string(stream.stream) +
               "\nentity = " + toml_string(stream.entity) + "\n";
        if (!stream.key_field.empty()) out += "key_field = " + toml_string(stream.key_field) + "\n";
        out += std::string("push = ") + (stream.push ? "true" : "false") + "\n";
        out += std::string("create = ") + (stream.create ? "true" : "false") + "\n";
        const auto word = [&out](const char* key, const std::string& name) {
            out += std::string(key) + " = " + toml_string(name) + "\n";
        };
        word("delete_there", name_of(delete_names(), stream.delete_there));
        word("delete_relayed", name_of(delete_names(), stream.delete_relayed));
        word("delete_here", name_of(delete_names(), stream.delete_here));
        word("delete_against_edit", name_of(policy_names(), stream.delete_against_edit));
        for (const auto& group : stream.groups) {
            out += "\n[[stream.group]]\n";
            word("name", group.name);
            word("policy",
                 name_of(policy_names(), group.standing ? group.standing->instead : group.policy));
            if (group.standing)
                out += write_standing({group.policy, group.standing->by, group.standing->at});
            if (group.fallback != merge::Policy::kManual)
                word("fallback", name_of(policy_names(), group.fallback));
            if (!group.owner.empty()) word("owner", group.owner);
            out += "fields = [\n";
            for (const auto& field : group.fields) out += write_field(field);
            out += "]\n";
        }
    }
    return out;
}

std::optional<std::string> with_standing(std::string_view text, const std::string& file,
                                         const std::string& connection, const std::string& entity,
                                         const std::string& group,
                                         const std::optional<Decided>& decided,
                                         Problems& problems) {
    const auto document = parse_toml(text, file, problems);
    if (!document) return std::nullopt;
    auto mapping = from_node(*document, file, problems);
    if (!mapping) return std::nullopt;
    each_group(*mapping, entity, group, [&](merge::GroupMapping& one) {
        if (one.standing) one.policy = one.standing->instead;
        one.standing.reset();
        if (!decided) return;
        one.standing = {.instead = one.policy, .by = decided->by, .at = decided->at};
        one.policy = decided->take;
    });
    auto edited = edit_lines(text, group_nodes(*document, entity, group),
                             decided ? write_standing(*decided) : "");
    Problems unfit;
    if (parse_mapping(edited, file, unfit) == mapping) return edited;
    return write_mapping(*mapping, connection);
}

}  // namespace kontor::config
