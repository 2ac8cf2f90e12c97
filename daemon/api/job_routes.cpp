#include "daemon/api/job_routes.hpp"

#include "daemon/api/json_io.hpp"
#include "daemon/jobs/job_json.hpp"

namespace kontor::api {
namespace {

constexpr std::int64_t kRunsMost = 500;

ApiResponse list(jobs::Service& jobs) {
    json all = json::array();
    for (const auto& job : jobs.list()) all.push_back(jobs::to_json(job));
    json problems = json::array();
    for (const auto& [job, mistake] : jobs.mistakes())
        problems.push_back({{"job", job}, {"problem", mistake}});
    return json_response({{"jobs", std::move(all)}, {"problems", std::move(problems)}});
}

Result<ApiResponse> show(jobs::Service& jobs, const ApiRequest& request) {
    auto job = jobs.find(request.param("job"));
    if (!job) return pass(job);
    return json_response(jobs::to_json(*job));
}

Result<ApiResponse> run(Services& services, jobs::Service& jobs, const ApiRequest& request) {
    // What the run tells comes after this event.
    const auto event_id = services.events.newest();
    auto id = jobs.run_now(request.param("job"), request.actor);
    if (!id) return pass(id);
    return json_response({{"run", *id}, {"event_id", event_id}}, 202);
}

Result<ApiResponse> cancel(jobs::Service& jobs, const ApiRequest& request) {
    auto cancelled = jobs.cancel(request.param("job"));
    if (!cancelled) return pass(cancelled);
    return json_response({{"cancelled", *cancelled}});
}

Result<ApiResponse> set_paused(jobs::Service& jobs, const ApiRequest& request, bool paused) {
    const auto& job = request.param("job");
    auto done = paused ? jobs.pause(job, request.actor) : jobs.resume(job);
    if (!done) return pass(done);
    return show(jobs, request);
}

Result<ApiResponse> list_runs(Services& services, jobs::Service& jobs, const ApiRequest& request) {
    auto before = number_of(request, "before", INT64_MAX, 1, INT64_MAX);
    if (!before) return pass(before);
    auto limit = number_of(request, "limit", 20, 1, kRunsMost);
    if (!limit) return pass(limit);
    auto db = services.databases.lend(replica::Access::kReadOnly);
    if (!db) return pass(db);
    auto runs = jobs::runs_of(**db, request.get("job"), *before, *limit);
    if (!runs) return pass(runs);
    json all = json::array();
    for (const auto& run : *runs) all.push_back(jobs::to_json(run));
    // One that is no longer configured has run once.
    if (const auto& job = request.get("job"); all.empty() && !job.empty())
        if (auto known = jobs.find(job); !known) return pass(known);
    return json_response({{"runs", std::move(all)}});
}

Result<ApiResponse> show_run(Services& services, jobs::Service& jobs, const ApiRequest& request) {
    auto id = id_of(request, "run");
    if (!id) return pass(id);
    // Before the replica, so that a run that ends just now has its log in one of the two.
    const auto live = jobs.log_of(*id);
    auto db = services.databases.lend(replica::Access::kReadOnly);
    if (!db) return pass(db);
    auto run = jobs::find_run(**db, *id);
    if (!run) return pass(run);
    if (!*run)
        return fail(Errc::kNotFound, "there is no run " + std::to_string(*id),
                    {{"reason", "no_run"}, {"run", std::to_string(*id)}});
    auto out = jobs::to_json(**run);
    out["log"] = live && (*run)->result.empty() ? *live : (*run)->log;
    return json_response(out);
}

}  // namespace

void add_job_routes(Router& router, Services& s, jobs::Service& jobs) {
    const std::string all = "/api/v1/jobs";
    const std::string one = all + "/{job}";
    router.add("GET", all, [&jobs](const ApiRequest&) { return list(jobs); });
    router.add("GET", one, [&jobs](const ApiRequest& r) { return show(jobs, r); });
    router.add("POST", one + "/run", [&s, &jobs](const ApiRequest& r) { return run(s, jobs, r); });
    router.add("DELETE", one + "/run", [&jobs](const ApiRequest& r) { return cancel(jobs, r); });
    router.add("POST", one + "/pause",
               [&jobs](const ApiRequest& r) { return set_paused(jobs, r, true); });
    router.add("POST", one + "/resume",
               [&jobs](const ApiRequest& r) { return set_paused(jobs, r, false); });
    router.add("GET", "/api/v1/job-runs?job&before&limit",
               [&s, &jobs](const ApiRequest& r) { return list_runs(s, jobs, r); });
    router.add("GET", "/api/v1/job-runs/{run}",
               [&s, &jobs](const ApiRequest& r) { return show_run(s, jobs, r); });
}

}  // namespace kontor::api
