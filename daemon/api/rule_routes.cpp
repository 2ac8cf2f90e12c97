// Decisions that a person has asked to be made from then on. They stand in the mapping file, with
// the policies.
#include <mutex>

#include "config/mapping_file.hpp"
#include "config/node.hpp"
#include "daemon/api/conflict_json.hpp"
#include "daemon/api/connection_json.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/api/mapping_routes.hpp"
#include "daemon/api/services.hpp"
#include "daemon/api/work_progress.hpp"
#include "sync/engine/reconcile.hpp"

namespace kontor::api {
namespace {

using replica::Access;

/// Of which values a rule decides.
struct RuleTarget {
    std::string connection, entity, group;
};

json rule_json(const RuleTarget& of, const merge::GroupMapping& group) {
    return {{"connection", of.connection},
            {"entity", of.entity},
            {"group", of.group},
            {"take", group.policy == merge::Policy::kLocal ? "ours" : "theirs"},
            {"instead", to_string(group.standing->instead)},
            {"by", group.standing->by},
            {"at", group.standing->at}};
}

const merge::GroupMapping* find_group(const merge::Mapping& mapping, const RuleTarget& of) {
    for (const auto& stream : mapping.streams)
        if (stream.entity == of.entity)
            for (const auto& group : stream.groups)
                if (group.name == of.group) return &group;
    return nullptr;
}

Result<merge::Mapping> mapping_of(const config::Connection& connection) {
    config::Problems problems;
    auto mapping = config::read_mapping(connection.mapping, problems);
    if (!mapping) return tl::unexpected(config::to_error(problems));
    return std::move(*mapping);
}

tl::unexpected<Error> no_such_group(const RuleTarget& of) {
    return fail(Errc::kNotFound, "the mapping has no such group of fields",
                {{"connection", of.connection}, {"entity", of.entity}, {"group", of.group}});
}

Result<merge::GroupMapping> group_at(Services& services, const RuleTarget& of) {
    auto worker = worker_of(services, of.connection);
    if (!worker) return pass(worker);
    auto mapping = mapping_of((*worker)->connection());
    if (!mapping) return pass(mapping);
    const auto* group = find_group(*mapping, of);
    if (group == nullptr) return no_such_group(of);
    return *group;
}

// Writes it into the mapping file, and into force at once.
Result<> change_rule(Services& services, const RuleTarget& of,
                     const std::optional<config::Decided>& decided) {
    const std::lock_guard lock(services.mapping_files);
    auto worker = worker_of(services, of.connection);
    if (!worker) return pass(worker);
    const auto& connection = (*worker)->connection();
    config::Problems problems;
    const auto text = config::read_text(connection.mapping, problems);
    if (!text) return tl::unexpected(config::to_error(problems));
    const auto changed = config::with_standing(*text, connection.mapping, connection.name,
                                               of.entity, of.group, decided, problems);
    if (!changed) return tl::unexpected(config::to_error(problems));
    const auto mapping = config::parse_mapping(*changed, connection.mapping, problems);
    if (!mapping) return tl::unexpected(config::to_error(problems));
    if (find_group(*mapping, of) == nullptr) return no_such_group(of);
    if (auto written = write_mapping_file(connection, *changed); !written) return written;
    auto db = services.databases.lend(Access::kEngine);
    if (!db) return pass(db);
    return engine::take_policies(**db, services.clock, services.random, connection.name, *mapping);
}

Result<RuleTarget> target_of(const replica::Database& db, std::int64_t id) {
    auto conflict = engine::get_conflict(db, id);
    if (!conflict) return pass(conflict);
    if (conflict->group.empty())
        return fail(Errc::kInvalid, "only what is decided about a value can hold from then on",
                    {{"conflict", std::to_string(id)}});
    return RuleTarget{conflict->connection, conflict->entity, conflict->group};
}

Result<ApiResponse> decide_always(Services& services, const ApiRequest& request) {
    auto id = id_of(request, "id");
    if (!id) return pass(id);
    auto body = parse_body(request, {"choose", "dry_run", "work"});
    if (!body) return pass(body);
    auto side = side_in(*body);
    if (!side) return pass(side);
    if (*side != engine::Side::kOurs && *side != engine::Side::kTheirs)
        return fail(Errc::kInvalid, "only what is decided about a value can hold from then on",
                    {{"key", "choose"}});
    auto dry_run = flag_in(*body, "dry_run", false);
    if (!dry_run) return pass(dry_run);
    auto how_far = work_progress(services, *body, "resolve");
    if (!how_far) return pass(how_far);
    RuleTarget of;
    {
        auto db = services.databases.lend(Access::kReadOnly);
        if (!db) return pass(db);
        auto target = target_of(**db, *id);
        if (!target) return pass(target);
        of = std::move(*target);
    }
    auto group = group_at(services, of);
    if (!group) return pass(group);
    auto standing = *group;
    standing.standing = {.instead = group->standing ? group->standing->instead : group->policy,
                         .by = request.actor,
                         .at = format_instant(services.clock.now())};
    standing.policy = *side == engine::Side::kOurs ? merge::Policy::kLocal : merge::Policy::kRemote;

    const engine::ManyConflicts which{
        .connection = of.connection, .entity = of.entity, .field = of.group};
    if (*dry_run) {
        auto db = services.databases.lend(Access::kReadOnly);
        if (!db) return pass(db);
        auto found = engine::preview_many(**db, which, *side);
        if (!found) return pass(found);
        auto out = many_json(*found, *side, true, services, **db);
        if (!out) return pass(out);
        (*out)["standing"] = rule_json(of, standing);
        return json_response(*out);
    }
    const config::Decided decided{standing.policy, standing.standing->by, standing.standing->at};
    if (auto done = change_rule(services, of, decided); !done) return pass(done);
    services.log.info("conflicts.rule_made", {{"connection", of.connection},
                                              {"entity", of.entity},
                                              {"group", of.group},
                                              {"policy", to_string(standing.policy)},
                                              {"actor", request.actor}});
    auto db = services.databases.lend_for_many(Access::kEngine);
    if (!db) return pass(db);
    auto done = engine::decide_many(**db, services.clock, services.random, which, *side,
                                    request.actor, *how_far);
    if (!done) return pass(done);
    services.edited();
    auto out = many_json(*done, *side, false, services, **db);
    if (!out) return pass(out);
    (*out)["standing"] = rule_json(of, standing);
    return json_response(*out);
}

Result<ApiResponse> rules(Services& services, const ApiRequest&) {
    json out = json::array();
    for (const auto& worker : services.connections.all()) {
        const auto mapping = mapping_of(worker->connection());
        if (!mapping) continue;  // its sync tells what is wrong with it
        for (const auto& stream : mapping->streams)
            for (const auto& group : stream.groups)
                if (group.standing)
                    out.push_back(
                        rule_json({worker->connection().name, stream.entity, group.name}, group));
    }
    return json_response({{"rules", std::move(out)}});
}

Result<ApiResponse> forget(Services& services, const ApiRequest& request) {
    auto body = parse_body(request, {"connection", "entity", "group"});
    if (!body) return pass(body);
    RuleTarget of;
    for (const auto& [key, out] :
         {std::pair{"connection", &of.connection}, std::pair{"entity", &of.entity},
          std::pair{"group", &of.group}}) {
        auto text = text_in(*body, key);
        if (!text) return pass(text);
        *out = std::move(*text);
    }
    auto group = group_at(services, of);
    if (!group) return pass(group);
    if (!group->standing)
        return fail(Errc::kNotFound, "no decision stands for these fields",
                    {{"connection", of.connection}, {"entity", of.entity}, {"group", of.group}});
    auto forgotten = rule_json(of, *group);
    if (auto done = change_rule(services, of, std::nullopt); !done) return pass(done);
    services.log.info("conflicts.rule_forgotten", {{"connection", of.connection},
                                                   {"entity", of.entity},
                                                   {"group", of.group},
                                                   {"actor", request.actor}});
    return json_response({{"forgotten", std::move(forgotten)}});
}

}  // namespace

void add_rule_routes(Router& router, Services& s) {
    const std::string all = "/api/v1/conflicts";
    router.add(
        "POST", all + "/{id}/always", [&s](const ApiRequest& r) { return decide_always(s, r); },
        Cost::kSlow);
    router.add("GET", all + "/rules", [&s](const ApiRequest& r) { return rules(s, r); });
    router.add("POST", all + "/rules/forget", [&s](const ApiRequest& r) { return forget(s, r); });
}

}  // namespace kontor::api
