#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/names.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/rows.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// Hits that a search shows unless --limit says otherwise.
constexpr std::int64_t kSearchHits = 20;

std::string entity_of(Context& context) {
    return context.args().argument("ENTITY");
}

std::string records_path(Context& context) {
    return "/records/" + url_encode(entity_of(context));
}

std::string record_path(Context& context, const std::string& id) {
    return records_path(context) + "/" + url_encode(id);
}

void add_query(std::string& query, std::string_view name, std::string_view value) {
    query += (query.empty() ? "?" : "&") + url_encode(name) + "=" + url_encode(value);
}

Outcome<std::string> list_query(Context& context) {
    const auto& args = context.args();
    std::string query;
    for (const auto& word : args.all("where")) {
        auto where = parse_where(context.language(), word);
        if (!where) return tl::unexpected<Failure>(std::move(where.error()));
        auto filter = where->field + ":" + where->compare;
        if (!where->value.empty()) filter += ":" + where->value;
        add_query(query, "filter", filter);
    }
    if (args.has("sort")) add_query(query, "sort", args.option("sort"));
    if (args.has("fields")) add_query(query, "fields", args.option("fields"));
    if (args.has("after")) add_query(query, "after", args.option("after"));
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) add_query(query, "limit", std::to_string(**limit));
    return query;
}

/// Records as flat rows: id and uid beside the fields.
json flat_rows(const json& records) {
    json rows = json::array();
    for (const auto& record : records) {
        json row = object_at(record, "fields");
        row["id"] = record.value("id", json(nullptr));
        if (!record.value("uid", json(nullptr)).is_null()) row["uid"] = record["uid"];
        rows.push_back(std::move(row));
    }
    return rows;
}

/// References with the names of what they point to.
void name_references(const json& names, json& rows) {
    for (const auto& [column, values] : names.items())
        for (auto& row : rows)
            if (row.contains(column)) row[column] = with_name(names, column, text_at(row, column));
}

/// The columns of a table of records: those asked for, or id and all that hold something.
std::vector<std::string> columns_of(Context& context, const json& rows) {
    if (context.args().has("fields")) {
        auto columns = split_list(context.args().option("fields"));
        const bool id_named = std::find(columns.begin(), columns.end(), "id") != columns.end();
        if (!id_named) columns.insert(columns.begin(), "id");
        return columns;
    }
    std::vector<std::string> columns{"id"};
    if (!rows.empty())
        for (const auto& [name, value] : rows.front().items())
            if (name != "id") columns.push_back(name);
    const bool for_people = !context.args().has("csv") && !context.args().has("format");
    if (!for_people) return columns;
    const auto blank = [&](const std::string& column) {
        return column == "uid" || std::all_of(rows.begin(), rows.end(), [&](const json& row) {
                   return text_at(row, column).empty();
               });
    };
    std::erase_if(columns, blank);
    return columns;
}

/// What tells most about a record, of whatever kind; the rest follows by name.
constexpr std::string_view kTelling[] = {"last_name",    "first_name",   "name",     "subject",
                                         "title",        "company",      "email",    "phone",
                                         "mobile",       "stage",        "status",   "amount",
                                         "grand_total",  "closing_date", "due_date", "mailing_city",
                                         "billing_city", "city",         "industry"};

