#include "daemon/api/backup_routes.hpp"

#include <map>
#include <utility>

#include "daemon/api/json_io.hpp"
#include "daemon/api/undo_json.hpp"
#include "daemon/backup/records.hpp"
#include "daemon/version.hpp"

namespace kontor::api {
namespace {

using replica::Access;
using Environment = std::function<std::string(const std::string&)>;

constexpr std::int64_t kDifferencesMax = 10'000;
constexpr std::size_t kRecordsMax = 10'000;

/// The backups of one request: its configuration stays as it was when it came.
class Work {
public:
    Work(Services& services, const Environment& environment)
        : services_(services),
          loaded_(services.configuration()),
          backups_(loaded_.config.daemon.state_dir,
                   {services.secrets, services.clock, services.random, environment, {}, kVersion}) {
    }

    [[nodiscard]] const std::vector<config::Backup>& targets() const {
        return loaded_.config.backups;
    }
    [[nodiscard]] const backup::Backups& backups() const { return backups_; }

    /// The one of that name, all for "". kNotFound.
    [[nodiscard]] Result<std::vector<config::Backup>> targets(const std::string& name) const {
        if (name.empty()) return targets();
        for (const auto& target : targets())
            if (target.name == name) return std::vector{target};
        return fail(Errc::kNotFound, "there is no backup '" + name + "'",
                    {{"backup", name}, {"reason", "backup_unknown"}});
    }

    /// Calls `use` with what was from `first` to `last`; `from`: in that backup.
    template <class Use>
    Result<ApiResponse> with_past(const std::string& from, Instant first, Instant last, Use use) {
        const auto chosen = targets(from);
        if (!chosen) return tl::unexpected<Error>(chosen.error());
        auto past =
            backup::Past::open({loaded_.config.daemon.state_dir, backups_, *chosen, from.empty()},
                               first, last, services_.random);
        if (!past) return pass(past);
        return use(*past);
    }

private:
    Services& services_;
    config::Loaded loaded_;
    backup::Backups backups_;
};

Result<Instant> instant(const std::string& key, const std::string& text) {
    if (const auto at = parse_instant(text)) return *at;
    return fail(Errc::kInvalid, key + " is no time such as 2026-05-01T08:00:00Z", {{"key", key}});
}

// --- What there is

json run_json(const std::optional<backup::RunEntry>& run) {
    return run ? backup::entry_json(*run) : json(nullptr);
}

json drill_json(const backup::DrillEntry* drill) {
    return drill != nullptr ? backup::entry_json(*drill) : json(nullptr);
}

Result<ApiResponse> status(Services& services, const Environment& environment) {
    const Work work(services, environment);
    json items = json::array();
    for (const auto& target : work.targets()) {
        const auto ledger = work.backups().ledger(target);
        if (!ledger) return tl::unexpected<Error>(ledger.error());
        const auto behind = ledger->behind(services.clock.now());
        items.push_back({{"backup", target.name},
                         {"target", target.target},
                         {"last_run", run_json(ledger->last_run)},
                         {"last_good_run", run_json(ledger->last_good_run)},
                         {"behind_s", behind ? json(behind->count()) : json(nullptr)},
                         {"last_proof", drill_json(ledger->last_proof())}});
    }
    return json_response({{"backups", std::move(items)}});
}

Result<ApiResponse> list(Services& services, const Environment& environment,
                         const ApiRequest& request) {
    const Work work(services, environment);
    const auto targets = work.targets(request.param("name"));
    if (!targets) return tl::unexpected<Error>(targets.error());
    const auto& target = targets->front();
    const auto ledger = work.backups().ledger(target);
    if (!ledger) return tl::unexpected<Error>(ledger.error());
    const auto all = work.backups().list(target, *ledger);
    if (!all) return tl::unexpected<Error>(all.error());
    json items = json::array();
    for (const auto& item : *all)
        items.push_back({{"id", item.snapshot.id},
                         {"at", format_instant(item.snapshot.at)},
                         {"host", item.snapshot.host},
                         {"replica_id", item.replica_id},
                         {"drill", drill_json(item.drill)}});
    return json_response({{"backup", target.name}, {"backups", std::move(items)}});
}

// --- Records as they were

Result<std::vector<Where>> where_of(const json& body) {
    std::vector<Where> out;
    if (!body.contains("where")) return out;
    if (!body["where"].is_array())
        return fail(Errc::kInvalid, "where must be an array", {{"key", "where"}});
    for (const auto& item : body["where"]) {
        auto where = item.is_string() ? split_where(item.get<std::string>()) : std::nullopt;
        if (!where)
            return fail(Errc::kInvalid, "where wants filters such as stage=Won",
                        {{"key", "where"}});
        out.push_back(std::move(*where));
    }
    return out;
}

Result<std::vector<std::int64_t>> records_of(const json& body) {
    std::vector<std::int64_t> out;
    if (!body.contains("records")) return out;
    if (!body["records"].is_array() || body["records"].size() > kRecordsMax)
        return fail(Errc::kInvalid, "records must be at most " + std::to_string(kRecordsMax),
                    {{"key", "records"}});
    for (const auto& item : body["records"]) {
        if (!item.is_number_integer())
            return fail(Errc::kInvalid, "records are numbers", {{"key", "records"}});
        out.push_back(item.get<std::int64_t>());
    }
    return out;
}

Result<backup::RecordsWanted> wanted_of(const json& body) {
    backup::RecordsWanted out;
    auto entity = text_in(body, "entity");
    if (!entity) return pass(entity);
    out.entity = std::move(*entity);
    auto records = records_of(body);
    if (!records) return pass(records);
    out.records = std::move(*records);
    auto where = where_of(body);
    if (!where) return pass(where);
    out.where = std::move(*where);
    if (out.records.empty() == out.where.empty())
        return fail(Errc::kInvalid, "give either records or where", {{"key", "records"}});
    auto at = text_in(body, "at");
    if (!at) return pass(at);
    auto parsed = instant("at", *at);
    if (!parsed) return pass(parsed);
    out.at = *parsed;
    return out;
}

Result<ApiResponse> restore(Services& services, const Environment& environment,
                            const ApiRequest& request) {
    const auto body =
        parse_body(request, {"entity", "records", "where", "at", "backup", "preview"});
    if (!body) return tl::unexpected<Error>(body.error());
    const auto wanted = wanted_of(*body);
    if (!wanted) return tl::unexpected<Error>(wanted.error());
    const auto from = text_in(*body, "backup");
    if (!from) return tl::unexpected<Error>(from.error());
    const auto preview = flag_in(*body, "preview", false);
    if (!preview) return tl::unexpected<Error>(preview.error());
    Work work(services, environment);
    return work.with_past(
        *from, wanted->at, wanted->at, [&](const backup::Past& past) -> Result<ApiResponse> {
            auto db = services.databases.lend(*preview ? Access::kReadOnly : Access::kLocal);
            if (!db) return pass(db);
            const auto done = backup::restore_records(**db, past, *wanted, services.clock,
                                                      services.random, request.actor, *preview);
            if (!done) return tl::unexpected<Error>(done.error());
            if (done->run != 0) services.edited();
            const auto catalogue = services.databases.catalogues().get(**db);
            if (!catalogue) return tl::unexpected<Error>(catalogue.error());
            auto answer = undo_json(done->plan, **db, **catalogue, *preview);
            answer.erase("first_seq");
            answer.erase("last_seq");
            answer.erase("loaded");
            answer["run"] = done->run != 0 ? json(done->run) : json();
            answer["at"] = format_instant(wanted->at);
            answer["backup"] = or_null(past.backup());
            return json_response(answer);
        });
}

// --- Two moments

/// The differences, counted all and shown as far as there is room.
class Shown {
public:
    Shown(const replica::Catalogue& catalogue, std::int64_t limit)
        : catalogue_(catalogue), room_(limit) {}

