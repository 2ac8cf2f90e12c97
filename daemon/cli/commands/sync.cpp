#include <poll.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/forecast.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/plan_view.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// How often a broken event stream is taken up again before giving up.
constexpr int kReconnectsMax = 5;
/// How long a kontord that went away is waited for.
constexpr int kReturnTries = 60;
constexpr std::chrono::milliseconds kReturnPause{500};

std::string connection_path(const std::string& name, std::string_view action) {
    return "/connections/" + url_encode(name) + std::string(action);
}

Step step_of(const json& event) {
    const auto& inner = object_at(event, "progress");
    const auto& from = inner.empty() ? event : inner;
    return Step{.connection = text_at(event, "connection"),
                .stage = text_at(from, "stage"),
                .stream = text_at(from, "stream"),
                .done = integer_at(from, "done"),
                .total = integer_at(from, "total")};
}

std::int64_t sum_of(const json& result, std::initializer_list<const char*> names) {
    std::int64_t sum = 0;
    for (const auto& stream : list_at(result, "streams"))
        for (const char* name : names) sum += integer_at(stream, name);
    return sum;
}

/// What a sync changed, in numbers.
std::string totals_text(Context& context, const json& result) {
    const auto count = [&](std::initializer_list<const char*> names) {
        return grouped(sum_of(result, names));
    };
    return context.text("cli.sync.totals",
                        {{"name", text_at(result, "connection")},
                         {"here", count({"created_here", "updated_here", "deleted_here"})},
                         {"there", count({"created_there", "updated_there", "deleted_there"})},
                         {"conflicts", count({"conflicts"})},
                         {"blocked", count({"blocked"})}});
}

void print_failure(Context& context, const json& result) {
    const auto name = text_at(result, "connection");
    const auto failure = context.failure_in(object_at(result, "error"), name);
    context.warn(
        one_line(context.text("cli.sync.failed", {{"name", name}, {"error", failure.message}})));
    if (!failure.hint.empty())
        context.note(context.text("cli.hint", {{"hint", one_line(failure.hint)}}));
}

void print_result(Context& context, const json& result) {
    const auto name = text_at(result, "connection");
    const auto& error = object_at(result, "error");
    if (!error.empty()) print_failure(context, result);
    if (error.empty() || !list_at(result, "streams").empty())
        context.print(totals_text(context, result));
    std::int64_t wait = 0;
    for (const auto& stream : list_at(result, "streams"))
        wait = std::max(wait, integer_at(stream, "index_wait_ms"));
    if (wait > 0)
        context.note(context.text("cli.sync.index_wait", {{"name", name}, {"ms", grouped(wait)}}));
}

/// The syncs that were asked for, until each has ended.
class Waiting {
public:
    explicit Waiting(Context& context) : context_(context), progress_(context) {}

    Outcome<> start(const std::string& name, const json& request) {
        auto ticket = context_.api().post(connection_path(name, "/sync"), request);
        if (!ticket) return tl::unexpected<Failure>(std::move(ticket.error()));
        if (open_.empty()) since_ = text_at(*ticket, "event_id");
        open_.emplace(name, integer_at(*ticket, "ticket"));
        return {};
    }

    /// What sync.finished told of each, in the order of ending.
    const std::vector<json>& results() const { return results_; }

    Outcome<> wait() {
        for (int attempt = 0; !open_.empty(); ++attempt) {
            if (attempt > kReconnectsMax)
                return tl::unexpected<Failure>(failure_of(
                    context_.language(), Error{Errc::kUnavailable, "GET /events", {}, {}}));
            show_running();
            auto done = context_.api().events("/events?since=" + since_, since_,
                                              [&](const SseEvent& e) { return take(e); });
            progress_.clear();
            if (!done) {
                if (done.error().exit == Exit::kInterrupted)
                    done.error().message = context_.text("cli.interrupted.sync");
                return done;
            }
            if (auto looked = look_again(); !looked) return looked;
        }
        return {};
    }

private:
    /// False once all have ended, or events are missing.
    bool take(const SseEvent& event) {
        if (!event.id.empty()) since_ = event.id;
        if (event.type == "gap") return false;
        const auto data = json::parse(event.data, nullptr, false);
        if (!data.is_object()) return true;
        const auto name = text_at(data, "connection");
        const auto ticket = integer_at(data, "ticket", -1);
        // One that was under way before ours has its turn first, and is shown as well, unless it
        // failed: ours will tell why.
        const bool ours = open_.contains({name, ticket});
        const bool before = !ours && waits_for(name, ticket);
        if (!ours && !before) return true;
        if (event.type == "sync.progress") {
            progress_.show(step_of(data), std::chrono::steady_clock::now());
        } else if (event.type == "sync.finished") {
            progress_.clear();
            if (before) {
                if (object_at(data, "error").empty()) context_.note(totals_text(context_, data));
            } else {
                results_.push_back(data);
                open_.erase({name, ticket});
            }
        }
        return !open_.empty();
    }