/// The columns that find room on the terminal, the most telling first; how many did not.
std::size_t fit_columns(Context& context, const json& rows, std::vector<std::string>& columns) {
    const auto room = context.io().columns;
    if (room == 0 || context.args().has("fields")) return 0;
    const auto rank = [](const std::string& column) {
        const auto* found = std::find(std::begin(kTelling), std::end(kTelling), column);
        return found - std::begin(kTelling);
    };
    std::stable_sort(columns.begin() + 1, columns.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    constexpr std::size_t kCellMax = 40;
    std::vector<std::string> fitting;
    std::size_t used = 0;
    for (const auto& column : columns) {
        std::size_t width = display_width(column);
        for (const auto& row : rows)
            width =
                std::max(width, std::min(kCellMax, display_width(one_line(text_at(row, column)))));
        if (!fitting.empty() && used + width + 2 > room) continue;
        used += width + 2;
        fitting.push_back(column);
        if (fitting.size() > std::size(kTelling)) break;
    }
    const auto left = columns.size() - fitting.size();
    columns = std::move(fitting);
    return left;
}

Outcome<Exit> print_list(Context& context, const json& answer, const json& rows,
                         const std::vector<std::string>& columns, bool words = false) {
    if (auto printed = print_rows(context, answer, rows, columns, words); !printed)
        return tl::unexpected<Failure>(std::move(printed.error()));
    if (rows.empty()) context.note(context.text("cli.none"));
    if (const auto next = text_at(answer, "next"); !next.empty())
        context.note(context.text("cli.more", {{"after", shell_word(one_line(next))}}));
    return Exit::kOk;
}

/// All records that match, as the daemon streams them: however many, in bounded memory.
Outcome<Exit> export_csv(Context& context, std::string query) {
    add_query(query, "format", "csv");
    add_query(query, "defuse", "true");
    if (context.args().has("bom")) add_query(query, "bom", "true");
    auto done = context.api().download(records_path(context) + query, [&](std::string_view piece) {
        context.write(piece);
        return context.io().out.good();
    });
    if (!done) return tl::unexpected<Failure>(std::move(done.error()));
    return Exit::kOk;
}

/// A changed record, told as a sentence or as the daemon's answer.
Outcome<Exit> told(Context& context, const json& answer, std::string_view key,
                   const std::string& id) {
    if (context.json())
        context.print_json(answer);
    else
        context.print(context.text(key, {{"record", entity_of(context) + " " + id}}));
    for (const auto& warning : list_at(answer, "warnings")) {
        const auto connection = text_at(warning, "connection");
        context.warn(context.text(connection.empty() ? "cli.warning.here" : "cli.warning.there",
                                  {{"field", text_at(warning, "field")},
                                   {"name", connection},
                                   {"reason", text_at(warning, "reason")},
                                   {"hint", text_at(warning, "hint")}}));
    }
    return Exit::kOk;
}

}  // namespace

Outcome<Exit> run_entities(Context& context) {
    const auto answer = context.api().get("/entities?count=true");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    const auto wanted = entity_of(context);
    const auto& entities = list_at(*answer, "entities");
    if (wanted.empty()) {
        if (context.json()) {
            context.print_json(*answer);
            return Exit::kOk;
        }
        Table table{.columns = {{.title = context.text("cli.column.entity")},
                                {.title = context.text("cli.column.label")},
                                {.title = context.text("cli.column.fields"), .right = true},
                                {.title = context.text("cli.column.records"), .right = true}},
                    .rows = {}};
        for (const auto& entity : entities)
            table.add({text_at(entity, "name"), label_of(context, entity),
                       std::to_string(list_at(entity, "fields").size()),
                       grouped(integer_at(entity, "records"))});
        context.print(table);
        return Exit::kOk;
    }
    for (const auto& entity : entities) {
        if (text_at(entity, "name") != wanted) continue;
        if (context.json()) {
            context.print_json(entity);
            return Exit::kOk;
        }
        Table table{.columns = {{.title = context.text("cli.column.field")},
                                {.title = context.text("cli.column.type")},
                                {.title = context.text("cli.column.label")},
                                {.title = context.text("cli.column.source")}},
                    .rows = {}};
        for (const auto& field : list_at(entity, "fields"))
            table.add({text_at(field, "name"), text_at(field, "type"), label_of(context, field),
                       text_at(field, "origin")});
        context.print(table);
        return Exit::kOk;
    }
    return tl::unexpected<Failure>(
        failure_of(context.language(), Error{Errc::kNotFound, wanted, {{"entity", wanted}}, {}}));
}

