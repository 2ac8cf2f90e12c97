#include "connectors/host/spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/host/ascii.hpp"
#include "connectors/host/json_text.hpp"
#include "connectors/host/url.hpp"

namespace kontor::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kSpecBytesMax = std::size_t{1} << 20;
constexpr std::size_t kOptionsBytesMax = std::size_t{1} << 20;

std::map<std::string, std::string> text_map(const Json& object) {
    std::map<std::string, std::string> out;
    if (!object.is_object()) return out;  // a text has an item too, without a name
    for (const auto& [name, value] : object.items())
        if (value.is_string()) out.emplace(name, value.get<std::string>());
    return out;
}

OptionSpec read_option(const Json& json) {
    OptionSpec out;
    out.name = text_of(json, "name");
    out.type = text_of(json, "type", "text");
    out.required = flag_of(json, "required");
    if (json.contains("default") && !json["default"].is_null())
        out.fallback = json["default"].dump();
    out.choices = texts_of(json, "choices");
    for (const auto& [choice, values] : object_of(json, "implies").items())
        out.implies.emplace(choice, text_map(values));
    return out;
}

ChallengeSpec read_challenge(const Json& json) {
    ChallengeSpec out;
    out.url = text_of(json, "url");
    out.method = text_of(json, "method", "GET");
    out.query = text_map(object_of(json, "query"));
    out.request = dump_json(object_of(json, "request"));
    out.as_form = text_of(json, "format") == "form";
    out.kept = text_map(object_of(json, "keep_at"));
    return out;
}

// nullopt if it is of an unknown kind: what requests bear of it has no value then.
std::optional<SignatureSpec> read_signature(const Json& json) {
    SignatureSpec out{.key = text_of(json, "key"),
                      .text = text_of(json, "text"),
                      .algorithm = text_of(json, "algorithm", "sha256"),
                      .form = text_of(json, "form", "hex")};
    const auto is_one_of = [](const std::string& name, std::initializer_list<const char*> known) {
        return std::ranges::find(known, name) != known.end();
    };
    if (!is_one_of(out.algorithm, {"md5", "sha1", "sha256", "sha512"}) ||
        !is_one_of(out.form, {"hex", "base64", "raw"}))
        return std::nullopt;
    return out;
}

