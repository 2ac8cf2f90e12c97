#include "plugins/zoho/pull.hpp"

namespace kontor::zoho {
namespace {

constexpr std::size_t kBatchRecords = 2000;
constexpr std::size_t kBatchBytes = 8u << 20;

// Records the module has, -1 if Zoho does not say. Fixes where increments start: Zoho's clock
// before anything is read.
std::int64_t begin_load(Pull& job) {
    sdk::Url url = job.api.module_url(job.module.name);
    url.path("actions/count");
    const auto response = job.api.send(get(url));
    job.cursor.start_ms = job.api.server_time_ms(response);
    if (response.status == 401 || response.status == 429 || response.status >= 500)
        throw failure(response, "count " + job.module.name);
    if (response.status != 200) return -1;
    return sdk::integer_of(json_body(response, "count " + job.module.name), "count", -1);
}

bool wants_bulk(const Pull& job) {
    const Options& options = job.api.options();
    if (!job.module.has_bulk_read() || options.bulk == BulkMode::kNever) return false;
    if (options.bulk == BulkMode::kAlways) return true;
    return job.total_hint >= options.bulk_threshold && bulk_has_all(job.columns);
}

void tell_total(const Pull& job) {
    if (job.total_hint > 0)
        job.api.host().progress({{"stage", "load"}, {"done", 0}, {"total", job.total_hint}});
}

void load(Pull& job) {
    job.total_hint = std::max(job.total_hint, job.cursor.count);
    tell_total(job);
    if (job.cursor.phase == Cursor::Phase::kBulk) {
        if (pull_by_bulk(job)) return;
        job.cursor = Cursor();
        begin_load(job);
    } else if (job.cursor.start_ms == 0) {
        job.total_hint = std::max(job.total_hint, begin_load(job));
        tell_total(job);
        if (wants_bulk(job) && pull_by_bulk(job)) return;
    }
    pull_by_scan(job);
}

}  // namespace

void Pull::flush_if_full(bool resumable) {
    if (out.records() >= kBatchRecords || out.bytes().size() >= kBatchBytes) flush(resumable);
}

void Pull::flush(bool resumable) {
    if (out.records() == 0) return;
    cursor.count = total_hint;
    api.host().emit(out, resumable ? cursor.encode() : std::string());
}

std::string pull(Pull& job, std::string_view cursor) {
    const auto known = Cursor::decode(cursor);
    if (known) job.cursor = *known;
    if (job.module.is_users()) {
        pull_users(job, !known);
        return job.cursor.encode();
    }
    // A module without Modified_Time has no increments: it is read whole every time.
    const bool whole =
        !known || job.cursor.phase != Cursor::Phase::kChanges || !job.module.has_modified_time();
    if (whole) {
        const std::int64_t deleted_ms = job.cursor.deleted_ms;
        if (known && job.cursor.phase == Cursor::Phase::kChanges) job.cursor = Cursor();
        load(job);
        const std::int64_t start_ms = job.cursor.start_ms;
        job.cursor = Cursor();
        job.cursor.phase = Cursor::Phase::kChanges;
        job.cursor.modified_ms = start_ms;
        job.cursor.deleted_ms = deleted_ms > 0 ? deleted_ms : start_ms;
        job.flush(true);
    }
    pull_changes(job);
    return job.cursor.encode();
}

}  // namespace kontor::zoho
