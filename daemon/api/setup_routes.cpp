// Guided set-up: test credentials, describe, propose a mapping, write configuration.
#include <unistd.h>

#include <filesystem>

#include "config/mapping_file.hpp"
#include "config/parse.hpp"
#include "connectors/host/atomic_file.hpp"
#include "connectors/host/plugin_list.hpp"
#include "daemon/api/connection_body.hpp"
#include "daemon/api/connection_json.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/api/mapping_routes.hpp"
#include "daemon/descriptions.hpp"
#include "sync/engine/first_sync.hpp"
#include "sync/engine/propose.hpp"

namespace kontor::api {
namespace {

namespace fs = std::filesystem;
using replica::Access;

Result<ApiResponse> plugins(Services& services, messages::Language language) {
    auto found =
        host::list_plugins(services.connectors_at.folder, services.connectors_at.isolation);
    if (!found) return pass(found);
    json out = json::array();
    for (const auto& plugin : *found) {
        json one = {{"name", plugin.name}, {"path", plugin.path}, {"sha256", plugin.sha256}};
        if (plugin.error) {
            const auto name = fs::path(plugin.path).stem().string();
            one["name"] = name;
            one["error"] = failure_json(*plugin.error, name, language);
        } else {
            one["version"] = plugin.version;
            one["abi"] = plugin.abi;
            one["functions"] = plugin.functions;
            const auto spec = json::parse(plugin.spec_json, nullptr, false);
            one["spec"] = spec.is_object() ? spec : json::object();
        }
        out.push_back(std::move(one));
    }
    // What the plugin `rest` runs is connected by its own name.
    for (const auto& described : app::list_descriptions(services.connectors_at)) {
        json one = {{"name", described.name},
                    {"path", described.path},
                    {"sha256", described.sha256},
                    {"run_by", app::kDescriptionRunner}};
        if (described.error) {
            one["error"] = failure_json(*described.error, described.name, language);
        } else {
            one["version"] = described.version;
            one["spec"] = json::parse(described.spec_json);
        }
        out.push_back(std::move(one));
    }
    return json_response(
        {{"directory", services.connectors_at.folder}, {"plugins", std::move(out)}});
}

Result<ApiResponse> check(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto remote = services.remotes.open((*worker)->connection(), {});
    if (!remote) return pass(remote);
    auto who = (*remote)->check();
    if (!who) return pass(who);
    json skew;
    if (who->server_time != Instant{}) skew = (who->server_time - services.clock.now()).count();
    return json_response({{"identity", identity_json(*who)}, {"clock_skew_ms", skew}});
}

// --- A new connection

// Secrets stored for a connection that is being set up; taken away again unless kept.
class StoredSecrets {
public:
    explicit StoredSecrets(host::SecretStore& store) : store_(store) {}
    ~StoredSecrets() {
        if (kept_) return;
        for (const auto& path : files_) ::unlink(path.c_str());
    }
    StoredSecrets(const StoredSecrets&) = delete;
    StoredSecrets& operator=(const StoredSecrets&) = delete;

    Result<> put(const std::string& reference, host::Secret secret) {
        constexpr std::string_view kFile = "file:";
        if (reference.compare(0, kFile.size(), kFile) == 0) {
            const auto path = reference.substr(kFile.size());
            std::error_code ignored;
            if (!fs::exists(path, ignored)) files_.push_back(path);
            const auto folder = fs::path(path).parent_path().string();
            if (auto made = host::make_private_folder(folder); !made) return made;
        }
        return store_.write(reference, secret);
    }
    /// A file that something else is going to write.
    void expect(const std::string& path) { files_.push_back(path); }
    void keep() { kept_ = true; }

private:
    host::SecretStore& store_;
    std::vector<std::string> files_;
    bool kept_ = false;
};

class SetUp {
public:
    SetUp(Services& services, std::string folder)
        : services_(services), folder_(std::move(folder)), secrets_(services.secrets) {}

