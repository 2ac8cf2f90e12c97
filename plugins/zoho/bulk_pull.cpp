#include <algorithm>
#include <memory>
#include <utility>

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/bulk_job.hpp"
#include "plugins/zoho/csv_records.hpp"
#include "plugins/zoho/pull.hpp"
#include "plugins/zoho/zip_stream.hpp"

namespace kontor::zoho {
namespace {

constexpr int kRestartsMax = 3;
constexpr std::int64_t kBulkPagesMax = 10'000;

bool exported(const Column& column) {
    return column.kind != Kind::kJson && column.kind != Kind::kRichText &&
           column.kind != Kind::kNamed &&
           !(column.kind == Kind::kAnyReference && column.field->spec.references.size() != 1);
}

std::vector<std::string> export_fields(const Columns& columns) {
    std::vector<std::string> out{"id"};
    for (const char* name : {"Modified_Time", "Modified_By"})
        if (columns.module().field(name) != nullptr) out.emplace_back(name);
    for (const Column& column : columns.all()) {
        const std::string& name = column.field->spec.name;
        if (exported(column) && name != "Modified_Time" && name != "Modified_By")
            out.push_back(name);
    }
    return out;
}

// The plugin's durable state remembers a job from the moment it exists, which is before there is a
// record to commit a cursor with: a crash while waiting does not cost another job.
struct SavedJobs {
    explicit SavedJobs(sdk::Host& host) : host_(host) {
        try {
            json = sdk::parse_json(host.state(), "state");
        } catch (const sdk::Error&) {
            json = nullptr;  // nothing saved, or not ours: starting anew is always right
        }
        if (!json.is_object()) json = sdk::Json::object();
    }
    void put(const std::string& module, const Cursor* cursor) {
        if (cursor != nullptr)
            json["bulk"][module] = cursor->encode();
        else if (json.contains("bulk"))
            json["bulk"].erase(module);
        host_.put_state(json.dump());
    }
    [[nodiscard]] std::optional<Cursor> get(const std::string& module) const {
        try {
            return Cursor::decode(sdk::text_of(sdk::member(json, "bulk"), module));
        } catch (const sdk::Error&) {
            return std::nullopt;
        }
    }

    sdk::Json json;

private:
    sdk::Host& host_;
};

// Hands over one finished job's records. False if its result is gone. `next`: what to look after
// meanwhile.
bool read_result(Pull& job, BulkJob& current, const BulkResult& result, BulkJob* next) {
    const sdk::HostFile file = current.download();
    if (!file.is_open()) return false;
    ZipStream zip([&](std::int64_t offset, char* buffer, std::size_t size) {
        return file.read(offset, buffer, size);
    });
    sdk::CsvReader csv([&](char* buffer, std::size_t size) { return zip.read(buffer, size); },
                       bulk_format());
    CsvRecords rows(csv, job.columns, CsvRecords::As::kRecords);
    rows.skip(job.cursor.row);
    std::size_t until_look = 0;
    while (rows.next(job.out)) {
        ++job.cursor.row;
        if (++until_look < 256) continue;
        until_look = 0;
        if (next != nullptr) next->look();
        job.flush_if_full();
        if (job.out.records() == 0)
            job.api.host().progress({{"stage", "bulk_read"},
                                     {"done", job.cursor.row},
                                     {"total", std::max(job.total_hint, result.count)}});
    }
    return true;
}

// Zoho works on the next page while this one is read. If it does not want to now, the page's own
// turn will tell why.
void begin_next(Pull& job, const std::vector<std::string>& fields, SavedJobs& saved) {
    try {
        const auto id = start_bulk_read(job.api, job.module.name, fields, job.cursor.page + 1);
        if (!id) return;
        job.cursor.next_job = *id;
        saved.put(job.module.name, &job.cursor);
    } catch (const sdk::Error& error) {
        if (error.status() == KONTOR_E_CANCELLED) throw;
    }
}

std::string signature(const std::vector<std::string>& fields) {
    std::uint64_t hash = 14695981039346656037u;
    for (const auto& name : fields)
        for (const char c : name + ",")
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return std::to_string(hash);
}

}  // namespace

bool bulk_has_all(const Columns& columns) {
    return std::all_of(columns.all().begin(), columns.all().end(), exported);
}

bool pull_by_bulk(Pull& job) {
    const auto fields = export_fields(job.columns);
    const std::string same_fields = signature(fields);
    SavedJobs saved(job.api.host());
    Cursor& cursor = job.cursor;
    const std::int64_t start_ms = cursor.start_ms;

    if (cursor.phase != Cursor::Phase::kBulk) {
        if (const auto running = saved.get(job.module.name);
            running && running->phase == Cursor::Phase::kBulk && running->page == 1)
            cursor = *running;  // a later page would leave out those before it
    }
    // Columns that are new since the job began would be missing in what is left of it.
    if (cursor.phase != Cursor::Phase::kBulk || cursor.fields != same_fields) {
        cursor = Cursor();
        cursor.start_ms = start_ms;
    }
    cursor.phase = Cursor::Phase::kBulk;
    cursor.fields = same_fields;

    int restarts = 0;
    std::unique_ptr<BulkJob> current, next;
    while (cursor.page <= kBulkPagesMax) {
        if (cursor.job.empty()) {
            const auto id = start_bulk_read(job.api, job.module.name, fields, cursor.page);
            if (!id) {
                if (cursor.page > 1)
                    throw sdk::Error(KONTOR_E_UNAVAILABLE, "Zoho refuses the next bulk read page");
                saved.put(job.module.name, nullptr);
                cursor = Cursor();
                cursor.start_ms = start_ms;
                return false;
            }
            cursor.job = *id;
            saved.put(job.module.name, &cursor);
        }
        if (!current) current = std::make_unique<BulkJob>(job.api, cursor.job);
        const auto result = current->wait();
        if (result && result->more) {
            if (cursor.next_job.empty()) begin_next(job, fields, saved);
            if (!cursor.next_job.empty())
                next = std::make_unique<BulkJob>(job.api, cursor.next_job);
        }
        if (!result || !read_result(job, *current, *result, next.get())) {
            // Pages of another job would not continue where this one's ended: from the beginning.
            // What was handed over already is simply handed over again.
            if (++restarts > kRestartsMax)
                throw sdk::Error(KONTOR_E_UNAVAILABLE, "bulk read jobs fail again and again");
            const std::int64_t keep = cursor.start_ms;
            cursor = Cursor();
            cursor.phase = Cursor::Phase::kBulk;
            cursor.start_ms = keep;
            cursor.fields = same_fields;
            current.reset();
            next.reset();
            continue;
        }
        if (!result->more) {
            saved.put(job.module.name, nullptr);
            return true;
        }
        ++cursor.page;
        cursor.row = 0;
        cursor.job = std::exchange(cursor.next_job, {});
        current = std::move(next);
        job.flush(true);
    }
    throw sdk::Error(KONTOR_E_PROTOCOL, "bulk read never ends");
}

}  // namespace kontor::zoho
