// What happened to a record, why a value is what it is, and taking changes back.
#include <algorithm>
#include <span>

#include "daemon/api/conflict_json.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/api/record_names.hpp"
#include "daemon/api/services.hpp"
#include "daemon/api/undo_json.hpp"
#include "daemon/api/work_progress.hpp"
#include "sync/engine/decisions.hpp"
#include "sync/engine/only_read.hpp"
#include "sync/replica/history.hpp"
#include "sync/replica/put_back.hpp"
#include "sync/replica/rewind.hpp"
#include "sync/replica/undo.hpp"

namespace kontor::api {
namespace {

using replica::Access;

constexpr std::int64_t kEntriesMax = 10'000;
constexpr std::int64_t kConflictsMax = 1'000;  ///< of one record

const char* op_name(char op) {
    switch (op) {
        case 'i':
            return "created";
        case 'u':
            return "changed";
        case 'd':
            return "deleted";
        case 'l':
            return "loaded";
        case 'k':
            return "kept";
        default:
            return "restored";
    }
}

Result<json> entry_json(const replica::Change& change, const replica::Entity* entity,
                        RecordNames& names) {
    auto actor_name = names.actor_name(change.actor);
    if (!actor_name) return pass(actor_name);
    const auto type = type_of(entity, change.field);
    // A first load is one entry for all its records: what it keeps is no value of this one.
    const json old = change.op == 'l' ? json() : to_json(change.old.view(), type);
    return json{{"seq", change.seq},
                {"field", or_null(change.field)},
                {"op", op_name(change.op)},
                {"old", old},
                {"new", to_json(change.now.view(), type)},
                {"at", change.at},
                {"actor", or_null(change.actor)},
                {"actor_name", std::move(*actor_name)},
                {"run", change.run ? json(*change.run) : json()},
                {"rule", or_null(change.rule)}};
}

/// What the old and new values of `changes` refer to.
Result<json> names_in(RecordNames& names, const replica::Entity* entity,
                      std::span<const replica::Change> changes) {
    for (const auto& change : changes) {
        const auto* field = entity == nullptr ? nullptr : entity->field(change.field);
        if (field == nullptr) continue;
        for (const Value* value : {&change.old, &change.now})
            if (auto added = names.add(*field, value->view()); !added) return pass(added);
    }
    return names.to_json();
}

Result<ApiResponse> history(Services& services, const ApiRequest& request) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    auto limit = number_of(request, "limit", 100, 1, kEntriesMax);
    if (!limit) return pass(limit);
    auto before = number_of(request, "before", INT64_MAX, 0, INT64_MAX);
    if (!before) return pass(before);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto catalogue = services.databases.catalogues().get(**db);
    if (!catalogue) return pass(catalogue);
    const auto& name = request.param("entity");
    auto changes = replica::changes_of_record(**db, **catalogue, name, *id, *limit + 1, *before);
    if (!changes) return pass(changes);
    const bool more = changes->size() > static_cast<std::size_t>(*limit);
    if (more) changes->pop_back();
    const auto* entity = (*catalogue)->entity(name);
    RecordNames names(**db, **catalogue);
    json entries = json::array();
    for (const auto& change : *changes) {
        auto entry = entry_json(change, entity, names);
        if (!entry) return pass(entry);
        entries.push_back(std::move(*entry));
    }
    const auto next = more ? json(changes->back().seq) : json();
    auto named = names_in(names, entity, *changes);
    if (!named) return pass(named);
    return json_response({{"entity", name},
                          {"id", *id},
                          {"entries", std::move(entries)},
                          {"names", std::move(*named)},
                          {"next", next}});
}

Result<ApiResponse> why(Services& services, const ApiRequest& request) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto catalogue = services.databases.catalogues().get(**db);
    if (!catalogue) return pass(catalogue);
    const auto& entity = request.param("entity");
    const auto& field = request.param("field");
    auto found = replica::why(**db, **catalogue, entity, *id, field);
    if (!found) return pass(found);
    const auto* kind = (*catalogue)->entity(entity);
    const auto type = type_of(kind, field);
    // The value as it is counts as one more.
    auto told = found->changes;
    told.emplace_back().field = field;
    told.back().now = found->current;
    RecordNames names(**db, **catalogue);
    auto named = names_in(names, kind, told);
    if (!named) return pass(named);
    json changes = json::array();
    for (const auto& change : found->changes) {
        auto entry = entry_json(change, kind, names);
        if (!entry) return pass(entry);
        (*entry)["run_kind"] = or_null(change.run_kind);
        (*entry)["connection"] = or_null(change.connection);
        changes.push_back(std::move(*entry));
    }
    engine::ConflictQuery query;
    query.state = engine::ConflictQuery::State::kAll;
    query.entity = entity;
    query.record = *id;
    query.field = field;
    query.limit = kConflictsMax;
    auto asked = engine::list_conflicts(**db, query);
    if (!asked) return pass(asked);
    auto conflicts = conflicts_json(*asked, services, **db);
    if (!conflicts) return pass(conflicts);
    return json_response({{"entity", entity},
                          {"id", *id},
                          {"field", field},
                          {"exists", !found->current.is_absent()},
                          {"value", to_json(found->current.view(), type)},
                          {"changes", std::move(changes)},
                          {"conflicts", std::move(*conflicts)},
                          {"names", std::move(*named)}});
}

