#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/numbers.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

std::string record_of(const json& object) {
    return text_at(object, "entity") + " " + text_at(object, "record");
}

void print_conflict_list(Context& context, const json& conflicts) {
    Table table{.columns = {{.title = context.text("cli.column.id"), .right = true, .min = 4},
                            {.title = context.text("cli.column.record"), .min = 10},
                            {.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.kind"), .min = 6},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.ours")},
                            {.title = context.text("cli.column.theirs")},
                            {.title = context.text("cli.column.since")}},
                .rows = {}};
    for (const auto& conflict : conflicts) {
        std::vector<std::string> row{text_at(conflict, "id"),
                                     record_of(conflict),
                                     text_at(conflict, "connection"),
                                     context.word(text_at(conflict, "kind")),
                                     "",
                                     "",
                                     "",
                                     text_at(conflict, "opened_at")};
        const auto& fields = list_at(conflict, "fields");
        if (fields.empty()) table.add(row);
        for (const auto& field : fields) {
            row[4] = text_at(field, "column");
            row[5] = text_at(field, "ours");
            row[6] = text_at(field, "theirs");
            table.add(row);
        }
    }
    context.print(table);
}

void print_conflict(Context& context, const json& conflict) {
    context.print(
        context.text("cli.conflict.title", {{"id", text_at(conflict, "id")},
                                            {"record", record_of(conflict)},
                                            {"connection", text_at(conflict, "connection")},
                                            {"kind", context.word(text_at(conflict, "kind"))}}));
    Table table{.columns = {{.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.base")},
                            {.title = context.text("cli.column.ours")},
                            {.title = context.text("cli.column.theirs")}},
                .rows = {}};
    for (const auto& field : list_at(conflict, "fields"))
        table.add({text_at(field, "column"), text_at(field, "base"), text_at(field, "ours"),
                   text_at(field, "theirs")});
    context.print(table);
}

Outcome<Exit> show_conflict(Context& context, const std::string& id) {
    const auto answer = context.api().get("/conflicts/" + url_encode(id));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else
        print_conflict(context, *answer);
    return Exit::kOk;
}

tl::unexpected<Failure> not_blocked(Context& context, const std::string& id) {
    return tl::unexpected<Failure>(failed(context.language(), Exit::kNotFound, "not_found",
                                          "cli.blocked.not", {{"id", id}}, "cli.blocked.not.hint"));
}

/// The blocked of that id alone.
Outcome<json> one_blocked(Context& context, const std::string& id) {
    const auto number = whole_number(context.language(), "ID", id);
    if (!number) return tl::unexpected<Failure>(number.error());
    for (std::int64_t offset = 0;;) {
        const auto answer =
            context.api().get("/blocked?limit=1000&offset=" + std::to_string(offset));
        if (!answer) return tl::unexpected<Failure>(answer.error());
        for (const auto& item : list_at(*answer, "blocked"))
            if (integer_at(item, "link") == *number)
                return json{{"blocked", json::array({item})}, {"next", nullptr}};
        offset = integer_at(*answer, "next");
        if (offset == 0) return not_blocked(context, id);
    }
}

Outcome<Exit> retry_blocked(Context& context) {
    json body = json::object();
    if (const auto id = context.args().argument("ID"); !id.empty()) {
        const auto number = whole_number(context.language(), "ID", id);
        if (!number) return tl::unexpected<Failure>(number.error());
        body["link"] = *number;
    }
    const auto answer = context.api().post("/blocked/retry", body);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (body.contains("link") && integer_at(*answer, "retried") == 0)
        return not_blocked(context, context.args().argument("ID"));
    if (context.json())
        context.print_json(*answer);
    else
        context.note(context.text("cli.blocked.retried", {{"count", text_at(*answer, "retried")}}));
    return Exit::kOk;
}

}  // namespace

Outcome<Exit> run_conflicts(Context& context) {
    if (const auto id = context.args().argument("ID"); !id.empty())
        return show_conflict(context, id);
    std::string query = context.args().has("decided") ? "?decided=true" : "?decided=false";
    const auto limit = number_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) query += "&limit=" + std::to_string(**limit);
    const auto answer = context.api().get("/conflicts" + query);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    const auto& conflicts = list_at(*answer, "conflicts");
    if (conflicts.empty()) {
        context.note(context.text("cli.conflicts.none"));
        return Exit::kOk;
    }
    print_conflict_list(context, conflicts);
    context.note(context.text("cli.conflicts.hint"));
    return Exit::kOk;
}

Outcome<Exit> run_resolve(Context& context) {
    const auto& args = context.args();
    std::vector<std::string> given;
    for (const char* one : {"ours", "theirs", "same", "apart"})
        if (args.has(one)) given.emplace_back(one);
    if (given.size() != 1) return usage(context.language(), "cli.usage.side");
    const std::string& side = given.front();
    const auto id = args.argument("ID");
    const auto answer = context.api().post("/conflicts/" + url_encode(id), {{"choose", side}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else if (side == "same" || side == "apart")
        context.note(context.text("cli.resolved." + side, {{"id", id}}));
    else
        context.note(context.text(
            "cli.resolved",
            {{"id", id}, {"side", context.text(side == "ours" ? "cli.ours" : "cli.theirs")}}));
    return Exit::kOk;
}

Outcome<Exit> run_blocked(Context& context) {
    if (context.args().has("retry")) return retry_blocked(context);
    std::string query;
    const auto limit = number_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) query = "?limit=" + std::to_string(**limit);
    const auto id = context.args().argument("ID");
    const auto answer =
        id.empty() ? context.api().get("/blocked" + query) : one_blocked(context, id);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    const auto& blocked = list_at(*answer, "blocked");
    if (blocked.empty()) {
        context.note(context.text("cli.blocked.none"));
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.id"), .right = true, .min = 4},
                            {.title = context.text("cli.column.record"), .min = 10},
                            {.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.op"), .min = 6},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.reason"), .min = 20},
                            {.title = context.text("cli.column.attempts"), .right = true, .min = 5},
                            {.title = context.text("cli.column.since")}},
                .rows = {}};
    for (const auto& item : blocked)
        table.add({text_at(item, "link"), record_of(item), text_at(item, "connection"),
                   context.word(text_at(item, "op")),
                   text_at(item, text_at(item, "column").empty() ? "field" : "column"),
                   text_at(item, "code") + ": " + context.said(text_at(item, "message")),
                   text_at(item, "attempts"), text_at(item, "since")});
    context.print(table);
    return Exit::kOk;
}

}  // namespace kontor::cli
