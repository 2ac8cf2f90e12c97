#include "plugins/zoho/bulk_job.hpp"

#include <algorithm>

namespace kontor::zoho {
namespace {

constexpr std::int64_t kCreateCredits = 50;
constexpr std::int64_t kFirstWaitMs = 500, kWaitMaxMs = 30'000, kPatienceMs = 3'600'000;
constexpr std::int64_t kDownloadMax = std::int64_t{8} << 30;
constexpr int kRefusedFieldsMax = 20;

// Takes the field that the answer refuses out of the list; false if it names none of them.
bool drop_refused_field(const RemoteError& error, std::vector<std::string>& fields) {
    if (error.code != "FIELD_NOT_SUPPORTED" && error.code != "FIELD_NOT_AVAILABLE") return false;
    const std::string text = error.details.dump() + error.message;
    // The longest name that it mentions: "Email_Opt_Out" mentions "Email" too.
    auto refused = fields.end();
    for (auto each = fields.begin(); each != fields.end(); ++each)
        if (text.find(*each) != std::string::npos &&
            (refused == fields.end() || each->size() > refused->size()))
            refused = each;
    if (refused == fields.end()) return false;
    fields.erase(refused);
    return true;
}

}  // namespace

std::optional<std::string> start_bulk_read(Api& api, const std::string& module,
                                           std::vector<std::string> fields, std::int64_t page) {
    const std::string doing = "bulk read " + module;
    for (int attempt = 0; attempt <= kRefusedFieldsMax; ++attempt) {
        sdk::HttpRequest request;
        request.method = "POST";
        request.url = api.bulk_url("read").text();
        request.lane = "bulk";
        request.credits = kCreateCredits;
        request.header("Content-Type", "application/json");
        request.body = sdk::Json{
            {"query", {{"module", {{"api_name", module}}}, {"fields", fields}, {"page", page}}},
            {"file_type",
             "csv"}}.dump();
        const sdk::HttpResponse response = api.send(request);
        if (response.status == 401 || response.status == 429 || response.status >= 500)
            throw failure(response, doing);
        if (response.status >= 400) {
            const RemoteError error = remote_error(response.body);
            if (drop_refused_field(error, fields)) continue;
            api.host().log(sdk::LogLevel::kInfo, "zoho.bulk_refused",
                           {{"module", module}, {"code", error.code}});
            return std::nullopt;
        }
        const sdk::Json json = json_body(response, doing);
        const sdk::Json& list = sdk::member(json, "data");
        std::string id;
        if (list.is_array() && !list.empty())
            id = sdk::text_of(sdk::member(list[0], "details"), "id");
        if (id.empty()) throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": no job id");
        return id;
    }
    return std::nullopt;
}

std::optional<BulkResult> wait_bulk_read(Api& api, const std::string& job) {
    std::int64_t wait = kFirstWaitMs, waited = 0;
    while (waited < kPatienceMs) {
        sdk::Url url = api.bulk_url("read");
        url.segment(job);
        const sdk::HttpResponse response = api.send(get(url, "bulk"));
        if (response.status == 404 || response.status == 400) return std::nullopt;
        if (response.status >= 400) throw failure(response, "bulk read job");
        const sdk::Json json = json_body(response, "bulk read job");
        const sdk::Json& list = sdk::member(json, "data");
        if (!list.is_array() || list.empty())
            throw sdk::Error(KONTOR_E_PROTOCOL, "bulk read job: no state");
        const std::string state = sdk::text_of(list[0], "state");
        if (state == "COMPLETED") {
            const sdk::Json& result = sdk::member(list[0], "result");
            return BulkResult{job, sdk::integer_of(result, "page", 1),
                              sdk::integer_of(result, "count"),
                              sdk::flag_of(result, "more_records")};
        }
        if (state == "FAILURE" || state == "FAILED" || state == "SKIPPED") return std::nullopt;
        api.host().progress({{"stage", "bulk_wait"}, {"state", state}});
        api.host().sleep_ms(wait);
        waited += wait;
        wait = std::min(wait * 2, kWaitMaxMs);
    }
    throw sdk::Error(KONTOR_E_TIMEOUT, "a bulk read job is still not done");
}

sdk::HostFile download_bulk_read(Api& api, const std::string& job) {
    sdk::Url url = api.bulk_url("read");
    url.segment(job).path("result");
    sdk::HttpRequest request = get(url, "bulk");
    request.spool = true;
    request.max_body = kDownloadMax;
    request.timeout_ms = 30 * 60'000;
    sdk::HttpResponse response = api.send(request);
    if (response.status == 404 || response.status == 410) return {};
    if (response.status >= 400) throw failure(response, "download of a bulk result");
    if (!response.spool.is_open())
        throw sdk::Error(KONTOR_E_INTERNAL, "the host gave no spool file");
    return std::move(response.spool);
}

}  // namespace kontor::zoho
