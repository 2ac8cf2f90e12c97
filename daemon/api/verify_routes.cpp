// Comparing the replica with a remote: asked for, followed, stopped, and what was found.
#include <algorithm>

#include "daemon/api/connection_json.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/runtime/report_json.hpp"

namespace kontor::api {
namespace {

using app::Worker;

constexpr std::int64_t kSampleMax = 1'000'000;
/// Seeds that people can type, and that every JSON reader keeps.
constexpr std::uint64_t kSeeds = 1'000'000'000;

Result<ApiResponse> start(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto body = parse_body(request, {"sample", "seed", "streams"});
    if (!body) return pass(body);
    auto sample = integer_in(*body, "sample");
    if (!sample) return pass(sample);
    auto seed = integer_in(*body, "seed");
    if (!seed) return pass(seed);
    auto streams = texts_in(*body, "streams");
    if (!streams) return pass(streams);
    engine::VerifyOptions options;
    options.streams = std::move(*streams);
    options.sample = sample->value_or(0);
    if (options.sample < 0 || options.sample > kSampleMax)
        return fail(Errc::kInvalid, "sample must be from 0 to " + std::to_string(kSampleMax),
                    {{"key", "sample"}});
    if (seed->value_or(0) < 0) return fail(Errc::kInvalid, "seed is negative", {{"key", "seed"}});
    options.seed = *seed ? static_cast<std::uint64_t>(**seed) : services.random.next() % kSeeds;
    const auto event_id = services.events.newest();
    auto ticket = (*worker)->request_verify(options);
    if (!ticket) return pass(ticket);
    return json_response({{"ticket", *ticket}, {"event_id", event_id}, {"seed", options.seed}},
                         202);
}

json finding_json(const engine::VerifyFinding& found) {
    const bool known = found.reason != engine::VerifyReason::kNone;
    return {{"kind", engine::to_string(found.kind)},
            {"reason", known ? json(engine::to_string(found.reason)) : json()},
            {"detail", or_null(found.detail)},
            {"stream", found.stream},
            {"entity", found.entity},
            {"record", found.record != 0 ? json(found.record) : json()},
            {"ext_id", or_null(found.ext_id)},
            {"column", or_null(found.column)},
            {"remote_field", or_null(found.remote_field)},
            {"ours", to_json(found.ours.view())},
            {"theirs", to_json(found.theirs.view())}};
}

const char* name_of(Worker::VerifyState state) {
    switch (state) {
        case Worker::VerifyState::kWaiting:
            return "waiting";
        case Worker::VerifyState::kRunning:
            return "running";
        default:
            return "done";
    }
}

Result<ApiResponse> show(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto asked = number_of(request, "ticket", 0, 0, INT64_MAX);
    if (!asked) return pass(asked);
    auto offset = number_of(request, "offset", 0, 0, app::kFindingsMax);
    if (!offset) return pass(offset);
    auto limit = number_of(request, "limit", 1'000, 1, 10'000);
    if (!limit) return pass(limit);
    const bool explained = request.get("explained") == "true";
    auto found = (*worker)->last_verified();
    const auto ticket = *asked != 0 ? *asked : found ? found->ticket : 0;
    const auto state = (*worker)->verify_state(ticket);
    if (state == Worker::VerifyState::kUnknown)
        return fail(Errc::kNotFound, "there is no such verification since the start");
    if (state != Worker::VerifyState::kDone) {
        app::Verified nothing;
        nothing.ticket = ticket;
        auto out = app::to_json(nothing);
        out["at"] = nullptr;
        out["state"] = name_of(state);
        const auto progress = (*worker)->status().progress;
        out["progress"] = progress ? app::to_json(*progress) : json();
        out["offset"] = 0;
        out["findings"] = json::array();
        return json_response(out);
    }
    found = (*worker)->last_verified();
    const auto& all = explained ? found->explained : found->findings;
    auto out = app::to_json(*found);
    json findings = json::array();
    const auto first = std::min(static_cast<std::size_t>(*offset), all.size());
    const auto last = std::min(first + static_cast<std::size_t>(*limit), all.size());
    for (auto i = first; i < last; ++i) findings.push_back(finding_json(all[i]));
    out["state"] = "done";
    out["progress"] = nullptr;
    out["offset"] = *offset;
    out["findings"] = std::move(findings);
    return json_response(out);
}

Result<ApiResponse> cancel(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto ticket = number_of(request, "ticket", 0, 0, INT64_MAX);
    if (!ticket) return pass(ticket);
    return json_response({{"cancelled", (*worker)->cancel_verify(*ticket)}});
}

}  // namespace

void add_verify_routes(Router& router, Services& s) {
    const std::string path = "/api/v1/connections/{name}/verify";
    router.add("POST", path, [&s](const ApiRequest& r) { return start(s, r); });
    router.add("GET", path + "?ticket&explained&offset&limit",
               [&s](const ApiRequest& r) { return show(s, r); });
    router.add("DELETE", path + "?ticket", [&s](const ApiRequest& r) { return cancel(s, r); });
}

}  // namespace kontor::api
