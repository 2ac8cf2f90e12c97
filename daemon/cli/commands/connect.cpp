#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "config/parse.hpp"
#include "config/paths.hpp"
#include "connectors/host/allow_list.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/files.hpp"
#include "daemon/cli/forecast.hpp"
#include "daemon/cli/identity_view.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/plugin_options.hpp"
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

tl::unexpected<Failure> unusable(const json& error) {
    const auto code = text_at(error, "code");
    return tl::unexpected<Failure>(Failure{.exit = exit_of(code),
                                           .code = code,
                                           .message = text_at(error, "message"),
                                           .hint = text_at(error, "hint")});
}

/// The installed plugin of that name, if it can be used.
Outcome<json> find_plugin(Context& context, const std::string& name) {
    const auto answer = context.api().get("/plugins");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    std::vector<std::string> names;
    for (const auto& plugin : list_at(*answer, "plugins")) {
        if (text_at(plugin, "name") == name) {
            // Nothing is known of what it would ask for.
            if (has(plugin, "error")) return unusable(object_at(plugin, "error"));
            return plugin;
        }
        names.push_back(text_at(plugin, "name"));
    }
    std::string list;
    for (const auto& installed : names)
        list += (list.empty() ? "" : context.text("cli.list.between")) + installed;
    auto failure = failed(context.language(), Exit::kNotFound, "not_found", "cli.connect.no_plugin",
                          {{"name", name}, {"list", list}});
    if (const auto guess = suggest(name, names); !guess.empty())
        failure.hint = context.text("cli.usage.did_you_mean", {{"word", guess}});
    return tl::unexpected<Failure>(std::move(failure));
}

/// An address that the host would not let the connector ask: told before any secret is given.
Outcome<> check_address(Context& context, const json& spec, const std::string& name,
                        const std::string& text) {
    const auto& hosts = list_at(spec, "hosts");
    const bool asked = std::ranges::any_of(
        hosts, [&](const json& host) { return cell(host).starts_with("{" + name + "}"); });
    Result<> fits;
    if (asked)
        fits = host::AllowList(context.args().has("allow-http-loopback")).add(text);
    else if (auto parsed = host::Url::parse(text); !parsed)
        fits = pass(parsed);
    if (fits) return {};
    // The address itself is not repeated: it may hold credentials.
    return usage(context.language(), "cli.connect.address",
                 {{"name", one_line(name)}, {"reason", context.said(fits.error().message)}});
}

/// A value that the plugin's description does not allow.
Outcome<> check_option(Context& context, const json& spec, const std::string& name,
                       const std::string& text) {
    const auto& option = option_named(spec, name);
    if (option.empty()) {
        std::vector<std::string> names;
        for (const auto& known : list_at(spec, "options")) names.push_back(text_at(known, "name"));
        std::string hint;
        if (const auto guess = suggest(name, names); !guess.empty())
            hint = context.text("cli.usage.did_you_mean", {{"word", guess}});
        return usage(context.language(), "cli.connect.no_option", {{"name", one_line(name)}}, hint);
    }
    if (text_at(option, "type") == "url") return check_address(context, spec, name, text);
    const auto& choices = list_at(option, "choices");
    const auto value = typed(option, text);
    if (choices.empty() || value.is_array() ||
        std::find(choices.begin(), choices.end(), text) != choices.end())
        return {};
    return usage(
        context.language(), "cli.usage.choice",
        {{"name", name}, {"value", one_line(text)}, {"choices", text_at(option, "choices")}});
}

/// Whether it is asked for: what must be said, and what decides about others (the data centre).
bool is_asked(const json& option, const json& options) {
    if (flag_at(option, "required") || has(option, "implies")) return true;
    for (const auto& [other, value] : object_at(option, "needed_if").items())
        if (text_at(options, other) == cell(value)) return true;
    return false;
}

Outcome<> ask_option(Context& context, const json& spec, const json& option, json& options) {
    const auto name = text_at(option, "name");
    const bool needed = has(option, "needed_if");
    if (!context.may_ask())
        return needed ? usage(context.language(), "cli.ask.missing",
                              {{"flag", "--option " + name + "="}})
                      : Outcome<>();
    auto question = label_of(context, object_at(option, "help"), name);
    if (const auto choices = text_at(option, "choices"); !choices.empty())
        question += " (" + choices + ")";
    if (name == "data_centre") context.note(context.text("cli.connect.centre.help"));
    for (;;) {
        auto answer = context.ask(question, "--option " + name + "=", text_at(option, "default"));
        if (!answer) return tl::unexpected<Failure>(std::move(answer.error()));
        if (answer->empty()) {
            if (!needed) return {};
            continue;
        }
        if (auto fits = check_option(context, spec, name, *answer); !fits) {
            context.warn(fits.error().message);
            continue;
        }
        options[name] = typed(option, *answer);
        return {};
    }
}

