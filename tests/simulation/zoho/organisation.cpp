#include "tests/simulation/zoho/organisation.hpp"

#include <nlohmann/json.hpp>

namespace kontor::simulation::zoho {
namespace {

using nlohmann::json;

constexpr std::int64_t kSkewMs = 3'000;

peer::zoho::PeerOptions options_for(WorldTime& time, std::uint64_t seed) {
    peer::zoho::PeerOptions out;
    out.seed = seed;
    out.contacts = 8;
    for (const char* module : {"Leads", "Deals", "Products", "Quotes", "Sales_Orders", "Invoices",
                               "Campaigns", "Tasks", "Events", "Calls", "Notes", "Cases"})
        out.counts.emplace_back(module, 0);
    out.counts.emplace_back("Accounts", 3);
    out.clock_ms = [&time] { return time.now.time_since_epoch() / milliseconds{1} + kSkewMs; };
    out.base_url = kBaseUrl;
    out.strict = true;
    return out;
}

std::string text_of(const json& value) {
    if (value.is_null()) return {};
    if (value.is_string()) return value;
    if (value.is_object() && value.contains("id")) return value["id"].get<std::string>();
    return value.dump();
}

}  // namespace

Organisation::Organisation(WorldTime& time, std::uint64_t seed)
    : peer_(options_for(time, seed)), keys_(peer_.credentials()) {}

peer::Response Organisation::control(const std::string& method, const std::string& what,
                                     const std::string& body) {
    peer::Request request;
    request.method = method;
    request.target = "/_control/" + what;
    request.body = body;
    return peer_.handle(request);
}

Organisation::Records Organisation::live(const Kind& kind) {
    std::string fields = "id," + std::string(kind.title.name);
    for (const auto& field : kind.fields) fields += "," + std::string(field.name);
    if (kind.entity == "contact") fields += std::string(",") + kAccountField;
    const auto lines =
        control("GET",
                "dump?module=" + std::string(kind.module) + "&fields=" + fields + "&limit=1000000",
                "")
            .body;
    Records out;
    for (std::size_t at = 0; at < lines.size();) {
        const auto end = std::min(lines.find('\n', at), lines.size());
        if (end > at) {
            const auto record = json::parse(lines.substr(at, end - at));
            auto& texts = out[record.at("id").get<std::string>()];
            for (const auto& [name, value] : record.items()) texts[name] = text_of(value);
        }
        at = end + 1;
    }
    return out;
}

std::vector<std::string> Organisation::deleted(const Kind& kind) {
    const auto lines =
        control("GET",
                "dump?module=" + std::string(kind.module) + "&fields=id&deleted=true&limit=1000000",
                "")
            .body;
    std::vector<std::string> out;
    for (std::size_t at = 0; at < lines.size();) {
        const auto end = std::min(lines.find('\n', at), lines.size());
        if (end > at) {
            const auto record = json::parse(lines.substr(at, end - at));
            if (record.value("$deleted", false)) out.push_back(record.at("id").get<std::string>());
        }
        at = end + 1;
    }
    return out;
}

bool Organisation::set(const Kind& kind, const std::string& id, const json& fields) {
    const json body{{"module", kind.module}, {"id", id}, {"set", fields}};
    return control("POST", "edit", body.dump()).status < 300;
}

bool Organisation::edit(const Kind& kind, const std::string& id, const std::string& field,
                        const std::optional<std::string>& text) {
    return set(kind, id, {{field, text ? json(*text) : json()}});
}

bool Organisation::point(const Kind& kind, const std::string& id, const std::string& account) {
    return set(kind, id, {{kAccountField, {{"id", account}}}});
}

bool Organisation::create(const Kind& kind, const std::string& title) {
    const json body{{"module", kind.module}, {"set", {{kind.title.name, title}}}};
    return control("POST", "create", body.dump()).status < 300;
}

bool Organisation::erase(const Kind& kind, const std::string& id) {
    return control("POST", "delete", json{{"module", kind.module}, {"id", id}}.dump()).status < 300;
}

bool Organisation::restore(const Kind& kind, const std::string& id) {
    return control("POST", "restore", json{{"module", kind.module}, {"id", id}}.dump()).status <
           300;
}

bool Organisation::merge(const Kind& kind, const std::string& loser, const std::string& winner) {
    const json body{{"module", kind.module}, {"winner", winner}, {"losers", json::array({loser})}};
    return control("POST", "merge", body.dump()).status < 300;
}

void Organisation::end_tokens() {
    control("POST", "fault", R"({"kind":"expire_access_tokens"})");
}

void Organisation::withdraw_access() {
    control("POST", "fault", R"({"kind":"revoke_refresh_token"})");
}

void Organisation::grant_access() {
    const auto code = json::parse(control("POST", "grant", "{}").body).at("grant_code");
    peer::Request request;
    request.method = "POST";
    request.target = "/oauth/v2/token";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = "grant_type=authorization_code&client_id=" + keys_.client_id +
                   "&client_secret=" + keys_.client_secret + "&code=" + code.get<std::string>();
    keys_.refresh_token = json::parse(peer_.handle(request).body).at("refresh_token");
}

void Organisation::use_up_credits(bool used_up) {
    control("POST", "switch", json{{"name", "credits_daily"}, {"value", used_up ? 1 : 0}}.dump());
}

std::int64_t Organisation::writes() {
    return json::parse(control("GET", "stats", "").body).value("records_written", std::int64_t{0});
}

std::string Organisation::violations() {
    const auto list = json::parse(control("GET", "violations", "").body).at("violations");
    return list.empty() ? std::string() : list.dump();
}

}  // namespace kontor::simulation::zoho
