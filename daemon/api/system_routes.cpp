// The daemon itself: health, status, events, reload, doctor.
#include <unistd.h>

#include <filesystem>

#include "daemon/api/connection_json.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/doctor/doctor.hpp"
#include "daemon/doctor/finding_json.hpp"
#include "daemon/version.hpp"

namespace kontor::api {
namespace {

using replica::Access;

std::int64_t bytes_of(const std::string& path) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    return failed ? 0 : static_cast<std::int64_t>(size);
}

Result<ApiResponse> ready(Services& services) {
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    if (auto read = (*db)->scalar("SELECT count(*) FROM kontor_meta"); !read) return pass(read);
    return json_response({{"status", "ok"}});
}

Result<json> replica_json(Services& services, messages::Language language) {
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto statement = (*db)->prepare("SELECT value FROM kontor_meta WHERE key = ?");
    if (!statement) return pass(statement);
    const auto meta = [&](const char* key) -> Result<Value> {
        statement->reset();
        statement->bind(1, key);
        auto row = statement->step();
        if (!row) return pass(row);
        return *row ? Value(statement->value(0)) : Value();
    };
    auto id = meta("replica_id");
    if (!id) return pass(id);
    auto epoch = meta("epoch");
    if (!epoch) return pass(epoch);
    const auto& path = services.databases.path();
    const auto damage = services.health.damage();
    return json{{"path", path},
                {"id", id->text()},
                {"epoch", epoch->integer()},
                {"bytes", bytes_of(path)},
                {"wal_bytes", bytes_of(path + "-wal")},
                {"damage", damage ? failure_json(*damage, language) : json()}};
}

Result<ApiResponse> status(Services& services, const ApiRequest& request) {
    auto connections = all_connections(services, request.language);
    if (!connections) return pass(connections);
    auto replica = replica_json(services, request.language);
    if (!replica) return pass(replica);
    json search = {{"enabled", services.search != nullptr}, {"state", "off"}, {"records", 0}};
    if (services.search != nullptr) {
        const auto found = services.search->status();
        search["state"] = found.state;
        search["records"] = found.records;
    }
    return json_response({{"version", kVersion},
                          {"pid", ::getpid()},
                          {"started_at", format_instant(services.started_at)},
                          {"now", format_instant(services.clock.now())},
                          {"replica", std::move(*replica)},
                          {"search", std::move(search)},
                          {"event_id", services.events.newest()},
                          {"connections", std::move(*connections)}});
}

Result<ApiResponse> events(Services& services, const ApiRequest& request) {
    ApiResponse response;
    response.content_type = "text/event-stream";
    // Last-Event-ID is what a client sends when it comes back by itself.
    ApiRequest from = request;
    if (!request.last_event_id.empty()) from.query.emplace_back("since", request.last_event_id);
    auto since = number_of(from, "since", services.events.newest(), 0, INT64_MAX);
    if (!since) return pass(since);
    response.events = EventsAfter{*since};
    return response;
}

// One connection that cannot be used keeps no other from the new configuration; but whoever
// reloads is told.
Result<ApiResponse> reload(Services& services, messages::Language language) {
    auto done = services.reload();
    if (!done) return pass(done);
    json unusable = json::array();
    for (const auto& worker : services.connections.all())
        for (const auto& finding : doctor::examine_settings(worker->connection(), services.secrets))
            if (!finding.ok) unusable.push_back(doctor::finding_json(finding, language));
    return json_response({{"files", done->files},
                          {"started", done->started},
                          {"stopped", done->stopped},
                          {"changed", done->changed},
                          {"restart_needed", done->restart_needed},
                          {"unusable", std::move(unusable)}});
}

Result<ApiResponse> examine(Services& services, const ApiRequest& request) {
    json checks = json::array();
    bool ok = true;
    for (const auto& finding : doctor::examine(services)) {
        ok = ok && finding.ok;
        checks.push_back(doctor::finding_json(finding, request.language));
    }
    return json_response({{"ok", ok}, {"checks", std::move(checks)}});
}

}  // namespace

void add_system_routes(Router& router, Services& s) {
    router.add("GET", "/healthz", [](const ApiRequest&) -> Result<ApiResponse> {
        return json_response({{"status", "ok"}});
    });
    router.add("GET", "/readyz", [&s](const ApiRequest&) { return ready(s); });
    router.add("GET", "/api/v1/status", [&s](const ApiRequest& r) { return status(s, r); });
    router.add("GET", "/api/v1/events?since", [&s](const ApiRequest& r) { return events(s, r); });
    router.add(
        "POST", "/api/v1/reload", [&s](const ApiRequest& r) { return reload(s, r.language); },
        Cost::kSlow);
    router.add(
        "GET", "/api/v1/doctor", [&s](const ApiRequest& r) { return examine(s, r); }, Cost::kSlow);
}

}  // namespace kontor::api
