#include "plugins/zoho/cursor.hpp"

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::zoho {
namespace {

constexpr std::int64_t kVersion = 1;

std::int64_t instant(const sdk::Json& json, std::string_view key) {
    const auto ms = sdk::parse_instant(sdk::text_of(json, key));
    if (!ms) throw sdk::Error(KONTOR_E_INVALID, "cursor: " + std::string(key));
    return *ms;
}

}  // namespace

std::string Cursor::encode() const {
    sdk::Json json{{"v", kVersion}};
    switch (phase) {
        case Phase::kScan:
            json["phase"] = "scan";
            json["start"] = sdk::format_instant(start_ms);
            json["token"] = page_token;
            json["last_id"] = last_id;
            break;
        case Phase::kBulk:
            json["phase"] = "bulk";
            json["start"] = sdk::format_instant(start_ms);
            json["job"] = job;
            if (!next_job.empty()) json["next_job"] = next_job;
            json["page"] = page;
            json["row"] = row;
            json["fields"] = fields;
            break;
        case Phase::kChanges:
            json["phase"] = "changes";
            json["modified"] = sdk::format_instant(modified_ms);
            json["deleted"] = sdk::format_instant(deleted_ms);
            break;
    }
    if (phase != Phase::kChanges && count >= 0) json["count"] = count;
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
    const std::string phase = sdk::text_of(json, "phase");
    if (phase == "changes") {
        out.phase = Phase::kChanges;
        out.modified_ms = instant(json, "modified");
        out.deleted_ms = instant(json, "deleted");
        return out;
    }
    out.start_ms = instant(json, "start");
    out.count = sdk::integer_of(json, "count", -1);
    if (phase == "scan") {
        out.page_token = sdk::text_of(json, "token");
        out.last_id = sdk::text_of(json, "last_id");
    } else if (phase == "bulk") {
        out.phase = Phase::kBulk;
        out.job = sdk::text_of(json, "job");
        out.next_job = sdk::text_of(json, "next_job");
        out.page = sdk::integer_of(json, "page", 1);
        out.row = sdk::integer_of(json, "row", 0);
        out.fields = sdk::text_of(json, "fields");
        if (out.page < 1 || out.row < 0) throw sdk::Error(KONTOR_E_INVALID, "cursor: page or row");
    } else {
        throw sdk::Error(KONTOR_E_INVALID, "cursor: phase");
    }
    return out;
}

}  // namespace kontor::zoho
