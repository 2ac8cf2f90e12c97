#include "plugins/zoho/sweep.hpp"

#include "plugins/zoho/bulk_job.hpp"
#include "plugins/zoho/coql.hpp"
#include "plugins/zoho/csv_records.hpp"
#include "plugins/zoho/zip_stream.hpp"

namespace kontor::zoho {
namespace {

// As many as page tokens reach; from there on an export is cheaper too.
constexpr std::int64_t kBulkFrom = 100'000;
constexpr int kSweepPagesMax = 5'000'000;
constexpr std::size_t kBatchRecords = 5000;

class Sweep {
public:
    Sweep(Api& api, const Module& module)
        : api_(api), module_(module), columns_(module, {}), records_(api, columns_) {}

    bool run() {
        if (module_.is_users()) return users();
        if (api_.options().bulk != BulkMode::kNever && module_.has_bulk_read() &&
            count() >= kBulkFrom && bulk())
            return true;
        return pages();
    }

private:
    void flush(std::size_t at_least) {
        if (out_.records() >= at_least) api_.host().emit(out_);
    }

    std::int64_t count() {
        sdk::Url url = api_.module_url(module_.name);
        url.path("actions/count");
        const auto response = api_.send(get(url));
        if (response.status != 200) return 0;
        return sdk::integer_of(json_body(response, "count " + module_.name), "count");
    }

    bool pages() {
        ListQuery query;
        std::string last_id;
        for (int page = 0; page < kSweepPagesMax; ++page) {
            const Listed listed = records_.list_versions(query, out_);
            if (listed.outcome == Listed::Outcome::kTokenRefused) return behind(last_id);
            if (listed.outcome == Listed::Outcome::kNothing || !listed.page.more) {
                flush(1);
                return true;
            }
            last_id = listed.page.last_id;
            if (listed.page.next_token.empty() || listed.page.next_token == query.page_token) break;
            query.page_token = listed.page.next_token;
            flush(kBatchRecords);
        }
        flush(1);
        return false;
    }

    bool behind(std::string last_id) {
        for (int page = 0; page < kSweepPagesMax; ++page) {
            const CoqlIds found =
                coql_ids(api_, module_.name,
                         last_id.empty() ? "id is not null" : "id > " + coql_text(last_id),
                         module_.has_modified_time());
            for (std::size_t i = 0; i < found.ids.size(); ++i)
                out_.begin(abi::Op::kId, found.ids[i], found.versions[i]);
            flush(kBatchRecords);
            if (found.ids.empty() || !found.more || found.ids.back() == last_id) {
                flush(1);
                return !found.more;
            }
            last_id = found.ids.back();
        }
        return false;
    }

    bool users() {
        for (std::int64_t page = 1; page < kSweepPagesMax; ++page) {
            abi::BatchWriter read;
            const Listed listed = records_.list_users("AllUsers", page, std::nullopt, read);
            abi::BatchReader reader(read.bytes());
            while (const auto record = reader.next())
                out_.begin(abi::Op::kId, record->id, record->version);
            if (listed.outcome == Listed::Outcome::kNothing || !listed.page.more) break;
            flush(kBatchRecords);
        }
        flush(1);
        return true;
    }

    // False, with nothing emitted, if Bulk Read is refused at once.
    bool bulk() {
        std::vector<std::string> fields{"id"};
        if (module_.has_modified_time()) fields.emplace_back("Modified_Time");
        for (std::int64_t page = 1; page < kSweepPagesMax; ++page) {
            const auto id = start_bulk_read(api_, module_.name, fields, page);
            if (!id && page == 1) return false;
            BulkJob job(api_, id.value_or(""));
            const auto result = id ? job.wait() : std::nullopt;
            const sdk::HostFile file = result ? job.download() : sdk::HostFile();
            if (!file.is_open())
                throw sdk::Error(KONTOR_E_UNAVAILABLE, "a bulk read of ids did not succeed");
            ZipStream zip([&](std::int64_t offset, char* buffer, std::size_t size) {
                return file.read(offset, buffer, size);
            });
            sdk::CsvReader csv(
                [&](char* buffer, std::size_t size) { return zip.read(buffer, size); },
                bulk_format());
            CsvRecords rows(csv, columns_, CsvRecords::As::kIds);
            while (rows.next(out_)) flush(kBatchRecords);
            if (!result->more) break;
        }
        flush(1);
        return true;
    }

    Api& api_;
    const Module& module_;
    Columns columns_;
    Records records_;
    abi::BatchWriter out_;
};

}  // namespace

bool list_all_ids(Api& api, const Module& module) {
    return Sweep(api, module).run();
}

}  // namespace kontor::zoho
