#pragma once

/// A host for plugin tests: no network, no disk, no real time. HTTP answers come from a function
/// of the test's; what the plugin does is captured. Not thread-safe.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/abi/kontor_connector.h"
#include "connectors/abi/record_batch.hpp"

namespace kontor::test {

/// monostate = null. A field that is absent is not in the map at all.
using FakeValue = std::variant<std::monostate, std::int64_t, double, std::string>;

struct EmittedRecord {
    abi::Op op = abi::Op::kRecord;
    std::string id, version, key, actor;
    std::map<std::uint16_t, FakeValue> fields;
};

struct EmittedBatch {
    std::vector<EmittedRecord> records;
    std::string checkpoint;
};

struct FakeRequest {
    std::string method, url, body;
    std::string path;                          ///< decoded, without host
    std::map<std::string, std::string> query;  ///< decoded
    std::map<std::string, std::string> headers;
    std::string lane;
    std::int64_t credits = 0;
    bool idempotent = false, spool = false;
    bool ahead = false;  ///< was begun ahead of time
};

struct FakeResponse {
    int status = 200;
    std::string body;
    std::map<std::string, std::string> headers;  ///< `date` is added from the clock
    kontor_status transport = KONTOR_OK;         ///< other than OK: no answer arrives
};

class FakeHost {
public:
    using Handler = std::function<FakeResponse(const FakeRequest&)>;

    FakeHost();
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    [[nodiscard]] const kontor_host* raw() const { return &raw_; }

    /// What a dialled server answers to what the plugin writes; "" is nothing. Null: no address may
    /// be dialled.
    std::function<std::string(std::string_view written)> server;
    std::size_t stream_piece = 1'000;  ///< bytes that one read gives at most

    /// Answers for the next requests, in order; once used up, `handler` is asked.
    void script(FakeResponse response) { scripted_.push_back(std::move(response)); }
    Handler handler;

    std::int64_t clock_ms = 1'700'000'000'000;  ///< moved on by sleep_ms only
    bool send_date = true;
    bool cancelled = false;
    std::string state;
    /// Called before each emit; what it returns other than OK is the answer.
    std::function<kontor_status(const EmittedBatch&)> on_emit;

    /// False: a host from before requests could be begun ahead of time.
    void run_ahead(bool can);
    /// Whether what was begun has arrived when the plugin asks.
    bool arrives = true;
    /// "begin URL-path", "finish URL-path", "emit N": in which order the plugin worked.
    std::vector<std::string> order;

    /// Granted folders: files by path ("inbox/a.csv"). Those under "outbox/" may be added to.
    struct File {
        std::string bytes;
        std::int64_t modified_ms = 0;
    };
    std::map<std::string, File> granted;
    std::vector<std::string> folders{"inbox", "outbox"};
    /// Called before a file is committed; what it returns other than OK is the answer.
    std::function<kontor_status()> on_commit;

    std::vector<FakeRequest> requests;
    std::vector<EmittedBatch> batches;
    struct Log {
        std::int32_t level;
        std::string event, fields;
    };
    std::vector<Log> logs;
    std::vector<std::string> progress;
    std::string error_message, error_args;
    std::int64_t slept_ms = 0;
    std::size_t open_files = 0;

    /// All records emitted so far, in order.
    [[nodiscard]] std::vector<EmittedRecord> records() const;
    /// Forgets what was captured; clock, state and answers stay.
    void clear();

private:
    static FakeHost& of(void* ctx) { return *static_cast<FakeHost*>(ctx); }
    static kontor_status http(void* ctx, kontor_str head, kontor_str body,
                              kontor_http_response* out);
    kontor_status answer(const FakeRequest& request, kontor_http_response* out);
    static kontor_status emit(void* ctx, kontor_str batch, kontor_str checkpoint);
    void serve_streams();
    static kontor_status file_read(void* ctx, std::int64_t file, std::int64_t offset, void* buffer,
                                   std::size_t size, std::size_t* got);
    static kontor_status file_open(void* ctx, kontor_str path, std::int32_t mode,
                                   std::int64_t* file);
    static kontor_status file_list(void* ctx, kontor_str folder, kontor_str* out);
    static kontor_status file_commit(void* ctx, std::int64_t file);
    static void file_close(void* ctx, std::int64_t file);

    kontor_host raw_{};
    std::deque<FakeResponse> scripted_;
    std::map<std::int64_t, FakeRequest> begun_;
    std::int64_t next_ticket_ = 1;
    std::string stream_;  // what the server said and was not read
    std::map<std::int64_t, std::string> files_;
    std::map<std::int64_t, std::string> new_files_;  // where they go when they are committed
    std::int64_t next_file_ = 1;
    std::uint64_t random_ = 42;
    std::string headers_, body_, state_out_, listing_;  // what the last call returned
};

}  // namespace kontor::test
