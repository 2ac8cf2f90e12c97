#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "config/table_reader.hpp"
#include "daemon/cli/actor.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/conflict_view.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/names.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"
#include "sync/base/clock.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

std::string record_path(Context& context) {
    return "/records/" + url_encode(context.args().argument("ENTITY")) + "/" +
           url_encode(context.args().argument("ID"));
}

std::string record_of(Context& context) {
    return context.args().argument("ENTITY") + " " + context.args().argument("ID");
}

/// A first load is one entry for all its records: their number is not this record's value.
std::string new_value(const json& change) {
    return text_at(change, "op") == "loaded" ? std::string() : text_at(change, "new");
}

/// `names`: what references point to is called.
void print_changes(Context& context, const json& changes, const json& names) {
    Table table{.columns = {{.title = context.text("cli.column.change"), .right = true, .min = 6},
                            {.title = context.text("cli.column.time"), .min = 24},
                            {.title = context.text("cli.column.actor")},
                            {.title = context.text("cli.column.run"), .right = true, .min = 4},
                            {.title = context.text("cli.column.op"), .min = 6},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.old")},
                            {.title = context.text("cli.column.new")},
                            {.title = context.text("cli.column.rule")}},
                .rows = {}};
    for (const auto& change : changes) {
        const auto field = text_at(change, "field");
        table.add({text_at(change, "seq"), text_at(change, "at"),
                   actor_text(text_at(change, "actor")), text_at(change, "run"),
                   context.word(text_at(change, "op")), field,
                   with_name(names, field, text_at(change, "old")),
                   with_name(names, field, new_value(change)),
                   messages::rule_words(context.language(), text_at(change, "rule"))});
    }
    context.print(table);
}

/// What is to be undone, as the API wants it.
Outcome<json> undo_target(Context& context) {
    const auto word = context.args().argument("TARGET");
    const bool since = context.args().has("since");
    const bool local = context.args().has("local");
    if (since && word.empty()) {
        auto at = context.args().option("since");
        if (const auto ago = config::parse_duration(at))
            at = format_instant(SystemClock().now() - *ago);
        json target{{"since", at}};
        if (local) target["local"] = true;
        return target;
    }
    if (local) return usage(context.language(), "cli.usage.undo_local");
    if (since || word.empty()) return usage(context.language(), "cli.usage.undo_what");
    const auto colon = word.find(':');
    if (colon == std::string::npos || colon == 0)
        return usage(context.language(), "cli.usage.undo", {{"word", word}});
    const auto kind = word.substr(0, colon);
    const auto second = word.find(':', colon + 1);
    const auto number =
        whole_number(context.language(), word, word.substr(colon + 1, second - colon - 1));
    if (!number) return tl::unexpected<Failure>(number.error());
    if (second == std::string::npos && (kind == "run" || kind == "change"))
        return json{{kind, *number}};
    json record{{"entity", kind}, {"id", *number}};
    if (second != std::string::npos) record["field"] = word.substr(second + 1);
    return json{{"record", std::move(record)}};
}

/// Why something stays.
std::string reason_words(Context& context, const json& item) {
    const auto connection = text_at(item, "connection");
    if (connection.empty()) return context.word(text_at(item, "reason"));
    return context.text("cli.undo.only_read", {{"connection", connection}});
}

/// Records that a remote made stay: what to type if they are to go.
void print_from_remote(Context& context, const json& answer) {
    constexpr std::size_t kIdsMax = 10;
    std::map<std::string, std::vector<std::string>> ids;
    for (const auto& item : list_at(answer, "changes"))
        if (text_at(item, "reason") == "from_remote" && text_at(item, "field").empty())
            ids[text_at(item, "entity")].push_back(text_at(item, "record"));
    for (const auto& [entity, records] : ids) {
        auto command = "kontor delete " + entity;
        for (std::size_t i = 0; i < std::min(records.size(), kIdsMax); ++i)
            command += " " + records[i];
        if (records.size() > kIdsMax) command += " …";
        context.note(context.text("cli.undo.from_remote", {{"command", command}}));
    }
}

