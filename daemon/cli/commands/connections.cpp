#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/forecast.hpp"
#include "daemon/cli/identity_view.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/names.hpp"
#include "daemon/cli/plugin_options.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/sign_in.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

std::string path_of(Context& context, std::string_view action) {
    return "/connections/" + url_encode(context.args().argument("CONNECTION")) +
           std::string(action);
}

std::string name_of(Context& context) {
    return context.args().argument("CONNECTION");
}

Paint paint_of(const std::string& state) {
    if (state == "idle") return Paint::kGreen;
    for (const char* stopped : {"error", "sign_in", "paused", "damaged"})
        if (state == stopped) return Paint::kRed;
    for (const char* passing : {"offline", "unavailable", "throttled", "budget", "waiting"})
        if (state == passing) return Paint::kYellow;
    return Paint::kPlain;
}

std::string shown_state(const json& connection) {
    return text_at(connection, "state_text");
}

std::int64_t sum_of(const json& connection, const char* name) {
    std::int64_t sum = 0;
    for (const auto& stream : list_at(connection, "streams")) sum += integer_at(stream, name);
    return sum;
}

void print_connections(Context& context, const json& connections) {
    Table table{.columns = {{.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.state"), .min = 12},
                            {.title = context.text("cli.column.push"), .min = 4},
                            {.title = context.text("cli.column.records"), .right = true},
                            {.title = context.text("cli.column.to_push"), .right = true},
                            {.title = context.text("cli.column.conflicts"), .right = true},
                            {.title = context.text("cli.column.blocked"), .right = true},
                            {.title = context.text("cli.column.last_run")}},
                .rows = {}};
    for (const auto& c : connections) {
        const auto last = text_at(c, "synced_at");
        table.add({text_at(c, "name"), shown_state(c),
                   context.text(flag_at(c, "push_enabled") ? "cli.on" : "cli.off"),
                   grouped(sum_of(c, "records")), grouped(integer_at(c, "to_push")),
                   grouped(integer_at(c, "conflicts")), grouped(integer_at(c, "blocked")),
                   last.empty() ? context.text("cli.never") : last});
    }
    context.print(table);
}

void print_streams(Context& context, const json& connection) {
    Table table{.columns = {{.title = context.text("cli.column.stream")},
                            {.title = context.text("cli.column.entity")},
                            {.title = context.text("cli.column.records"), .right = true},
                            {.title = context.text("cli.column.to_push"), .right = true},
                            {.title = context.text("cli.column.pulled")}},
                .rows = {}};
    for (const auto& s : list_at(connection, "streams")) {
        const auto pulled = text_at(s, "pulled_at");
        table.add({text_at(s, "stream"), text_at(s, "entity"), grouped(integer_at(s, "records")),
                   grouped(integer_at(s, "to_push")),
                   pulled.empty() ? context.text("cli.never") : pulled});
    }
    context.print("");
    context.print(table);
}

/// That the replica is damaged concerns every connection: told once, before them.
void print_damage(Context& context, const json& damage) {
    if (damage.empty()) return;
    context.note(context.paint_err(Paint::kRed, text_at(damage, "message")));
    context.note(context.text("cli.hint", {{"hint", text_at(damage, "hint")}}));
}

/// What a person should know or do about a connection.
void print_remarks(Context& context, const json& c) {
    const auto name = text_at(c, "name");
    const auto paused = text_at(c, "paused");
    const auto& failure = object_at(c, "error");
    const auto error =
        failure.empty() ? context.said(text_at(c, "last_run_error")) : text_at(failure, "message");
    if (!paused.empty())
        context.note(context.paint_err(
            Paint::kRed,
            context.text("cli.status.paused", {{"name", name}, {"reason", context.said(paused)}})));
    else if (!error.empty())
        context.note(context.paint_err(
            paint_of(text_at(c, "state")),
            context.text("cli.status.error", {{"name", name}, {"error", error}})));
    if (const auto hint = text_at(failure, "hint"); !hint.empty())
        context.note(context.text("cli.hint", {{"hint", hint}}));
    if (const auto next = text_at(c, "next_sync_at");
        !next.empty() && !error.empty() && paused.empty())
        context.note(context.text("cli.status.next", {{"name", name}, {"time", next}}));
    if (const auto credits = credits_text(context, c); !credits.empty()) context.note(credits);
    if (!flag_at(c, "mapped"))
        context.note(
            context.text("cli.status.unmapped", {{"name", name}, {"path", text_at(c, "mapping")}}));
    else if (!flag_at(c, "push_enabled"))
        context.note(context.text("cli.status.pull_only", {{"name", name}}));
}

/// How that connection signs in.
json sign_in_of(const json& plugins, const json& connection) {
    for (const auto& one : list_at(plugins, "plugins"))
        if (text_at(one, "name") == text_at(connection, "plugin"))
            return sign_in_for(object_at(one, "spec"), object_at(connection, "options"));
    return json::object();
}

/// Success is told as a sentence, or with --json as the daemon's answer.
Outcome<Exit> told(Context& context, const json& answer, const std::string& sentence) {
    if (context.json())
        context.print_json(answer);
    else
        context.note(sentence);
    return Exit::kOk;
}
Outcome<Exit> told(Context& context, const json& answer, std::string_view key,
                   const messages::Args& args) {
    return told(context, answer, context.text(key, args));
}

}  // namespace