// --- Undo

using replica::UndoScope;

// The last change of that value.
Result<UndoScope> last_change(const replica::Database& db, const replica::Catalogue& catalogue,
                              const std::string& entity, std::int64_t id,
                              const std::string& field) {
    auto seq = replica::last_change_of_field(db, catalogue, entity, id, field);
    if (!seq) return pass(seq);
    if (*seq) return UndoScope::change(**seq);
    auto any = replica::changes_of_record(db, catalogue, entity, id, 1);
    if (!any) return pass(any);
    const bool none = any->empty();
    return fail(Errc::kNotFound,
                none ? "the record has no history" : "the field has not been changed",
                {{"reason", none ? "no_history" : "field_unchanged"},
                 {"entity", entity},
                 {"record", std::to_string(id)},
                 {"field", field}});
}

// The last transaction that changed what can be undone: its newest such entry and those beside it.
// What a remote computes, its stamp of our own edit say, is nobody's change, nor is a reference
// whose record has arrived, nor what was put back since it is only read.
Result<UndoScope> last_transaction(const replica::Database& db, const replica::Catalogue& catalogue,
                                   const std::string& entity, std::int64_t id) {
    constexpr std::int64_t kPage = 1'000;
    const replica::Entity* kind = catalogue.entity(entity);
    const auto undoable = [&](const replica::Change& entry) {
        if (entry.op == 'k' || entry.op == 'l') return false;
        if (replica::filled_by(entry.rule) || replica::only_comes_in(entry.rule) ||
            replica::corrects(entry.rule) || replica::completes(entry.rule))
            return false;
        const auto* field = entry.field.empty() ? nullptr : kind->field(entry.field);
        return entry.field.empty() || (field != nullptr && !field->read_only);
    };
    for (std::int64_t before = INT64_MAX;;) {
        auto changes = replica::changes_of_record(db, catalogue, entity, id, kPage, before);
        if (!changes) return pass(changes);
        if (changes->empty() && before == INT64_MAX)
            return fail(
                Errc::kNotFound, "the record has no history",
                {{"reason", "no_history"}, {"entity", entity}, {"record", std::to_string(id)}});
        if (changes->empty())
            return fail(
                Errc::kNotFound, "nothing of the record's history can be undone",
                {{"reason", "not_undoable"}, {"entity", entity}, {"record", std::to_string(id)}});
        const auto newest = std::ranges::find_if(*changes, undoable);
        if (newest == changes->end()) {
            before = changes->back().seq;
            continue;
        }
        // Those beside it may be on the next page.
        auto beside = replica::changes_of_record(db, catalogue, entity, id, kPage, newest->seq + 1);
        if (!beside) return pass(beside);
        std::int64_t first = newest->seq, last = newest->seq;
        for (auto later = newest; later != changes->begin(); last = later->seq)
            if ((--later)->at != newest->at || later->seq != last + 1) break;
        for (const auto& entry : *beside) {
            if (entry.seq < first - 1 || entry.at != newest->at) break;
            first = entry.seq;
        }
        return UndoScope::range(first, last);
    }
}

