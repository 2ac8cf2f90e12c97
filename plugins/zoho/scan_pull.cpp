#include "plugins/zoho/coql.hpp"
#include "plugins/zoho/pull.hpp"

namespace kontor::zoho {
namespace {

// Far beyond any organisation; a server that never ends its list must not keep us for ever.
constexpr int kScanPagesMax = 5'000'000;

// Behind the 100,000 records that page tokens reach, and where a token has died.
void pull_behind(Pull& job) {
    for (int page = 0; page < kScanPagesMax; ++page) {
        const std::string after = job.cursor.last_id;
        const CoqlIds found =
            coql_ids(job.api, job.module.name,
                     after.empty() ? "id is not null" : "id > " + coql_text(after));
        if (found.ids.empty()) return;
        job.records.by_ids(found.ids, Records::Absent::kSkip, job.out);
        job.cursor.page_token.clear();
        job.cursor.last_id = found.ids.back();
        job.flush_if_full();
        if (!found.more && found.ids.size() < 2000) return;
        if (found.ids.back() == after)
            throw sdk::Error(KONTOR_E_PROTOCOL, "COQL gave the same records again");
    }
}

}  // namespace

void pull_by_scan(Pull& job) {
    job.cursor.phase = Cursor::Phase::kScan;
    std::int64_t done = 0;
    ListQuery query;
    query.page_token = job.cursor.page_token;
    query.follow = true;
    for (int count = 0; count < kScanPagesMax; ++count) {
        const Listed listed = job.records.list(query, job.out);
        if (listed.outcome == Listed::Outcome::kTokenRefused) return pull_behind(job);
        if (listed.outcome == Listed::Outcome::kNothing) return;
        done += static_cast<std::int64_t>(listed.page.records);
        if (!listed.page.last_id.empty()) job.cursor.last_id = listed.page.last_id;
        if (!listed.page.more) return;
        if (listed.page.next_token.empty() || listed.page.next_token == job.cursor.page_token)
            throw sdk::Error(KONTOR_E_PROTOCOL, "list " + job.module.name +
                                                    ": more records, but no way to the next page");
        job.cursor.page_token = query.page_token = listed.page.next_token;
        job.flush(true);  // while the account prepares the next page
        job.api.host().progress({{"stage", "scan"}, {"done", done}, {"total", job.total_hint}});
    }
}

}  // namespace kontor::zoho