    bool waits_for(const std::string& name, std::int64_t ticket) const {
        const auto asked = open_.lower_bound({name, 0});
        return asked != open_.end() && asked->first == name && ticket < asked->second;
    }

    /// How far each is at this moment: its next event may be long in coming.
    void show_running() {
        for (const auto& [name, ticket] : open_) {
            const auto connection = context_.api().get(connection_path(name, ""));
            if (!connection || object_at(*connection, "progress").empty()) continue;
            auto step = step_of(*connection);
            step.connection = name;
            progress_.show(step, std::chrono::steady_clock::now());
        }
    }

    /// After a gap or a break: what is not syncing any more has ended unseen.
    Outcome<> look_again() {
        for (auto it = open_.begin(); it != open_.end();) {
            auto connection = context_.api().get(connection_path(it->first, ""));
            if (!connection) return tl::unexpected<Failure>(std::move(connection.error()));
            if (text_at(*connection, "state") == "syncing") {
                ++it;
                continue;
            }
            results_.push_back({{"ticket", it->second},
                                {"connection", it->first},
                                {"result", text_at(*connection, "last_run_result")},
                                {"error", connection->value("error", json(nullptr))},
                                {"streams", json::array()}});
            it = open_.erase(it);
        }
        return {};
    }

    Context& context_;
    Progress progress_;
    std::set<std::pair<std::string, std::int64_t>> open_;  ///< connection, ticket
    std::vector<json> results_;
    std::string since_;
};

/// Worst of the results: all fine, some failed, all failed.
Exit exit_of_results(const std::vector<json>& results) {
    std::size_t failed_count = 0;
    Exit first = Exit::kOk;
    for (const auto& result : results) {
        const auto& error = object_at(result, "error");
        if (error.empty()) continue;
        if (failed_count++ == 0) first = exit_of(text_at(error, "code"));
    }
    if (failed_count == 0) return Exit::kOk;
    const bool some_done = failed_count < results.size() || sum_of(results.front(), {"seen"}) > 0;
    return some_done && first == Exit::kFailed ? Exit::kPartly
           : failed_count < results.size()     ? Exit::kPartly
                                               : first;
}

Outcome<std::vector<std::string>> connections_of(Context& context) {
    const auto named = context.args().argument("CONNECTION");
    if (!named.empty()) return std::vector<std::string>{named};
    const auto answer = context.api().get("/connections");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    std::vector<std::string> names;
    for (const auto& c : list_at(*answer, "connections")) names.push_back(text_at(c, "name"));
    return names;
}

/// False on Ctrl-C.
bool pause(const Cancel& cancel, std::chrono::milliseconds time) {
    pollfd fd{.fd = cancel.fd(), .events = POLLIN, .revents = 0};
    (void)::poll(&fd, 1, static_cast<int>(time.count()));
    return !cancel.requested();
}

/// Follows events until `event` wants no more. A kontord that is started again is waited for, and
/// nothing that it tells meanwhile is missed.
Outcome<> follow(Context& context, std::string after,
                 const std::function<bool(const SseEvent&)>& event) {
    if (after.empty()) {
        const auto status = context.api().get("/status");
        if (!status) return tl::unexpected<Failure>(status.error());
        after = text_at(*status, "event_id");
    }
    for (int tries = 0;; ++tries) {
        bool enough = false;
        auto done = context.api().events("/events", after, [&](const SseEvent& e) {
            tries = 0;
            if (!e.id.empty()) after = e.id;
            enough = !event(e);
            return !enough;
        });
        if (enough) return {};
        const bool away = done || done.error().exit == Exit::kUnreachable;
        if (!away) return done;
        if (tries >= kReturnTries) {
            if (!done) return done;
            return tl::unexpected<Failure>(
                failed(context.language(), Exit::kUnreachable, "unreachable", "cli.events.ended"));
        }
        if (!pause(context.cancel(), kReturnPause)) return context.interrupted();
    }
}

