#include "daemon/api/connection_json.hpp"

#include "daemon/api/json_io.hpp"
#include "daemon/runtime/report_json.hpp"

namespace kontor::api {
namespace {

// It was reached, and says itself that it cannot for now: by its answer's status or its content.
bool answered(const Error& error) {
    const auto reason = error.args.find("reason");
    if (reason == error.args.end()) return false;
    return reason->second == "net_said" ||
           (reason->second == "net_status" && error.args.contains("status"));
}

// One word for what a person should think of it.
const char* state_of(const app::WorkerStatus& status, bool paused, bool damaged) {
    if (status.state == app::WorkerState::kSyncing) {
        const bool waits = status.progress && status.progress->stage == "wait";
        if (status.progress && status.progress->stage == "verify") return "verifying";
        return waits ? "throttled" : "syncing";
    }
    if (damaged) return "damaged";
    if (paused) return "paused";
    if (status.state == app::WorkerState::kStarting) return "starting";
    if (status.state == app::WorkerState::kNew) return "new";
    if (!status.error) return "idle";
    switch (status.error->code) {
        case Errc::kUnauthenticated:
            return "sign_in";
        case Errc::kRateLimited:
            return status.error->args.contains("limit") ? "budget" : "throttled";
        case Errc::kUnavailable:
            return answered(*status.error) ? "unavailable" : "offline";
        case Errc::kTimeout:
            return "offline";
        case Errc::kGuard:
        case Errc::kMismatch:
            return "paused";
        case Errc::kCorrupt:
            return "damaged";
        case Errc::kBusy:
            return "waiting";
        default:
            return "error";
    }
}

// That word for people.
std::string state_text(messages::Language language, const std::string& state,
                       const std::string& name, const std::optional<Error>& error) {
    messages::Args args{{"name", name}};
    auto key = "state." + state;
    if (state == "unavailable" && error) {
        if (error->args.at("reason") == "net_said")
            key += ".said";
        else
            args["status"] = error->args.at("status");
    }
    return messages::render(language, key, args);
}

json instant_or_null(const std::optional<Instant>& at) {
    return at ? json(format_instant(*at)) : json();
}

}  // namespace

json failure_json(Error error, const std::string& subject, messages::Language language) {
    error.args.emplace("connection", subject);
    return failure_json(error, language);
}

json failure_json(const Error& error, messages::Language language) {
    json out = app::to_json(error);
    out["message"] = messages::render_error(language, error);
    if (const auto hint = messages::render_hint(language, error); !hint.empty()) out["hint"] = hint;
    return out;
}

json connection_json(const app::Worker& worker, const engine::ConnectionStatus* known,
                     const config::Sync& sync, bool damaged, messages::Language language) {
    const auto& c = worker.connection();
    const auto status = worker.status();
    const engine::ConnectionStatus nothing;
    const auto& k = known != nullptr ? *known : nothing;
    const std::string state = state_of(status, !k.paused.empty(), damaged);
    const auto interval = c.interval.count() != 0 ? c.interval : sync.interval;
    std::int64_t to_push = 0;
    json streams = json::array();
    for (const auto& stream : k.streams) {
        to_push += stream.to_push;
        streams.push_back({{"stream", stream.stream},
                           {"entity", stream.entity},
                           {"pulled_at", or_null(stream.pulled_at)},
                           {"swept_at", or_null(stream.swept_at)},
                           {"loaded", stream.loaded},
                           {"records", stream.records},
                           {"to_push", stream.to_push}});
    }
    json options = json::object();
    for (const auto& [name, option] : c.options)
        std::visit([&, &key = name](const auto& value) { options[key] = value; }, option);
    json credits;
    if (status.credits)
        credits = {{"limit", status.credits->limit},
                   {"left", status.credits->left},
                   {"spent", status.credits->spent},
                   {"requests", status.credits->requests}};
    return {{"name", c.name},
            {"plugin", c.plugin},
            {"options", std::move(options)},
            {"state", state},
            {"state_text", state_text(language, state, c.name, status.error)},
            {"mapping", c.mapping},
            {"mapped", status.mapped},
            {"interval_s", interval.count() / 1000},
            {"jurisdiction", c.jurisdiction},
            {"org_id", or_null(k.org_id)},
            {"push_configured", c.push},
            {"push_enabled", k.push_enabled},
            {"paused", or_null(k.paused)},
            {"conflicts", k.conflicts},
            {"blocked", k.blocked},
            {"unknown", k.unknown},
            {"to_push", to_push},
            {"next_sync_at", instant_or_null(status.next_sync_at)},
            {"synced_at", or_null(k.synced_at)},
            {"last_run_at", or_null(k.last_run_at)},
            {"last_run_result", or_null(k.last_run_result)},
            {"last_run_error", or_null(k.last_run_error)},
            {"progress", status.progress ? app::to_json(*status.progress) : json()},
            {"error", status.error ? failure_json(*status.error, c.name, language) : json()},
            {"credits", std::move(credits)},
            {"streams", std::move(streams)}};
}

json identity_json(const remote::Identity& who) {
    const bool timed = who.server_time != Instant{};
    return {{"org_id", who.org_id},
            {"org_name", who.org_name},
            {"user_id", who.user_id},
            {"user_name", who.user_name},
            {"server_time", timed ? json(format_instant(who.server_time)) : json()},
            {"credits_limit", who.credits_limit},
            {"credits_left", who.credits_left}};
}

Result<std::shared_ptr<app::Worker>> worker_of(Services& services, const std::string& name) {
    auto worker = services.connections.find(name);
    if (!worker)
        return fail(Errc::kNotFound, "no connection '" + name + "'",
                    {{"reason", "no_connection"}, {"connection", name}});
    return worker;
}

namespace {

json shown(const Services& services, const app::Worker& worker,
           const std::vector<engine::ConnectionStatus>& known, messages::Language language) {
    const engine::ConnectionStatus* found = nullptr;
    for (const auto& k : known)
        if (k.name == worker.connection().name) found = &k;
    return connection_json(worker, found, worker.sync(), services.health.damage().has_value(),
                           language);
}

Result<std::vector<engine::ConnectionStatus>> known_of(Services& services) {
    auto db = services.databases.lend(replica::Access::kReadOnly);
    if (!db) return pass(db);
    return engine::connection_status(**db);
}

}  // namespace

Result<json> one_connection(Services& services, const std::string& name,
                            messages::Language language) {
    auto worker = worker_of(services, name);
    if (!worker) return pass(worker);
    auto known = known_of(services);
    if (!known) return pass(known);
    return shown(services, **worker, *known, language);
}

Result<json> all_connections(Services& services, messages::Language language) {
    auto known = known_of(services);
    if (!known) return pass(known);
    json out = json::array();
    for (const auto& worker : services.connections.all())
        out.push_back(shown(services, *worker, *known, language));
    return out;
}

Result<> check_known(Services& services, const replica::Database& db,
                     const std::string& connection) {
    if (services.connections.find(connection)) return {};
    auto known = db.prepare("SELECT 1 FROM kontor_connection WHERE name = ?");
    if (!known) return pass(known);
    known->bind(1, connection);
    auto found = known->step();
    if (!found) return pass(found);
    if (*found) return {};
    return fail(Errc::kNotFound, "no connection '" + connection + "'",
                {{"reason", "no_connection"}, {"connection", connection}});
}

}  // namespace kontor::api
