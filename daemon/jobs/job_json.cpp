#include "daemon/jobs/job_json.hpp"

#include <nlohmann/json.hpp>

namespace kontor::jobs {
namespace {

using nlohmann::json;

json time_json(const std::optional<Instant>& at) {
    return at ? json(format_instant(*at)) : json(nullptr);
}

json text_json(const std::string& text) {
    return text.empty() ? json(nullptr) : json(text);
}

const char* state_of(const JobView& view) {
    if (view.running) return "running";
    if (view.state.paused) return "paused";
    if (!view.waits.empty()) return "waiting";
    return view.state.failures > 0 ? "failing" : "idle";
}

}  // namespace

json to_json(const Run& run) {
    json records = json::array();
    for (std::size_t from = 0; from < run.records.size();) {
        const auto end = std::min(run.records.find(' ', from), run.records.size());
        records.push_back(run.records.substr(from, end - from));
        from = end + 1;
    }
    return {{"id", run.id},
            {"job", run.job},
            {"cause", run.cause},
            {"actor", text_json(run.actor)},
            {"due_at", time_json(run.due)},
            {"started_at", format_instant(run.started)},
            {"ended_at", time_json(run.ended)},
            {"attempt", run.attempt},
            {"missed", run.missed},
            {"records", std::move(records)},
            {"result", text_json(run.result)},
            {"code", text_json(run.code)},
            {"error", text_json(run.error)},
            {"summary", text_json(run.summary)}};
}

json to_json(const Progress& progress) {
    return {{"stage", progress.stage}, {"done", progress.done}, {"total", progress.total}};
}

json to_json(const JobStatus& status) {
    const auto& [job, state, running, follow_up, waits, trouble] = status.view;
    return {{"name", job.name},
            {"run", job.run.empty() ? json(nullptr) : json(job.run)},
            {"command", job.command.empty() ? json(nullptr) : json(job.command)},
            {"when", job.when},
            {"only_if", job.only_if},
            {"state", state_of(status.view)},
            {"waits_for", text_json(waits)},
            {"trouble", text_json(trouble)},
            {"next_at", state.paused ? json(nullptr) : time_json(state.next)},
            {"retry_at", time_json(state.retry)},
            {"follow_up_at", state.paused ? json(nullptr) : time_json(follow_up)},
            {"failures", state.failures},
            {"last_success_at", time_json(state.succeeded)},
            {"paused_at", time_json(state.paused)},
            {"paused_by", text_json(state.paused_by)},
            {"alert", text_json(state.alert)},
            {"progress", status.progress ? to_json(*status.progress) : json(nullptr)},
            {"running", running ? to_json(*running) : json(nullptr)},
            {"last_run", status.last ? to_json(*status.last) : json(nullptr)}};
}

}  // namespace kontor::jobs
