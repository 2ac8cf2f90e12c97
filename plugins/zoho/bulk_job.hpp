#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/zoho/api.hpp"

namespace kontor::zoho {

/// What a finished Bulk Read job says of its result.
struct BulkResult {
    std::int64_t count = 0;
    bool more = false;  ///< there is a further page of 200,000
};

/// Starts a job that exports `fields` of up to 200,000 records (the 1-based `page` of them).
/// nullopt if Zoho refuses Bulk Read for this module or this user: page by page is the way then.
[[nodiscard]] std::optional<std::string> start_bulk_read(Api& api, const std::string& module,
                                                         std::vector<std::string> fields,
                                                         std::int64_t page);

/// A job at Zoho, which works on it by itself: until its result is wanted, look() from time to time
/// brings it closer without waiting.
class BulkJob {
public:
    BulkJob(Api& api, std::string id);

    /// Asks how far it is, and for the result once there is one, ahead of time. Never waits; what
    /// fails here shows in result() or download().
    void look();
    /// Waits for the job, asking ever less often. nullopt if there is no such job any more, or it
    /// failed: start anew. Throws KONTOR_E_TIMEOUT after an hour.
    [[nodiscard]] std::optional<BulkResult> wait();
    /// After wait(): the result, a ZIP archive, as a spool file. A closed file if it is gone. Once.
    [[nodiscard]] sdk::HostFile download();

private:
    enum class State { kRunning, kDone, kLost };
    [[nodiscard]] sdk::HttpRequest question() const;
    void read(const sdk::HttpResponse& answer);

    Api& api_;
    const std::string id_;
    State state_ = State::kRunning;
    BulkResult result_;
    std::string remote_state_;
    std::int64_t ask_at_ms_;
    std::optional<sdk::BegunRequest> asked_, fetching_;
};

}  // namespace kontor::zoho
