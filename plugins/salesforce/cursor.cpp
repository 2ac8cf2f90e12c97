#include "plugins/salesforce/cursor.hpp"

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::salesforce {
namespace {

constexpr std::int64_t kVersion = 1;

std::int64_t time_of(const sdk::Json& json, const char* name) {
    const auto ms = sdk::parse_instant(sdk::text_of(json, name));
    if (!ms) throw sdk::Error(KONTOR_E_INVALID, std::string("cursor: ") + name);
    return *ms;
}

}  // namespace

std::string Cursor::encode() const {
    sdk::Json json{{"v", kVersion},
                   {"since", sdk::format_instant(since_ms)},
                   {"feed", sdk::format_instant(feed_ms)}};
    if (stage == Stage::kBulk) {
        json["job"] = job;
        json["locator"] = locator;
    } else if (stage == Stage::kLoad) {
        json["loaded"] = last_id;
    } else if (!last_id.empty()) {
        json["id"] = last_id;
        json["at"] = sdk::format_instant(at_ms);
        json["began"] = sdk::format_instant(began_ms);
    }
    if (done > 0) json["done"] = done;
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
    Cursor out;
    out.since_ms = time_of(json, "since");
    out.feed_ms = time_of(json, "feed");
    out.stage = json.contains("job")      ? Stage::kBulk
                : json.contains("loaded") ? Stage::kLoad
                                          : Stage::kChanges;
    out.job = sdk::text_of(json, "job");
    out.locator = sdk::text_of(json, "locator");
    out.last_id = sdk::text_of(json, out.stage == Stage::kLoad ? "loaded" : "id");
    if (out.stage == Stage::kChanges && !out.last_id.empty()) {
        out.at_ms = time_of(json, "at");
        out.began_ms = time_of(json, "began");
    }
    out.done = sdk::integer_of(json, "done");
    return out;
}

}  // namespace kontor::salesforce
