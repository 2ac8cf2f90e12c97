#include "connectors/host/app_token.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "connectors/host/ascii.hpp"
#include "connectors/host/digest.hpp"
#include "connectors/host/json_text.hpp"
#include "connectors/host/status.hpp"
#include "connectors/host/url.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kAnswerBytesMax = 65'536;
constexpr std::size_t kRefusalBytesMax = 16'384;  // an answer that only says no is short
constexpr std::chrono::seconds kLifetimeMax{90 * 86'400};

// Text or number, for some servers write codes and ids this way, some that; "" if there is neither.
std::string text_at(const nlohmann::json& answer, const std::string& place) {
    const nlohmann::json* found = nullptr;
    if (place.starts_with('/')) {
        try {
            const nlohmann::json::json_pointer pointer(place);
            if (answer.contains(pointer)) found = &answer.at(pointer);
        } catch (const nlohmann::json::exception&) {  // a malformed place, or one beyond a list
            return {};
        }
    } else if (answer.is_object()) {
        if (const auto member = answer.find(place); member != answer.end()) found = &*member;
    }
    if (found == nullptr || found->is_structured() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

constexpr std::string_view kInHeader = "header:", kInCookie = "cookie:";

constexpr std::string_view kIsBody = "body";

// An answer that is the token and nothing else, bare or as a JSON text; "" if it looks like a page.
std::string token_as_body(const HttpResponse& answer) {
    constexpr std::string_view kBlank = " \t\r\n";
    std::string text = answer.body;
    if (const auto json = nlohmann::json::parse(answer.body, nullptr, false); json.is_string())
        text = json.get<std::string>();
    else if (json.is_structured() || json.is_null())
        return {};
    text.erase(0, std::min(text.find_first_not_of(kBlank), text.size()));
    text.erase(text.find_last_not_of(kBlank) + 1);
    const bool sound =
        std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '<'; });
    return sound ? text : std::string();
}

bool is_beside_body(std::string_view place) {
    return place.starts_with(kInHeader) || place.starts_with(kInCookie);
}

// The value of a cookie that the answer sets, without its attributes; "" if it sets none.
std::string cookie_in(const HttpResponse& answer, std::string_view name) {
    std::string_view lines = answer.header("set-cookie");
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const auto pair = line.substr(0, line.find(';'));
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
            return std::string(pair.substr(name.size() + 1));
    }
    return {};
}

std::string token_beside_body(const HttpResponse& answer, std::string_view place) {
    if (place.starts_with(kInCookie)) return cookie_in(answer, place.substr(kInCookie.size()));
    return std::string(answer.header(ascii_lower(std::string(place.substr(kInHeader.size())))));
}

std::string value_of(const HttpResponse& answer, const nlohmann::json& json,
                     const std::string& place) {
    return is_beside_body(place) ? token_beside_body(answer, place) : text_at(json, place);
}

// 0 if it is no number.
std::int64_t number_in(const std::string& text) {
    std::int64_t out = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    return read.ec == std::errc() ? out : 0;
}

bool same(const std::vector<SecretHeader>& a, const std::vector<SecretHeader>& b) {
    return std::ranges::equal(a, b, [](const auto& one, const auto& other) {
        return one.name == other.name && one.value.reveal() == other.value.reveal();
    });
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
    return std::ranges::find(list, text) != list.end();
}

tl::unexpected<Error> lacks(const std::string& what) {
    return fail(Errc::kConfig, what + " needs a value that there is not");
}

void wipe_all(std::map<std::string, std::string>& texts) {
    for (auto& [name, text] : texts) wipe(text);
}

// False if a gap has no value.
bool fill_all(const std::map<std::string, std::string>& wanted,
              const std::map<std::string, std::string>& texts, std::vector<SecretHeader>& to) {
    for (const auto& [name, text] : wanted) {
        auto value = expand(text, texts);
        if (!value) return false;
        to.push_back({name, Secret(std::move(*value))});
    }
    return true;
}