/// A value of an event. What each stream did is a long story: kontor runs ID tells it, --json all.
std::string event_value(Context& context, const json& data, const json& value) {
    if (value.is_array()) return std::to_string(value.size());
    if (!value.is_object()) return cell(value);
    return value.contains("code") ? context.failure_in(value, text_at(data, "connection")).message
                                  : text_at(value, "message");
}

void print_event(Context& context, const SseEvent& event) {
    const auto data = json::parse(event.data, nullptr, false);
    if (context.json()) {
        context.print_line({{"id", event.id},
                            {"type", event.type},
                            {"data", data.is_discarded() ? json(event.data) : data}});
        return;
    }
    std::string line = event.id + "  " + context.paint(Paint::kBold, one_line(event.type));
    if (data.is_object())
        for (const auto& [name, value] : data.items())
            if (const auto text = event_value(context, data, value); !text.empty())
                line += " " + one_line(name) + "=" + one_line(text);
    context.print(line);
    context.io().out.flush();
}

/// Every sync of one or all connections until Ctrl-C.
Outcome<Exit> watch(Context& context) {
    const auto named = context.args().argument("CONNECTION");
    Progress progress(context);
    const auto show = [&](const SseEvent& event) {
        const auto data = json::parse(event.data, nullptr, false);
        if (!data.is_object()) return true;
        if (!named.empty() && text_at(data, "connection") != named) return true;
        if (event.type == "sync.progress") {
            progress.show(step_of(data), std::chrono::steady_clock::now());
        } else if (event.type == "sync.finished") {
            progress.clear();
            if (context.json()) {
                auto line = data;
                line["message_type"] = "summary";
                context.print_line(line);
            } else {
                print_result(context, data);
                context.io().out.flush();
            }
        }
        return true;
    };
    context.note(context.text("cli.sync.watching"));
    auto done = follow(context, "", show);
    progress.clear();
    // Ctrl-C is how watching ends.
    if (done || done.error().exit == Exit::kInterrupted) return Exit::kInterrupted;
    return tl::unexpected<Failure>(std::move(done.error()));
}

}  // namespace

Outcome<Exit> run_sync(Context& context) {
    const auto& args = context.args();
    const bool dry_run = args.has("dry-run");
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit && !dry_run) return usage(context.language(), "cli.usage.plan_limit");
    if (args.has("watch") && dry_run) return usage(context.language(), "cli.usage.watch_dry_run");
    if (args.has("watch")) return watch(context);
    const auto names = connections_of(context);
    if (!names) return tl::unexpected<Failure>(names.error());
    if (names->empty()) context.note(context.text("cli.status.none"));
    json request{{"dry_run", dry_run},
                 {"sweep", args.has("sweep")},
                 {"confirm_mass", args.has("confirm-mass")}};
    if (args.has("stream")) request["streams"] = args.all("stream");
    Waiting waiting(context);
    for (const auto& name : *names)
        if (auto started = waiting.start(name, request); !started)
            return tl::unexpected<Failure>(std::move(started.error()));
    if (auto waited = waiting.wait(); !waited)
        return tl::unexpected<Failure>(std::move(waited.error()));

    for (const auto& result : waiting.results()) {
        const bool whole = object_at(result, "error").empty();
        if (dry_run && (whole || text_at(result, "result") == "partial")) {
            const auto rows = context.json() ? INT64_MAX : kPlanRowsDefault;
            auto printed =
                print_plan(context, text_at(result, "connection"), limit->value_or(rows));
            if (!printed) return tl::unexpected<Failure>(std::move(printed.error()));
            if (whole || context.json()) continue;  // the summary tells
            context.warn(
                context.text("cli.plan.partial", {{"name", text_at(result, "connection")}}));
            print_failure(context, result);
        } else if (!context.json()) {
            print_result(context, result);
            // An extra: the sync has ended well without it.
            const auto name = text_at(result, "connection");
            if (const auto now = context.api().get(connection_path(name, "")); now)
                if (const auto credits = credits_text(context, *now); !credits.empty())
                    context.note(credits);
        }
    }
    if (context.json())
        context.print_line(
            {{"message_type", "summary"}, {"dry_run", dry_run}, {"results", waiting.results()}});
    return exit_of_results(waiting.results());
}

