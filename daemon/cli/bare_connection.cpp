#include "daemon/cli/bare_connection.hpp"

#include <nlohmann/json.hpp>

#include "config/paths.hpp"
#include "daemon/cli/plugin_options.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/descriptions.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Outcome<Pairs> pairs_of(Context& context, std::string_view option) {
    return parse_pairs(context.language(), context.args().all(option));
}

bool is_path(const std::string& plugin) {
    return plugin.find('/') != std::string::npos || plugin.ends_with(".so") ||
           plugin.ends_with(".toml");
}

/// What runs: the connector, or the description in the connector that runs descriptions.
Result<> choose_plugin(const std::string& plugin, const app::ConnectorHome& home,
                       host::ConnectionSettings& settings) {
    settings.plugin_path = home.path_of(plugin);
    if (!is_path(plugin)) return app::apply_description(home, plugin, settings);
    const auto path = config::whole_path(plugin);
    if (plugin.ends_with(".toml")) return app::apply_description_file(home, path, settings);
    settings.plugin_path = path;
    return {};
}

Outcome<json> spec_of(Context& context, const host::ConnectionSettings& settings) {
    if (!settings.spec_json.empty()) return json::parse(settings.spec_json, nullptr, false);
    const auto connector = host::start_connector(settings.plugin_path, settings.isolation);
    if (!connector)
        return tl::unexpected<Failure>(failure_of(context.language(), connector.error()));
    return json::parse((*connector)->info().spec_json, nullptr, false);
}

Outcome<> add_sign_in(Context& context, host::AuthSettings& auth) {
    const auto values = pairs_of(context, "value");
    if (!values) return tl::unexpected<Failure>(values.error());
    auth.values.insert(values->begin(), values->end());
    const auto secrets = pairs_of(context, "secret");
    if (!secrets) return tl::unexpected<Failure>(secrets.error());
    auth.secrets.insert(secrets->begin(), secrets->end());
    return {};
}

Outcome<> add_options(Context& context, const json& spec, host::ConnectionSettings& settings) {
    const auto options = pairs_of(context, "option");
    if (!options) return tl::unexpected<Failure>(options.error());
    json out = json::object();
    for (const auto& [name, text] : *options) out[name] = typed(option_named(spec, name), text);
    settings.options_json = out.dump(-1, ' ', false, json::error_handler_t::replace);
    return {};
}

Outcome<> add_folders(Context& context, const json& spec, host::ConnectionSettings& settings) {
    const auto folders = pairs_of(context, "folder");
    if (!folders) return tl::unexpected<Failure>(folders.error());
    const json wanted = spec.value("folders", json::array());
    for (const auto& [name, path] : *folders) {
        const json* found = nullptr;
        std::string list;
        for (const auto& each : wanted) {
            if (each.value("name", "") == name) found = &each;
            list += (list.empty() ? "" : context.text("cli.list.between")) + each.value("name", "");
        }
        if (found == nullptr)
            return usage(context.language(),
                         wanted.empty() ? "cli.connect.no_folders" : "cli.connect.no_folder",
                         {{"name", one_line(name)}, {"list", list}});
        settings.grants.emplace(
            name, host::Grant{config::whole_path(path), found->value("write", false)});
    }
    return {};
}

}  // namespace

Outcome<host::ConnectionSettings> bare_connection(Context& context, const std::string& plugin,
                                                  const app::ConnectorHome& home,
                                                  const std::string& folder) {
    host::ConnectionSettings out;
    out.name = "check";
    out.isolation = home.isolation;
    out.ca_file = context.args().option("ca-file");
    out.allow_http_loopback = context.args().has("allow-http-loopback");
    out.state_folder = folder;
    out.token_folder = folder + "/tokens";
    out.spool_folder = folder + "/spool";
    if (auto chosen = choose_plugin(plugin, home, out); !chosen)
        return tl::unexpected<Failure>(failure_of(context.language(), chosen.error()));
    const auto spec = spec_of(context, out);
    if (!spec) return tl::unexpected<Failure>(spec.error());
    if (auto done = add_sign_in(context, out.auth); !done) return tl::unexpected(done.error());
    if (auto done = add_options(context, *spec, out); !done) return tl::unexpected(done.error());
    if (auto done = add_folders(context, *spec, out); !done) return tl::unexpected(done.error());
    return out;
}

Outcome<> set_rate(Context& context, host::LimitOverrides& limits) {
    const auto text = context.args().option("requests-per-second");
    if (text.empty()) return {};
    const auto rate = json::parse(text, nullptr, false);
    if (!rate.is_number() || rate.get<double>() <= 0)
        return usage(context.language(), "cli.check.rate", {{"value", one_line(text)}});
    limits.requests_per_second = rate.get<double>();
    return {};
}

}  // namespace kontor::cli