Outcome<Exit> run_list(Context& context) {
    const auto query = list_query(context);
    if (!query) return tl::unexpected<Failure>(query.error());
    const auto& args = context.args();
    const bool csv = args.has("csv") || args.option("format") == "csv";
    if (csv && !context.json() && !args.has("limit") && !args.has("after"))
        return export_csv(context, *query);
    // Whoever reads numbers of records by program wants numbers alone.
    const bool table = !context.json() && !args.has("csv") && !args.has("format");
    auto path = *query;
    if (table || context.json()) add_query(path, "names", "true");
    const auto answer = context.api().get(records_path(context) + path);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    auto rows = flat_rows(list_at(*answer, "records"));
    if (table) name_references(object_at(*answer, "names"), rows);
    auto columns = columns_of(context, rows);
    const auto left = table ? fit_columns(context, rows, columns) : 0;
    auto done = print_list(context, *answer, rows, columns);
    if (done && left > 0)
        context.note(context.text("cli.list.columns", {{"count", std::to_string(left)}}));
    return done;
}

Outcome<Exit> run_get(Context& context) {
    const auto answer =
        context.api().get(record_path(context, context.args().argument("ID")) + "?names=true");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    const auto wanted = split_list(context.args().option("fields"));
    const auto& fields = object_at(*answer, "fields");
    json shown = json::object();
    for (const auto& name : wanted) {
        if (!fields.contains(name))
            return tl::unexpected<Failure>(failure_of(
                context.language(),
                Error{
                    Errc::kNotFound, name, {{"entity", entity_of(context)}, {"field", name}}, {}}));
        shown[name] = fields[name];
    }
    if (wanted.empty()) shown = fields;
    if (context.json()) {
        auto document = *answer;
        document["fields"] = shown;
        context.print_json(document);
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.field"), .min = 20},
                            {.title = context.text("cli.column.value"), .min = 20}},
                .rows = {}};
    for (const auto& [name, value] : shown.items()) {
        const auto text = with_name(object_at(*answer, "names"), name, cell(value));
        if (!text.empty() || context.args().has("all") || !wanted.empty()) table.add({name, text});
    }
    context.print(table);
    return Exit::kOk;
}

