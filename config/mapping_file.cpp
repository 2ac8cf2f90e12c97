#include "config/mapping_file.hpp"

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
# Edit it freely; check it with: kontord --check-config
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
#   fields: remote = its name there, column = ours; direction = in: only fetched, out: only sent
)";

std::string list_of(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? ", " : "") + toml_string(item);
    return out + "]";
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
            word("policy", name_of(policy_names(), group.policy));
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

}  // namespace kontor::config
