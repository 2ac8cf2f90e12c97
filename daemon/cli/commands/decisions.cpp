#include <chrono>
#include <nlohmann/json.hpp>

#include "config/table_reader.hpp"
#include "daemon/cli/actor.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/conflict_view.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/followed.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

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

std::string blocked_reason(Context& context, const json& item) {
    return text_at(item, "code") + ": " + context.said(text_at(item, "message"));
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

/// Which conflicts are meant, as the API wants it.
Outcome<json> many_target(Context& context, const std::string& side) {
    const auto& args = context.args();
    json body{{"choose", side}};
    for (const char* of : {"connection", "entity", "field", "rule"})
        if (args.has(of)) body[of] = args.option(of);
    if (args.has("older-than")) {
        const auto time = config::parse_duration(args.option("older-than"));
        if (!time)
            return usage(context.language(), "cli.usage.duration",
                         {{"name", "--older-than"}, {"value", args.option("older-than")}});
        body["older_than_s"] = std::chrono::duration_cast<std::chrono::seconds>(*time).count();
    }
    return body;
}

bool says_who(const std::string& side) {
    return side == "same" || side == "apart";
}

/// How many of what; matches by the rule that makes them alike.
void print_many(Context& context, const std::string& side, const json& answer) {
    const char* what = says_who(side) ? "rule" : "group";
    Table table{.columns = {{.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.entity")},
                            {.title = context.text(says_who(side) ? "cli.column.alike_by"
                                                                  : "cli.column.field"),
                             .min = 6},
                            {.title = context.text("cli.column.conflicts"), .right = true}},
                .rows = {}};
    for (const auto& group : list_at(answer, "groups"))
        table.add({text_at(group, "connection"), text_at(group, "entity"), text_at(group, what),
                   grouped(integer_at(group, "count"))});
    if (!table.rows.empty()) context.print(table);
    if (const auto left = integer_at(answer, "left"); left > 0)
        context.note(context.text(says_who(side) ? "cli.resolve.match.left" : "cli.resolve.left",
                                  {{"count", grouped(left)}}));
}

/// Which rule was made, or would be, and how to take it back.
void note_standing(Context& context, const json& answer, bool preview) {
    const auto& rule = object_at(answer, "standing");
    if (rule.empty()) return;
    context.note(context.text(preview ? "cli.rules.would_stand" : "cli.rules.stands",
                              {{"connection", text_at(rule, "connection")},
                               {"entity", text_at(rule, "entity")},
                               {"group", text_at(rule, "group")},
                               {"side", context.text("cli." + text_at(rule, "take"))}}));
}

/// Decides many conflicts, after showing them and asking. `path`: what decides them; with a rule
/// that stands from then on there may be none yet.
Outcome<Exit> decide_shown(Context& context, const std::string& side, const std::string& path,
                           json body) {
    const bool who = says_who(side);
    const bool preview_only = context.args().has("dry-run");
    const auto side_text = context.text((who ? "cli.taken." : "cli.") + side);
    if (preview_only || !context.args().has("yes")) {
        body["dry_run"] = true;
        const auto preview = context.api().post(path, body);
        if (!preview) return tl::unexpected<Failure>(preview.error());
        const auto count = integer_at(*preview, "decided");
        const bool nothing = count == 0 && !preview->contains("standing");
        if (context.json() && (preview_only || nothing)) {
            context.print_json(*preview);
            return Exit::kOk;
        }
        if (!context.json()) {
            if (count > 0) print_conflict_list(context, list_at(*preview, "conflicts"));
            print_many(context, side, *preview);
            context.note(context.text(who ? "cli.resolve.match.preview" : "cli.resolve.preview",
                                      {{"count", grouped(count)}, {"side", side_text}}));
            note_standing(context, *preview, true);
        }
        if (preview_only || nothing) return Exit::kOk;
        const auto sure = context.confirm(context.text("cli.resolve.ask"), "--yes", false);
        if (!sure) return tl::unexpected<Failure>(sure.error());
        if (!*sure) {
            context.note(context.text("cli.resolve.none"));
            return Exit::kOk;
        }
    }
    body["dry_run"] = false;
    const auto answer = post_followed(context, path, std::move(body));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    const auto failed = integer_at(*answer, "failed");
    if (context.json()) {
        context.print_json(*answer);
        return failed > 0 ? Exit::kPartly : Exit::kOk;
    }
    print_many(context, side, *answer);
    for (const auto& failure : list_at(*answer, "failures"))
        context.warn(context.text("cli.resolve.failed", {{"id", text_at(failure, "id")},
                                                         {"reason", text_at(failure, "detail")}}));
    context.note(
        context.text(who ? "cli.resolve.match.done" : "cli.resolve.done",
                     {{"count", grouped(integer_at(*answer, "decided"))}, {"side", side_text}}));
    if (const auto run = text_at(*answer, "run"); !run.empty())
        context.note(context.text("cli.resolve.undo", {{"run", run}}));
    note_standing(context, *answer, false);
    return failed > 0 ? Exit::kPartly : Exit::kOk;
}

Outcome<Exit> resolve_many(Context& context, const std::string& side) {
    const bool who = says_who(side);
    if (context.args().has(who ? "field" : "rule"))
        return usage(context.language(), who ? "cli.usage.match_field" : "cli.usage.value_rule");
    auto body = many_target(context, side);
    if (!body) return tl::unexpected<Failure>(std::move(body.error()));
    return decide_shown(context, side, "/conflicts/resolve", std::move(*body));
}

/// `--limit` and `--offset`, as the API wants them: "&limit=10&offset=20" in part.
Outcome<std::string> page_of(Context& context) {
    std::string out;
    for (const char* name : {"limit", "offset"}) {
        const auto number = name == std::string_view("limit") ? count_option(context, name)
                                                              : number_option(context, name);
        if (!number) return tl::unexpected<Failure>(number.error());
        if (*number) out += "&" + std::string(name) + "=" + std::to_string(**number);
    }
    return out;
}

/// Says that there are more, and how to see them.
void note_more(Context& context, const json& answer) {
    if (const auto next = text_at(answer, "next"); !next.empty())
        context.note(context.text("cli.more_offset", {{"offset", next}}));
}

}  // namespace

Outcome<Exit> run_conflicts(Context& context) {
    if (const auto id = context.args().argument("ID"); !id.empty())
        return show_conflict(context, id);
    std::string query = context.args().has("decided") ? "?decided=true" : "?decided=false";
    const auto page = page_of(context);
    if (!page) return tl::unexpected<Failure>(page.error());
    query += *page;
    for (const char* of : {"connection", "entity", "kind", "field", "rule"})
        if (context.args().has(of))
            query += "&" + std::string(of) + "=" + url_encode(context.args().option(of));
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
    if (context.args().has("decided")) {
        print_decided_list(context, conflicts);
        context.note(context.text("cli.conflicts.decided_hint"));
    } else {
        print_conflict_list(context, conflicts);
        context.note(context.text("cli.conflicts.hint"));
    }
    note_more(context, *answer);
    return Exit::kOk;
}

Outcome<Exit> run_conflict_rules(Context& context) {
    const auto answer = context.api().get("/conflicts/rules");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    const auto& rules = list_at(*answer, "rules");
    if (rules.empty()) {
        context.note(context.text("cli.rules.none"));
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.entity")},
                            {.title = context.text("cli.column.field"), .min = 6},
                            {.title = context.text("cli.column.taken")},
                            {.title = context.text("cli.column.instead_of")},
                            {.title = context.text("cli.column.decided_by")},
                            {.title = context.text("cli.column.decided_at"), .min = 10}},
                .rows = {}};
    for (const auto& rule : rules)
        table.add({text_at(rule, "connection"), text_at(rule, "entity"), text_at(rule, "group"),
                   context.text("cli." + text_at(rule, "take")), text_at(rule, "instead"),
                   actor_text(text_at(rule, "by")), text_at(rule, "at")});
    context.print(table);
    context.note(context.text("cli.rules.hint"));
    return Exit::kOk;
}

