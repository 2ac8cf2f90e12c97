#include "plugins/carddav/cursor.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::carddav {

std::string Cursor::encode() const {
    sdk::Json json{{"token", token}, {"tag", tag}};
    if (loading) json["after"] = after;
    return json.dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
}

std::optional<Cursor> Cursor::decode(std::string_view text) {
    if (text.empty()) return std::nullopt;
    try {
        const sdk::Json json = sdk::parse_json(text, "cursor");
        if (!json.is_object()) return std::nullopt;
        Cursor out;
        out.token = sdk::text_of(json, "token");
        out.tag = sdk::text_of(json, "tag");
        out.after = sdk::text_of(json, "after");
        out.loading = json.contains("after");
        return out;
    } catch (const sdk::Error&) {
        return std::nullopt;
    }
}

}  // namespace kontor::carddav
