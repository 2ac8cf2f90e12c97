#include "plugins/postgres/triggers.hpp"

#include <algorithm>
#include <set>

namespace kontor::postgres {
namespace {

constexpr const char* kInstalled =
    "SELECT t.tgrelid FROM pg_catalog.pg_trigger t"
    " WHERE t.tgname = 'kontor_note_change' AND t.tgenabled <> 'D'"
    " AND pg_catalog.to_regclass($1) IS NOT NULL"
    " AND pg_catalog.has_table_privilege(pg_catalog.to_regclass($1), 'SELECT')";

std::set<std::string> noted(Session& session, const std::string& schema) {
    std::set<std::string> out;
    const auto table = identifier(schema) + "." + std::string(kChangeTable);
    for (const auto& row : session.rows({kInstalled, {table}}, 1))
        if (row[0]) out.insert(*row[0]);
    return out;
}

void install(Session& session, const std::vector<Table>& tables, const Options& options,
             const std::set<std::string>& installed) {
    std::vector<std::string> missing;
    for (const auto& table : tables)
        if (!table.view && !installed.contains(table.oid))
            missing.push_back(trigger_sql(table, options.schema));
    if (missing.empty()) return;
    session.run("BEGIN");
    for (const auto& sql : change_table_sql(options.schema)) session.run(sql);
    for (const auto& sql : missing) session.run(sql);
    session.run("COMMIT");
}

}  // namespace

bool is_ours(const Table& table) {
    return table.name == kChangeTable;
}

std::vector<std::string> change_table_sql(const std::string& schema) {
    const auto in = identifier(schema) + ".";
    return {
        "CREATE TABLE IF NOT EXISTS " + in +
            "kontor_change (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " xid xid8 NOT NULL DEFAULT pg_current_xact_id(),"
            " at timestamptz NOT NULL DEFAULT clock_timestamp(),"
            " relation text NOT NULL, key jsonb NOT NULL)",
        "CREATE INDEX IF NOT EXISTS kontor_change_next ON " + in +
            "kontor_change (relation, xid, seq)",
        // Whoever changes a row need not have rights to the table of changes.
        "CREATE OR REPLACE FUNCTION " + in +
            "kontor_note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
            " SET search_path = pg_catalog, pg_temp AS $kontor$\n"
            "DECLARE was jsonb; is_now jsonb;\n"
            "BEGIN\n"
            "    IF TG_OP <> 'INSERT' THEN\n"
            "        SELECT jsonb_agg(to_jsonb(OLD) ->> name ORDER BY n) INTO was\n"
            "          FROM unnest(TG_ARGV) WITH ORDINALITY AS k(name, n) WHERE n > 1;\n"
            "    END IF;\n"
            "    IF TG_OP <> 'DELETE' THEN\n"
            "        SELECT jsonb_agg(to_jsonb(NEW) ->> name ORDER BY n) INTO is_now\n"
            "          FROM unnest(TG_ARGV) WITH ORDINALITY AS k(name, n) WHERE n > 1;\n"
            "    END IF;\n"
            "    INSERT INTO " +
            in +
            "kontor_change(relation, key)\n"
            "      SELECT DISTINCT TG_ARGV[0], key FROM unnest(ARRAY[was, is_now]) AS k(key)\n"
            "       WHERE key IS NOT NULL;\n"
            "    RETURN NULL;\n"
            "END $kontor$",
    };
}

std::string trigger_sql(const Table& table, const std::string& schema) {
    std::string arguments = literal(table.schema + "." + table.name);
    for (const auto& part : table.key) arguments += ", " + literal(part);
    return "CREATE TRIGGER kontor_note_change AFTER INSERT OR UPDATE OR DELETE ON " +
           table.sql_name() + " FOR EACH ROW EXECUTE FUNCTION " + identifier(schema) +
           ".kontor_note_change(" + arguments + ")";
}

void find_changes(Session& session, std::vector<Table>& tables, const Options& options) {
    auto installed = noted(session, options.schema);
    if (options.install_triggers) {
        install(session, tables, options, installed);
        installed = noted(session, options.schema);
    }
    for (auto& table : tables) {
        if (installed.contains(table.oid))
            table.changes = Changes::kTriggers;
        else if (!table.modified_column.empty())
            table.changes = Changes::kColumn;
        else
            table.changes = table.has_xmin ? Changes::kTransactions : Changes::kAll;
    }
}

}  // namespace kontor::postgres