    Result<json> run(const json& body) {
        auto read = connection_from(body, folder_);
        if (!read) return pass(read);
        connection_ = std::move(*read);
        if (services_.connections.find(connection_.name))
            return fail(Errc::kConflict, "there is a connection '" + connection_.name + "' already",
                        {{"connection", connection_.name}, {"reason", "connection_exists"}});
        if (auto stored = store_secrets(body); !stored) return pass(stored);
        if (auto signed_in = sign_in(body); !signed_in) return pass(signed_in);
        return finish();
    }

private:
    Result<> store_secrets(const json& body) {
        const auto secrets = body.value("secrets", json::object());
        for (const auto& [name, item] : secrets.items()) {
            if (!item.contains("value")) continue;
            host::Secret secret(item["value"].get<std::string>());
            auto stored = secrets_.put(connection_.secrets[name], std::move(secret));
            if (!stored) return in_context("store " + name, stored.error());
        }
        return {};
    }

    Result<> sign_in(const json& body) {
        if (!body.contains("code")) return {};
        const auto& reference = connection_.secrets["refresh_token"];
        if (reference == own_reference(folder_, connection_.name, "refresh_token")) {
            const auto path = reference.substr(std::string_view("file:").size());
            const auto parent = fs::path(path).parent_path().string();
            if (auto made = host::make_private_folder(parent); !made) return made;
            secrets_.expect(path);
        }
        const host::Secret code(body["code"].get<std::string>());
        return services_.sign_in.authorize(connection_, code, body.value("redirect_uri", ""),
                                           body.value("accounts_server", ""));
    }

    Result<json> finish() {
        auto remote = services_.remotes.open(connection_, {});
        if (!remote) return pass(remote);
        auto who = (*remote)->check();
        if (!who) return pass(who);
        auto streams = (*remote)->describe();
        if (!streams) return pass(streams);
        const app::Description description{services_.clock.now(), *streams};
        auto saved = services_.descriptions.save(connection_.name, description);
        if (!saved) return pass(saved);
        auto mapping = propose_mapping(services_, connection_, *streams, true);
        if (!mapping) return pass(mapping);
        if (auto made = host::make_private_folder(folder_ + "/conf.d"); !made) return pass(made);
        const auto file = connection_file(folder_, connection_.name);
        auto written = host::replace_file(file, config::write_connection(connection_));
        if (!written) return pass(written);
        if (auto held = hold(); !held) return pass(held);
        secrets_.keep();
        if (auto loaded = services_.reload(); !loaded) return pass(loaded);
        return json{{"name", connection_.name},
                    {"file", file},
                    {"identity", identity_json(*who)},
                    {"streams", streams->size()},
                    {"mapping", std::move(*mapping)}};
    }

    // A person looks at the mapping first.
    Result<> hold() {
        auto db = services_.databases.lend(Access::kEngine);
        if (!db) return pass(db);
        return engine::hold_first_sync(**db, connection_.name);
    }

    Services& services_;
    const std::string folder_;
    StoredSecrets secrets_;
    config::Connection connection_;
};

Result<ApiResponse> create(Services& services, const ApiRequest& request) {
    auto body =
        parse_body(request, {"name", "plugin", "options", "secrets", "values", "auth", "code",
                             "redirect_uri", "accounts_server", "interval", "ca_file", "proxy",
                             "jurisdiction", "allow_http_loopback", "folders"});
    if (!body) return pass(body);
    try {
        SetUp set_up(services, services.configuration().folder);
        auto made = set_up.run(*body);
        if (!made) return pass(made);
        services.log.info("connection.created", {{"connection", (*made)["name"].get<std::string>()},
                                                 {"actor", request.actor}});
        return json_response(*made, 201);
    } catch (const json::exception&) {
        // Not its text: it may quote a value.
        return fail(Errc::kInvalid, "a key of the body has a wrong type");
    }
}

}  // namespace

void add_setup_routes(Router& router, Services& s) {
    const std::string all = "/api/v1/connections";
    const std::string one = all + "/{name}";
    router.add(
        "GET", "/api/v1/plugins", [&s](const ApiRequest& r) { return plugins(s, r.language); },
        Cost::kSlow);
    router.add(
        "POST", all, [&s](const ApiRequest& r) { return create(s, r); }, Cost::kSlow);
    router.add(
        "POST", one + "/check", [&s](const ApiRequest& r) { return check(s, r); }, Cost::kSlow);
}

}  // namespace kontor::api
