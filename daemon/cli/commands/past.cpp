#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/actor.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/conflict_view.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/names.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/times.hpp"
#include "daemon/cli/undo_view.hpp"
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

/// Old or new. What concerns the record as a whole has none that tells a person anything: its uid,
/// or how many records a first load brought.
std::string value_of(const json& names, const json& change, const char* side) {
    const auto field = text_at(change, "field");
    return field.empty() ? std::string() : with_name(names, field, text_at(change, side));
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
        const auto who = text_at(change, "actor");
        table.add({text_at(change, "seq"), text_at(change, "at"),
                   who.empty() ? context.text("cli.somebody")
                               : actor_text(who, text_at(change, "actor_name")),
                   text_at(change, "run"), context.word(text_at(change, "op")),
                   text_at(change, "field"), value_of(names, change, "old"),
                   value_of(names, change, "new"),
                   messages::rule_words(context.language(), text_at(change, "rule"))});
    }
    context.print(table);
}

constexpr PutBackWords kUndoWords{.preview = "cli.undo.preview",
                                  .done = "cli.undo.done",
                                  .ask = "cli.undo.ask",
                                  .none = "cli.undo.none",
                                  .followed = true};

/// What is to be undone, as the API wants it.
Outcome<json> undo_target(Context& context) {
    const auto word = context.args().argument("TARGET");
    const bool since = context.args().has("since");
    const bool local = context.args().has("local");
    if (since && word.empty()) {
        const auto at = time_of(context, context.args().option("since"), SystemClock());
        if (!at) return tl::unexpected<Failure>(at.error());
        json target{{"since", format_instant(*at)}};
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

}  // namespace

Outcome<Exit> run_history(Context& context) {
    std::string query;
    for (const char* name : {"limit", "before"}) {
        const auto number = name == std::string_view("limit") ? count_option(context, name)
                                                              : number_option(context, name);
        if (!number) return tl::unexpected<Failure>(number.error());
        if (*number)
            query +=
                (query.empty() ? "?" : "&") + std::string(name) + "=" + std::to_string(**number);
    }
    const auto answer = context.api().get(record_path(context) + "/history" + query);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    // What has no history may be a record that never was.
    if (list_at(*answer, "entries").empty())
        if (const auto record = context.api().get(record_path(context)); !record)
            return tl::unexpected<Failure>(record.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    print_changes(context, list_at(*answer, "entries"), object_at(*answer, "names"));
    if (const auto next = text_at(*answer, "next"); !next.empty())
        context.note(context.text("cli.more_before", {{"before", next}}));
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
    return preview_and_do(context, "/undo", std::move(*target), kUndoWords);
}

}  // namespace kontor::cli
