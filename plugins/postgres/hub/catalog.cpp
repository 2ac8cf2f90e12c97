#include "plugins/postgres/hub/catalog.hpp"

#include <algorithm>
#include <charconv>

#include "plugins/postgres/values.hpp"

namespace kontor::postgres::hub {
namespace {

constexpr std::int64_t kPushBatch = 500;
constexpr std::int64_t kFetchBatch = 1'000;
constexpr int kFormat = 1;

const std::string& text(const Cell& cell) {
    static const std::string none;
    return cell ? *cell : none;
}

std::int64_t number(const Cell& cell) {
    std::int64_t out = 0;
    const auto& from = text(cell);
    std::from_chars(from.data(), from.data() + from.size(), out);
    return out;
}

Kind kind_of(std::string_view type) {
    if (type == "integer") return Kind::kInteger;
    if (type == "real") return Kind::kReal;
    if (type == "decimal") return Kind::kDecimal;
    if (type == "boolean") return Kind::kBoolean;
    if (type == "date") return Kind::kDate;
    if (type == "instant") return Kind::kInstant;
    if (type == "list" || type == "json") return Kind::kJson;
    return Kind::kText;
}

Stream stream_of(const Options& options, const std::vector<Cell>& row) {
    Stream out;
    auto& table = out.table;
    table.schema = options.schema;
    table.name = table.stream = text(row[0]);
    table.key = {kId};
    table.key_column = kId;
    table.version_column = kVersion;
    Column id;
    id.name = kId;
    id.kind = Kind::kText;
    table.columns.push_back(id);

    auto& spec = out.spec;
    spec.name = spec.entity_hint = table.name;
    spec.label = {text(row[1]), text(row[2])};
    auto& can = spec.capabilities;
    can.create = can.update = can.remove = true;
    can.deleted_feed = can.list_ids = can.fetch = true;
    can.deleted_retention_days = kTombstoneDays;
    can.key_field = kId;
    can.find_fields = {kId};
    can.cas = "batch";
    can.push_batch_max = kPushBatch;
    can.fetch_batch_max = kFetchBatch;
    can.modified_resolution_ms = 1;
    sdk::FieldSpec field;
    field.name = kId;
    field.label = {"Hub id", "中心库编号"};
    field.unique = true;
    field.read_only = true;
    spec.fields.push_back(field);
    return out;
}

void add_field(Stream& stream, const std::vector<Cell>& row, const std::vector<Stream>& all) {
    Column column;
    column.name = text(row[1]);
    column.kind = kind_of(text(row[2]));
    sdk::FieldSpec field;
    field.name = column.name;
    field.column_hint = column.name;
    field.type = text(row[2]);
    field.label = {text(row[4]), text(row[5])};
    field.precision = number(row[6]);
    field.scale = number(row[7]);
    field.group = text(row[8]);
    field.unique = text(row[9]) == "t";
    if (field.type == "reference") {
        column.kind = Kind::kText;
        for (const auto& each : all)
            if (text(row[3]) == "*" || text(row[3]) == each.spec.name)
                field.references.push_back(each.spec.name);
        column.references = text(row[3]);
    }
    stream.table.columns.push_back(std::move(column));
    stream.spec.fields.push_back(std::move(field));
}

}  // namespace

void connect(std::optional<Session>& session, sdk::Host& host, const Options& options) {
    // A transaction that is forgotten ends, long before others take its stamp for abandoned.
    static const std::vector<Statement> settings{
        {"SET TIME ZONE 'UTC'", {}},
        {"SET DateStyle = 'ISO, YMD'", {}},
        {"SET extra_float_digits = 1", {}},
        {"SET statement_timeout = '300s'", {}},
        {"SET lock_timeout = '5s'", {}},
        {"SET idle_in_transaction_session_timeout = '120s'", {}}};
    session.emplace(host, options.address(), settings);
}

void require_hub(Session& session, const Options& options) {
    Rows rows;
    try {
        rows = session.rows({"SELECT format FROM " + options.table("kontor_hub"), {}}, 1);
    } catch (const SqlError& error) {
        if (error.state() != "42P01" && error.state() != "3F000") throw;
    }
    if (rows.empty())
        throw sdk::Error(KONTOR_E_NOT_FOUND, "there is no hub in the schema " + options.schema +
                                                 " of this database: kontor init hub");
    if (number(rows[0][0]) > kFormat)
        throw sdk::Error(KONTOR_E_UNSUPPORTED,
                         "the hub was made by a later version of Kontor: update this one");
}

std::vector<Stream> read_streams(Session& session, const Options& options) {
    require_hub(session, options);
    std::vector<Stream> out;
    for (const auto& row :
         session.rows({"SELECT entity, label_en, label_zh FROM " +
                           options.table("kontor_hub_entity") + " ORDER BY position, entity",
                       {}},
                      3))
        out.push_back(stream_of(options, row));
    for (const auto& row :
         session.rows({"SELECT entity, field, type, target, label_en, label_zh, digits, scale,"
                       " grp, is_unique FROM " +
                           options.table("kontor_hub_field") + " ORDER BY entity, position, field",
                       {}},
                      10)) {
        const auto found =
            std::ranges::find(out, text(row[0]), [](const Stream& s) { return s.spec.name; });
        if (found != out.end()) add_field(*found, row, out);
    }
    return out;
}

std::string Stream::columns(const std::vector<std::string>& fields) const {
    std::string out = std::string(kVersionText) + ", " + kId + ", " + kBy;
    for (const auto& name : fields) {
        if (table.column(name) == nullptr)
            throw sdk::Error(KONTOR_E_INVALID, table.stream + " has no column " + name)
                .stream(table.stream)
                .unknown_field(name);
        out += ", " + identifier(name);
    }
    return out;
}

void Stream::add(abi::BatchWriter& out, const std::vector<std::string>& fields,
                 const Row& row) const {
    if (row.size() < 3 + fields.size())
        throw sdk::Error(KONTOR_E_PROTOCOL, table.stream + ": a row lacks columns");
    out.begin(abi::Op::kRecord, row[1].value_or(""), row[0].value_or(""), {}, row[2].value_or(""));
    for (std::size_t i = 0; i < fields.size(); ++i)
        add_value(out, static_cast<std::uint16_t>(i), *table.column(fields[i]), row[3 + i]);
}

std::string version_number(std::string_view text) {
    const auto digit = text.find_first_not_of('0');
    return digit == std::string_view::npos ? "0" : std::string(text.substr(digit));
}

}  // namespace kontor::postgres::hub
