#include "plugins/salesforce/bulk_load.hpp"

#include <algorithm>

#include "connectors/sdk/csv_reader.hpp"
#include "plugins/salesforce/query.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

constexpr std::size_t kBatchRecords = 5000;
constexpr std::int64_t kFirstPauseMs = 1'000, kPauseMaxMs = 30'000;
// Jobs end within hours, or not at all.
constexpr std::int64_t kWaitMaxMs = 4 * 3'600'000;
constexpr const char* kRowsOfPage = "50000";

}  // namespace

bool BulkLoad::order(Cursor& cursor) {
    Query query;
    query.fields = images_.projection();
    query.limit = 0;
    query.deleted_too = object_.archives();
    if (object_.archives()) query.where.emplace_back("IsDeleted = false");
    const Reply reply = api_.write("POST", api_.url("/jobs/query").text(),
                                   {{"operation", query.deleted_too ? "queryAll" : "query"},
                                    {"query", query.text(object_.name)},
                                    {"contentType", "CSV"},
                                    {"columnDelimiter", "COMMA"},
                                    {"lineEnding", "LF"}},
                                   "export " + object_.name, false);
    if (!reply.ok()) {
        const sdk::Error error = failure(reply, "export " + object_.name);
        if (error.status() != KONTOR_E_INVALID && error.status() != KONTOR_E_PERMISSION &&
            error.status() != KONTOR_E_NOT_FOUND)
            throw error;
        api_.host().log(sdk::LogLevel::kInfo, "salesforce.no_bulk",
                        {{"object", object_.name}, {"reason", error.what()}});
        return false;
    }
    cursor.job = sdk::text_of(reply.body, "id");
    if (!is_id(cursor.job))
        throw sdk::Error(KONTOR_E_PROTOCOL, "export " + object_.name + ": a job without an id");
    cursor.stage = Cursor::Stage::kBulk;
    abi::BatchWriter none;
    api_.host().emit(none, cursor.encode());
    return true;
}

bool BulkLoad::wait(const Cursor& cursor) {
    const std::string url = api_.url("/jobs/query").segment(cursor.job).text();
    const std::string doing = "wait for the export of " + object_.name;
    std::int64_t pause = kFirstPauseMs;
    for (std::int64_t waited = 0; waited < kWaitMaxMs; waited += pause) {
        const Reply reply = api_.read(url, doing, "bulk");
        if (trouble_of(reply.status, reply.problem.code) == Trouble::kMissing && !reply.ok())
            return false;
        if (!reply.ok()) throw failure(reply, doing);
        const std::string state = sdk::text_of(reply.body, "state");
        if (state == "JobComplete") return true;
        if (state == "Failed" || state == "Aborted") {
            api_.host().log(sdk::LogLevel::kWarning, "salesforce.job_failed",
                            {{"object", object_.name}, {"job", cursor.job}, {"state", state}});
            return false;
        }
        if (state != "UploadComplete" && state != "InProgress")
            throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": an unknown state").stream(object_.name);
        api_.host().progress({{"stage", "export"},
                              {"done", sdk::integer_of(reply.body, "numberRecordsProcessed")},
                              {"total", total_hint_}});
        pause = std::min(pause + pause / 2, kPauseMaxMs);
        api_.host().sleep_ms(pause);
    }
    throw sdk::Error(KONTOR_E_UNAVAILABLE, doing + ": it takes too long").stream(object_.name);
}

void BulkLoad::read_csv(const sdk::HostFile& file, Cursor& cursor) {
    std::int64_t at = 0;
    sdk::CsvReader csv(
        [&](char* buffer, std::size_t size) {
            const std::size_t got = file.read(at, buffer, size);
            at += static_cast<std::int64_t>(got);
            return got;
        },
        {.what = "the export of " + object_.name});
    std::vector<std::string_view> cells;
    if (!csv.next(cells))
        throw sdk::Error(KONTOR_E_PROTOCOL, "export " + object_.name + ": an empty file");
    const std::size_t width = cells.size();
    const auto order = images_.order_of(cells);
    abi::BatchWriter out;
    while (csv.next(cells)) {
        if (cells.size() != width)
            throw sdk::Error(KONTOR_E_PROTOCOL, "export " + object_.name + ": a torn row")
                .stream(object_.name);
        images_.add_cells(cells, order, out);
        ++cursor.done;
        if (out.records() >= kBatchRecords) api_.host().emit(out);
    }
    if (out.records() > 0) api_.host().emit(out);
}

bool BulkLoad::take_page(Cursor& cursor) {
    sdk::Url url = api_.url("/jobs/query").segment(cursor.job).path("/results");
    url.query("maxRecords", kRowsOfPage);
    if (!cursor.locator.empty()) url.query("locator", cursor.locator);
    const sdk::HttpResponse response = api_.download(url.text());
    if (response.status == 404) return false;
    if (response.status != 200 || !response.spool.is_open())
        throw sdk::Error(response.status >= 500 ? KONTOR_E_UNAVAILABLE : KONTOR_E_PROTOCOL,
                         "export " + object_.name + ": HTTP " + std::to_string(response.status))
            .stream(object_.name);
    const std::string next = response.header("sforce-locator");
    const std::string announced = response.header("sforce-numberofrecords");
    const std::int64_t before = cursor.done;
    read_csv(response.spool, cursor);
    // A file that ends at the end of a line may still be half a file.
    if (!announced.empty() && announced != std::to_string(cursor.done - before))
        throw sdk::Error(KONTOR_E_PROTOCOL, "export " + object_.name + ": rows are missing")
            .stream(object_.name);
    if (next == cursor.locator || next.empty())
        throw sdk::Error(KONTOR_E_PROTOCOL, "export " + object_.name + ": it does not go on")
            .stream(object_.name);
    cursor.locator = next;
    return true;
}

bool BulkLoad::run(Cursor& cursor) {
    if (!wait(cursor)) return false;
    for (int page = 0; page < kPagesMax; ++page) {
        if (!take_page(cursor)) return false;
        const bool last = cursor.locator == "null";
        if (last) cursor.stage = Cursor::Stage::kChanges;
        abi::BatchWriter none;
        api_.host().emit(none, cursor.encode());
        api_.host().progress({{"stage", "load"}, {"done", cursor.done}, {"total", total_hint_}});
        if (last) return true;
    }
    throw sdk::Error(KONTOR_E_PROTOCOL, "export " + object_.name + ": it never ends");
}

}  // namespace kontor::salesforce
