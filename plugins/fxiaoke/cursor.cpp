#include "plugins/fxiaoke/cursor.hpp"

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::fxiaoke {
namespace {

constexpr std::int64_t kVersion = 1;

}  // namespace

std::string Cursor::encode() const {
    sdk::Json json{{"v", kVersion}, {"since", sdk::format_instant(since_ms)}};
    if (loading) {
        json["last_id"] = last_id;
        json["done"] = done;
    }
    return json.dump();
}

std::optional<Cursor> Cursor::decode(std::string_view text) {
    if (text.empty()) return std::nullopt;
    sdk::Json json;
    try {
        json = sdk::parse_json(text, "cursor");
    } catch (const sdk::Error& error) {
        throw sdk::Error(KONTOR_E_INVALID, error.what());
    }
    if (sdk::integer_of(json, "v") != kVersion)
        throw sdk::Error(KONTOR_E_INVALID, "cursor: written by another version");
    const auto since = sdk::parse_instant(sdk::text_of(json, "since"));
    if (!since) throw sdk::Error(KONTOR_E_INVALID, "cursor: since");
    Cursor out;
    out.since_ms = *since;
    out.loading = json.contains("last_id");
    out.last_id = sdk::text_of(json, "last_id");
    out.done = sdk::integer_of(json, "done");
    return out;
}

}  // namespace kontor::fxiaoke
