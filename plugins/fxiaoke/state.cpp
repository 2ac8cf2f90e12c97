#include "plugins/fxiaoke/state.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::fxiaoke {

State::State(sdk::Host& host) : host_(host), saved_(host.state()) {
    if (saved_.empty()) return;
    sdk::Json json;
    try {
        json = sdk::parse_json(saved_, "state");
    } catch (const sdk::Error&) {
        return;
    }
    tenant = sdk::text_of(json, "tenant");
    if (const auto& keyset = sdk::member(json, "keyset_with_time"); keyset.is_boolean())
        keyset_with_time = keyset.get<bool>();
    for (const auto& [object, asked] : sdk::member(json, "invalid_asked").items())
        if (asked.is_number_integer()) invalid_asked_ms[object] = asked.get<std::int64_t>();
    for (const auto& object : sdk::member(json, "shows_invalid"))
        if (object.is_string()) shows_invalid.insert(object.get<std::string>());
    owner_as_text = sdk::flag_of(json, "owner_as_text");
    null_as_text = sdk::flag_of(json, "null_as_text");
}

std::string State::encode() const {
    sdk::Json json{{"tenant", tenant},
                   {"invalid_asked", invalid_asked_ms},
                   {"shows_invalid", shows_invalid},
                   {"owner_as_text", owner_as_text},
                   {"null_as_text", null_as_text}};
    if (keyset_with_time) json["keyset_with_time"] = *keyset_with_time;
    return json.dump();
}

void State::save() {
    std::string text = encode();
    if (text == saved_) return;
    host_.put_state(text);
    saved_ = std::move(text);
}

}  // namespace kontor::fxiaoke
