#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::host {

/// One option that a plugin takes; `fallback` is JSON text, "" if there is none.
struct OptionSpec {
    std::string name;
    std::string type = "text";  ///< text, integer, boolean, url, list
    bool required = false;
    std::string fallback;
    std::vector<std::string> choices;
    /// Per choice: values that other options get unless they are given themselves
    /// (data_centre "cn" → accounts_url "https://…").
    std::map<std::string, std::map<std::string, std::string>> implies;
};

/// A request that comes before a sign-in: what it brings is a part of that.
struct ChallengeSpec {
    std::string url;  ///< "": there is none
    std::string method = "GET";
    std::map<std::string, std::string> query;
    std::string request = "{}";  ///< unless by GET
    bool as_form = false;
    std::map<std::string, std::string> kept;  ///< name → place
};

/// A text signed with a key: HMAC of RFC 2104.
struct SignatureSpec {
    std::string key, text;             ///< patterns
    std::string algorithm = "sha256";  ///< md5, sha1, sha256, sha512
    std::string form = "hex";          ///< hex (small letters), base64, raw
};

/// How an application's own token is asked for, and how requests bear it (docs/connector-abi.md,
/// "app_token", "login", "keys" and "signed"). `{name}` stands for a secret, a value, an option,
/// what the challenge brought, or a text made of these; in what requests bear also for `token` and
/// what is kept of the answer. Places in an answer are members of its top level or JSON Pointers
/// ("/a"), "header:NAME" or "cookie:NAME"; the token may be the whole answer, a text: "body".
struct AppTokenSpec {
    ChallengeSpec challenge;
    std::string method = "POST";
    std::map<std::string, std::string> asking_headers;  ///< of the request that asks
    std::string request = "{}";                         ///< the JSON that asks
    bool as_form = false;                               ///< its members are sent as a form instead
    /// What a signed statement in the form claims (RFC 7523); empty: there is none. The secret
    /// "private_key" signs it.
    std::map<std::string, std::string> claims;
    std::chrono::seconds claims_last{180};
    std::string token_at, expires_at, code_at;
    bool expires_in_ms = false;               ///< what is at expires_at; else seconds
    std::map<std::string, std::string> kept;  ///< name → place
    /// Texts made of others: algorithm ("md5", "sha1", "sha256", in this order) → name → text.
    std::map<std::string, std::map<std::string, std::string>> digests;
    std::map<std::string, SignatureSpec> signatures;  ///< made after them, by name
    std::string signed_below;  ///< address template: {path} of a request begins behind it
    std::map<std::string, std::string> base64;  ///< made last
    std::chrono::seconds lasts{3'600};          ///< if the answer does not say
    std::vector<int> refused_statuses;          ///< besides 401
    std::vector<std::string> rate_limited_codes, unavailable_codes;
    std::chrono::seconds renew_before{60};
    std::map<std::string, std::string> headers, members, query, path;  ///< what requests bear
    std::vector<std::string> refused_codes;  ///< in any answer: the token is not valid any more
};

/// One way to authenticate. `{name}` in URLs stands for the option of that name.
struct AuthSpec {
    /// oauth2, client_credentials, app_token, login, keys, signed, bearer, basic, header, query,
    /// password, none
    std::string kind = "none";
    std::map<std::string, std::string> when;  ///< options that it is meant for; empty = any
    AppTokenSpec app_token;
    std::string token_url;
    std::string authorize_url;
    std::vector<std::string> scopes;
    std::string scope_separator = ",";
    std::map<std::string, std::string> authorize_parameters;
    std::string header = "Authorization";
    std::string parameter;      ///< query: the one that bears the secret
    std::string scheme;         ///< goes before the token; "" = what is usual for the kind
    int token_limit_count = 0;  ///< tokens that may be asked for in the window; 0 = no limit
    std::chrono::seconds token_limit_window{600};
    std::vector<std::string> secrets;
    /// Codes in the body of a 401 that a new access token would not cure.
    std::vector<std::string> no_refresh_codes;
    /// Further accounts servers that a redirect may name ("accounts-server").
    std::vector<std::string> accounts_servers;
};

struct LimitsSpec {
    double requests_per_second = 0;   ///< 0 = no limit
    int concurrency = 0;              ///< 0 = no limit
    std::int64_t daily_credits = 0;   ///< in any 24 hours; 0 = not known
    std::int64_t credit_reserve = 0;  ///< of these, kept for pushes; 0 = not said
    std::string credits_left_header;  ///< lower case; "" = none
};

/// What a plugin says of itself before it is opened (docs/connector-abi.md, "spec").
struct PluginSpec {
    std::vector<OptionSpec> options;
    std::vector<AuthSpec> auth;
    std::vector<std::string> hosts;  ///< URL templates
    std::vector<std::string> dials;  ///< templates of addresses for kontor_host::dial
    LimitsSpec limits;

    /// kProtocol if it is not the JSON it should be.
    [[nodiscard]] static Result<PluginSpec> parse(std::string_view json);
    /// The entry of this kind ("" = the only one) that suits the options; nullptr if there is none,
    /// or if several would do for "".
    [[nodiscard]] const AuthSpec* auth_for(std::string_view kind,
                                           const std::map<std::string, std::string>& given) const;
};

/// The options of one connection, complete and checked.
struct Options {
    std::string json;                          ///< {"data_centre": "cn", …}
    std::map<std::string, std::string> texts;  ///< for templates
};

/// Checks what the configuration gives (a JSON object, or "") and adds defaults. kConfig naming the
/// option if one is unknown, missing, of the wrong type or not among its choices.
[[nodiscard]] Result<Options> complete_options(const PluginSpec& spec, std::string_view given);

enum class Blank : std::uint8_t { kIsMissing, kIsValue };

/// Puts values in place of `{name}`; nullopt if one has no value.
[[nodiscard]] std::optional<std::string> expand(std::string_view text,
                                                const std::map<std::string, std::string>& values,
                                                Blank blank = Blank::kIsMissing);

}  // namespace kontor::host