Outcome<Exit> run_conflict_forget(Context& context) {
    const auto& args = context.args();
    const auto answer =
        context.api().post("/conflicts/rules/forget", {{"connection", args.argument("CONNECTION")},
                                                       {"entity", args.argument("ENTITY")},
                                                       {"group", args.argument("FIELD")}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else
        context.note(
            context.text("cli.rules.forgotten",
                         {{"connection", args.argument("CONNECTION")},
                          {"entity", args.argument("ENTITY")},
                          {"group", args.argument("FIELD")},
                          {"policy", text_at(object_at(*answer, "forgotten"), "instead")}}));
    return Exit::kOk;
}

Outcome<Exit> run_resolve(Context& context) {
    const auto& args = context.args();
    std::vector<std::string> given;
    for (const char* one : {"ours", "theirs", "same", "apart"})
        if (args.has(one)) given.emplace_back(one);
    if (args.has("take")) given.push_back(args.option("take"));
    if (given.size() != 1) return usage(context.language(), "cli.usage.side");
    const std::string& side = given.front();
    const auto id = args.argument("ID");
    if (args.has("all") != id.empty()) return usage(context.language(), "cli.usage.resolve_what");
    const bool always = args.has("always");
    if (always && (args.has("all") || says_who(side)))
        return usage(context.language(), "cli.usage.always");
    if (args.has("all")) return resolve_many(context, side);
    for (const char* of_many : {"connection", "entity", "field", "rule", "older-than"})
        if (args.has(of_many)) return usage(context.language(), "cli.usage.resolve_what");
    if (always)
        return decide_shown(context, side, "/conflicts/" + url_encode(id) + "/always",
                            {{"choose", side}});
    if (args.has("dry-run")) return usage(context.language(), "cli.usage.resolve_dry_run");
    const auto answer = context.api().post("/conflicts/" + url_encode(id), {{"choose", side}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else if (says_who(side))
        context.note(context.text("cli.resolved." + side, {{"id", id}}));
    else
        context.note(context.text(
            "cli.resolved",
            {{"id", id}, {"side", context.text(side == "ours" ? "cli.ours" : "cli.theirs")}}));
    return Exit::kOk;
}

Outcome<Exit> run_blocked(Context& context) {
    if (context.args().has("retry")) return retry_blocked(context);
    const auto page = page_of(context);
    if (!page) return tl::unexpected<Failure>(page.error());
    const auto id = context.args().argument("ID");
    const auto answer =
        id.empty() ? context.api().get("/blocked" + (page->empty() ? "" : "?" + page->substr(1)))
                   : one_blocked(context, id);
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
                            {.title = context.text("cli.column.connection"), .spare = 1},
                            {.title = context.text("cli.column.op"), .min = 6},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.reason"), .min = 20},
                            {.title = context.text("cli.column.attempts"),
                             .right = true,
                             .min = 5,
                             .spare = 2},
                            {.title = context.text("cli.column.since"), .min = 10, .spare = 3}},
                .rows = {}};
    for (const auto& item : blocked)
        table.add({text_at(item, "link"), record_text(item), text_at(item, "connection"),
                   context.word(text_at(item, "op")),
                   text_at(item, text_at(item, "column").empty() ? "field" : "column"),
                   blocked_reason(context, item), text_at(item, "attempts"),
                   text_at(item, "since")});
    context.print(table);
    // The table may have had no room for all of it.
    if (!id.empty()) context.print(one_line(blocked_reason(context, blocked.front())));
    note_more(context, *answer);
    context.note(context.text("cli.blocked.next"));
    return Exit::kOk;
}

}  // namespace kontor::cli