Outcome<> take_options(Context& context, const json& spec, json& body) {
    const auto given = parse_pairs(context.language(), context.args().all("option"));
    if (!given) return tl::unexpected<Failure>(given.error());
    auto& options = body["options"] = json::object();
    for (const auto& [name, text] : *given) {
        if (auto fits = check_option(context, spec, name, text); !fits) return fits;
        options[name] = typed(option_named(spec, name), text);
    }
    for (const auto& option : list_at(spec, "options")) {
        if (options.contains(text_at(option, "name")) || !is_asked(option, options)) continue;
        if (auto asked = ask_option(context, spec, option, options); !asked) return asked;
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
                               ? "file:" + config::whole_path(reference.substr(kFile.size()))
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
        while (!known(body, "client_id")) {
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

/// Where nobody can be asked, what signing in lacks is told.
Outcome<> require_credentials(Context& context, const json& auth, const json& body) {
    for (const auto& [list, flag] :
         {std::pair{"values", "--value "}, std::pair{"secrets", "--secret-file "}})
        for (const auto& each : list_at(auth, list))
            if (!known(body, cell(each)))
                return usage(context.language(), "cli.ask.missing",
                             {{"flag", flag + cell(each) + "="}});
    return {};
}

/// No secret is taken for one of the values, which stand in the command line.
Outcome<> refuse_secret_values(Context& context, const json& auth, const json& body) {
    std::vector<std::string> secrets{"client_secret", "refresh_token"};
    for (const auto& each : list_at(auth, "secrets"))
        if (cell(each) != "client_id") secrets.push_back(cell(each));  // kept with them, but public
    for (const auto& [name, value] : object_at(body, "values").items())
        if (std::ranges::find(secrets, name) != secrets.end())
            return usage(context.language(), "cli.usage.secret_in_argv", {{"name", name}});
    return {};
}

/// Asks for what signing in still lacks, where somebody can be asked.
Outcome<> ask_credentials(Context& context, const json& plugin, json& body) {
    const auto& spec = object_at(plugin, "spec");
    const auto& auth = sign_in_for(spec, object_at(body, "options"));
    if (auto clean = refuse_secret_values(context, auth, body); !clean) return clean;
    if (text_at(auth, "kind") == "oauth2") return ask_oauth(context, spec, auth, body);
    if (!context.may_ask()) return require_credentials(context, auth, body);
    if (text_at(body, "plugin") == "fxiaoke") context.note(context.text("cli.connect.fxiaoke"));
    for (const auto& value : list_at(auth, "values")) {
        const auto name = cell(value);
        if (known(body, name)) continue;
        auto answer = context.ask(context.text("cli.connect.value", {{"name", one_line(name)}}),
                                  "--value " + name + "=");
        if (!answer) return tl::unexpected<Failure>(std::move(answer.error()));
        if (!answer->empty()) body["values"][name] = *answer;
    }
    return ask_secrets(context, auth, body);
}

/// Opens a folder of this machine to the connector, as it says what it does there.
Outcome<> take_folder(Context& context, const json& folder, const std::string& path, json& body) {
    const auto whole = config::whole_path(path);
    if (!is_folder(whole))
        return usage(context.language(), "cli.connect.folder.missing", {{"path", whole}});
    body["folders"][text_at(folder, "name")] = {{"path", whole},
                                                {"write", flag_at(folder, "write")}};
    return {};
}

/// The folders that the connector works in: those given, and those that it cannot do without.
Outcome<> take_folders(Context& context, const json& spec, json& body) {
    const auto given = parse_pairs(context.language(), context.args().all("folder"));
    if (!given) return tl::unexpected<Failure>(given.error());
    const auto& wanted = list_at(spec, "folders");
    std::vector<std::string> names;
    for (const auto& folder : wanted) names.push_back(text_at(folder, "name"));
    for (const auto& [name, path] : *given) {
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end()) {
            std::string list;
            for (const auto& each : names)
                list += (list.empty() ? "" : context.text("cli.list.between")) + each;
            return usage(context.language(),
                         names.empty() ? "cli.connect.no_folders" : "cli.connect.no_folder",
                         {{"name", one_line(name)}, {"list", list}});
        }
        const auto at = static_cast<std::size_t>(found - names.begin());
        if (auto taken = take_folder(context, wanted[at], path, body); !taken) return taken;
    }
    for (const auto& folder : wanted) {
        const auto name = text_at(folder, "name");
        if (!flag_at(folder, "required") || object_at(body, "folders").contains(name)) continue;
        for (bool taken = false; !taken;) {
            auto path = context.ask(label_of(context, object_at(folder, "help"), name),
                                    "--folder " + name + "=");
            if (!path) return tl::unexpected<Failure>(std::move(path.error()));
            auto done = take_folder(context, folder, *path, body);
            if (!done) context.warn(done.error().message);
            taken = done.has_value();
        }
    }
    return {};
}

Outcome<> take_rest(Context& context, json& body) {
    const auto& args = context.args();
    if (args.has("ca-file")) {
        const auto path = config::whole_path(args.option("ca-file"));
        if (::access(path.c_str(), R_OK) != 0)
            return usage(context.language(), "cli.file.unreadable",
                         {{"path", path}, {"reason", context.said(std::strerror(errno))}});
        body["ca_file"] = path;
    }
    if (args.has("proxy")) body["proxy"] = args.option("proxy");
    if (args.has("interval")) body["interval"] = args.option("interval");
    if (args.has("jurisdiction")) body["jurisdiction"] = args.option("jurisdiction");
    if (args.has("allow-http-loopback")) body["allow_http_loopback"] = true;
    return {};
}

/// What the daemon refuses of a connection that is not there yet is what was just given: there is
/// no file to check and nothing to sign in to again.
Failure refused(Context& context, Failure failure) {
    if (failure.exit == Exit::kConfig) {
        failure.exit = Exit::kUsage;
        failure.hint.clear();
    }
    if (failure.exit == Exit::kSignIn) failure.hint = context.text("cli.connect.refused.hint");
    return failure;
}

void tell(Context& context, const std::string& name, const json& created, const json& forecast,
          bool folders) {
    if (context.json()) {
        auto document = created;
        document["forecast"] = forecast;
        context.print_json(document);
        return;
    }
    context.print(context.text("cli.connect.created", {{"name", name}}));
    context.note(answers_as(context, name, object_at(created, "identity")));
    if (const auto& mapping = object_at(created, "mapping"); !mapping.empty())
        context.note(
            context.text("cli.connect.mapping",
                         {{"path", text_at(mapping, "file")},
                          {"streams", std::to_string(list_at(mapping, "streams").size())}}));
    if (forecast.is_object()) context.note(forecast_text(context, forecast));
    if (folders) context.note(context.text("cli.connect.folder.next", {{"name", name}}));
    context.note(context.text("cli.connect.next", {{"name", name}}));
}

}  // namespace

Outcome<Exit> run_connect(Context& context) {
    const auto plugin_name = context.args().argument("PLUGIN");
    const auto name = context.args().option("name", plugin_name);

    // What was given is looked at first: a secret on the command line is told at once.
    if (auto reason = config::check_connection_name(name); !reason.empty())
        return usage(context.language(), "cli.connect.name",
                     {{"name", one_line(name)}, {"reason", context.said(reason)}});
    SecretBody request;
    request.body["name"] = name;
    request.body["plugin"] = plugin_name;
    if (auto taken = take_given_secrets(context, request.body); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    const auto plugin = find_plugin(context, plugin_name);
    if (!plugin) return tl::unexpected<Failure>(plugin.error());
    if (auto taken = take_options(context, object_at(*plugin, "spec"), request.body); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    if (auto taken = take_folders(context, object_at(*plugin, "spec"), request.body); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    if (auto taken = take_rest(context, request.body); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    if (auto asked = ask_credentials(context, *plugin, request.body); !asked)
        return tl::unexpected<Failure>(std::move(asked.error()));
    context.note(context.text("cli.connect.testing"));
    const auto created = context.api().post("/connections", request.body);
    if (!created) return tl::unexpected<Failure>(refused(context, created.error()));
    // The forecast is an extra: the connection stands without it.
    const auto forecast = context.api().get("/connections/" + url_encode(name) + "/forecast");
    tell(context, name, *created, forecast ? *forecast : json(nullptr),
         request.body.contains("folders"));
    return Exit::kOk;
}

}  // namespace kontor::cli
