#include "plugins/zoho/bulk_job.hpp"

#include <algorithm>
#include <utility>

namespace kontor::zoho {
namespace {

constexpr std::int64_t kCreateCredits = 50;
// The wait between two questions is this part of the time waited so far: nobody waits much longer
// than the job takes, and nobody asks a slow one often.
constexpr std::int64_t kWaitPart = 4;
constexpr std::int64_t kFirstWaitMs = 500, kWaitMaxMs = 30'000, kPatienceMs = 3'600'000;
constexpr std::int64_t kLookEveryMs = 2'000;
constexpr std::int64_t kDownloadTimeoutMs = 30 * 60'000;
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

BulkJob::BulkJob(Api& api, std::string id)
    : api_(api), id_(std::move(id)), ask_at_ms_(api.host().now_ms()) {}

sdk::HttpRequest BulkJob::question() const {
    sdk::Url url = api_.bulk_url("read");
    url.segment(id_);
    return get(url, "bulk");
}

void BulkJob::read(const sdk::HttpResponse& answer) {
    if (answer.status == 404 || answer.status == 400) {
        state_ = State::kLost;
        return;
    }
    if (answer.status >= 400) throw failure(answer, "bulk read job");
    const sdk::Json json = json_body(answer, "bulk read job");
    const sdk::Json& list = sdk::member(json, "data");
    if (!list.is_array() || list.empty())
        throw sdk::Error(KONTOR_E_PROTOCOL, "bulk read job: no state");
    remote_state_ = sdk::text_of(list[0], "state");
    if (remote_state_ == "FAILURE" || remote_state_ == "FAILED" || remote_state_ == "SKIPPED") {
        state_ = State::kLost;
    } else if (remote_state_ == "COMPLETED") {
        state_ = State::kDone;
        const sdk::Json& result = sdk::member(list[0], "result");
        result_ = {sdk::integer_of(result, "count"), sdk::flag_of(result, "more_records")};
        sdk::Url url = api_.bulk_url("read");
        url.segment(id_).path("result");
        sdk::HttpRequest request = get(url, "bulk");
        request.spool = true;
        request.max_body = kDownloadMax;
        request.timeout_ms = kDownloadTimeoutMs;
        fetching_ = api_.begin(std::move(request));
    }
}

void BulkJob::look() {
    if (state_ != State::kRunning) return;
    const std::int64_t now = api_.host().now_ms();
    try {
        if (!asked_ && now >= ask_at_ms_) {
            asked_ = api_.begin(question());
        } else if (asked_ && api_.arrived(*asked_)) {
            read(api_.finish(*std::exchange(asked_, std::nullopt)));
            ask_at_ms_ = now + kLookEveryMs;
        }
    } catch (const sdk::Error& error) {
        if (error.status() == KONTOR_E_CANCELLED) throw;
        ask_at_ms_ = now + kWaitMaxMs;
    }
}

std::optional<BulkResult> BulkJob::wait() {
    for (std::int64_t waited = 0; waited < kPatienceMs;) {
        if (state_ == State::kRunning) {
            const auto asked = std::exchange(asked_, std::nullopt);
            read(asked ? api_.finish(*asked) : api_.send(question()));
        }
        if (state_ == State::kLost) return std::nullopt;
        if (state_ == State::kDone) return result_;
        api_.host().progress({{"stage", "bulk_wait"}, {"state", remote_state_}});
        const std::int64_t wait = std::clamp(waited / kWaitPart, kFirstWaitMs, kWaitMaxMs);
        api_.host().sleep_ms(wait);
        waited += wait;
    }
    throw sdk::Error(KONTOR_E_TIMEOUT, "a bulk read job is still not done");
}

sdk::HostFile BulkJob::download() {
    sdk::HttpResponse response = api_.finish(fetching_.value());
    fetching_.reset();
    if (response.status == 404 || response.status == 410) return {};
    if (response.status >= 400) throw failure(response, "download of a bulk result");
    if (!response.spool.is_open())
        throw sdk::Error(KONTOR_E_INTERNAL, "the host gave no spool file");
    return std::move(response.spool);
}

}  // namespace kontor::zoho
