#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "config/parse.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/forecast.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/sign_in.hpp"
#include "daemon/cli/suggest.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

std::string label_of(Context& context, const json& texts, const std::string& fallback) {
    const auto text = text_at(texts, messages::to_string(context.language()));
    return text.empty() ? fallback : one_line(text);
}

/// The installed plugin of that name.
Outcome<json> find_plugin(Context& context, const std::string& name) {
    const auto answer = context.api().get("/plugins");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    std::vector<std::string> names;
    for (const auto& plugin : list_at(*answer, "plugins")) {
        if (text_at(plugin, "name") == name) return plugin;
        names.push_back(text_at(plugin, "name"));
    }
    std::string list;
    for (const auto& installed : names) list += (list.empty() ? "" : ", ") + installed;
    auto failure = failed(context.language(), Exit::kNotFound, "not_found", "cli.connect.no_plugin",
                          {{"name", name}, {"list", list}});
    if (const auto guess = suggest(name, names); !guess.empty())
        failure.hint = context.text("cli.usage.did_you_mean", {{"word", guess}});
    return tl::unexpected<Failure>(std::move(failure));
}

/// An option's text as the type that the plugin wants; a wrong one is left for the daemon to
/// refuse.
json typed(const json& option, const std::string& text) {
    const auto type = text_at(option, "type");
    if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
    if (type == "integer") {
        const auto number = json::parse(text, nullptr, false);
        if (number.is_number_integer()) return number;
    }
    if (type == "list") {
        json list = json::array();
        for (std::size_t at = 0; at <= text.size();) {
            const auto comma = std::min(text.find(',', at), text.size());
            if (comma > at) list.push_back(text.substr(at, comma - at));
            at = comma + 1;
        }
        return list;
    }
    return text;
}

const json& option_named(const json& spec, const std::string& name) {
    static const json none = json::object();
    for (const auto& option : list_at(spec, "options"))
        if (text_at(option, "name") == name) return option;
    return none;
}

Outcome<> take_options(Context& context, const json& spec, json& body) {
    const auto given = parse_pairs(context.language(), context.args().all("option"));
    if (!given) return tl::unexpected<Failure>(given.error());
    auto& options = body["options"] = json::object();
    for (const auto& [name, text] : *given) options[name] = typed(option_named(spec, name), text);
    if (!context.may_ask()) return {};
    for (const auto& option : list_at(spec, "options")) {
        const auto name = text_at(option, "name");
        // Asked for: what must be said, and what decides about others (the data centre).
        if (options.contains(name) || (!flag_at(option, "required") && !has(option, "implies")))
            continue;
        auto question = label_of(context, object_at(option, "help"), name);
        if (const auto choices = text_at(option, "choices"); !choices.empty())
            question += " (" + choices + ")";
        if (name == "data_centre") context.note(context.text("cli.connect.centre.help"));
        auto answer = context.ask(question, "--option " + name + "=", text_at(option, "default"));
        if (!answer) return tl::unexpected<Failure>(std::move(answer.error()));
        if (!answer->empty()) options[name] = typed(option, *answer);
    }
    return {};
}

Outcome<> take_given_secrets(Context& context, json& body) {
    const auto& args = context.args();
    auto& secrets = body["secrets"] = json::object();
    const auto references = parse_pairs(context.language(), args.all("secret"));
    if (!references) return tl::unexpected<Failure>(references.error());
    for (const auto& [name, reference] : *references) {
        if (!config::check_secret_reference(reference).empty())
            return usage(context.language(), "cli.usage.secret_in_argv", {{"name", name}});
        constexpr std::string_view kFile = "file:";
        // Relative to here, not to wherever the daemon runs.
        const auto whole = reference.starts_with(kFile)
                               ? "file:" + std::filesystem::absolute(reference.substr(kFile.size()))
                                               .lexically_normal()
                                               .string()
                               : reference;
        secrets[name] = {{"reference", whole}};
    }
    if (auto taken = take_secret_files(context, body); !taken) return taken;
    const auto values = parse_pairs(context.language(), args.all("value"));
    if (!values) return tl::unexpected<Failure>(values.error());
    for (const auto& [name, value] : *values) body["values"][name] = value;
    return {};
}

bool known(const json& body, const std::string& name) {
    return object_at(body, "secrets").contains(name) || object_at(body, "values").contains(name);
}

/// Where a self client is made, from the accounts server of the chosen data centre.
void explain_console(Context& context, const json& spec, const json& auth, const json& body) {
    const auto centre = text_at(object_at(body, "options"), "data_centre");
    const auto& implied =
        object_at(object_at(option_named(spec, "data_centre"), "implies"), centre);
    auto url = text_at(implied, "accounts_url");
    if (const auto at = url.find("accounts."); at != std::string::npos)
        url.replace(at, std::string_view("accounts").size(), "api-console");
    if (url.empty()) url = "https://api-console.zoho.com";
    std::string scopes;
    for (const auto& scope : list_at(auth, "scopes"))
        scopes += (scopes.empty() ? "" : ",") + cell(scope);
    context.note(context.text("cli.connect.console",
                              {{"url", one_line(url)}, {"scopes", one_line(scopes)}}));
}

