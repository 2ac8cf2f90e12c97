// kontor jobs: what kontord does by itself.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"
#include "sync/base/clock.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// How often a broken event stream is taken up again before giving up.
constexpr int kEventTriesMax = 5;

std::string job_path(const std::string& job, std::string_view action = "") {
    return "/jobs/" + url_encode(job) + std::string(action);
}

std::string joined(const json& words, const char* between) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : between) + cell(word);
    return out;
}

/// "backup run office", or the program and its arguments.
std::string task_of(const json& job) {
    return joined(list_at(job, has(job, "run") && !job["run"].is_null() ? "run" : "command"), " ");
}

std::string state_cell(Context& context, const json& job) {
    auto out = context.word(text_at(job, "state"));
    if (const auto waits = text_at(job, "waits_for"); !waits.empty())
        out += " (" + context.word(waits) + ")";
    if (const auto failures = integer_at(job, "failures"); failures > 0)
        out += " (" + grouped(failures) + ")";
    return out;
}

std::string result_cell(Context& context, const json& run) {
    const auto result = text_at(run, "result");
    if (result.empty()) return context.word("running");
    return context.word(result);
}

/// "3.2 s" between two instants; "" if it has not ended.
std::string time_taken(const json& run) {
    const auto begun = parse_instant(text_at(run, "started_at"));
    const auto ended = parse_instant(text_at(run, "ended_at"));
    if (!begun || !ended) return "";
    const auto ms = (*ended - *begun).count();
    return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

std::string told_of(Context& context, const json& run) {
    const auto error = text_at(run, "error");
    return context.said(error.empty() ? text_at(run, "summary") : error);
}

/// True if the job is a command of Kontor's: what another program says stays as it came.
bool is_our_own(Context& context, const std::string& name) {
    const auto answer = context.api().get("/jobs");
    if (!answer) return false;
    for (const auto& job : list_at(*answer, "jobs"))
        if (text_at(job, "name") == name) return has(job, "run") && !job["run"].is_null();
    return false;
}

std::string said_lines(Context& context, std::string_view log) {
    std::string out;
    while (!log.empty()) {
        const auto end = std::min(log.find('\n'), log.size());
        out += context.said(std::string(log.substr(0, end))) + "\n";
        log.remove_prefix(std::min(end + 1, log.size()));
    }
    return out;
}

/// A run that was asked for, until its end.
class Following {
public:
    Following(Context& context, std::string job, std::int64_t run, std::string since)
        : context_(context),
          job_(std::move(job)),
          run_(run),
          since_(std::move(since)),
          progress_(context) {}

    Outcome<json> wait() {
        for (int tries = 0; tries < kEventTriesMax; ++tries) {
            auto done = context_.api().events("/events?since=" + since_, since_,
                                              [&](const SseEvent& e) { return take(e); });
            progress_.clear();
            if (ended_.is_object()) return ended_;
            if (!done) {
                if (done.error().exit == Exit::kInterrupted)
                    done.error().message = context_.text("cli.jobs.goes_on", {{"job", job_}});
                return tl::unexpected<Failure>(std::move(done.error()));
            }
            // Events are missing, or kontord was started again: the replica knows.
            auto run = context_.api().get("/job-runs/" + std::to_string(run_));
            if (!run) return run;
            if (!text_at(*run, "result").empty()) return run;
        }
        return tl::unexpected<Failure>(
            failure_of(context_.language(), Error{Errc::kUnavailable, "GET /events", {}, {}}));
    }

private:
    bool take(const SseEvent& event) {
        if (!event.id.empty()) since_ = event.id;
        if (event.type == "gap") return false;
        const auto data = json::parse(event.data, nullptr, false);
        if (!data.is_object() || text_at(data, "job") != job_) return true;
        if (event.type == "job.progress" && integer_at(data, "run") == run_) {
            const auto& step = object_at(data, "progress");
            progress_.show({.connection = job_,
                            .stage = text_at(step, "stage"),
                            .stream = "",
                            .done = integer_at(step, "done"),
                            .total = integer_at(step, "total")},
                           std::chrono::steady_clock::now());
        }
        if (event.type == "job.finished" && integer_at(object_at(data, "run"), "id") == run_)
            ended_ = object_at(data, "run");
        return !ended_.is_object();
    }

    Context& context_;
    const std::string job_;
    const std::int64_t run_;
    std::string since_;
    Progress progress_;
    json ended_;
};

Outcome<Exit> change(Context& context, const char* action, const char* text) {
    const auto job = context.args().argument("JOB");
    const auto answer = context.api().post(job_path(job, action), json::object());
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else
        context.note(context.text(text, {{"job", job}}));
    return Exit::kOk;
}

}  // namespace

