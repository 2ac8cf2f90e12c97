#include "connectors/host/token_file.hpp"

#include <nlohmann/json.hpp>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/digest.hpp"
#include "connectors/host/json_text.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kFileBytesMax = 65'536;

std::int64_t ms_of(Instant at) {
    return at.time_since_epoch().count();
}
Instant instant_of(std::int64_t ms) {
    return Instant(std::chrono::milliseconds(ms));
}

}  // namespace

TokenState TokenState::copy() const {
    TokenState out;
    out.access_token = access_token.copy();
    out.obtained = obtained;
    out.expires = expires;
    out.rotated_refresh_token = rotated_refresh_token.copy();
    out.api_domain = api_domain;
    out.values = values;
    out.asked = asked;
    out.refused_at = refused_at;
    out.refused_with = refused_with;
    out.refused_for = refused_for;
    return out;
}

Result<TokenState> load_token_state(const std::string& path) {
    auto bytes = read_file(path, kFileBytesMax);
    if (!bytes) return pass(bytes);
    TokenState state;
    if (!*bytes) return state;
    const auto json = parse_json(**bytes, kFileBytesMax, "the token file");
    wipe(**bytes);
    if (!json) return state;
    state.access_token = Secret(text_of(*json, "access_token"));
    state.obtained = instant_of(integer_of(*json, "obtained_ms"));
    state.expires = instant_of(integer_of(*json, "expires_ms"));
    state.rotated_refresh_token = Secret(text_of(*json, "refresh_token"));
    state.api_domain = text_of(*json, "api_domain");
    for (const auto& [name, value] : object_of(*json, "values").items())
        if (value.is_string()) state.values.emplace(name, value.get<std::string>());
    for (const auto& at : array_of(*json, "asked_ms"))
        if (at.is_number_integer()) state.asked.push_back(instant_of(at.get<std::int64_t>()));
    state.refused_at = instant_of(integer_of(*json, "refused_ms"));
    state.refused_with = text_of(*json, "refused_with");
    state.refused_for = text_of(*json, "refused_for");
    return state;
}

Result<> save_token_state(const std::string& path, const TokenState& state) {
    nlohmann::json json = {{"access_token", state.access_token.reveal()},
                           {"obtained_ms", ms_of(state.obtained)},
                           {"expires_ms", ms_of(state.expires)},
                           {"refresh_token", state.rotated_refresh_token.reveal()},
                           {"api_domain", state.api_domain},
                           {"values", state.values},
                           {"refused_ms", ms_of(state.refused_at)},
                           {"refused_with", state.refused_with},
                           {"refused_for", state.refused_for},
                           {"asked_ms", nlohmann::json::array()}};
    for (const auto at : state.asked) json["asked_ms"].push_back(ms_of(at));
    std::string text = dump_json(json);
    auto saved = replace_file(path, text);
    wipe(text);
    return saved;
}

std::string token_file_name(std::string_view token_url, std::string_view client_id,
                            const Secret& lasting) {
    std::string all;
    all.reserve(token_url.size() + client_id.size() + lasting.reveal().size() + 2);
    all.append(token_url).append(1, '\n').append(client_id).append(1, '\n');
    all += lasting.reveal();
    const auto digest = sha256_hex(all);
    wipe(all);
    return "token-" + digest.substr(0, 32) + ".json";
}

}  // namespace kontor::host
