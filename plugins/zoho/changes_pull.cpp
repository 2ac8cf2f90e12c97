#include <algorithm>
#include <limits>

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/joined.hpp"
#include "plugins/zoho/json_page.hpp"
#include "plugins/zoho/pull.hpp"

namespace kontor::zoho {
namespace {

constexpr int kChangesPagesMax = 1'000'000;
// So long after a change it has surely become visible, whatever the overlap: a cursor may pass
// quiet times up to here, lest the records of the last busy minutes be read again by every pull.
constexpr std::int64_t kSurelyVisibleMs = 600'000;

struct Progressed {
    std::int64_t started_ms = 0;  // Zoho's clock when the first request was answered
    std::int64_t newest_ms = 0;   // greatest time seen
    // From here on something may have been skipped: see changed().
    std::int64_t doubtful_ms = std::numeric_limits<std::int64_t>::max();
};

std::int64_t next_high(const Pull& job, std::int64_t before, const Progressed& seen) {
    const std::int64_t visible = std::max(kSurelyVisibleMs, job.api.options().overlap_ms);
    const std::int64_t certain = std::min(seen.newest_ms, seen.started_ms);
    return std::max({before, certain, seen.started_ms - visible});
}

// Paging is no snapshot: a record that is changed while we read leaves its place, all behind it
// move up, and one is skipped at the next border. So the next page is not asked for by token, but
// as the first page from the last time seen. Only where one second fills more than a page must
// tokens be followed; if anything changed meanwhile, that second is read again by the next pull.
Progressed changed(Pull& job) {
    const std::int64_t overlap = job.api.options().overlap_ms;
    Progressed seen;
    seen.newest_ms = job.cursor.modified_ms;
    ListQuery query;
    query.sort_by = "Modified_Time";
    query.since_ms = job.cursor.modified_ms - overlap;
    bool ordered = true;
    for (int count = 0; count < kChangesPagesMax; ++count) {
        const Listed listed = job.records.list(query, job.out);
        if (count == 0) seen.started_ms = listed.server_ms;
        if (listed.outcome == Listed::Outcome::kTokenRefused)
            throw sdk::Error(KONTOR_E_PROTOCOL,
                             "list " + job.module.name + ": a page token was refused");
        if (listed.outcome == Listed::Outcome::kNothing) return seen;
        const Page& page = listed.page;
        ordered = ordered && page.ordered;
        seen.newest_ms = std::max(seen.newest_ms, page.newest_ms);
        if (!page.more) return seen;
        if (ordered && page.newest_ms - 1000 > *query.since_ms) {
            query.since_ms = page.newest_ms - 1000;
            query.page_token.clear();
            job.cursor.modified_ms =
                std::max(job.cursor.modified_ms,
                         std::min({page.newest_ms, seen.started_ms, seen.doubtful_ms}));
            job.records.expect(query);
            job.flush_if_full();
        } else {
            if (page.next_token.empty() || page.next_token == query.page_token)
                throw sdk::Error(KONTOR_E_PROTOCOL,
                                 "list " + job.module.name + ": no way to the next page");
            query.page_token = page.next_token;
            seen.doubtful_ms = std::min(seen.doubtful_ms, *query.since_ms);
            // However many share a stamp: the cursor stays, so they would be read again.
            job.flush_if_full(false);
        }
    }
    throw sdk::Error(KONTOR_E_PROTOCOL, "list " + job.module.name + ": it never ends");
}

// The deleted feed has page numbers only.
Progressed deleted(Pull& job) {
    Progressed seen;
    seen.newest_ms = job.cursor.deleted_ms;
    const std::string doing = "deleted " + job.module.name;
    for (int page = 1; page < kChangesPagesMax; ++page) {
        sdk::Url url = job.api.module_url(job.module.name);
        url.path("deleted").query("type", "all").query("page", std::to_string(page));
        url.query("per_page", "200");
        sdk::HttpRequest request = get(url);
        if_modified_since(request, job.cursor.deleted_ms - job.api.options().overlap_ms);
        const sdk::HttpResponse response = job.api.send(request);
        if (page == 1) seen.started_ms = job.api.server_time_ms(response);
        if (page > 1 && response.status == 400) {
            // Whether the feed ends at 2,000 is not documented. What lies behind is found by the
            // engine's sweep of ids.
            job.api.host().log(sdk::LogLevel::kWarning, "zoho.deleted_feed_cut",
                               {{"module", job.module.name}, {"pages", page - 1}});
            return seen;
        }
        if (response.status >= 400) throw failure(response, doing);
        if (nothing(response)) return seen;
        const sdk::Json json = json_body(response, doing);
        const sdk::Json& list = sdk::member(json, "data");
        if (!list.is_array()) throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": no list");
        for (const sdk::Json& each : list) {
            const std::string id = sdk::text_of(each, "id");
            if (!is_id(id))
                throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": one without an id of Zoho's");
            const auto when = sdk::parse_instant(sdk::text_of(each, "deleted_time"));
            if (when) seen.newest_ms = std::max(seen.newest_ms, *when);
            job.out.begin(abi::Op::kDeleted, id, when ? sdk::format_instant(*when) : std::string(),
                          {}, sdk::text_of(sdk::member(each, "deleted_by"), "id"));
        }
        if (list.empty() || !sdk::flag_of(sdk::member(json, "info"), "more_records")) return seen;
        job.flush_if_full();
    }
    throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": it never ends");
}

}  // namespace

