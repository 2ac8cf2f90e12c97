#include <algorithm>
#include <array>
#include <utility>

#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/versions.hpp"

namespace kontor::postgres {
namespace {

constexpr std::int64_t kPushBatch = 500;
constexpr std::int64_t kFetchBatch = 1'000;
constexpr std::int64_t kRetentionDays = 60;  // of the change table, see docs/postgres.md

using Pair = std::pair<std::string_view, std::string_view>;

// What tables are usually called, and which standard entity that is.
constexpr std::array<Pair, 34> kEntities{{
    {"account", "account"},
    {"accounts", "account"},
    {"company", "account"},
    {"companies", "account"},
    {"organisation", "account"},
    {"organisations", "account"},
    {"organization", "account"},
    {"organizations", "account"},
    {"contact", "contact"},
    {"contacts", "contact"},
    {"person", "contact"},
    {"persons", "contact"},
    {"people", "contact"},
    {"customer", "contact"},
    {"customers", "contact"},
    {"lead", "lead"},
    {"leads", "lead"},
    {"deal", "deal"},
    {"deals", "deal"},
    {"opportunity", "deal"},
    {"opportunities", "deal"},
    {"product", "product"},
    {"products", "product"},
    {"quote", "quote"},
    {"quotes", "quote"},
    {"sales_order", "sales_order"},
    {"sales_orders", "sales_order"},
    {"invoice", "invoice"},
    {"invoices", "invoice"},
    {"task", "task"},
    {"tasks", "task"},
    {"note", "note"},
    {"notes", "note"},
    {"events", "event"},
}};

// What columns are called, where that is not the standard column's name anyway.
constexpr std::array<Pair, 16> kColumns{{
    {"created_at", "remote_created_at"},
    {"updated_at", "remote_modified_at"},
    {"mail", "email"},
    {"email_address", "email"},
    {"telephone", "phone"},
    {"phone_number", "phone"},
    {"cell", "mobile"},
    {"mobile_phone", "mobile"},
    {"firstname", "first_name"},
    {"lastname", "last_name"},
    {"surname", "last_name"},
    {"given_name", "first_name"},
    {"job_title", "title"},
    {"homepage", "website"},
    {"url", "website"},
    {"notes", "description"},
}};

template <std::size_t Size>
std::string known(const std::array<Pair, Size>& names, std::string_view name) {
    const auto found = std::ranges::find(names, name, &Pair::first);
    return found == names.end() ? "" : std::string(found->second);
}

std::string column_hint(const std::string& entity, const Column& column) {
    if (column.name == "name" && (entity == "contact" || entity == "lead")) return "full_name";
    if (const auto hint = known(kColumns, column.name); !hint.empty()) return hint;
    // company_id refers to the account, whatever it is called.
    if (const auto target = known(kEntities, column.references);
        !target.empty() && column.name == column.references + "_id")
        return target + "_id";
    // A standard column of the same name is meant.
    return column.name;
}

// "last_name" → "Last name"; a comment in Chinese is the Chinese label.
sdk::Label label(const std::string& name, const std::string& comment) {
    sdk::Label out;
    out.en = name;
    std::ranges::replace(out.en, '_', ' ');
    if (!out.en.empty() && out.en[0] >= 'a' && out.en[0] <= 'z')
        out.en[0] = static_cast<char>(out.en[0] - 'a' + 'A');
    constexpr std::size_t kLabelBytesMax = 120;
    const bool foreign = std::ranges::any_of(comment, [](unsigned char c) { return c >= 0x80; });
    if (foreign && comment.size() <= kLabelBytesMax && comment.find('\n') == std::string::npos)
        out.zh = comment;
    return out;
}

std::string type_of(const Column& column, const std::string& hint) {
    if (!column.references.empty()) return "reference";
    switch (column.kind) {
        case Kind::kInteger:
            return "integer";
        case Kind::kReal:
            return "real";
        case Kind::kDecimal:
            return "decimal";
        case Kind::kBoolean:
            return "boolean";
        case Kind::kDate:
            return "date";
        case Kind::kInstant:
        case Kind::kLocalInstant:
            return "instant";
        case Kind::kChoice:
            return "choice";
        case Kind::kList:
            return "list";
        case Kind::kJson:
            return "json";
        case Kind::kText:
        case Kind::kOther:
        case Kind::kHidden:
            break;
    }
    if (hint == "email") return "email";
    if (hint == "phone" || hint == "mobile" || hint == "fax") return "phone";
    if (hint == "website") return "url";
    return "text";
}

sdk::FieldSpec field(const Table& table, const std::string& entity, const Column& column) {
    sdk::FieldSpec out;
    out.name = column.name;
    out.label = label(column.name, column.comment);
    out.column_hint = column_hint(entity, column);
    out.type = type_of(column, out.column_hint);
    out.unique = column.unique;
    out.max_length = column.max_length;
    out.precision = column.precision;
    out.scale = column.scale;
    if (!column.references.empty()) out.references = {column.references};
    for (const auto& choice : column.choices) out.choices.push_back({choice, choice});
    const bool ours = column.name == table.modified_column || column.name == table.version_column ||
                      column.name == table.key_column;
    const bool insert = table.may_insert && column.may_insert && !column.generated;
    // The id of a record stays what it is.
    const bool update =
        table.may_update && column.may_update && !column.generated && !table.in_key(column.name);
    out.read_only = ours || column.kind == Kind::kOther || !(insert || update);
    out.create_only = !out.read_only && !update;
    out.required = column.not_null && !column.has_default && !out.read_only;
    return out;
}

// A key that the database makes up itself says nothing besides the id.
bool is_shown(const Table& table, const Column& column) {
    if (column.kind == Kind::kHidden) return false;
    return !(table.in_key(column.name) && (column.has_default || column.generated));
}

}  // namespace

sdk::StreamSpec describe(const Table& table) {
    sdk::StreamSpec out;
    out.name = table.stream;
    out.label = label(table.name, table.comment);
    out.entity_hint = known(kEntities, table.name);
    auto& can = out.capabilities;
    can.create = table.may_insert;
    can.update = table.may_update;
    can.remove = table.may_delete;
    can.deleted_feed = table.changes == Changes::kTriggers;
    can.deleted_retention_days = can.deleted_feed ? kRetentionDays : 0;
    can.list_ids = true;
    can.fetch = true;
    if (!table.key_column.empty()) {
        can.key_field = table.key_column;
        can.find_fields = {table.key_column};
    }
    can.cas = has_version(table) ? "batch" : "none";
    can.push_batch_max = kPushBatch;
    can.fetch_batch_max = kFetchBatch;
    can.modified_resolution_ms = 1;
    for (const auto& column : table.columns)
        if (is_shown(table, column)) out.fields.push_back(field(table, out.entity_hint, column));
    return out;
}

}  // namespace kontor::postgres