bool fill_json(nlohmann::json& json, const std::map<std::string, std::string>& texts) {
    if (json.is_structured()) {
        return std::ranges::all_of(json, [&](auto& each) { return fill_json(each, texts); });
    }
    if (!json.is_string()) return true;
    auto filled = expand(json.get_ref<const std::string&>(), texts);
    if (filled) json = std::move(*filled);
    return filled.has_value();
}

// The body of a request; nullopt if a gap in it has no value.
std::optional<std::string> filled_request(const std::string& pattern, bool as_form,
                                          const std::map<std::string, std::string>& texts) {
    auto json = nlohmann::json::parse(pattern);
    if (!fill_json(json, texts)) return std::nullopt;
    return as_form ? form_of(json) : dump_json(json);
}

// What may be repeated to a person: a code, never the server's text.
std::string sound_code(const std::string& code) {
    const bool sound =
        !code.empty() && code.size() <= 64 && std::ranges::all_of(code, [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '_' || c == '-';
        });
    return sound ? code : "unknown_error";
}

// Why an answer brings nothing.
tl::unexpected<Error> refusal(const HttpResponse& answer, const std::string& code,
                              const AppTokenSpec& spec) {
    if (answer.status == 429 || contains(spec.rate_limited_codes, code))
        return fail(Errc::kRateLimited, "the token server answers " + sound_code(code));
    if (answer.status >= 500 || contains(spec.unavailable_codes, code))
        return fail(Errc::kUnavailable, "the token server answers " + sound_code(code),
                    answered_args(answer.status));
    if (code.empty() && answer.status == 200)
        return fail(Errc::kProtocol, "the token server's answer has no token");
    return fail(Errc::kUnauthenticated, "the token server answers " + sound_code(code),
                {{"oauth_error", sound_code(code)}});
}

}  // namespace