void pull_changes(Pull& job) {
    Progressed modified;
    if (job.module.has_modified_time()) {
        modified = changed(job);
    } else {
        modified.started_ms = modified.newest_ms = job.cursor.modified_ms;
    }
    const std::int64_t modified_before = job.cursor.modified_ms;
    std::int64_t modified_high = next_high(job, modified_before, modified);

    std::int64_t deleted_newest = 0;
    if (job.module.has_deleted_feed()) {
        const Progressed gone = deleted(job);
        job.cursor.deleted_ms = next_high(job, job.cursor.deleted_ms, gone);
        deleted_newest = gone.newest_ms;
    }
    const bool disturbed =
        modified.newest_ms >= modified.started_ms || deleted_newest >= modified.started_ms;
    if (disturbed)
        modified_high = std::min(modified_high, std::max(modified_before, modified.doubtful_ms));
    job.cursor.modified_ms = modified_high;
    job.flush(true);
}

void pull_users(Pull& job, bool everything) {
    std::optional<std::int64_t> since;
    if (!everything) since = job.cursor.modified_ms - job.api.options().overlap_ms;
    std::int64_t started_ms = 0;
    for (const char* type : {"AllUsers", "DeletedUsers"}) {
        for (std::int64_t page = 1; page <= kChangesPagesMax; ++page) {
            abi::BatchWriter read;
            const Listed listed = job.records.list_users(type, page, since, read);
            if (started_ms == 0) started_ms = listed.server_ms;
            if (listed.outcome == Listed::Outcome::kNothing) break;
            abi::BatchReader reader(read.bytes());
            const bool gone = std::string_view(type) == "DeletedUsers";
            while (const auto record = reader.next()) {
                job.out.begin(gone ? abi::Op::kDeleted : record->op, record->id, record->version,
                              record->key, record->actor);
                for (unsigned i = 0; !gone && i < record->count; ++i) {
                    abi::BatchReader::Field field;
                    if (reader.next_field(field)) copy_field(field, job.out);
                }
            }
            if (!listed.page.more || listed.page.records == 0) break;
        }
    }
    job.cursor.phase = Cursor::Phase::kChanges;
    // Users are few and their times are not documented to be exact: the clock, less the overlap.
    job.cursor.modified_ms = job.cursor.deleted_ms = started_ms;
    job.flush(true);
}

}  // namespace kontor::zoho