/// What the consent page needs to know of a connection that is not there yet.
json client_of(const json& body) {
    json client{{"plugin", body["plugin"]}};
    for (const auto* key : {"options", "values", "auth"})
        if (body.contains(key)) client[key] = body[key];
    return client;
}

Outcome<> ask_oauth(Context& context, const json& spec, const json& auth, json& body) {
    const auto flow = choose_flow(context, auth, body);
    if (!flow) return tl::unexpected<Failure>(flow.error());
    const bool browser = *flow == "browser";
    if (context.may_ask()) {
        const bool complete = known(body, "client_secret") && known(body, "client_id");
        if (!browser && !(complete && has_grant(body)) && text_at(body, "plugin") == "zoho")
            explain_console(context, spec, auth, body);
        if (!known(body, "client_id")) {
            auto id = context.ask(context.text("cli.connect.client_id"), "--value client_id=");
            if (!id) return tl::unexpected<Failure>(std::move(id.error()));
            if (!id->empty()) body["values"]["client_id"] = *id;
        }
        if (!known(body, "client_secret"))
            if (auto asked = ask_secret(context, "client_secret",
                                        context.text("cli.connect.client_secret"), body);
                !asked)
                return asked;
    }
    if (!known(body, "client_id"))
        return usage(context.language(), "cli.ask.missing", {{"flag", "--value client_id="}});
    if (browser) return sign_in_by_browser(context, client_of(body), body);
    if (has_grant(body)) return {};
    return ask_grant(context, body);
}

/// Asks for what signing in still lacks, where somebody can be asked.
Outcome<> ask_credentials(Context& context, const json& plugin, json& body) {
    const auto& spec = object_at(plugin, "spec");
    const auto& kinds = list_at(spec, "auth");
    if (kinds.empty()) return {};
    const auto& auth = kinds.front();
    if (text_at(auth, "kind") == "oauth2") return ask_oauth(context, spec, auth, body);
    if (!context.may_ask()) return {};
    for (const auto& secret : list_at(auth, "secrets")) {
        const auto name = cell(secret);
        if (known(body, name)) continue;
        auto asked = ask_secret(
            context, name, context.text("cli.connect.secret", {{"name", one_line(name)}}), body);
        if (!asked) return asked;
    }
    return {};
}

void take_rest(Context& context, json& body) {
    const auto& args = context.args();
    if (args.has("ca-file"))
        body["ca_file"] = std::filesystem::absolute(args.option("ca-file")).string();
    if (args.has("proxy")) body["proxy"] = args.option("proxy");
    if (args.has("interval")) body["interval"] = args.option("interval");
    if (args.has("jurisdiction")) body["jurisdiction"] = args.option("jurisdiction");
    if (args.has("allow-http-loopback")) body["allow_http_loopback"] = true;
}

void tell(Context& context, const std::string& name, const json& created, const json& forecast) {
    if (context.json()) {
        auto document = created;
        document["forecast"] = forecast;
        context.print_json(document);
        return;
    }
    const auto& identity = object_at(created, "identity");
    context.print(context.text("cli.connect.created", {{"name", name}}));
    context.note(context.text("cli.connect.checked",
                              {{"name", name}, {"organisation", text_at(identity, "org_name")}}));
    if (const auto& mapping = object_at(created, "mapping"); !mapping.empty())
        context.note(
            context.text("cli.connect.mapping",
                         {{"path", text_at(mapping, "file")},
                          {"streams", std::to_string(list_at(mapping, "streams").size())}}));
    if (forecast.is_object()) context.note(forecast_text(context, forecast));
    context.note(context.text("cli.connect.next", {{"name", name}}));
}

}  // namespace

Outcome<Exit> run_connect(Context& context) {
    const auto plugin_name = context.args().argument("PLUGIN");
    const auto name = context.args().option("name", plugin_name);

    // What was given is looked at first: a secret on the command line is told at once.
    SecretBody request;
    request.body["name"] = name;
    request.body["plugin"] = plugin_name;
    if (auto taken = take_given_secrets(context, request.body); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    const auto plugin = find_plugin(context, plugin_name);
    if (!plugin) return tl::unexpected<Failure>(plugin.error());
    if (auto taken = take_options(context, object_at(*plugin, "spec"), request.body); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    if (auto asked = ask_credentials(context, *plugin, request.body); !asked)
        return tl::unexpected<Failure>(std::move(asked.error()));
    take_rest(context, request.body);

    context.note(context.text("cli.connect.testing"));
    const auto created = context.api().post("/connections", request.body);
    if (!created) return tl::unexpected<Failure>(created.error());
    // The forecast is an extra: the connection stands without it.
    const auto forecast = context.api().get("/connections/" + url_encode(name) + "/forecast");
    tell(context, name, *created, forecast ? *forecast : json(nullptr));
    return Exit::kOk;
}

}  // namespace kontor::cli
