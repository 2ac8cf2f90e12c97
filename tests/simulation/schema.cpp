#include "tests/simulation/schema.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace kontor::simulation {
namespace {

using remote::FieldType;

replica::Field column(const char* name, FieldType type, const char* target = "") {
    replica::Field out;
    out.name = name;
    out.type = type;
    out.target = target;
    if (type == FieldType::kDecimal) {
        out.precision = 12;
        out.scale = 2;
    }
    return out;
}

std::string first_characters(const std::string& text, int count) {
    std::size_t at = 0;
    for (int n = 0; n < count && at < text.size(); ++n) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
    }
    return text.substr(0, at);
}

// As CRMs do with the items of an order.
std::string with_totals(const std::string& text) {
    auto rows = nlohmann::json::parse(text, nullptr, false);
    if (!rows.is_array()) return text;
    for (auto& row : rows) row["total"] = row.value("price", 0) * row.value("quantity", 0);
    return rows.dump();
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

const FieldModel* StreamModel::field(std::string_view remote_name) const {
    const auto found = std::ranges::find(fields, remote_name, &FieldModel::remote);
    return found == fields.end() ? nullptr : &*found;
}

const StreamModel& RemoteModel::stream(std::string_view name) const {
    return *std::ranges::find(streams, name, &StreamModel::name);
}

std::vector<replica::Entity> entities(Tables tables) {
    replica::Entity account;
    account.name = "account";
    account.fields = {column("name", FieldType::kText), column("phone", FieldType::kPhone),
                      column("parent_id", FieldType::kReference, "account"),
                      column("main_contact_id", FieldType::kReference, "contact")};
    replica::Entity contact;
    contact.name = "contact";
    contact.fields = {column("first_name", FieldType::kText),
                      column("last_name", FieldType::kText),
                      column("phone", FieldType::kPhone),
                      column("email", FieldType::kEmail),
                      column("city", FieldType::kText),
                      column("street", FieldType::kText),
                      column("notes", FieldType::kLongText),
                      column("budget", FieldType::kDecimal),
                      column("visits", FieldType::kInteger),
                      column("account_id", FieldType::kReference, "account"),
                      column("extra", FieldType::kText),
                      column("score", FieldType::kText)};
    contact.fields.back().read_only = true;
    if (tables.rows) account.fields.push_back(column("items", FieldType::kJson));
    if (!tables.leads) return {account, contact};
    replica::Entity lead;
    lead.name = "lead";
    lead.fields = {column("last_name", FieldType::kText), column("phone", FieldType::kPhone),
                   column("company", FieldType::kText)};
    return {account, contact, lead};
}

merge::Mapping mapping_of(const RemoteModel& model, bool key_field, bool with_late) {
    merge::Mapping out;
    for (const StreamModel& stream : model.streams) {
        merge::StreamMapping mapping;
        mapping.stream = stream.name;
        mapping.entity = stream.entity;
        mapping.delete_against_edit = stream.delete_against_edit;
        mapping.delete_there = stream.delete_there;
        mapping.delete_here = stream.delete_here;
        mapping.delete_relayed = stream.delete_relayed;
        if (key_field) mapping.key_field = kKeyField;
        for (const FieldModel& field : stream.fields) {
            if (field.late && !with_late) continue;
            merge::FieldMapping one;
            one.remote = field.remote;
            one.columns = field.columns;
            one.type = field.type;
            one.read_only = field.computed;
            one.may_be_cut = field.cut_in_lists;
            if (field.computed) one.direction = merge::Direction::kIn;
            if (field.columns.size() == 2) one.lens = merge::LensKind::kFullName;
            if (field.type == FieldType::kReference) {
                one.lens = merge::LensKind::kReference;
                one.references = {field.target};
            }
            if (field.type == FieldType::kDecimal) one.scale = 2;
            if (field.habit == Habit::kTruncate) one.max_length = kTruncateAt;

            const std::string& group = field.group.empty() ? field.remote : field.group;
            auto found = std::ranges::find(mapping.groups, group, &merge::GroupMapping::name);
            if (found == mapping.groups.end()) {
                mapping.groups.push_back({.name = group,
                                          .policy = field.policy,
                                          .fallback = field.fallback,
                                          .fields = {},
                                          .owner = field.owner});
                found = std::prev(mapping.groups.end());
            }
            found->fields.push_back(std::move(one));
        }
        out.streams.push_back(std::move(mapping));
    }
    return out;
}

Value kept(const FieldModel& field, const Value& value) {
    if (field.type != FieldType::kInteger && value.kind() == Kind::kInteger)
        return Value(std::to_string(value.integer()));
    if (value.kind() != Kind::kText) return value;
    std::string text = trimmed(value.text());
    if (text.empty()) return Value::null();
    if (field.type == FieldType::kInteger || field.type == FieldType::kDecimal) {
        std::int64_t number = 0;
        const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool whole = end.ec == std::errc{} && end.ptr == text.data() + text.size();
        if (field.type == FieldType::kInteger) return whole ? Value(number) : Value::null();
        if (!whole && text.find_first_not_of("0123456789.-") != std::string::npos)
            return Value::null();
    }
    switch (field.habit) {
        case Habit::kKeep:
            break;
        case Habit::kUpper:
            std::ranges::transform(text, text.begin(), [](char c) {
                return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            });
            break;
        case Habit::kPrefix:
            if (!text.starts_with("+86")) text.insert(0, "+86 ");
            break;
        case Habit::kTruncate:
            text = trimmed(first_characters(text, kTruncateAt));
            break;
        case Habit::kRows:
            text = with_totals(text);
            break;
    }
    return Value(text);
}

Value expected(const FieldModel& field, std::span<const Value> columns,
               const std::map<std::int64_t, std::string>& remote_ids) {
    const Value& first = columns.front();
    if (columns.size() == 2) {
        const std::string &given = first.text(), &family = columns[1].text();
        if (given.empty() && family.empty()) return Value::null();
        if (given.empty() || family.empty()) return Value(given + family);
        return Value(given + " " + family);
    }
    if (first.is_null()) return first;
    switch (field.type) {
        case FieldType::kReference: {
            if (first.kind() != Kind::kInteger) return Value("not a reference");
            const auto found = remote_ids.find(first.integer());
            // A target that is not there (any more) cannot be expressed.
            return found == remote_ids.end() ? Value::null() : Value(found->second);
        }
        case FieldType::kDecimal: {
            if (first.kind() == Kind::kInteger) return Value(std::to_string(first.integer()));
            if (first.kind() != Kind::kReal) return first;
            char out[64];
            const auto end =
                std::to_chars(out, out + sizeof out, first.real(), std::chars_format::fixed).ptr;
            return Value(std::string(out, end));
        }
        default:
            if (first.kind() != Kind::kReal) return first;
            // A number of a column of numbers; what its remote calls text by now.
            return Value(std::to_string(static_cast<std::int64_t>(first.real())));
    }
}

}  // namespace kontor::simulation
