#include "tests/peers/zoho/deleted_api.hpp"

#include <algorithm>

#include "tests/peers/base/times.hpp"
#include "tests/peers/zoho/output.hpp"
#include "tests/peers/zoho/read_api.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kRecycleRetention = 60 * kDaySeconds;
constexpr std::int64_t kPermanentRetention = 120 * kDaySeconds;

struct Entry {
    Slot slot;
    std::int64_t deleted_s;
    bool permanent;
    const Tombstone* tombstone;
};

/// What the feed shows of a tombstone at `now`; false when it is too old. A record leaves the
/// recycle bin after 60 days and is then permanently deleted.
bool entry_at(const Tombstone& tombstone, std::int64_t now, Entry& entry) {
    entry.tombstone = &tombstone;
    entry.deleted_s = tombstone.deleted_s;
    entry.permanent = tombstone.permanent;
    if (!entry.permanent && now - entry.deleted_s >= kRecycleRetention) {
        entry.permanent = true;
        entry.deleted_s += kRecycleRetention;
    }
    return !entry.permanent || now - entry.deleted_s < kPermanentRetention;
}

}  // namespace

Response list_deleted(Org& org, Call& call, const Module& module) {
    call.charge(static_cast<int>(org.switches.number("deleted_credits")));
    if (!module.deleted_feed)
        refuse(400, "INVALID_MODULE", "the module name given seems to be invalid",
               {{"resource_path_index", 0}});
    const std::string_view type = call.parameter("type").value_or("all");
    if (type != "all" && type != "recycle" && type != "permanent")
        refuse(400, "INVALID_DATA", "invalid data",
               {{"param_name", "type"}, {"supported_values", {"all", "recycle", "permanent"}}});
    const auto since = ReadApi::modified_since(call);
    const auto per_page = static_cast<std::size_t>(ReadApi::positive(call, "per_page", 200, 200));
    const auto page = static_cast<std::size_t>(ReadApi::positive(call, "page", 1, 10000000));
    if (org.switches.on("deleted_wall_2000") && page * per_page > 2000)
        refuse(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "limit exceeded", {{"limit", 2000}});
    const ModuleStore& store = org.store(module);
    const std::int64_t now = org.now_s();
    const bool inclusive = org.switches.on("if_modified_since_inclusive");
    std::vector<Entry> entries;
    for (const Slot slot : store.tombstones()) {
        Entry entry{};
        entry.slot = slot;
        if (!entry_at(*store.stored(slot)->tombstone, now, entry)) continue;
        if (type != "all" && (type == "permanent") != entry.permanent) continue;
        if (since && !(entry.deleted_s > *since || (inclusive && entry.deleted_s == *since)))
            continue;
        entries.push_back(entry);
    }
    const bool ascending = org.switches.text("deleted_order") == "asc";
    std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
        const std::pair x(a.deleted_s, a.slot);
        const std::pair y(b.deleted_s, b.slot);
        return ascending ? x < y : y < x;
    });
    const std::size_t first = std::min((page - 1) * per_page, entries.size());
    const std::size_t last = std::min(first + per_page, entries.size());
    if (first == last) return empty_response(204);
    const Output output(org);
    std::string body = "{\"data\":[";
    for (std::size_t i = first; i < last; ++i) {
        const Entry& entry = entries[i];
        if (i > first) body += ',';
        body += "{\"deleted_by\":";
        output.append_user(body, entry.permanent ? "" : entry.tombstone->deleted_by, false);
        body += ",\"id\":\"" + record_id(module.number, entry.slot) + "\",\"display_name\":";
        if (entry.permanent || entry.tombstone->display_name.empty()) {
            body += "null";
        } else {
            append_json_string(body, entry.tombstone->display_name);
        }
        body += entry.permanent ? ",\"type\":\"permanent\"" : ",\"type\":\"recycle\"";
        body += ",\"created_by\":";
        output.append_user(body, entry.permanent ? "" : entry.tombstone->created_by, false);
        body += ",\"deleted_time\":\"" + format_instant(entry.deleted_s, org.zone) + "\"}";
    }
    body += "],\"info\":{\"per_page\":" + std::to_string(per_page) +
            ",\"count\":" + std::to_string(last - first) + ",\"page\":" + std::to_string(page) +
            ",\"more_records\":" + (last < entries.size() ? "true" : "false") + "}}";
    return json_text_response(200, std::move(body));
}

}  // namespace kontor::peer::zoho