    void add(const std::string& name, const replica::Difference& found) {
        auto& count = counts_[name];
        ++count[to_string(found.kind)];
        if (room_ <= 0) return;
        --room_;
        const auto* entity = catalogue_.entity(name);
        json fields = json::array();
        for (const auto& cell : found.fields) {
            const auto type = type_of(entity, cell.field);
            fields.push_back({{"field", cell.field},
                              {"then", to_json(cell.then.view(), type)},
                              {"now", to_json(cell.now.view(), type)}});
        }
        records_.push_back({{"entity", name},
                            {"record", found.record},
                            {"kind", to_string(found.kind)},
                            {"fields", std::move(fields)}});
    }
    [[nodiscard]] json to_json_body() const {
        json entities = json::array();
        for (const auto& [name, count] : counts_) {
            const auto of = [&counted = count](std::string_view kind) {
                const auto found = counted.find(kind);
                return found != counted.end() ? found->second : 0;
            };
            entities.push_back({{"entity", name},
                                {"created", of("created")},
                                {"changed", of("changed")},
                                {"deleted", of("deleted")}});
        }
        return {{"entities", std::move(entities)}, {"records", records_}};
    }

private:
    const replica::Catalogue& catalogue_;
    std::int64_t room_;
    std::map<std::string, std::map<std::string_view, std::int64_t>> counts_;
    json records_ = json::array();
};

Result<ApiResponse> diff(Services& services, const Environment& environment,
                         const ApiRequest& request) {
    const auto first = instant("from", request.get("from"));
    if (!first) return tl::unexpected<Error>(first.error());
    const auto last = instant("to", request.get("to"));
    if (!last) return tl::unexpected<Error>(last.error());
    if (*last < *first) return fail(Errc::kInvalid, "from is later than to", {{"key", "from"}});
    const auto limit = number_of(request, "limit", 1'000, 0, kDifferencesMax);
    if (!limit) return tl::unexpected<Error>(limit.error());
    Work work(services, environment);
    return work.with_past(
        request.get("backup"), *first, *last, [&](const backup::Past& past) -> Result<ApiResponse> {
            const auto catalogue = replica::Catalogue::load(past.db());
            if (!catalogue) return tl::unexpected<Error>(catalogue.error());
            Shown shown(*catalogue, *limit);
            auto done = backup::compare_moments(past, *first, *last, request.get("entity"),
                                                [&](const auto& entity, const auto& found) {
                                                    shown.add(entity, found);
                                                    return true;
                                                });
            if (!done) return pass(done);
            auto answer = shown.to_json_body();
            answer["from"] = format_instant(*first);
            answer["to"] = format_instant(*last);
            answer["backup"] = or_null(past.backup());
            return json_response(answer);
        });
}

}  // namespace

void add_backup_routes(Router& router, Services& s, Environment environment) {
    const auto bound = [&s, environment = std::move(environment)](auto function) {
        return [&s, environment, function](const ApiRequest& r) {
            return function(s, environment, r);
        };
    };
    router.add("GET", "/api/v1/backups",
               bound([](Services& services, const Environment& env, const ApiRequest&) {
                   return status(services, env);
               }));
    router.add("GET", "/api/v1/backups/{name}", bound(list), Cost::kSlow);
    router.add("POST", "/api/v1/restore", bound(restore), Cost::kSlow);
    router.add("GET", "/api/v1/diff?from&to&entity&backup&limit", bound(diff), Cost::kSlow);
}

}  // namespace kontor::api