AppTokenSpec read_app_token(const Json& json) {
    AppTokenSpec out;
    const auto& ask = object_of(json, "exchange");
    out.challenge = read_challenge(object_of(ask, "challenge"));
    out.method = text_of(ask, "method", "POST");
    out.asking_headers = text_map(object_of(ask, "headers"));
    for (const auto& [algorithm, texts] : object_of(json, "digests").items())
        if (algorithm == "md5" || algorithm == "sha1" || algorithm == "sha256")
            out.digests.emplace(algorithm, text_map(texts));
    out.signed_below = text_of(json, "signed_below");
    for (const auto& [name, signature] : object_of(json, "signatures").items())
        if (auto read = read_signature(signature)) out.signatures.emplace(name, std::move(*read));
    out.request = dump_json(object_of(ask, "request"));
    out.as_form = text_of(ask, "format") == "form";
    const auto& assertion = object_of(ask, "assertion");
    out.claims = text_map(object_of(assertion, "claims"));
    out.claims_last = std::chrono::seconds(
        std::clamp<std::int64_t>(integer_of(assertion, "lasts_s", 180), 1, 3'600));
    out.token_at = text_of(ask, "token", "access_token");
    out.expires_in_ms = ask.contains("expires_ms");
    out.expires_at =
        out.expires_in_ms ? text_of(ask, "expires_ms") : text_of(ask, "expires_s", "expires_in");
    out.code_at = text_of(ask, "code", "error");
    for (const auto& name : texts_of(ask, "keep")) out.kept.emplace(name, name);
    out.kept.merge(text_map(object_of(ask, "keep_at")));
    out.lasts = std::chrono::seconds(
        std::clamp<std::int64_t>(integer_of(ask, "lasts_s", 3'600), 1, 90 * 86'400));
    out.rate_limited_codes = texts_of(ask, "rate_limited");
    out.unavailable_codes = texts_of(ask, "unavailable");
    out.renew_before = std::chrono::seconds(
        std::clamp<std::int64_t>(integer_of(ask, "renew_before_s", 60), 1, 86'400));
    const auto& bear = object_of(json, "bear");
    out.base64 = text_map(object_of(bear, "base64"));
    out.headers = text_map(object_of(bear, "headers"));
    out.members = text_map(object_of(bear, "body"));
    out.query = text_map(object_of(bear, "query"));
    out.path = text_map(object_of(bear, "path"));
    out.refused_codes = texts_of(json, "refused_codes");
    for (const auto& status : array_of(json, "refused_statuses"))
        if (status.is_number_integer()) out.refused_statuses.push_back(status.get<int>());
    return out;
}

// The grant of RFC 6749, section 4.4, as an exchange like any other.
AppTokenSpec client_credentials(const Json& json, const AuthSpec& auth) {
    AppTokenSpec out;
    Json request = {{"grant_type", "client_credentials"},
                    {"client_id", "{client_id}"},
                    {"client_secret", "{client_secret}"}};
    std::string scope;
    for (const auto& each : auth.scopes)
        scope += (scope.empty() ? "" : auth.scope_separator) + each;
    if (!scope.empty()) request["scope"] = scope;
    out.request = dump_json(request);
    out.as_form = text_of(json, "format", "form") == "form";
    out.token_at = "access_token";
    out.expires_at = "expires_in";
    out.code_at = "error";
    out.headers.emplace(auth.header, (auth.scheme.empty() ? "Bearer" : auth.scheme) + " {token}");
    return out;
}

AuthSpec read_auth(const Json& json) {
    AuthSpec out;
    out.kind = text_of(json, "kind", "none");
    out.when = text_map(object_of(json, "when"));
    for (const auto* kind : {"app_token", "login", "keys", "signed"})
        if (out.kind == kind) out.app_token = read_app_token(json);
    out.token_url = text_of(json, "token_url");
    out.authorize_url = text_of(json, "authorize_url");
    out.scopes = texts_of(json, "scopes");
    out.scope_separator = text_of(json, "scope_separator", ",");
    out.authorize_parameters = text_map(object_of(json, "authorize_parameters"));
    out.header = text_of(json, "header", "Authorization");
    out.parameter = text_of(json, "parameter");
    out.scheme = text_of(json, "scheme");
    const auto& limits = object_of(json, "token_limits");
    out.token_limit_count =
        static_cast<int>(std::clamp<std::int64_t>(integer_of(limits, "count"), 0, 1'000'000));
    out.token_limit_window = std::chrono::seconds(
        std::clamp<std::int64_t>(integer_of(limits, "window_s", 600), 1, 7 * 86'400));
    out.secrets = texts_of(json, "secrets");
    out.no_refresh_codes = texts_of(json, "no_refresh_codes");
    out.accounts_servers = texts_of(json, "accounts_servers");
    if (out.kind == "client_credentials") out.app_token = client_credentials(json, out);
    return out;
}

bool has_type(const Json& value, const std::string& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "boolean") return value.is_boolean();
    if (type == "list") return value.is_array();
    if (type == "url") return value.is_string() && Url::parse(value.get<std::string>());
    return value.is_string();
}

// What a person reads of a type.
std::string words_of(const std::string& type) {
    if (type == "integer") return "a whole number";
    if (type == "boolean") return "true or false";
    if (type == "list") return "a list";
    if (type == "url") return "an address such as https://crm.example.com";
    return "a text";
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
}

tl::unexpected<Error> bad_option(const std::string& name, const std::string& why) {
    return fail(Errc::kConfig, "option " + name + " " + why, {{"option", name}});
}

tl::unexpected<Error> unknown_option(const std::string& name,
                                     const std::vector<OptionSpec>& known) {
    if (known.empty()) return bad_option(name, "is not known to this plugin, which takes none");
    std::vector<std::string> names;
    names.reserve(known.size());
    for (const auto& option : known) names.push_back(option.name);
    return bad_option(name, "is not known to this plugin, which takes: " + joined(names));
}

std::string as_text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

Result<PluginSpec> PluginSpec::parse(std::string_view text) {
    auto json = parse_json(text, kSpecBytesMax, "the plugin's spec");
    if (!json) return pass(json);
    if (!json->is_object()) return fail(Errc::kProtocol, "the plugin's spec is not an object");
    PluginSpec out;
    for (const auto& option : array_of(*json, "options")) {
        out.options.push_back(read_option(option));
        if (out.options.back().name.empty())
            return fail(Errc::kProtocol, "the plugin's spec has an option without a name");
    }
    for (const auto& auth : array_of(*json, "auth")) out.auth.push_back(read_auth(auth));
    out.hosts = texts_of(*json, "hosts");
    out.dials = texts_of(*json, "dials");
    const auto& limits = object_of(*json, "limits");
    out.limits.requests_per_second = std::max(0.0, number_of(limits, "requests_per_second"));
    out.limits.concurrency =
        static_cast<int>(std::clamp<std::int64_t>(integer_of(limits, "concurrency"), 0, 1'000));
    out.limits.daily_credits = std::max<std::int64_t>(0, integer_of(limits, "daily_credits"));
    out.limits.credit_reserve = std::max<std::int64_t>(0, integer_of(limits, "credit_reserve"));
    out.limits.credits_left_header = ascii_lower(text_of(limits, "credits_left_header"));
    return out;
}

const AuthSpec* PluginSpec::auth_for(std::string_view kind,
                                     const std::map<std::string, std::string>& given) const {
    const auto suits = [&](const AuthSpec& each) {
        return std::ranges::all_of(each.when, [&](const auto& wanted) {
            const auto option = given.find(wanted.first);
            return option != given.end() && option->second == wanted.second;
        });
    };
    const AuthSpec* found = nullptr;
    for (const auto& each : auth) {
        if ((!kind.empty() && each.kind != kind) || !suits(each)) continue;
        if (!kind.empty()) return &each;
        if (found != nullptr) return nullptr;
        found = &each;
    }
    return found;
}

Result<Options> complete_options(const PluginSpec& spec, std::string_view given) {
    auto parsed = parse_json(given.empty() ? "{}" : given, kOptionsBytesMax, "the options");
    if (!parsed || !parsed->is_object())
        return fail(Errc::kConfig, "the options are not a JSON object");
    Json& values = *parsed;
    for (const auto& [name, value] : values.items())
        if (std::ranges::find(spec.options, name, &OptionSpec::name) == spec.options.end())
            return unknown_option(name, spec.options);
    for (const auto& option : spec.options)
        if (!values.contains(option.name) && !option.fallback.empty())
            values[option.name] = Json::parse(option.fallback);
    for (const auto& option : spec.options) {
        const auto implied = option.implies.find(text_of(values, option.name.c_str()));
        if (implied == option.implies.end()) continue;
        for (const auto& [name, value] : implied->second) values.emplace(name, value);
    }
    Options out;
    for (const auto& option : spec.options) {
        if (!values.contains(option.name)) {
            if (option.required) return bad_option(option.name, "is missing");
            continue;
        }
        const Json& value = values[option.name];
        if (!has_type(value, option.type))
            return bad_option(option.name, "must be " + words_of(option.type));
        if (!option.choices.empty() && option.type != "list" &&
            std::ranges::find(option.choices, as_text(value)) == option.choices.end())
            return bad_option(option.name, "must be one of: " + joined(option.choices));
    }
    for (const auto& [name, value] : values.items())
        if (!value.is_structured()) out.texts.emplace(name, as_text(value));
    out.json = dump_json(values);
    return out;
}

std::optional<std::string> expand(std::string_view text,
                                  const std::map<std::string, std::string>& values, Blank blank) {
    std::string out;
    while (!text.empty()) {
        const auto open = text.find('{');
        out += text.substr(0, open);
        if (open == std::string_view::npos) break;
        const auto close = text.find('}', open);
        if (close == std::string_view::npos) return std::nullopt;
        const auto value = values.find(std::string(text.substr(open + 1, close - open - 1)));
        if (value == values.end()) return std::nullopt;
        if (blank == Blank::kIsMissing && value->second.empty()) return std::nullopt;
        out += value->second;
        text.remove_prefix(close + 1);
    }
    return out;
}

}  // namespace kontor::host
