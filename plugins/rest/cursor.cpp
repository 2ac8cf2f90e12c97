#include "plugins/rest/cursor.hpp"

namespace kontor::rest {
namespace {

using sdk::Json;

Json json_of(const std::optional<std::int64_t>& ms) {
    return ms ? Json(*ms) : Json();
}

std::optional<std::int64_t> ms_of(const Json& json, const char* key) {
    const Json& value = sdk::member(json, key);
    return value.is_number_integer() ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

}  // namespace

std::string Cursor::encode() const {
    return Json{{"v", 1},
                {"loading", loading},
                {"since", json_of(since_ms)},
                {"began", json_of(began_ms)},
                {"newest", json_of(newest_ms)},
                {"each", each},
                {"at", position}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Cursor Cursor::decode(std::string_view text) {
    Cursor out;
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || sdk::integer_of(json, "v") != 1) return out;
    out.loading = sdk::flag_of(json, "loading", true);
    out.since_ms = ms_of(json, "since");
    out.began_ms = ms_of(json, "began");
    out.newest_ms = ms_of(json, "newest");
    out.position = sdk::member(json, "at");
    if (const Json& each = sdk::member(json, "each"); each.is_array())
        out.each.assign(each.begin(), each.end());
    if (!out.loading && !out.since_ms) out.loading = true;
    return out;
}

}  // namespace kontor::rest
