// Conflicts and what remotes refused.
#include "daemon/api/conflict_json.hpp"
#include "daemon/api/connection_json.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/api/services.hpp"
#include "daemon/api/work_progress.hpp"
#include "sync/engine/decisions.hpp"

namespace kontor::api {
namespace {

using replica::Access;

// The offset of the next page; null after the last.
json next_offset(std::size_t got, std::int64_t limit, std::int64_t offset) {
    return got == static_cast<std::size_t>(limit) ? json(offset + limit) : json();
}

// What conflicts are chosen by.
Result<> check_names(Services& services, const replica::Database& db, const std::string& connection,
                     const std::string& entity, const std::string& field) {
    if (!connection.empty())
        if (auto known = check_known(services, db, connection); !known) return known;
    return engine::check_field(db, connection, entity, field);
}

Result<ApiResponse> conflicts(Services& services, const ApiRequest& request) {
    engine::ConflictQuery query;
    if (request.get("decided") == "true") query.state = engine::ConflictQuery::State::kDecided;
    query.connection = request.get("connection");
    query.entity = request.get("entity");
    query.kind = request.get("kind");
    query.field = request.get("field");
    query.rule = request.get("rule");
    auto record = number_of(request, "record", 0, 0, INT64_MAX);
    auto limit = number_of(request, "limit", 100, 1, 1'000);
    auto offset = number_of(request, "offset", 0, 0, 1'000'000'000);
    if (!record) return pass(record);
    if (!limit) return pass(limit);
    if (!offset) return pass(offset);
    query.record = *record;
    query.limit = *limit;
    query.offset = *offset;
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    if (auto known = check_names(services, **db, query.connection, query.entity, query.field);
        !known)
        return pass(known);
    auto found = engine::list_conflicts(**db, query);
    if (!found) return pass(found);
    auto out = conflicts_json(*found, services, **db);
    if (!out) return pass(out);
    const auto next = next_offset(out->size(), *limit, *offset);
    return json_response({{"conflicts", std::move(*out)}, {"next", next}});
}

Result<ApiResponse> show(Services& services, const replica::Database& db, std::int64_t id) {
    auto found = engine::get_conflict(db, id);
    if (!found) return pass(found);
    auto out = conflicts_json({&*found, 1}, services, db);
    if (!out) return pass(out);
    return json_response(out->front());
}

Result<ApiResponse> conflict(Services& services, const ApiRequest& request) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    return show(services, **db, *id);
}

Result<ApiResponse> decide(Services& services, const ApiRequest& request) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    auto body = parse_body(request, {"choose"});
    if (!body) return pass(body);
    auto side = side_in(*body);
    if (!side) return pass(side);
    auto db = services.databases.lend(Access::kEngine);
    if (!db) return pass(db);
    auto done = engine::resolve(**db, services.clock, services.random, *id, *side, request.actor);
    if (!done) return pass(done);
    services.edited();
    return show(services, **db, *id);
}

Result<ApiResponse> decide_many(Services& services, const ApiRequest& request) {
    auto body = parse_body(request, {"choose", "connection", "entity", "field", "rule",
                                     "older_than_s", "dry_run", "work"});
    if (!body) return pass(body);
    auto side = side_in(*body);
    if (!side) return pass(side);
    engine::ManyConflicts which;
    for (const auto& [key, out] :
         {std::pair{"connection", &which.connection}, std::pair{"entity", &which.entity},
          std::pair{"field", &which.field}, std::pair{"rule", &which.rule}}) {
        auto text = text_in(*body, key);
        if (!text) return pass(text);
        *out = std::move(*text);
    }
    auto older = integer_in(*body, "older_than_s");
    if (!older) return pass(older);
    constexpr std::int64_t kOlderMax = 100LL * 366 * 86'400;
    if (older->value_or(0) < 0 || older->value_or(0) > kOlderMax)
        return fail(Errc::kInvalid, "older_than_s is out of range", {{"key", "older_than_s"}});
    if (*older)
        which.opened_before = format_instant(services.clock.now() - std::chrono::seconds(**older));
    auto dry_run = flag_in(*body, "dry_run", false);
    if (!dry_run) return pass(dry_run);
    auto how_far = work_progress(services, *body, "resolve");
    if (!how_far) return pass(how_far);
    auto db = *dry_run ? services.databases.lend(Access::kReadOnly)
                       : services.databases.lend_for_many(Access::kEngine);
    if (!db) return pass(db);
    if (auto known = check_names(services, **db, which.connection, which.entity, which.field);
        !known)
        return pass(known);
    auto done = *dry_run ? engine::preview_many(**db, which, *side)
                         : engine::decide_many(**db, services.clock, services.random, which, *side,
                                               request.actor, *how_far);
    if (!done) return pass(done);
    if (!*dry_run) services.edited();
    auto out = many_json(*done, *side, *dry_run, services, **db);
    if (!out) return pass(out);
    return json_response(*out);
}

Result<ApiResponse> blocked(Services& services, const ApiRequest& request) {
    auto limit = number_of(request, "limit", 100, 1, 1'000);
    auto offset = number_of(request, "offset", 0, 0, 1'000'000'000);
    if (!limit) return pass(limit);
    if (!offset) return pass(offset);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto found = engine::list_blocked(**db, *limit, *offset);
    if (!found) return pass(found);
    json out = json::array();
    for (const auto& b : *found)
        out.push_back({{"link", b.link},
                       {"connection", b.connection},
                       {"stream", b.stream},
                       {"entity", b.entity},
                       {"record", b.record},
                       {"ext_id", b.ext_id},
                       {"op", b.op},
                       {"status", b.status},
                       {"code", b.code},
                       {"field", b.field},
                       {"column", b.column},
                       {"message", b.message},
                       {"other_id", b.other_id},
                       {"since", b.since},
                       {"retry_at", or_null(b.retry_at)},
                       {"attempts", b.attempts}});
    const auto next = next_offset(out.size(), *limit, *offset);
    return json_response({{"blocked", std::move(out)}, {"next", next}});
}

Result<ApiResponse> retry(Services& services, const ApiRequest& request) {
    auto body = parse_body(request, {"link"});
    if (!body) return pass(body);
    auto link = integer_in(*body, "link");
    if (!link) return pass(link);
    auto db = services.databases.lend(Access::kEngine);
    if (!db) return pass(db);
    auto count = engine::retry_blocked(**db, *link);
    if (!count) return pass(count);
    services.edited();
    return json_response({{"retried", *count}});
}

}  // namespace

void add_decision_routes(Router& router, Services& s) {
    const std::string all = "/api/v1/conflicts";
    router.add("GET", all + "?decided&connection&entity&kind&rule&field&record&limit&offset",
               [&s](const ApiRequest& r) { return conflicts(s, r); });
    router.add("GET", all + "/{id}", [&s](const ApiRequest& r) { return conflict(s, r); });
    router.add("POST", all + "/{id}", [&s](const ApiRequest& r) { return decide(s, r); });
    router.add(
        "POST", all + "/resolve", [&s](const ApiRequest& r) { return decide_many(s, r); },
        Cost::kSlow);
    router.add("GET", "/api/v1/blocked?limit&offset",
               [&s](const ApiRequest& r) { return blocked(s, r); });
    router.add("POST", "/api/v1/blocked/retry", [&s](const ApiRequest& r) { return retry(s, r); });
}

}  // namespace kontor::api
