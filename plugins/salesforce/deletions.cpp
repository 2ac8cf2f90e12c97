#include "plugins/salesforce/deletions.hpp"

#include <algorithm>
#include <set>

#include "connectors/sdk/canonical.hpp"
#include "plugins/salesforce/images.hpp"
#include "plugins/salesforce/query.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

constexpr std::int64_t kFeedEveryMs = 3'600'000;
// The start must be a minute before the end, and no more than 15 days back.
constexpr std::int64_t kFeedLeastMs = 120'000, kFeedMostMs = 15 * std::int64_t{86'400'000};
constexpr std::size_t kIdsMax = 200;

Query of_bin(const Object& object) {
    Query out;
    out.deleted_too = true;
    out.fields = {"Id", object.stamp};
    if (object.tells_actor) out.fields.emplace_back("LastModifiedById");
    if (object.merges) out.fields.emplace_back("MasterRecordId");
    out.where.emplace_back("IsDeleted = true");
    return out;
}

std::string add_gone(const Json& row, const Object& object, abi::BatchWriter& out) {
    std::string id = sdk::text_of(row, "Id");
    if (!is_id(id))
        throw sdk::Error(KONTOR_E_PROTOCOL, "list " + object.name + ": a record without an id");
    const std::string master = sdk::text_of(row, "MasterRecordId");
    const bool merged = is_id(master) && master != id;
    out.begin(merged ? abi::Op::kMerged : abi::Op::kDeleted, id,
              version_of(sdk::text_of(row, object.stamp), object.name),
              merged ? std::string_view(master) : std::string_view(),
              sdk::text_of(row, "LastModifiedById"));
    return id;
}

void add_bin(Api& api, const Object& object, std::int64_t since_ms, std::set<std::string>& told,
             abi::BatchWriter& out) {
    Lister lister(api, object.name, object.stamp);
    std::string last_id;
    for (int page = 0; page < kPagesMax; ++page) {
        Query query = of_bin(object);
        query.where.push_back(object.stamp + " >= " + sdk::format_instant(since_ms));
        if (!last_id.empty()) query.where.push_back("Id > " + soql_text(last_id));
        query.order = "Id";
        const Rows rows = lister.list(query);
        for (const Json& row : rows.list) told.insert(add_gone(row, object, out));
        if (rows.last) return;
        if (rows.last_id == last_id) break;
        last_id = rows.last_id;
    }
    throw sdk::Error(KONTOR_E_PROTOCOL, "list " + object.name + ": it never ends");
}

void add_feed(Api& api, const Object& object, Cursor& cursor, const std::set<std::string>& told,
              abi::BatchWriter& out) {
    const std::int64_t now = api.cautious_ms();
    if (now - cursor.feed_ms < kFeedEveryMs) return;
    const std::int64_t start =
        std::max(std::min(cursor.feed_ms, now - kFeedLeastMs), now - kFeedMostMs + kFeedEveryMs);
    const std::string doing = "deleted records of " + object.name;
    const Reply reply = api.read(api.url("/sobjects")
                                     .segment(object.name)
                                     .path("/deleted/")
                                     .query("start", sdk::format_seconds_offset(start))
                                     .query("end", sdk::format_seconds_offset(now))
                                     .text(),
                                 doing);
    if (!reply.ok()) {
        const Trouble trouble = trouble_of(reply.status, reply.problem.code);
        if (trouble != Trouble::kNoFeed && trouble != Trouble::kMissing)
            throw failure(reply, doing);
        // It does not reach so far back, or there is none: the comparison of all ids finds them.
        api.host().log(sdk::LogLevel::kInfo, "salesforce.no_deleted_feed",
                       {{"object", object.name}, {"code", reply.problem.code}});
        cursor.feed_ms = now;
        return;
    }
    for (const Json& each : sdk::member(reply.body, "deletedRecords")) {
        const std::string id = sdk::text_of(each, "id");
        if (!is_id(id)) throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": one without an id");
        if (told.count(id) == 0)
            out.begin(abi::Op::kDeleted, id,
                      version_of(sdk::text_of(each, "deletedDate"), object.name));
    }
    const auto covered = sdk::parse_instant(sdk::text_of(reply.body, "latestDateCovered"));
    cursor.feed_ms = std::max(cursor.feed_ms, std::min(covered.value_or(start), now));
}

}  // namespace

void add_deletions(Api& api, const Object& object, std::int64_t since_ms, Cursor& cursor,
                   abi::BatchWriter& out) {
    std::set<std::string> told;
    if (object.keeps_bin) add_bin(api, object, since_ms, told, out);
    if (object.feed) add_feed(api, object, cursor, told, out);
}

void add_missing(Api& api, const Object& object, const std::vector<std::string>& ids,
                 abi::BatchWriter& out) {
    std::set<std::string> told;
    std::vector<std::string> askable;
    for (const std::string& id : ids)
        if (object.merges && is_id(id)) askable.push_back(id);
    Lister lister(api, object.name, object.stamp);
    for (std::size_t at = 0; at < askable.size(); at += kIdsMax) {
        const auto from = askable.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to =
            askable.begin() + static_cast<std::ptrdiff_t>(std::min(at + kIdsMax, askable.size()));
        Query query = of_bin(object);
        query.where.emplace_back("MasterRecordId != null");
        query.where.push_back("Id IN " + soql_texts({from, to}));
        for (const Json& row : lister.list(query).list) told.insert(add_gone(row, object, out));
    }
    for (const std::string& id : ids)
        if (told.count(id) == 0) out.begin(abi::Op::kMissing, id);
}

}  // namespace kontor::salesforce
