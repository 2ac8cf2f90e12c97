#include "daemon/hub/schema.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kontor::hub {
namespace {

using remote::FieldType;

constexpr int kLast = 999;
constexpr std::size_t kNameBytesMax = 63;  // of a PostgreSQL identifier

/// What a hub must have once only, whoever makes it: two laptops that reserve the same question.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kUnique{
    {{"survey_invitation", "ask_key"}}};

std::string identifier(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out.push_back('"');
        out.push_back(c);
    }
    return out += '"';
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out.push_back(c);
        out.push_back(c);
    }
    return out += '\'';
}

std::string_view sql_type(FieldType type) {
    switch (type) {
        case FieldType::kInteger:
            return "bigint";
        case FieldType::kReal:
            return "double precision";
        case FieldType::kDecimal:
            return "numeric";
        case FieldType::kBoolean:
            return "boolean";
        case FieldType::kDate:
            return "date";
        case FieldType::kInstant:
            return "timestamptz";
        case FieldType::kList:
        case FieldType::kJson:
            return "jsonb";
        default:
            return "text";
    }
}

bool is_unique(std::string_view entity, std::string_view field) {
    return std::ranges::find(kUnique, std::pair{entity, field}) != kUnique.end();
}

class Schema {
public:
    explicit Schema(const SchemaOptions& options) : options_(options) {}

    std::vector<std::string> statements(std::span<const replica::StandardEntity> entities) {
        add("CREATE SCHEMA IF NOT EXISTS " + identifier(options_.schema));
        add_own_tables();
        for (std::size_t i = 0; i < entities.size(); ++i) add_entity(entities[i], i);
        for (const auto& role : options_.grants) {
            add("GRANT USAGE ON SCHEMA " + identifier(options_.schema) + " TO " + identifier(role));
            add("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " +
                identifier(options_.schema) + " TO " + identifier(role));
        }
        return std::move(out_);
    }

private:
    void add(std::string sql) { out_.push_back(std::move(sql)); }
    [[nodiscard]] std::string table(std::string_view name) const {
        return identifier(options_.schema) + "." + identifier(name);
    }

    void add_own_tables() {
        add("CREATE TABLE IF NOT EXISTS " + table("kontor_hub") +
            " (one integer PRIMARY KEY, format integer NOT NULL, hub text NOT NULL,"
            " epoch text NOT NULL)");
        add("INSERT INTO " + table("kontor_hub") +
            " (one, format, hub, epoch) VALUES (1, 1, gen_random_uuid()::text, '1')"
            " ON CONFLICT (one) DO NOTHING");
        add("CREATE TABLE IF NOT EXISTS " + table("kontor_hub_clock") +
            " (one integer PRIMARY KEY, stamp bigint NOT NULL)");
        add("INSERT INTO " + table("kontor_hub_clock") +
            " (one, stamp) VALUES (1, 0) ON CONFLICT (one) DO NOTHING");
        add("CREATE TABLE IF NOT EXISTS " + table("kontor_hub_writer") +
            " (id text PRIMARY KEY, stamp bigint NOT NULL, began_at timestamptz NOT NULL,"
            " written boolean NOT NULL)");
        add("CREATE TABLE IF NOT EXISTS " + table("kontor_hub_device") +
            " (id text PRIMARY KEY, stamp bigint NOT NULL, seen_at timestamptz NOT NULL)");
        add("CREATE TABLE IF NOT EXISTS " + table("kontor_hub_entity") +
            " (entity text PRIMARY KEY, position integer NOT NULL, label_en text NOT NULL,"
            " label_zh text NOT NULL)");
        add("CREATE TABLE IF NOT EXISTS " + table("kontor_hub_field") +
            " (entity text NOT NULL, field text NOT NULL, position integer NOT NULL,"
            " type text NOT NULL, target text NOT NULL, label_en text NOT NULL,"
            " label_zh text NOT NULL, digits integer NOT NULL, scale integer NOT NULL,"
            " grp text NOT NULL, is_unique boolean NOT NULL, PRIMARY KEY (entity, field))");
    }

    void add_entity(const replica::StandardEntity& entity, std::size_t position) {
        const auto name = table(entity.name);
        add("CREATE TABLE IF NOT EXISTS " + name +
            " (kontor_id text PRIMARY KEY, kontor_version bigint NOT NULL,"
            " kontor_stamp bigint NOT NULL, kontor_by text NOT NULL,"
            " kontor_deleted_at timestamptz)");
        std::string columns;
        for (const auto& [field, group] : entity.fields) {
            columns +=
                (columns.empty() ? " ADD COLUMN IF NOT EXISTS " : ", ADD COLUMN IF NOT EXISTS ") +
                identifier(field.name) + " " + std::string(sql_type(field.type));
            // Whoever has it from a CRM says so; else it is when the hub got the record.
            if (field.name == "remote_created_at") columns += " DEFAULT now()";
        }
        add("ALTER TABLE " + name + columns);
        add("CREATE INDEX IF NOT EXISTS " + identifier(std::string(entity.name) + "_kontor_stamp") +
            " ON " + name + " (kontor_stamp, kontor_id)");
        for (const auto& [field, group] : entity.fields)
            if (is_unique(entity.name, field.name))
                add("CREATE UNIQUE INDEX IF NOT EXISTS " +
                    identifier(std::string(entity.name) + "_" + field.name) + " ON " + name + " (" +
                    identifier(field.name) + ")");
        describe(entity, position);
    }

    void describe(const replica::StandardEntity& entity, std::size_t position) {
        add("INSERT INTO " + table("kontor_hub_entity") +
            " (entity, position, label_en, label_zh) VALUES (" + literal(entity.name) + ", " +
            std::to_string(position) + ", " + literal(entity.label.en) + ", " +
            literal(entity.label.zh) +
            ") ON CONFLICT (entity) DO UPDATE SET position = excluded.position,"
            " label_en = excluded.label_en, label_zh = excluded.label_zh");
        std::string rows;
        int at = 0;
        // After its parts: a mapping that meets a whole name first splits it.
        const auto place = [&](const replica::Field& field) {
            return field.name == "full_name" ? kLast : at++;
        };
        for (const auto& [field, group] : entity.fields)
            rows += (rows.empty() ? "(" : ", (") + literal(entity.name) + ", " +
                    literal(field.name) + ", " + std::to_string(place(field)) + ", " +
                    literal(to_string(field.type)) + ", " + literal(field.target) + ", " +
                    literal(field.label.en) + ", " + literal(field.label.zh) + ", " +
                    std::to_string(field.precision) + ", " + std::to_string(field.scale) + ", " +
                    literal(group) + ", " +
                    (is_unique(entity.name, field.name) ? "true" : "false") + ")";
        add("INSERT INTO " + table("kontor_hub_field") +
            " (entity, field, position, type, target, label_en, label_zh, digits, scale, grp,"
            " is_unique) VALUES " +
            rows +
            " ON CONFLICT (entity, field) DO UPDATE SET position = excluded.position,"
            " target = excluded.target, label_en = excluded.label_en,"
            " label_zh = excluded.label_zh, digits = excluded.digits, scale = excluded.scale,"
            " grp = excluded.grp, is_unique = excluded.is_unique");
    }

    const SchemaOptions& options_;
    std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> schema_statements(const SchemaOptions& options,
                                           std::span<const replica::StandardEntity> entities) {
    return Schema(options).statements(entities);
}

bool is_schema_name(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !text.empty() && text.size() <= kNameBytesMax && is_letter(text[0]) &&
           std::ranges::all_of(text,
                               [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace kontor::hub