std::string form_of(const nlohmann::json& members) {
    std::string out;
    for (const auto& [name, value] : members.items()) {
        if (!out.empty()) out += '&';
        append_encoded(out, name);
        out += '=';
        append_encoded(out, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return out;
}

void make_texts(const AppTokenSpec& spec, std::map<std::string, std::string>& texts, Blank blank) {
    const auto make = [&](const auto& name, const std::string& of, const auto& made) {
        if (auto filled = expand(of, texts, blank)) {
            texts[name] = made(*filled);
            wipe(*filled);
        }
    };
    for (const auto& [algorithm, wanted] : spec.digests)
        for (const auto& [name, of] : wanted)
            make(name, of,
                 [&, &by = algorithm](const std::string& text) { return digest_hex(by, text); });
    for (const auto& [name, wanted] : spec.signatures) {
        auto key = expand(wanted.key, texts);
        if (!key) continue;
        make(name, wanted.text, [&, &by = wanted](const std::string& text) {
            return hmac(by.algorithm, *key, text, by.form);
        });
        wipe(*key);
    }
    for (const auto& [name, of] : spec.base64)
        make(name, of, [](const std::string& text) { return std::string(base64(text).reveal()); });
}

Result<Credentials> borne_with(const AppTokenSpec& spec,
                               const std::map<std::string, std::string>& texts) {
    Credentials out;
    if (fill_all(spec.headers, texts, out.headers) && fill_all(spec.members, texts, out.members) &&
        fill_all(spec.query, texts, out.query) && fill_all(spec.path, texts, out.path))
        return out;
    return lacks("a request");
}

Result<Credentials> borne_by(const AppTokenSpec& spec, std::map<std::string, std::string> texts) {
    make_texts(spec, texts);
    auto out = borne_with(spec, texts);
    wipe_all(texts);
    return out;
}

AppTokens::AppTokens(AppTokenSettings settings, HttpClient& http, const Clock& clock,
                     Sleeper& sleeper, Redactor& redactor)
    : settings_(std::move(settings)),
      http_(http),
      clock_(clock),
      redactor_(redactor),
      keeper_(
          settings_.token_file,
          {.limit_count = settings_.token_limit_count,
           .limit_window = settings_.token_limit_window,
           .renew_before = settings_.spec.renew_before},
          [this](TokenState kept) { return ask(std::move(kept)); }, clock, sleeper, redactor) {
    for (const auto& each : settings_.hidden) redactor.add(each);
    for (const auto& each : settings_.secrets) redactor.add(each.value);
}

Result<Credentials> AppTokens::borne(const Secret& token,
                                     const std::map<std::string, std::string>& values) const {
    auto all = texts();
    for (const auto& [name, text] : values) all[name] = text;
    all["token"] = token.reveal();
    auto out = borne_by(settings_.spec, std::move(all));
    if (out) return out;
    return fail(Errc::kProtocol, "the token server's answer lacks what requests have to bear");
}

Result<Credentials> AppTokens::credentials(const AskedFor&) {
    auto token = keeper_.current();
    if (!token) return pass(token);
    return borne(token->secret, token->values);
}

bool AppTokens::refuses(const HttpResponse& answer) const {
    const auto& statuses = settings_.spec.refused_statuses;
    if (answer.status == 401 || std::ranges::find(statuses, answer.status) != statuses.end())
        return true;
    if (answer.body.size() > kRefusalBytesMax || settings_.spec.refused_codes.empty()) return false;
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    return !json.is_discarded() &&
           contains(settings_.spec.refused_codes, text_at(json, settings_.spec.code_at));
}

Result<bool> AppTokens::renew(const Credentials& used, const HttpResponse&) {
    return keeper_.renew([&](const TokenState& state) {
        const auto now = borne(state.access_token, state.values);
        return now && same(now->headers, used.headers) && same(now->members, used.members) &&
               same(now->query, used.query) && same(now->path, used.path);
    });
}

std::map<std::string, std::string> AppTokens::texts() const {
    auto out = settings_.values;
    for (const auto& each : settings_.secrets) out[each.name] = each.value.reveal();
    return out;
}

Result<HttpResponse> AppTokens::send(HttpRequest& request, const std::string& body, bool as_form) {
    request.headers.push_back({"Accept", "application/json"});
    if (request.method != "GET") {
        request.headers.push_back(
            {"Content-Type", as_form ? "application/x-www-form-urlencoded" : "application/json"});
        request.body = body;
    }
    request.max_body = kAnswerBytesMax;
    request.timeout = std::chrono::seconds(30);
    return http_.send(request);
}

Result<> AppTokens::take_challenge(std::map<std::string, std::string>& texts) {
    const auto& challenge = settings_.spec.challenge;
    HttpRequest request;
    request.method = challenge.method;
    std::vector<SecretHeader> query;
    if (!fill_all(challenge.query, texts, query)) return lacks("the challenge");
    request.url = with_query(settings_.challenge_url, query);
    request.told_url = settings_.challenge_url;
    auto body = filled_request(challenge.request, challenge.as_form, texts);
    if (!body) return lacks("the challenge");
    auto answer = send(request, *body, challenge.as_form);
    wipe(*body);
    if (!answer) return in_context("ask for a challenge", std::move(answer.error()));
    const auto json = nlohmann::json::parse(answer->body, nullptr, false);
    const auto code = text_at(json, settings_.spec.code_at);
    for (const auto& [name, place] : challenge.kept) {
        auto text = value_of(*answer, json, place);
        if (text.empty() || answer->status / 100 > 3) return refusal(*answer, code, settings_.spec);
        texts[name] = std::move(text);
    }
    return {};
}

// A digest of a password is as good as the password.
void AppTokens::hide_made(const std::map<std::string, std::string>& texts) {
    for (const auto& [algorithm, made] : settings_.spec.digests)
        for (const auto& [name, unused] : made)
            if (const auto text = texts.find(name); text != texts.end())
                redactor_.add(Secret(std::string(text->second)));
}

Result<Secret> AppTokens::asking(const std::map<std::string, std::string>& texts) const {
    const auto& spec = settings_.spec;
    if (settings_.request.empty()) {
        auto body = filled_request(spec.request, spec.as_form, texts);
        if (!body) return lacks("signing in");
        return Secret(std::move(*body));
    }
    if (!settings_.assertion) return settings_.request.copy();
    auto assertion = settings_.assertion(clock_.now());
    if (!assertion) return pass(assertion);
    std::string body(settings_.request.reveal());
    body.append("&assertion=").append(assertion->reveal());
    return Secret(std::move(body));
}

Result<TokenState> AppTokens::ask(TokenState kept) {
    auto all = texts();
    if (!settings_.spec.challenge.url.empty())
        if (auto taken = take_challenge(all); !taken) return pass(taken);
    make_texts(settings_.spec, all);
    hide_made(all);
    auto body = asking(all);
    HttpRequest request;
    const bool whole = fill_all(settings_.spec.asking_headers, all, request.secret_headers);
    wipe_all(all);
    if (!body) return pass(body);
    if (!whole) return lacks("signing in");
    request.method = settings_.spec.method;
    request.url = settings_.url();
    auto answer = send(request, std::string(body->reveal()), settings_.spec.as_form);
    if (!answer) return in_context("ask for a token", std::move(answer.error()));
    auto state = read(*answer, std::move(kept));
    wipe(answer->body);
    return state;
}

Result<TokenState> AppTokens::read(const HttpResponse& answer, TokenState kept) const {
    const auto& spec = settings_.spec;
    const bool whole = spec.token_at == kIsBody;
    const bool beside = is_beside_body(spec.token_at);
    auto json = parse_json(answer.body, kAnswerBytesMax, "the token server's answer");
    if ((beside || whole) && answer.status / 100 <= 3 && (!json || !json->is_structured()))
        json = nlohmann::json::object();  // a page, or nothing: what counts is beside it
    if (!json || !json->is_structured()) {
        if (answer.status == 401 || answer.status == 403)
            return fail(Errc::kUnauthenticated, "the token server refuses the credentials",
                        {{"oauth_error", "http_" + std::to_string(answer.status)}});
        if (answer.status == 429 || answer.status >= 500)
            return fail(answer.status == 429 ? Errc::kRateLimited : Errc::kUnavailable,
                        "the token server answers " + std::to_string(answer.status),
                        answered_args(answer.status));
        return fail(Errc::kProtocol, "the token server's answer is not JSON",
                    {{"status", std::to_string(answer.status)}});
    }
    const auto code = text_at(*json, spec.code_at);
    if (whole)
        kept.access_token = Secret(answer.status / 100 == 2 ? token_as_body(answer) : "");
    else if (!beside)
        kept.access_token = Secret(answer.status / 100 <= 3 ? text_at(*json, spec.token_at) : "");
    else if (code.empty() && answer.status / 100 <= 3)
        // Servers hand out a session to whom they refuse as well: there the answer has to tell.
        kept.access_token = Secret(token_beside_body(answer, spec.token_at));
    else
        kept.access_token = Secret();
    if (kept.access_token.empty()) {
        return refusal(answer, code, spec);
    }
    kept.values.clear();
    for (const auto& [name, place] : spec.kept)
        if (auto text = value_of(answer, *json, place); !text.empty())
            kept.values.emplace(name, std::move(text));
    const auto number = number_in(text_at(*json, spec.expires_at));
    const std::chrono::seconds told(spec.expires_in_ms ? number / 1000 : number);
    kept.obtained = clock_.now();
    kept.expires = kept.obtained + (told.count() > 0 ? std::min(told, kLifetimeMax) : spec.lasts);
    return kept;
}

}  // namespace kontor::host