void print_undo(Context& context, const json& answer, std::string_view key) {
    Table table{.columns = {{.title = context.text("cli.column.record"), .min = 10},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.now")},
                            {.title = context.text("cli.column.then")},
                            {.title = context.text("cli.column.op")}},
                .rows = {}};
    for (const auto& item : list_at(answer, "changes")) {
        auto step = context.word(text_at(item, "step"));
        if (!text_at(item, "reason").empty()) step += ": " + reason_words(context, item);
        table.add({text_at(item, "entity") + " " + text_at(item, "record"), text_at(item, "field"),
                   text_at(item, "now"), text_at(item, "then"), step});
    }
    if (!table.rows.empty()) context.print(table);
    const auto total = integer_at(answer, "undone") + integer_at(answer, "skipped");
    const auto shown = static_cast<std::int64_t>(table.rows.size());
    if (shown < total)
        context.note(
            context.text("cli.verify.cut", {{"shown", grouped(shown)}, {"count", grouped(total)}}));
    context.note(context.text(
        key, {{"count", text_at(answer, "undone")}, {"kept", text_at(answer, "skipped")}}));
    print_from_remote(context, answer);
}

/// Whether an undo has to be agreed to: it deletes, or takes more than one change back. A person at
/// a terminal is asked about one as well.
bool to_be_agreed(Context& context, const json& plan) {
    if (integer_at(plan, "deleted") > 0 || integer_at(plan, "undone") > 1) return true;
    return integer_at(plan, "undone") == 1 && !context.json() && context.may_ask();
}

Outcome<bool> agree(Context& context, const json& plan) {
    auto question = context.text("cli.undo.ask", {{"count", text_at(plan, "undone")}});
    if (integer_at(plan, "deleted") > 0)
        question = context.text("cli.undo.deletes", {{"count", text_at(plan, "deleted")}}) + " " +
                   question;
    return context.confirm(question, "--force", false);
}

}  // namespace

Outcome<Exit> run_history(Context& context) {
    std::string query;
    const auto limit = number_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) query = "?limit=" + std::to_string(**limit);
    const auto answer = context.api().get(record_path(context) + "/history" + query);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    // What has no history may be a record that never was.
    if (list_at(*answer, "entries").empty())
        if (const auto record = context.api().get(record_path(context)); !record)
            return tl::unexpected<Failure>(record.error());
    if (context.json())
        context.print_json(*answer);
    else
        print_changes(context, list_at(*answer, "entries"), object_at(*answer, "names"));
    return Exit::kOk;
}

Outcome<Exit> run_why(Context& context) {
    const auto field = context.args().argument("FIELD");
    const auto answer = context.api().get(record_path(context) + "/why/" + url_encode(field));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (!flag_at(*answer, "exists") && list_at(*answer, "changes").empty())
        if (const auto record = context.api().get(record_path(context)); !record)
            return tl::unexpected<Failure>(record.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    context.print(context.text(
        "cli.why.value",
        {{"record", record_of(context)},
         {"field", field},
         {"value", with_name(object_at(*answer, "names"), field, text_at(*answer, "value"))}}));
    if (!flag_at(*answer, "exists")) context.note(context.text("cli.why.gone"));
    if (const auto& changes = list_at(*answer, "changes"); !changes.empty())
        print_changes(context, changes, object_at(*answer, "names"));
    for (const auto& conflict : list_at(*answer, "conflicts"))
        context.print(conflict_line(context, conflict));
    return Exit::kOk;
}

Outcome<Exit> run_undo(Context& context) {
    auto target = undo_target(context);
    if (!target) return tl::unexpected<Failure>(std::move(target.error()));
    const bool preview_only = context.args().has("preview") || context.args().has("dry-run");
    const bool forced = context.args().has("force") || context.args().has("yes");
    bool shown = false;
    if (preview_only || !forced) {
        auto body = *target;
        body["preview"] = true;
        const auto plan = context.api().post("/undo", body);
        if (!plan) return tl::unexpected<Failure>(plan.error());
        const bool ask = !preview_only && to_be_agreed(context, *plan);
        shown = (preview_only || ask) && !context.json();
        if (shown) print_undo(context, *plan, "cli.undo.preview");
        if (preview_only) {
            if (context.json()) context.print_json(*plan);
            return Exit::kOk;
        }
        if (ask) {
            const auto sure = agree(context, *plan);
            if (!sure) return tl::unexpected<Failure>(sure.error());
            if (!*sure) {
                context.note(context.text("cli.undo.none"));
                return Exit::kOk;
            }
        }
    }
    (*target)["preview"] = false;
    const auto answer = context.api().post("/undo", *target);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else if (shown)
        context.note(context.text("cli.undo.done", {{"count", text_at(*answer, "undone")},
                                                    {"kept", text_at(*answer, "skipped")}}));
    else
        print_undo(context, *answer, "cli.undo.done");
    return integer_at(*answer, "skipped") > 0 ? Exit::kPartly : Exit::kOk;
}

}  // namespace kontor::cli
