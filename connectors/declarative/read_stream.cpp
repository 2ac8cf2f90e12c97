#include <algorithm>

#include "connectors/declarative/merge.hpp"
#include "connectors/declarative/reader.hpp"
#include "connectors/declarative/shape.hpp"
#include "connectors/declarative/time_format.hpp"

namespace kontor::declarative {
namespace {

using config::Node;
using config::TableReader;

const Names kTypes{"text",    "longtext",  "email",   "phone",   "url",
                   "integer", "real",      "decimal", "boolean", "date",
                   "instant", "reference", "choice",  "list",    "json"};

bool is_one_of(std::string_view word, const Names& words) {
    return std::ranges::find(words, word) != words.end();
}

// Built-in forms beside the usual one, by type.
Names forms_of(std::string_view type) {
    if (type == "boolean") return {"boolean", "integer", "text", "integer_text"};
    if (is_one_of(type, {"integer", "real", "decimal"})) return {"number", "text"};
    if (is_one_of(type, {"list", "json"})) return {};
    return {"text", "number"};
}

std::vector<std::pair<std::string, std::string>> read_choices(TableReader& table) {
    std::vector<std::pair<std::string, std::string>> out;
    const Node* value = table.any("choices");
    if (value == nullptr) return out;
    if (value->kind == Node::Kind::kArray)
        for (const auto& item : value->items) out.emplace_back(item.text, item.text);
    else if (value->kind == Node::Kind::kTable)
        for (const auto& member : value->members) out.emplace_back(member.name, member.value.text);
    for (const auto& [choice, label] : out)
        if (choice.empty() || label.empty()) out.clear();
    if (out.empty())
        table.problem(*value, "choices",
                      "must be texts, [\"a\", \"b\"], or values with labels, {a = \"Label\"}");
    return out;
}

void read_members(const Reading& reading, TableReader& table, const Node& whole, Field& out) {
    const Node* node = table.table("members");
    if (node == nullptr) return;
    Members members;
    TableReader inner(*node, table.dotted("members"), reading.into);
    read_pointers(inner, "name", members.name);
    read_pointers(inner, "value", members.value);
    inner.text("ends", members.ends);
    inner.text("between", members.between);
    inner.text("items", members.items);
    const bool list = !members.name.empty() && !members.value.empty();
    const bool text = !members.ends.empty() && !members.between.empty();
    if (list == text)
        inner.problem(*node, "name",
                      "is made of a list (name and value) or of a text (ends and between)");
    if (out.type != "json")
        table.problem(*whole.member("members"), "members", "belongs to the type json");
    inner.finish();
    out.members = std::move(members);
    out.read_only = true;
}

Field read_field(const Reading& reading, const Stream& stream, const Node& node,
                 const std::string& name) {
    Field out;
    out.name = name;
    const std::string prefix = "stream." + stream.name + ".fields." + name;
    Node whole = node;
    if (node.kind == Node::Kind::kText) {  // email = "email"
        whole.kind = Node::Kind::kTable;
        whole.members.push_back({"type", node.line, node.column, node});
    }
    TableReader table(whole, prefix, reading.into);
    if (whole.kind != Node::Kind::kTable) {
        table.problem(node, "", "must be a table, or a type as text");
        return out;
    }
    table.one_of("type", out.type, kTypes);
    read_label(table, "label", out.label);
    std::optional<Pointer> path, at, write;
    read_pointer(table, "path", path);
    read_pointer(table, "at", at);
    read_pointer(table, "write", write);
    if (!path) {
        std::string escaped = "/";
        for (const char c : name) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        path = Pointer::parse(escaped);
    }
    out.write_path = write.value_or(*path);
    out.path = at ? *at : path->below(stream.fields_at);
    out.read_only = at && !write;
    table.boolean("read_only", out.read_only);
    table.boolean("required", out.required);
    table.boolean("create_only", out.create_only);
    table.boolean("unique", out.unique);
    table.boolean("custom", out.custom);
    table.boolean("may_be_cut", out.may_be_cut);
    table.integer("max_length", out.max_length, 0, 1'000'000'000);
    table.integer("precision", out.precision, 0, 400);
    table.integer("scale", out.scale, 0, 400);
    table.text("column", out.column);
    table.text("group", out.group);
    read_texts(table, "to", out.to);
    out.choices = read_choices(table);
    table.text("separator", out.separator);
    read_pointer(table, "item", out.item);
    table.text("format", out.format);
    if (const Node* format = whole.member("format"))
        check_format(reading, table, *format, "format", out.type, out.format);
    if (out.type == "reference" && out.to.empty())
        table.problem(node, "to", "is missing: the stream whose records it refers to");
    read_members(reading, table, whole, out);
    if (out.type != "list" && whole.member("separator") != nullptr)
        table.problem(*whole.member("separator"), "separator", "belongs to the type list");
    table.finish();
    return out;
}

void read_fields(const Reading& reading, TableReader& table, Stream& out) {
    const Node* fields = table.table("fields");
    if (fields == nullptr) {
        if (table.node().member("fields") == nullptr)
            table.problem(table.node(), "fields",
                          "is missing: each field is a line of [stream." + out.name + ".fields]");
        return;
    }
    for (const auto& member : fields->members) {
        if (member.value.kind == Node::Kind::kBoolean && !member.value.boolean) continue;
        out.fields.push_back(read_field(reading, out, member.value, member.name));
    }
}

void read_modified(const Reading& reading, TableReader& table, Stream& out) {
    const Node* value = table.node().member("modified");
    if (value == nullptr) return;
    Moments moments;
    if (value->kind != Node::Kind::kTable) {
        read_pointers(table, "modified", moments.at);
    } else {
        TableReader inner(*table.any("modified"), table.dotted("modified"), reading.into);
        read_pointers(inner, "at", moments.at);
        for (const auto& [key, place] : {std::pair{"format", &moments.format},
                                         std::pair{"filter_format", &moments.filter_format}}) {
            inner.text(key, *place);
            if (const Node* format = value->member(key))
                check_format(reading, inner, *format, key, "instant", *place);
        }
        if (moments.at.empty())
            inner.problem(*value, "at", "is missing: where does a record say when it changed?");
        inner.finish();
    }
    out.modified = moments;
}

void read_each(const Reading& reading, TableReader& table, Stream& out) {
    const Node* node = table.table("each");
    if (node == nullptr) return;
    Each each;
    TableReader inner(*node, table.dotted("each"), reading.into);
    inner.text("option", each.option);
    read_pointer(inner, "at", each.at);
    inner.boolean("number", each.number);
    const bool known = std::ranges::any_of(reading.out.options, [&](const auto& option) {
        return option.name == each.option && option.type == "list";
    });
    if (!known) inner.problem(*node, "option", "must name an option of the type list");
    inner.finish();
    out.each = std::move(each);
}

void read_gone(const Reading& reading, TableReader& table, Stream& out) {
    const Node* gone = table.table("gone");
    if (gone == nullptr) return;
    TableReader inner(*gone, table.dotted("gone"), reading.into);
    read_pointer(inner, "at", out.gone_at);
    if (const Node* equals = inner.any("equals")) out.gone_if = to_json(*equals);
    inner.finish();
}

void read_requests(const Reading& reading, TableReader& table, Stream& out) {
    Node list;
    const Node* paging = table.table("paging");
    if (const Node* given = table.table("list")) list = *given;
    Node usual;
    if (paging != nullptr)
        usual.members.push_back({"paging", paging->line, paging->column, *paging});
    list = merged(usual, list);
    for (const auto* kind : {"list", "changes", "ids", "deleted", "get", "find", "create", "update",
                             "delete", "create_batch", "update_batch", "delete_batch"}) {
        const Node* given = table.table(kind);
        if (given == nullptr) continue;
        const std::string_view name(kind);
        Node whole = *given;
        if (name == "list" || name == "changes" || name == "ids") whole = merged(list, whole);
        if (name == "deleted") whole = merged(usual, whole);
        out.requests.emplace(kind, read_request(reading, whole, table.dotted(kind), kind));
    }
}

void check_whole(const TableReader& table, const Stream& out) {
    const Node& node = table.node();
    const auto has = [&](const char* kind) { return out.requests.contains(kind); };
    if (!has("list")) table.problem(node, "list", "is missing: how are all records asked for?");
    if (node.member("id") == nullptr)
        table.problem(node, "id", "is missing: where does a record have its id? id = \"/id\"");
    if (has("changes") && !out.modified)
        table.problem(
            node, "modified",
            "is missing: changes are asked for by the time that records say they changed");
    for (const auto* other : {"deleted", "get", "find", "create", "update", "delete"})
        if (out.each && has(other))
            table.problem(*node.member(other), other, "cannot be beside each: lists alone can");
    for (const auto* write : {"update", "delete"})
        if (has(write) && !has("get"))
            table.problem(*node.member(write), "get",
                          std::string("is missing: a record is read before it is written, so ") +
                              write + " needs it");
    for (const std::string single : {"create", "update", "delete"})
        if (has((single + "_batch").c_str()) && !has(single.c_str()))
            table.problem(*node.member(single + "_batch"), single,
                          "is missing: what a batch refuses is sent by itself");
    if (const auto* batch = out.request("create_batch");
        batch != nullptr && batch->match == Match::kKey && out.key_field.empty())
        table.problem(*node.member("create_batch"), "match",
                      "is by key, and the stream has no key_field");
    if (!out.key_field.empty()) {
        Names names;
        for (const auto& field : out.fields) names.push_back(field.name);
        if (!is_one_of(out.key_field, names))
            table.problem(*node.member("key_field"), "key_field", "is none of the fields",
                          config::nearest(out.key_field, names));
        if (!has("find"))
            table.problem(node, "find", "is missing: how is a record found by its key_field?");
    }
}

}  // namespace

void read_place(TableReader& table, std::string_view key, std::optional<Pointer>& at,
                std::string& header) {
    const Node* value = table.node().member(key);
    if (value == nullptr) return;
    constexpr std::string_view kHeader = "header:";
    if (value->kind != Node::Kind::kText || !value->text.starts_with(kHeader))
        return read_pointer(table, key, at);
    std::string text;
    table.text(key, text);
    header = text.substr(kHeader.size());
    std::ranges::transform(header, header.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
}

void check_format(const Reading& reading, const TableReader& table, const Node& at,
                  std::string_view key, std::string_view type, const std::string& format) {
    const bool time = type == "date" || type == "instant";
    if (const auto shape = reading.out.shapes.find(format); shape != reading.out.shapes.end()) {
        if (use_of(shape->second).time && !time)
            table.problem(at, key, "[format." + format + "] is made of the parts of a moment");
        return;
    }
    Names names;
    for (const auto& each : reading.out.shapes) names.push_back(each.first);
    if (time) {
        if (const auto reason = check_time_format(format); !reason.empty())
            table.problem(at, key, reason, config::nearest(format, names));
        return;
    }
    for (const auto& form : forms_of(type)) names.push_back(form);
    if (is_one_of(format, names)) return;
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    table.problem(at, key,
                  list.empty() ? "is not known: there is no [format." + format + "]"
                               : "must be one of: " + list,
                  config::nearest(format, names));
}

Stream read_stream(const Reading& all, const Node& node, const std::string& name) {
    TableReader table(node, "stream." + name, all.into);
    Stream out;
    read_each(all, table, out);
    Reading reading{all.into, all.out, all.option_names};
    if (out.each) reading.option_names.insert("each");
    out.name = out.remote_name = name;
    table.text("remote_name", out.remote_name);
    table.text("entity", out.entity);
    read_label(table, "label", out.label);
    if (out.label.en.empty()) out.label.en = name;
    table.boolean("custom", out.custom);
    read_pointer(table, "id", out.id);
    table.boolean("id_is_number", out.id_is_number);
    read_pointer(table, "fields_at", out.fields_at);
    read_modified(reading, table, out);
    read_pointer(table, "modified_by", out.modified_by);
    using std::chrono::hours;
    table.duration("overlap", out.overlap, std::chrono::milliseconds(0), hours(24 * 30));
    table.duration("resolution", out.resolution, std::chrono::milliseconds(1), hours(24));
    read_gone(reading, table, out);
    table.boolean("sweep", out.sweep);
    std::chrono::milliseconds kept{0};
    table.duration("deleted_kept", kept, std::chrono::milliseconds(0), hours(24 * 3650));
    out.deleted_kept = std::chrono::duration_cast<hours>(kept);
    table.text("key_field", out.key_field);
    read_place(table, "token", out.token, out.token_header);
    read_place(table, "created_id", out.created_id, out.created_id_header);
    table.boolean("send_whole", out.send_whole);
    table.boolean("omits_blank", out.omits_blank);
    if (const Node* blank = table.any("blank")) out.blank = to_json(*blank);
    read_requests(reading, table, out);
    read_fields(reading, table, out);
    check_whole(table, out);
    table.finish();
    return out;
}

}  // namespace kontor::declarative
