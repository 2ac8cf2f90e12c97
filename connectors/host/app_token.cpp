#include "connectors/host/app_token.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "connectors/host/json_text.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kAnswerBytesMax = 65'536;
constexpr std::size_t kRefusalBytesMax = 16'384;  // an answer that only says no is short
constexpr std::chrono::seconds kUsualLifetime{3'600};
constexpr std::chrono::seconds kLifetimeMax{90 * 86'400};

// Text or number at the top level: some servers write codes this way, some that.
std::string code_at(const nlohmann::json& answer, const std::string& member) {
    const auto found = answer.find(member);
    if (found == answer.end() || found->is_structured() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
    return std::ranges::find(list, text) != list.end();
}

// What may be repeated to a person: a code, never the server's text.
std::string sound_code(const std::string& code) {
    const bool sound =
        !code.empty() && code.size() <= 64 && std::ranges::all_of(code, [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '_' || c == '-';
        });
    return sound ? code : "unknown_error";
}

}  // namespace

AppTokens::AppTokens(AppTokenSettings settings, HttpClient& http, const Clock& clock,
                     Sleeper& sleeper, Redactor& redactor)
    : settings_(std::move(settings)),
      http_(http),
      clock_(clock),
      keeper_(
          settings_.token_file,
          {.limit_count = settings_.token_limit_count,
           .limit_window = settings_.token_limit_window,
           .renew_before = settings_.spec.renew_before},
          [this](TokenState kept) { return ask(std::move(kept)); }, clock, sleeper, redactor) {
    for (const auto& member : settings_.request) redactor.add(member.value);
}

Result<Credentials> AppTokens::borne(const Secret& token,
                                     const std::map<std::string, std::string>& values) const {
    auto texts = values;
    texts["token"] = token.reveal();
    Credentials out;
    const auto add = [&](const std::map<std::string, std::string>& wanted,
                         std::vector<SecretHeader>& to) {
        for (const auto& [name, text] : wanted) {
            auto value = expand(text, texts);
            if (!value) return false;
            to.push_back({name, Secret(std::move(*value))});
        }
        return true;
    };
    const bool whole =
        add(settings_.spec.headers, out.headers) && add(settings_.spec.members, out.members);
    wipe(texts["token"]);
    if (!whole)
        return fail(Errc::kProtocol, "the token server's answer lacks what requests have to bear");
    return out;
}

Result<Credentials> AppTokens::credentials() {
    auto token = keeper_.current();
    if (!token) return pass(token);
    return borne(token->secret, token->values);
}

bool AppTokens::refuses(const HttpResponse& answer) const {
    if (answer.status == 401) return true;
    if (answer.body.size() > kRefusalBytesMax || settings_.spec.refused_codes.empty()) return false;
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    return json.is_object() &&
           contains(settings_.spec.refused_codes, code_at(json, settings_.spec.code_member));
}

Result<bool> AppTokens::renew(const Credentials& used, const HttpResponse&) {
    return keeper_.renew([&](const Secret& token) {
        for (const auto* list : {&used.headers, &used.members})
            for (const auto& each : *list)
                if (!token.empty() &&
                    each.value.reveal().find(token.reveal()) != std::string_view::npos)
                    return true;
        return false;
    });
}

Result<TokenState> AppTokens::ask(TokenState kept) {
    auto body = with_members("{}", settings_.request);
    if (!body) return pass(body);
    HttpRequest request;
    request.method = "POST";
    request.url = settings_.url();
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    request.body = body->reveal();
    request.max_body = kAnswerBytesMax;
    request.timeout = std::chrono::seconds(30);
    auto answer = http_.send(request);
    if (!answer) return in_context("ask for a token", std::move(answer.error()));
    auto state = read(*answer, std::move(kept));
    wipe(answer->body);
    return state;
}

Result<TokenState> AppTokens::read(const HttpResponse& answer, TokenState kept) const {
    const auto& spec = settings_.spec;
    auto json = parse_json(answer.body, kAnswerBytesMax, "the token server's answer");
    if (!json || !json->is_object()) {
        if (answer.status == 429 || answer.status >= 500)
            return fail(answer.status == 429 ? Errc::kRateLimited : Errc::kUnavailable,
                        "the token server answers " + std::to_string(answer.status));
        return fail(Errc::kProtocol, "the token server's answer is not a JSON object",
                    {{"status", std::to_string(answer.status)}});
    }
    kept.access_token = Secret(text_of(*json, spec.token_member.c_str()));
    if (kept.access_token.empty()) {
        const auto code = code_at(*json, spec.code_member);
        if (answer.status == 429 || contains(spec.rate_limited_codes, code))
            return fail(Errc::kRateLimited, "the token server answers " + sound_code(code));
        if (answer.status >= 500 || contains(spec.unavailable_codes, code))
            return fail(Errc::kUnavailable, "the token server answers " + sound_code(code));
        if (code.empty() && answer.status == 200)
            return fail(Errc::kProtocol, "the token server's answer has no token");
        return fail(Errc::kUnauthenticated, "the token server answers " + sound_code(code),
                    {{"oauth_error", sound_code(code)}});
    }
    kept.values.clear();
    for (const auto& name : spec.kept_members)
        if (auto text = text_of(*json, name.c_str()); !text.empty())
            kept.values.emplace(name, std::move(text));
    const std::chrono::seconds told(integer_of(*json, spec.expires_member.c_str()));
    kept.obtained = clock_.now();
    kept.expires =
        kept.obtained + (told.count() > 0 ? std::min(told, kLifetimeMax) : kUsualLifetime);
    return kept;
}

}  // namespace kontor::host