Outcome<Exit> run_create(Context& context) {
    const auto values =
        parse_values(context.language(), context.args().arguments_of("FIELD=VALUE"));
    if (!values) return tl::unexpected<Failure>(values.error());
    const auto answer = context.api().post(records_path(context), {{"fields", *values}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return told(context, *answer, "cli.created", text_at(*answer, "ids"));
}

Outcome<Exit> run_set(Context& context) {
    const auto values =
        parse_values(context.language(), context.args().arguments_of("FIELD=VALUE"));
    if (!values) return tl::unexpected<Failure>(values.error());
    const auto id = context.args().argument("ID");
    const auto answer = context.api().patch(record_path(context, id), {{"fields", *values}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return told(context, *answer, "cli.changed", id);
}

Outcome<Exit> run_delete(Context& context) {
    const auto& ids = context.args().arguments_of("ID");
    if (!context.args().has("force")) {
        const auto question = context.text("cli.delete.ask", {{"count", std::to_string(ids.size())},
                                                              {"entity", entity_of(context)}});
        const auto sure = context.confirm(question, "--force", false);
        if (!sure) return tl::unexpected<Failure>(sure.error());
        if (!*sure) {
            context.note(context.text("cli.delete.none"));
            return Exit::kOk;
        }
    }
    json deleted = json::array();
    json missed = json::array();
    std::optional<Failure> first;
    for (const auto& id : ids) {
        const auto answer = context.api().remove(record_path(context, id));
        if (answer) {
            deleted.push_back(id);
            if (!context.json())
                context.print(
                    context.text("cli.deleted", {{"record", entity_of(context) + " " + id}}));
            continue;
        }
        missed.push_back({{"id", id}, {"code", answer.error().code}});
        if (!first) first = answer.error();
        if (answer.error().exit == Exit::kUnreachable || answer.error().exit == Exit::kInterrupted)
            break;
    }
    if (context.json())
        context.print_json(
            json{{"entity", entity_of(context)}, {"deleted", deleted}, {"failed", missed}});
    if (!first) return Exit::kOk;
    if (!deleted.empty()) first->exit = Exit::kPartly;
    return tl::unexpected<Failure>(std::move(*first));
}

Outcome<Exit> run_search(Context& context) {
    std::string text;
    for (const auto& word : context.args().arguments_of("TEXT"))
        text += (text.empty() ? "" : " ") + word;
    // Nothing to look for is a variable that was empty, not a search without hits.
    if (text.find_first_not_of(" \t\n") == std::string::npos)
        return usage(context.language(), "cli.usage.missing_argument", {{"name", "TEXT"}});
    std::string query;
    add_query(query, "q", text);
    if (context.args().has("entity")) add_query(query, "entity", context.args().option("entity"));
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) add_query(query, "limit", std::to_string(**limit));
    const auto shown_max = static_cast<std::size_t>(limit->value_or(kSearchHits));
    if (!*limit) add_query(query, "limit", std::to_string(kSearchHits));
    const auto answer = context.api().get("/search" + query);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    auto printed = print_list(context, *answer, list_at(*answer, "hits"),
                              {"entity", "id", "title", "field", "snippet"}, true);
    if (printed && list_at(*answer, "hits").size() >= shown_max)
        context.note(context.text("cli.search.more", {{"count", std::to_string(shown_max)}}));
    if (printed && !flag_at(*answer, "complete")) context.note(context.text("cli.search.behind"));
    return printed;
}

namespace {

Outcome<std::string> sql_text(Context& context) {
    auto query = context.args().argument("QUERY");
    if (query != "-") return query;
    query.clear();
    while (auto line = context.io().read_line(false)) query += *line + "\n";
    if (context.cancel().requested()) return context.interrupted();
    return query;
}

/// Rows that came as arrays beside a list of columns, as objects.
json row_objects(const json& answer, const std::vector<std::string>& columns) {
    json rows = json::array();
    for (const auto& row : list_at(answer, "rows")) {
        if (!row.is_array()) {
            rows.push_back(row);
            continue;
        }
        json object = json::object();
        for (std::size_t i = 0; i < columns.size() && i < row.size(); ++i)
            object[columns[i]] = row[i];
        rows.push_back(std::move(object));
    }
    return rows;
}

}  // namespace

Outcome<Exit> run_sql(Context& context) {
    const auto query = sql_text(context);
    if (!query) return tl::unexpected<Failure>(query.error());
    json body{{"query", *query}, {"read_only", !context.args().has("write")}};
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) body["limit"] = **limit;
    const auto answer = context.api().post("/sql", body);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    std::vector<std::string> columns;
    // Two of one name are told apart as SQLite does it: id, id:1.
    for (const auto& column : list_at(*answer, "columns")) {
        const auto name = cell(column);
        auto apart = name;
        for (int n = 1; std::ranges::find(columns, apart) != columns.end(); ++n)
            apart = name + ":" + std::to_string(n);
        columns.push_back(std::move(apart));
    }
    if (columns.empty() && has(*answer, "changes")) {
        if (context.json())
            context.print_json(*answer);
        else
            context.note(context.text("cli.sql.changed", {{"count", text_at(*answer, "changes")}}));
        return Exit::kOk;
    }
    if (auto printed = print_rows(context, *answer, row_objects(*answer, columns), columns);
        !printed)
        return tl::unexpected<Failure>(std::move(printed.error()));
    if (flag_at(*answer, "truncated")) context.note(context.text("cli.sql.truncated"));
    return Exit::kOk;
}

}  // namespace kontor::cli