Result<UndoScope> scope_of(const json& body, const replica::Database& db,
                           const replica::Catalogue& catalogue) {
    const int given = static_cast<int>(body.contains("run")) + body.contains("change") +
                      body.contains("since") + body.contains("record");
    if (given != 1) return fail(Errc::kInvalid, "give one of run, change, since, record");
    UndoScope out;
    auto run = integer_in(body, "run");
    if (!run) return pass(run);
    auto change = integer_in(body, "change");
    if (!change) return pass(change);
    auto until = integer_in(body, "until");
    if (!until) return pass(until);
    if (*run) {
        auto of_run = replica::scope_of_run(db, **run);
        if (!of_run) return of_run;
        out = *of_run;
    }
    if (*change) out = UndoScope::change(**change);
    if (body.contains("since")) {
        std::int64_t first = 0;
        const auto& since = body["since"];
        if (since.is_number_integer()) {
            first = since.get<std::int64_t>();
            if (first < 1)
                return fail(Errc::kInvalid, "since is a history entry or an instant",
                            {{"key", "since"}});
        } else if (since.is_string()) {
            const auto at = parse_instant(since.get<std::string>());
            if (!at)
                return fail(Errc::kInvalid, "since wants a time such as 2026-05-01T08:00:00Z",
                            {{"key", "since"}});
            auto found = replica::first_seq_since(db, format_instant(*at));
            if (!found) return pass(found);
            first = *found;
        } else {
            return fail(Errc::kInvalid, "since is a history entry or an instant");
        }
        out = *until ? UndoScope::range(first, **until) : UndoScope::since(first);
        auto local = flag_in(body, "local", false);
        if (!local) return pass(local);
        out.local = *local;
    }
    if (body.contains("record")) {
        const auto& record = body["record"];
        if (!record.is_object()) return fail(Errc::kInvalid, "record must be an object");
        auto entity = text_in(record, "entity");
        if (!entity) return pass(entity);
        auto id = integer_in(record, "id");
        if (!id) return pass(id);
        if (!*id) return fail(Errc::kInvalid, "record needs entity and id");
        auto value = text_in(record, "field");
        if (!value) return pass(value);
        return value->empty() ? last_transaction(db, catalogue, *entity, **id)
                              : last_change(db, catalogue, *entity, **id, *value);
    }
    return out;
}

/// One side of a conflict: a value, of several columns an object.
json side_json(const engine::Conflict& conflict, Value engine::ConflictField::*side,
               Value engine::ConflictField::*side_here) {
    json out = json::object();
    for (const auto& field : conflict.fields) {
        const Value& here = field.*side_here;
        out[field.column] = to_json((here.is_absent() ? field.*side : here).view());
    }
    return out.size() == 1 ? json(out.front()) : out;
}

// A run that decided conflicts: they are open again.
json reopened_json(const engine::Reopened& done, bool preview) {
    json changes = json::array();
    const auto add = [&](const engine::Conflict& c, bool kept) {
        changes.push_back({{"step", kept ? "skipped" : "reopen"},
                           {"entity", c.entity},
                           {"record", c.record},
                           {"field", or_null(c.group)},
                           {"conflict", c.id}});
        if (kept) changes.back()["reason"] = "changed_since";
        if (kept || c.group.empty() || c.chosen.empty()) return;
        const json ours =
            side_json(c, &engine::ConflictField::ours, &engine::ConflictField::ours_here);
        changes.back()["now"] = c.chosen == "ours" ? ours
                                                   : side_json(c, &engine::ConflictField::theirs,
                                                               &engine::ConflictField::theirs_here);
        changes.back()["then"] = ours;
    };
    for (const auto& c : done.conflicts) add(c, false);
    for (const auto& c : done.kept_list) add(c, true);
    return {{"preview", preview},
            {"undone", done.reopened},
            {"deleted", 0},
            {"skipped", done.kept},
            {"loaded", 0},
            {"decisions", 0},
            {"first_seq", 0},
            {"last_seq", 0},
            {"changes", std::move(changes)}};
}