namespace {

/// One sync, and what it did to each stream that it changed or had trouble with.
void print_run(Context& context, const json& run) {
    Table head{.columns = {{.title = context.text("cli.column.run"), .right = true, .min = 4},
                           {.title = context.text("cli.column.connection")},
                           {.title = context.text("cli.column.kind"), .min = 5},
                           {.title = context.text("cli.column.time"), .min = 24},
                           {.title = context.text("cli.column.ended"), .min = 24},
                           {.title = context.text("cli.column.result")},
                           {.title = context.text("cli.column.reason")}},
               .rows = {}};
    head.add({text_at(run, "id"), text_at(run, "connection"), context.word(text_at(run, "kind")),
              text_at(run, "started_at"), text_at(run, "ended_at"),
              context.word(text_at(run, "result")), context.said(text_at(run, "error"))});
    context.print(head);
    constexpr const char* kCounts[] = {"seen",          "created_here",  "updated_here",
                                       "deleted_here",  "created_there", "updated_there",
                                       "deleted_there", "conflicts",     "blocked"};
    Table table{.columns = {{.title = context.text("cli.column.stream"), .min = 10}}, .rows = {}};
    for (const char* name : kCounts)
        table.columns.push_back(
            {.title = context.text("cli.counts." + std::string(name)), .right = true});
    for (const auto& [stream, counts] : object_at(run, "counts").items()) {
        std::vector<std::string> row{stream};
        std::int64_t sum = 0;
        for (const char* name : kCounts) {
            const auto count = integer_at(counts, name);
            sum += count;
            row.push_back(grouped(count));
        }
        if (sum > 0) table.add(std::move(row));
    }
    if (table.rows.empty()) return;
    context.print("");
    context.print(table);
}

/// How many records a sync has made, changed and deleted here or there.
std::string changes_in(const json& run, const std::string& side) {
    std::int64_t sum = 0;
    for (const auto& [stream, counts] : object_at(run, "counts").items())
        for (const char* change : {"created_", "updated_", "deleted_"})
            sum += integer_at(counts, change + side);
    return grouped(sum);
}

}  // namespace

Outcome<Exit> run_runs(Context& context) {
    if (const auto id = context.args().argument("ID"); !id.empty()) {
        const auto answer = context.api().get("/runs/" + url_encode(id));
        if (!answer) return tl::unexpected<Failure>(answer.error());
        if (context.json()) {
            context.print_json(*answer);
            return Exit::kOk;
        }
        print_run(context, *answer);
        return Exit::kOk;
    }
    std::string query;
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) query = "?limit=" + std::to_string(**limit);
    const auto answer = context.api().get("/runs" + query);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.run"), .right = true, .min = 4},
                            {.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.kind"), .min = 5},
                            {.title = context.text("cli.column.time"), .min = 24},
                            {.title = context.text("cli.column.changes_here"), .right = true},
                            {.title = context.text("cli.column.changes_there"), .right = true},
                            {.title = context.text("cli.column.result")},
                            {.title = context.text("cli.column.reason")}},
                .rows = {}};
    for (const auto& run : list_at(*answer, "runs"))
        table.add({text_at(run, "id"), text_at(run, "connection"),
                   context.word(text_at(run, "kind")), text_at(run, "started_at"),
                   changes_in(run, "here"), changes_in(run, "there"),
                   context.word(text_at(run, "result")), context.said(text_at(run, "error"))});
    context.print(table);
    return Exit::kOk;
}

Outcome<Exit> run_events(Context& context) {
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    const auto after = number_option(context, "after");
    if (!after) return tl::unexpected<Failure>(after.error());
    std::int64_t shown = 0;
    const auto from = *after ? std::to_string(**after) : std::string();
    const auto done = follow(context, from, [&](const SseEvent& event) {
        print_event(context, event);
        ++shown;
        return !*limit || shown < **limit;
    });
    if (!done) return tl::unexpected<Failure>(done.error());
    return Exit::kOk;
}

}  // namespace kontor::cli
