#include "daemon/connector_home.hpp"

#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/paths.hpp"

namespace kontor::app {
namespace {

namespace fs = std::filesystem;

// The first place that is there; the last one anyhow.
std::string first_of(std::initializer_list<fs::path> places) {
    std::error_code ignored;
    fs::path found;
    for (const auto& place : places) {
        found = place;
        if (fs::exists(place, ignored)) break;
    }
    return found.string();
}

std::string options_json(const std::map<std::string, config::Option>& options) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [name, option] : options)
        std::visit([&, &key = name](const auto& value) { out[key] = value; }, option);
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

ConnectorHome connector_home(const config::Config& config, const std::string& program) {
    std::error_code failed;
    const auto real = fs::canonical(program, failed);
    const auto beside = failed ? fs::path() : real.parent_path();
    const auto prefix = beside.parent_path();
    ConnectorHome out;
    out.folder = config.daemon.plugin_dir;
    if (out.folder.empty()) out.folder = first_of({prefix / "lib" / "kontor", KONTOR_LIBRARY_DIR});
    const auto paths = config::default_paths(config::process_environment(), ::geteuid() == 0);
    for (const auto& file : {paths.user_config, paths.system_config})
        if (!file.empty())
            out.descriptions.push_back((fs::path(file).parent_path() / "rest").string());
    out.descriptions.push_back(out.folder + "/rest");
    out.isolation.program =
        first_of({beside / "kontor-connector", prefix / "libexec" / "kontor" / "kontor-connector",
                  KONTOR_LIBEXEC_DIR "/kontor-connector"});
    const auto& set = config.connectors;
    out.isolation.own_process = set.isolation == "process";
    out.isolation.require_landlock = set.landlock == "require";
    out.isolation.memory_mb = static_cast<std::uint64_t>(set.memory_mb);
    out.isolation.processor = std::chrono::ceil<std::chrono::seconds>(set.processor_time);
    out.isolation.silence = set.answer_timeout;
    return out;
}

host::ConnectionSettings connection_settings(const config::Connection& c, const ConnectorHome& home,
                                             const std::string& state_dir) {
    host::ConnectionSettings out;
    out.name = c.name;
    out.plugin_path = home.path_of(c.plugin);
    out.plugin_sha256 = c.plugin_sha256;
    out.isolation = home.isolation;
    out.options_json = options_json(c.options);
    out.auth.kind = c.sign_in.kind;
    out.auth.values = c.sign_in.values;
    out.auth.secrets = c.secrets;
    if (const auto proxy = c.secrets.find("proxy"); proxy != c.secrets.end()) {
        out.proxy_secret = proxy->second;
        out.auth.secrets.erase("proxy");
    }
    out.ca_file = c.ca_file;
    out.proxy = c.proxy;
    out.state_folder = state_dir + "/connections/" + c.name;
    out.token_folder = state_dir + "/tokens";
    out.spool_folder = state_dir + "/spool/" + c.name;
    out.allow_http_loopback = c.allow_http_loopback;
    for (const auto& [name, folder] : c.folders)
        out.grants.emplace(name, host::Grant{folder.path, folder.write});
    if (c.limits.requests_per_second > 0)
        out.limits.requests_per_second = c.limits.requests_per_second;
    if (c.limits.concurrency > 0) out.limits.concurrency = static_cast<int>(c.limits.concurrency);
    if (c.limits.daily_credits > 0) out.limits.daily_credits = c.limits.daily_credits;
    if (c.limits.credit_reserve >= 0) out.limits.credit_reserve = c.limits.credit_reserve;
    return out;
}

}  // namespace kontor::app