Outcome<Exit> run_jobs(Context& context) {
    const auto answer = context.api().get("/jobs");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.job")},
                            {.title = context.text("cli.column.task"), .min = 12},
                            {.title = context.text("cli.column.when"), .min = 12},
                            {.title = context.text("cli.column.state")},
                            {.title = context.text("cli.column.next"), .min = 20},
                            {.title = context.text("cli.column.last_success"), .min = 20}},
                .rows = {}};
    for (const auto& job : list_at(*answer, "jobs")) {
        auto next = text_at(job, "retry_at");
        if (next.empty()) next = text_at(job, "next_at");
        // Instants as texts are in the order of time.
        const auto follow_up = text_at(job, "follow_up_at");
        if (!follow_up.empty() && (next.empty() || follow_up < next)) next = follow_up;
        table.add({text_at(job, "name"), task_of(job), joined(list_at(job, "when"), "; "),
                   state_cell(context, job), next, text_at(job, "last_success_at")});
    }
    if (table.rows.empty())
        context.note(context.text("cli.jobs.none"));
    else
        context.print(table);
    for (const auto& problem : list_at(*answer, "problems"))
        context.warn(context.text("cli.jobs.trouble",
                                  {{"job", text_at(problem, "job")},
                                   {"detail", context.said(text_at(problem, "problem"))}}));
    for (const auto& job : list_at(*answer, "jobs")) {
        if (const auto trouble = text_at(job, "trouble"); !trouble.empty())
            context.warn(context.text("cli.jobs.trouble", {{"job", text_at(job, "name")},
                                                           {"detail", context.said(trouble)}}));
        const auto& last = object_at(job, "last_run");
        if (integer_at(job, "failures") > 0 && !last.empty())
            context.note(context.text("cli.jobs.last", {{"job", text_at(job, "name")},
                                                        {"at", text_at(last, "started_at")},
                                                        {"result", result_cell(context, last)},
                                                        {"detail", told_of(context, last)}}));
    }
    return Exit::kOk;
}

Outcome<Exit> run_jobs_run(Context& context) {
    const auto job = context.args().argument("JOB");
    const auto asked = context.api().post(job_path(job, "/run"), json::object());
    if (!asked) return tl::unexpected<Failure>(asked.error());
    Following following(context, job, integer_at(*asked, "run"), text_at(*asked, "event_id"));
    auto run = following.wait();
    if (!run) return tl::unexpected<Failure>(std::move(run.error()));
    const bool good = text_at(*run, "result") == "ok";
    if (context.json()) {
        (*run)["message_type"] = "summary";
        context.print_line(*run);
        return good ? Exit::kOk : exit_of(text_at(*run, "code"));
    }
    const auto line = context.text("cli.jobs.ended", {{"job", job},
                                                      {"result", result_cell(context, *run)},
                                                      {"time", time_taken(*run)},
                                                      {"detail", told_of(context, *run)}});
    if (good) {
        context.print(line);
        return Exit::kOk;
    }
    context.warn(line);
    context.note(context.text("cli.jobs.see_log", {{"run", text_at(*run, "id")}}));
    return exit_of(text_at(*run, "code"));
}

Outcome<Exit> run_jobs_stop(Context& context) {
    const auto job = context.args().argument("JOB");
    const auto answer = context.api().remove(job_path(job, "/run"));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else
        context.note(context.text(
            flag_at(*answer, "cancelled") ? "cli.jobs.stopping" : "cli.jobs.not_running",
            {{"job", job}}));
    return Exit::kOk;
}

Outcome<Exit> run_jobs_pause(Context& context) {
    return change(context, "/pause", "cli.jobs.paused");
}

Outcome<Exit> run_jobs_resume(Context& context) {
    return change(context, "/resume", "cli.jobs.resumed");
}

Outcome<Exit> run_jobs_history(Context& context) {
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    const auto answer =
        context.api().get("/job-runs?job=" + url_encode(context.args().argument("JOB")) +
                          "&limit=" + std::to_string(limit->value_or(20)));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    Table table{.columns = {{.title = context.text("cli.column.run"), .right = true, .min = 4},
                            {.title = context.text("cli.column.job")},
                            {.title = context.text("cli.column.time"), .min = 24},
                            {.title = context.text("cli.column.cause")},
                            {.title = context.text("cli.column.result")},
                            {.title = context.text("cli.column.took"), .right = true, .min = 6},
                            {.title = context.text("cli.column.detail"), .min = 20}},
                .rows = {}};
    for (const auto& run : list_at(*answer, "runs"))
        table.add({text_at(run, "id"), text_at(run, "job"), text_at(run, "started_at"),
                   context.word("cause_" + text_at(run, "cause")), result_cell(context, run),
                   time_taken(run), told_of(context, run)});
    const auto job = context.args().argument("JOB");
    if (table.rows.empty())
        context.note(job.empty() ? context.text("cli.jobs.no_runs")
                                 : context.text("cli.jobs.no_run_of", {{"job", job}}));
    else
        context.print(table);
    return Exit::kOk;
}

Outcome<Exit> run_jobs_log(Context& context) {
    auto run = context.args().argument("RUN");
    // A job's name means its last run.
    if (run.find_first_not_of("0123456789") != std::string::npos) {
        const auto job = run;
        const auto runs = context.api().get("/job-runs?limit=1&job=" + url_encode(job));
        if (!runs) return tl::unexpected<Failure>(runs.error());
        if (list_at(*runs, "runs").empty())
            return tl::unexpected<Failure>(failed(context.language(), Exit::kNotFound, "not_found",
                                                  "cli.jobs.no_run_of", {{"job", job}}));
        run = text_at(list_at(*runs, "runs").front(), "id");
    }
    const auto answer = context.api().get("/job-runs/" + url_encode(run));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json()) {
        context.print_json(*answer);
        return Exit::kOk;
    }
    context.note(context.text("cli.jobs.log", {{"run", run},
                                               {"job", text_at(*answer, "job")},
                                               {"at", text_at(*answer, "started_at")},
                                               {"result", result_cell(context, *answer)},
                                               {"detail", told_of(context, *answer)}}));
    const auto log = text_at(*answer, "log");
    context.write(context.language() != messages::Language::kEnglish &&
                          is_our_own(context, text_at(*answer, "job"))
                      ? said_lines(context, log)
                      : log);
    return Exit::kOk;
}

}  // namespace kontor::cli
