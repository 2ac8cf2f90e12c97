#include "daemon/config_checks.hpp"

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <variant>

#include "config/mapping_file.hpp"
#include "connectors/host/connector.hpp"
#include "connectors/host/secret_store.hpp"
#include "connectors/host/spec.hpp"
#include "connectors/host/trust.hpp"
#include "daemon/descriptions.hpp"

namespace kontor::app {
namespace {

namespace fs = std::filesystem;

/// Adds problems of one connection, at the line of the key or of what it belongs to.
class Checks {
public:
    Checks(config::Loaded& loaded, const config::Connection& connection)
        : loaded_(loaded), connection_(connection), prefix_("connection." + connection.name) {}

    void connector(const ConnectorHome& home) {
        if (connection_.plugin.empty()) return;  // told already
        const auto described = find_description(home, connection_.plugin);
        if (!described) return add("plugin", described.error().message);
        const auto path =
            home.path_of(*described ? std::string(kDescriptionRunner) : connection_.plugin);
        std::error_code ignored;
        if (!fs::exists(path, ignored))
            return add("plugin",
                       "there is no connector '" + connection_.plugin + "' in " + home.folder);
        const auto connector = host::start_connector(path, home.isolation);
        if (!connector) return add("plugin", connector.error().message);
        const auto spec = host::PluginSpec::parse(*described ? (*described)->spec_json
                                                             : (*connector)->info().spec_json);
        if (!spec) return add("plugin", spec.error().message);
        nlohmann::json options = nlohmann::json::object();
        for (const auto& [name, option] : connection_.options)
            std::visit([&, &key = name](const auto& value) { options[key] = value; }, option);
        using Handler = nlohmann::json::error_handler_t;
        // Without the one that is wrong, what else is wrong comes up.
        while (true) {
            const auto taken =
                host::complete_options(*spec, options.dump(-1, ' ', false, Handler::replace));
            if (taken) break;
            const auto named = taken.error().args.find("option");
            const auto name = named == taken.error().args.end() ? "" : named->second;
            add(name.empty() ? "options" : "options." + name, taken.error().message);
            if (options.erase(name) == 0) break;
        }
    }

    // As it is read when the connection is opened.
    void authorities() {
        if (connection_.ca_file.empty()) return;
        const auto pem = host::read_authorities("", connection_.ca_file);
        if (!pem)
            add("ca_file", pem.error().message);
        else if (!host::trust_in(*pem))
            add("ca_file", "no certificates can be read from " + connection_.ca_file);
    }

    void mapping() {
        std::error_code ignored;
        if (fs::exists(connection_.mapping, ignored))
            (void)config::read_mapping(connection_.mapping, loaded_.problems);
        else
            add("mapping", connection_.mapping + " does not exist");
    }

    void secrets(SecretsSeen seen, std::vector<std::string>& left_out) {
        const host::SystemSecretStore store;
        for (const auto& [name, reference] : connection_.secrets) {
            if (seen == SecretsSeen::kFiles && !reference.starts_with("file:"))
                left_out.push_back(prefix_ + ".secrets." + name);
            else if (auto secret = store.read(reference); !secret)
                add("secrets." + name, secret.error().message);
        }
    }

private:
    void add(const std::string& key, std::string reason) {
        config::Problem problem{"", 0, 0, prefix_ + "." + key, std::move(reason), ""};
        for (auto at = problem.key; !at.empty(); at.erase(std::min(at.rfind('.'), at.size()))) {
            const auto origin = loaded_.origins.find(at);
            if (origin == loaded_.origins.end()) {
                if (at.find('.') == at.npos) break;
                continue;
            }
            const auto colon = origin->second.rfind(':');
            problem.file = origin->second.substr(0, colon);
            if (colon != std::string::npos)
                std::from_chars(origin->second.data() + colon + 1,
                                origin->second.data() + origin->second.size(), problem.line);
            problem.column = problem.line > 0 ? 1 : 0;
            break;
        }
        loaded_.problems.push_back(std::move(problem));
    }

    config::Loaded& loaded_;
    const config::Connection& connection_;
    const std::string prefix_;
};

}  // namespace

std::vector<std::string> check_connections(config::Loaded& loaded, const ConnectorHome& home,
                                           SecretsSeen seen) {
    std::vector<std::string> left_out;
    for (const auto& connection : loaded.config.connections) {
        Checks checks(loaded, connection);
        checks.connector(home);
        checks.authorities();
        checks.mapping();
        checks.secrets(seen, left_out);
    }
    return left_out;
}

}  // namespace kontor::app