Outcome<Exit> run_status(Context& context) {
    auto answer = context.api().get("/status");
    if (!answer) return tl::unexpected<Failure>(std::move(answer.error()));
    const auto wanted = name_of(context);
    json chosen = json::array();
    for (const auto& c : list_at(*answer, "connections"))
        if (wanted.empty() || text_at(c, "name") == wanted) chosen.push_back(c);
    if (!wanted.empty() && chosen.empty())
        return tl::unexpected<Failure>(failure_of(
            context.language(), Error{Errc::kNotFound,
                                      wanted,
                                      {{"reason", "no_connection"}, {"connection", wanted}},
                                      {}}));
    if (context.json()) {
        context.print_json(wanted.empty() ? *answer : chosen.front());
        return Exit::kOk;
    }
    print_damage(context, object_at(object_at(*answer, "replica"), "damage"));
    if (chosen.empty()) {
        context.note(context.text("cli.status.none"));
        return Exit::kOk;
    }
    print_connections(context, chosen);
    if (!wanted.empty()) print_streams(context, chosen.front());
    for (const auto& c : chosen) print_remarks(context, c);
    return Exit::kOk;
}

Outcome<Exit> run_push(Context& context) {
    const bool on = context.args().argument("SWITCH") == "on";
    const auto answer = context.api().post(path_of(context, "/push"), {{"enabled", on}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return told(context, *answer, on ? "cli.push.on" : "cli.push.off",
                {{"name", name_of(context)}});
}

Outcome<Exit> run_connection_list(Context& context) {
    auto answer = context.api().get("/connections");
    if (!answer) return tl::unexpected<Failure>(std::move(answer.error()));
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.plugin")},
                            {.title = context.text("cli.column.state")}},
                .rows = {}};
    for (const auto& c : list_at(*answer, "connections"))
        table.add({text_at(c, "name"), text_at(c, "plugin"), shown_state(c)});
    context.print(table);
    return Exit::kOk;
}

Outcome<Exit> run_connection_check(Context& context) {
    const auto answer = context.api().post(path_of(context, "/check"), json::object());
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return told(context, *answer,
                answers_as(context, name_of(context), object_at(*answer, "identity")));
}

Outcome<Exit> run_connection_forecast(Context& context) {
    const auto answer = context.api().get(path_of(context, "/forecast"));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else
        context.print(forecast_text(context, *answer));
    return Exit::kOk;
}

Outcome<Exit> run_connection_fields(Context& context) {
    const auto name = name_of(context);
    const auto post = [&](const json& add) {
        return context.api().post(path_of(context, "/fields"), {{"add", add}});
    };
    json wanted = context.args().all("add");
    if (context.args().has("all-fields")) {
        const auto known = post(json::array());
        if (!known) return tl::unexpected<Failure>(known.error());
        for (const auto& field : list_at(*known, "unmapped"))
            wanted.push_back(text_at(field, "stream") + "." + text_at(field, "field"));
    }
    const auto answer = post(wanted);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (const auto added = integer_at(*answer, "added"); added > 0)
        context.note(context.text(
            "cli.fields.added",
            {{"count", grouped(added)}, {"file", text_at(*answer, "file")}, {"name", name}}));
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    const auto& unmapped = list_at(*answer, "unmapped");
    if (unmapped.empty()) {
        context.note(context.text("cli.fields.none", {{"name", name}}));
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.stream")},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.label")},
                            {.title = context.text("cli.column.type")},
                            {.title = context.text("cli.column.becomes")}},
                .rows = {}};
    for (const auto& field : unmapped)
        table.add({text_at(field, "stream"), text_at(field, "field"), label_of(context, field),
                   text_at(field, "type"),
                   text_at(field, "entity") + "." + text_at(field, "column")});
    context.print(table);
    if (wanted.empty())
        context.note(
            context.text("cli.fields.how", {{"name", name},
                                            {"field", text_at(unmapped.front(), "stream") + "." +
                                                          text_at(unmapped.front(), "field")}}));
    return Exit::kOk;
}

Outcome<Exit> run_connection_sign_in(Context& context) {
    const auto name = name_of(context);
    SecretBody request;
    if (auto taken = take_secret_files(context, request.body); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    if (!has_grant(request.body)) {
        const auto plugins = context.api().get("/plugins");
        if (!plugins) return tl::unexpected<Failure>(plugins.error());
        const auto connection = context.api().get(path_of(context, ""));
        if (!connection) return tl::unexpected<Failure>(connection.error());
        const auto auth = sign_in_of(*plugins, *connection);
        const auto flow = choose_flow(context, auth, request.body);
        if (!flow) return tl::unexpected<Failure>(flow.error());
        Outcome<> done;
        if (*flow == "browser")
            done = sign_in_by_browser(context, {{"connection", name}}, request.body);
        else if (text_at(auth, "kind") == "oauth2")
            done = ask_grant(context, request.body);
        else if (context.may_ask())
            done = ask_secrets(context, auth, request.body);
        if (!done) return tl::unexpected<Failure>(std::move(done.error()));
    }
    const auto answer = context.api().post(path_of(context, "/sign-in"), request.body);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return told(context, *answer, answers_as(context, name, object_at(*answer, "identity")));
}

Outcome<Exit> run_connection_resume(Context& context) {
    const bool accept = context.args().has("accept-remote");
    const bool send = context.args().has("send-missing");
    if (send && !accept) return usage(context.language(), "cli.hub.send_missing");
    const auto answer = context.api().post(path_of(context, "/resume"),
                                           {{"accept_remote", accept}, {"send_missing", send}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return told(context, *answer, accept ? "cli.accepted" : "cli.resumed",
                {{"name", name_of(context)}});
}

}  // namespace kontor::cli