/// How many conflicts people have decided since the moment that is undone from: an undo gives back
/// what stood here, but takes no decision back.
Result<std::int64_t> decisions_since(const json& body, const replica::Database& db) {
    if (!body.contains("since") || body.contains("until")) return 0;
    const auto& since = body["since"];
    auto query = db.prepare(
        "SELECT count(*) FROM kontor_conflict WHERE state = 'decided'"
        " AND decided_by NOT IN ('policy', 'kontor') AND decided_at >= iif(?1, ?2,"
        " (SELECT at FROM kontor_history WHERE seq >= ?2 ORDER BY seq LIMIT 1))");
    if (!query) return pass(query);
    query->bind(1, since.is_string());
    if (since.is_string())
        query->bind(2, format_instant(parse_instant(since.get<std::string>()).value_or(Instant{})));
    else
        query->bind(2, since.get<std::int64_t>());
    auto row = query->step();
    if (!row) return pass(row);
    return query->integer(0);
}

Result<bool> decided_conflicts(Services& services, std::int64_t run) {
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto query = (*db)->prepare("SELECT 1 FROM kontor_run WHERE id = ? AND kind = 'resolve'");
    if (!query) return pass(query);
    query->bind(1, run);
    return query->step();
}

Result<ApiResponse> reopen(Services& services, const ApiRequest& request, std::int64_t run,
                           bool preview, const HowFar& how_far) {
    auto db = services.databases.lend_for_many(Access::kEngine);
    if (!db) return pass(db);
    auto done = engine::reopen_run(**db, services.clock, services.random, run, preview,
                                   request.actor, how_far);
    if (!done) return pass(done);
    if (!preview) services.edited();
    return json_response(reopened_json(*done, preview));
}

Result<ApiResponse> undo(Services& services, const ApiRequest& request) {
    auto body = parse_body(
        request, {"run", "change", "since", "until", "record", "local", "preview", "work"});
    if (!body) return pass(body);
    auto preview = flag_in(*body, "preview", false);
    if (!preview) return pass(preview);
    auto how_far = work_progress(services, *body, "undo");
    if (!how_far) return pass(how_far);
    auto run = integer_in(*body, "run");
    if (!run) return pass(run);
    auto decided = *run ? decided_conflicts(services, **run) : Result<bool>(false);
    if (!decided) return pass(decided);
    if (*decided) return reopen(services, request, **run, *preview, *how_far);
    auto db = *preview ? services.databases.lend(Access::kReadOnly)
                       : services.databases.lend_for_many(Access::kLocal);
    if (!db) return pass(db);
    auto catalogue = services.databases.catalogues().get(**db);
    if (!catalogue) return pass(catalogue);
    auto scope = scope_of(*body, **db, **catalogue);
    if (!scope) return pass(scope);
    const auto decisions = decisions_since(*body, **db);
    if (!decisions) return tl::unexpected<Error>(decisions.error());
    const auto only_read = engine::only_read_of(**db);
    if (*preview) {
        auto plan = replica::preview_undo(**db, **catalogue, *scope, only_read);
        if (!plan) return pass(plan);
        auto answer = undo_json(*plan, **db, **catalogue, true);
        answer["decisions"] = *decisions;
        return json_response(answer);
    }
    auto done = replica::undo(**db, **catalogue, *scope, request.actor, only_read, *how_far);
    if (!done) return pass(done);
    services.edited();
    auto answer = undo_json(done->plan, **db, **catalogue, false);
    answer["decisions"] = *decisions;
    answer["first_seq"] = done->first_seq;
    answer["last_seq"] = done->last_seq;
    return json_response(answer);
}

}  // namespace

void add_history_routes(Router& router, Services& s) {
    const std::string record = "/api/v1/records/{entity}/{id}";
    router.add("GET", record + "/history?limit&before",
               [&s](const ApiRequest& r) { return history(s, r); });
    router.add("GET", record + "/why/{field}", [&s](const ApiRequest& r) { return why(s, r); });
    router.add(
        "POST", "/api/v1/undo", [&s](const ApiRequest& r) { return undo(s, r); }, Cost::kSlow);
}

}  // namespace kontor::api
