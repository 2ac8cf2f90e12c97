// Connections as they are, syncs, dry runs, and the runs of the past.
#include <algorithm>

#include "config/mapping_file.hpp"
#include "daemon/api/connection_json.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/runtime/report_json.hpp"
#include "sync/engine/decisions.hpp"
#include "sync/engine/epoch.hpp"

namespace kontor::api {
namespace {

using replica::Access;

Result<ApiResponse> list(Services& services, const ApiRequest& request) {
    auto connections = all_connections(services, request.language);
    if (!connections) return pass(connections);
    return json_response({{"connections", std::move(*connections)}});
}

Result<ApiResponse> show(Services& services, const ApiRequest& request, int status = 200) {
    auto connection = one_connection(services, request.param("name"), request.language);
    if (!connection) return pass(connection);
    return json_response(*connection, status);
}

/// A misspelt stream would be a sync of nothing, which looks like all is well.
Result<> check_streams(const config::Connection& connection,
                       const std::vector<std::string>& wanted) {
    if (wanted.empty()) return {};
    config::Problems problems;
    const auto mapping = config::read_mapping(connection.mapping, problems);
    if (!mapping) return {};  // the sync says what is wrong with it
    std::vector<std::string> names;
    for (const auto& stream : mapping->streams) names.push_back(stream.stream);
    for (const auto& name : wanted)
        if (std::ranges::find(names, name) == names.end())
            return fail(Errc::kNotFound,
                        "connection " + connection.name + " maps no stream '" + name + "'",
                        {{"connection", connection.name},
                         {"stream", name},
                         {"reason", "no_stream"},
                         {"suggestion", config::nearest(name, names)}});
    return {};
}

Result<ApiResponse> sync(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto body = parse_body(request, {"dry_run", "sweep", "confirm_mass", "streams"});
    if (!body) return pass(body);
    engine::CycleOptions options;
    auto dry_run = flag_in(*body, "dry_run", false);
    auto sweep = flag_in(*body, "sweep", false);
    auto confirm = flag_in(*body, "confirm_mass", false);
    auto streams = texts_in(*body, "streams");
    if (!dry_run) return pass(dry_run);
    if (!sweep) return pass(sweep);
    if (!confirm) return pass(confirm);
    if (!streams) return pass(streams);
    options.dry_run = *dry_run;
    options.sweep = *sweep;
    options.confirm_mass = *confirm;
    options.streams = std::move(*streams);
    if (auto known = check_streams((*worker)->connection(), options.streams); !known)
        return pass(known);
    const auto event_id = services.events.newest();
    auto ticket = (*worker)->request(options);
    if (!ticket) return pass(ticket);
    return json_response({{"ticket", *ticket}, {"event_id", event_id}}, 202);
}

json planned_json(const engine::PlannedChange& change, const replica::Catalogue& catalogue) {
    const auto* entity = catalogue.entity(change.entity);
    json values = json::array();
    for (const auto& value : change.values) {
        const auto* field = entity == nullptr ? nullptr : entity->field(value.column);
        const auto type = field == nullptr ? std::nullopt : std::optional(field->type);
        values.push_back({{"column", value.column},
                          {"remote_field", or_null(value.remote_field)},
                          {"old", to_json(value.old.view(), type)},
                          {"new", to_json(value.now.view(), type)}});
    }
    return {{"side", change.side == engine::PlannedChange::Side::kHere ? "here" : "there"},
            {"stream", change.stream},
            {"entity", change.entity},
            {"record", change.record},
            {"ext_id", change.ext_id},
            {"op", change.op},
            {"fields", change.fields},
            {"values", std::move(values)},
            {"values_left_out", change.values_left_out},
            {"code", or_null(change.code)},
            {"reason", or_null(change.reason)},
            {"conflict", change.conflict != 0 ? json(change.conflict) : json()}};
}

Result<ApiResponse> plan(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto offset = number_of(request, "offset", 0, 0, engine::PlannedChanges::kKeptMax);
    if (!offset) return pass(offset);
    auto limit = number_of(request, "limit", 1'000, 1, 10'000);
    if (!limit) return pass(limit);
    const auto found = (*worker)->last_dry_run();
    if (!found) return fail(Errc::kNotFound, "there was no dry run since the start");
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto catalogue = services.databases.catalogues().get(**db);
    if (!catalogue) return pass(catalogue);
    const auto& all = found->report.plan.kept();
    json changes = json::array();
    const auto first = std::min(static_cast<std::size_t>(*offset), all.size());
    const auto last = std::min(first + static_cast<std::size_t>(*limit), all.size());
    for (auto i = first; i < last; ++i) changes.push_back(planned_json(all[i], **catalogue));
    json streams = json::array();
    for (const auto& counts : found->report.streams) streams.push_back(app::to_json(counts));
    return json_response(
        {{"ticket", found->ticket},
         {"at", format_instant(found->at)},
         {"total", found->report.plan.total()},
         {"kept", all.size()},
         {"held_up", found->report.plan.held_up()},
         {"offset", *offset},
         {"streams", std::move(streams)},
         {"changes", std::move(changes)},
         {"guard", found->report.guard ? app::to_json(*found->report.guard) : json()},
         {"problem", found->report.problem ? app::to_json(*found->report.problem) : json()}});
}

// The engine knows a connection from its first sync on. Nothing is set before: sending begins when
// a person has seen what came, and how what was here has been matched.
bool has_not_synced(const Result<>& done) {
    return !done && done.error().code == Errc::kNotFound;
}

tl::unexpected<Error> not_synced(const std::string& connection) {
    return fail(Errc::kConflict, "connection " + connection + " has not been synced yet",
                {{"reason", "not_synced"}, {"connection", connection}});
}

Result<ApiResponse> push(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto body = parse_body(request, {"enabled"});
    if (!body) return pass(body);
    if (!body->contains("enabled")) return fail(Errc::kInvalid, "enabled is missing");
    auto enabled = flag_in(*body, "enabled", false);
    if (!enabled) return pass(enabled);
    if (*enabled && !(*worker)->connection().push)
        return fail(Errc::kConflict, "push = false in the configuration forbids it",
                    {{"reason", "push_forbidden"}});
    {
        auto db = services.databases.lend(Access::kEngine);
        if (!db) return pass(db);
        auto done = engine::set_push(**db, request.param("name"), *enabled);
        if (has_not_synced(done) && !*enabled) return show(services, request);  // it is off
        if (has_not_synced(done)) return not_synced(request.param("name"));
        if (!done) return pass(done);
    }
    services.log.info("connection.push", {{"connection", request.param("name")},
                                          {"enabled", *enabled ? "yes" : "no"},
                                          {"actor", request.actor}});
    services.events.publish("connection.changed",
                            json{{"connection", request.param("name")}}.dump());
    if (*enabled) (*worker)->edited();
    return show(services, request);
}

Result<ApiResponse> resume(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto body = parse_body(request, {"accept_remote", "send_missing"});
    if (!body) return pass(body);
    auto accept = flag_in(*body, "accept_remote", false);
    if (!accept) return pass(accept);
    auto send = flag_in(*body, "send_missing", false);
    if (!send) return pass(send);
    const auto missing = *send ? engine::Missing::kSend : engine::Missing::kStay;
    {
        auto db = services.databases.lend(Access::kEngine);
        if (!db) return pass(db);
        const auto& name = request.param("name");
        auto done = *accept
                        ? engine::accept_remote(**db, services.clock, name, request.actor, missing)
                        : engine::resume(**db, name);
        if (has_not_synced(done)) return not_synced(name);
        if (!done) return pass(done);
    }
    services.log.info("connection.resumed", {{"connection", request.param("name")},
                                             {"accept_remote", *accept ? "yes" : "no"},
                                             {"actor", request.actor}});
    services.events.publish("connection.changed",
                            json{{"connection", request.param("name")}}.dump());
    if (auto asked = (*worker)->request({}); !asked) return pass(asked);
    return show(services, request);
}

// What a sync without changes asks for: each stream's changes, and its deletions where there is a
// feed of them. Known as soon as there is a mapping. -1 without one.
std::int64_t quiet_requests(const Services& services, const config::Connection& connection) {
    config::Problems problems;
    const auto mapping = config::read_mapping(connection.mapping, problems);
    const auto described = services.descriptions.load(connection.name);
    if (!mapping || !described) return -1;
    std::int64_t requests = 0;
    for (const auto& mapped : mapping->streams)
        for (const auto& stream : described->streams)
            if (stream.name == mapped.stream) requests += stream.can.deleted_feed ? 2 : 1;
    return requests;
}

Result<ApiResponse> forecast(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    const auto status = (*worker)->status();
    const auto& c = (*worker)->connection();
    const auto interval = c.interval.count() != 0 ? c.interval : (*worker)->sync().interval;
    const double syncs = 86'400'000.0 / static_cast<double>(interval.count());
    const bool measured = status.credits_per_sync >= 0;
    const auto quiet = measured ? 0 : quiet_requests(services, c);
    const auto credits = measured ? status.credits_per_sync : quiet;
    const auto requests = measured ? status.requests_per_sync : quiet;
    const double a_day = syncs * static_cast<double>(credits);
    std::int64_t limit = c.limits.daily_credits;
    if (limit == 0 && status.credits) limit = status.credits->limit;
    const bool known = credits >= 0;
    return json_response(
        {{"syncs_per_day", syncs},
         {"measured", measured},
         {"requests_per_sync", known ? json(requests) : json()},
         {"credits_per_sync", known ? json(credits) : json()},
         {"credits_per_day", known ? json(a_day) : json()},
         {"limit", limit},
         {"left", status.credits ? status.credits->left : -1},
         {"fits", known && limit > 0 ? json(a_day <= static_cast<double>(limit)) : json()}});
}

// --- Runs

constexpr const char* kRuns =
    "SELECT r.id, c.name, r.kind, r.started_at, r.ended_at, r.result, r.error, r.counts "
    "FROM kontor_run r LEFT JOIN kontor_connection c ON c.id = r.connection ";

json run_json(const replica::Statement& row) {
    json counts;
    if (!row.is_null(7)) counts = json::parse(row.text(7), nullptr, false);
    return {{"id", row.integer(0)},
            {"connection", to_json(row.value(1))},
            {"kind", to_json(row.value(2))},
            {"started_at", to_json(row.value(3))},
            {"ended_at", to_json(row.value(4))},
            {"result", to_json(row.value(5))},
            {"error", to_json(row.value(6))},
            {"counts", counts.is_discarded() ? json() : std::move(counts)}};
}

Result<ApiResponse> runs(Services& services, const ApiRequest& request) {
    auto limit = number_of(request, "limit", 50, 1, 1'000);
    if (!limit) return pass(limit);
    auto before = number_of(request, "before", INT64_MAX, 1, INT64_MAX);
    if (!before) return pass(before);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    if (const auto& name = request.get("connection"); !name.empty())
        if (auto known = check_known(services, **db, name); !known) return pass(known);
    auto statement = (*db)->prepare(std::string(kRuns) +
                                    "WHERE r.id < ?1 AND (?2 = '' OR c.name = ?2) "
                                    "ORDER BY r.id DESC LIMIT ?3");
    if (!statement) return pass(statement);
    statement->bind(1, *before);
    statement->bind(2, request.get("connection"));
    statement->bind(3, *limit + 1);
    json out = json::array();
    json next;
    for (;;) {
        auto row = statement->step();
        if (!row) return pass(row);
        if (!*row) break;
        if (out.size() == static_cast<std::size_t>(*limit)) {
            next = out.back()["id"];
            break;
        }
        out.push_back(run_json(*statement));
    }
    return json_response({{"runs", std::move(out)}, {"next", next}});
}

Result<ApiResponse> run(Services& services, const ApiRequest& request) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto statement = (*db)->prepare(std::string(kRuns) + "WHERE r.id = ?");
    if (!statement) return pass(statement);
    statement->bind(1, *id);
    auto row = statement->step();
    if (!row) return pass(row);
    if (!*row)
        return fail(Errc::kNotFound, "there is no run " + std::to_string(*id),
                    {{"reason", "no_sync"}, {"run", std::to_string(*id)}});
    return json_response(run_json(*statement));
}

}  // namespace

void add_connection_routes(Router& router, Services& s) {
    const std::string all = "/api/v1/connections";
    const std::string one = all + "/{name}";
    router.add("GET", all, [&s](const ApiRequest& r) { return list(s, r); });
    router.add("GET", one, [&s](const ApiRequest& r) { return show(s, r); });
    router.add("POST", one + "/sync", [&s](const ApiRequest& r) { return sync(s, r); });
    router.add("GET", one + "/plan?offset&limit", [&s](const ApiRequest& r) { return plan(s, r); });
    router.add("POST", one + "/push", [&s](const ApiRequest& r) { return push(s, r); });
    router.add("POST", one + "/resume", [&s](const ApiRequest& r) { return resume(s, r); });
    router.add("GET", one + "/forecast", [&s](const ApiRequest& r) { return forecast(s, r); });
    router.add("GET", "/api/v1/runs?connection&limit&before",
               [&s](const ApiRequest& r) { return runs(s, r); });
    router.add("GET", "/api/v1/runs/{id}", [&s](const ApiRequest& r) { return run(s, r); });
}

}  // namespace kontor::api
