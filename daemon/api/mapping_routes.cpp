// What the remote has, and which of it is mapped to what.
#include "daemon/api/mapping_routes.hpp"

#include <algorithm>
#include <filesystem>

#include "config/mapping_file.hpp"
#include "connectors/host/atomic_file.hpp"
#include "daemon/api/connection_json.hpp"
#include "sync/engine/propose.hpp"
#include "sync/engine/reconcile.hpp"

namespace kontor::api {
namespace {

namespace fs = std::filesystem;
using replica::Access;

Result<app::Description> describe_now(Services& services, const config::Connection& connection) {
    auto remote = services.remotes.open(connection, {});
    if (!remote) return pass(remote);
    auto streams = (*remote)->describe();
    if (!streams) return pass(streams);
    app::Description out{services.clock.now(), std::move(*streams)};
    if (auto saved = services.descriptions.save(connection.name, out); !saved) return pass(saved);
    return out;
}

json shown_streams(const std::vector<remote::StreamSpec>& streams) {
    auto out = app::to_json(streams);
    for (auto& stream : out)
        for (auto& field : stream["fields"]) field.erase("may_be_cut");
    return out;
}

Result<ApiResponse> describe(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto found = describe_now(services, (*worker)->connection());
    if (!found) return pass(found);
    (*worker)->refresh_metadata();
    return json_response(
        {{"described_at", format_instant(found->at)}, {"streams", shown_streams(found->streams)}});
}

Result<> ensure(const replica::Database& db, const std::vector<replica::Entity>& entities) {
    auto transaction = replica::Transaction::begin(db);
    if (!transaction) return pass(transaction);
    for (const auto& entity : entities)
        if (auto made = replica::ensure_entity(db, entity); !made) return made;
    return transaction->commit();
}

Result<ApiResponse> propose_anew(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto body = parse_body(request, {"write"});
    if (!body) return pass(body);
    auto write = flag_in(*body, "write", false);
    if (!write) return pass(write);
    const auto& connection = (*worker)->connection();
    auto known = services.descriptions.load(connection.name);
    if (!known) {
        auto found = describe_now(services, connection);
        if (!found) return pass(found);
        known = std::move(*found);
    }
    auto proposal = propose_mapping(services, connection, known->streams, *write);
    if (!proposal) return pass(proposal);
    return json_response(*proposal);
}

// --- Fields that are not mapped

json unmapped_json(const merge::Mapping& rest, const std::vector<remote::StreamSpec>& streams) {
    json out = json::array();
    for (const auto& mapped : rest.streams) {
        const auto stream = std::ranges::find(streams, mapped.stream, &remote::StreamSpec::name);
        for (const auto& group : mapped.groups)
            for (const auto& field : group.fields) {
                const auto* spec = stream->field(field.remote);
                out.push_back({{"stream", mapped.stream},
                               {"field", field.remote},
                               {"label", {{"en", spec->label.en}, {"zh", spec->label.zh}}},
                               {"type", to_string(spec->type)},
                               {"read_only", spec->read_only},
                               {"entity", mapped.entity},
                               {"column", field.columns.front()}});
            }
    }
    return out;
}

Result<ApiResponse> fields(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto body = parse_body(request, {"add"});
    if (!body) return pass(body);
    auto wanted = texts_in(*body, "add");
    if (!wanted) return pass(wanted);
    const auto& connection = (*worker)->connection();
    auto described = describe_now(services, connection);
    if (!described) return pass(described);
    (*worker)->refresh_metadata();
    const std::lock_guard lock(services.mapping_files);
    config::Problems problems;
    auto mapping = config::read_mapping(connection.mapping, problems);
    if (!mapping) return tl::unexpected(config::to_error(problems));

    auto db = services.databases.lend(wanted->empty() ? Access::kReadOnly : Access::kLocal);
    if (!db) return pass(db);
    auto catalogue = services.databases.catalogues().get(**db);
    if (!catalogue) return pass(catalogue);
    auto taken = engine::mapping_taken_last(**db, connection.name);
    if (!taken) return pass(taken);
    auto rest = engine::propose(described->streams, **catalogue, connection.name, *mapping, *taken);
    const auto before = unmapped_json(rest.mapping, described->streams).size();
    if (!wanted->empty()) {
        auto entities = engine::adopt(*mapping, rest, *wanted);
        if (!entities) return pass(entities);
        if (auto done = ensure(**db, *entities); !done) return pass(done);
        auto written =
            write_mapping_file(connection, config::write_mapping(*mapping, connection.name));
        if (!written) return pass(written);
    }
    auto unmapped = unmapped_json(rest.mapping, described->streams);
    const auto added = before - unmapped.size();
    return json_response(
        {{"file", connection.mapping}, {"added", added}, {"unmapped", std::move(unmapped)}});
}

}  // namespace

Result<> write_mapping_file(const config::Connection& connection, const std::string& toml) {
    const fs::path file = connection.mapping;
    if (auto made = host::make_private_folder(file.parent_path().string()); !made) return made;
    std::error_code failed;
    if (fs::exists(file, failed))
        fs::copy_file(file, connection.mapping + ".old", fs::copy_options::overwrite_existing,
                      failed);
    if (failed)
        return fail(Errc::kStorage, connection.mapping + ".old: " + failed.message(),
                    {{"path", connection.mapping + ".old"}});
    return host::replace_file(connection.mapping, toml);
}

Result<json> propose_mapping(Services& services, const config::Connection& connection,
                             const std::vector<remote::StreamSpec>& streams, bool write) {
    auto db = services.databases.lend(write ? Access::kLocal : Access::kReadOnly);
    if (!db) return pass(db);
    auto catalogue = services.databases.catalogues().get(**db);
    if (!catalogue) return pass(catalogue);
    auto before = engine::mapping_taken_last(**db, connection.name);
    if (!before) return pass(before);
    const auto proposal = engine::propose(streams, **catalogue, connection.name, {}, *before);
    const auto toml = config::write_mapping(proposal.mapping, connection.name);
    if (write) {
        if (auto done = ensure(**db, proposal.entities); !done) return pass(done);
        const std::lock_guard lock(services.mapping_files);
        if (auto done = write_mapping_file(connection, toml); !done) return pass(done);
    }
    json found = json::array();
    for (const auto& stream : proposal.mapping.streams)
        found.push_back({{"stream", stream.stream},
                         {"entity", stream.entity},
                         {"fields", stream.remote_fields().size()}});
    return json{{"file", connection.mapping},
                {"written", write},
                {"toml", toml},
                {"streams", std::move(found)}};
}

void add_mapping_routes(Router& router, Services& s) {
    const std::string one = "/api/v1/connections/{name}";
    router.add(
        "POST", one + "/describe", [&s](const ApiRequest& r) { return describe(s, r); },
        Cost::kSlow);
    router.add(
        "POST", one + "/propose-mapping", [&s](const ApiRequest& r) { return propose_anew(s, r); },
        Cost::kSlow);
    router.add(
        "POST", one + "/fields", [&s](const ApiRequest& r) { return fields(s, r); }, Cost::kSlow);
}

}  // namespace kontor::api
