#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/runtime/heartbeat.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/search/search_index.hpp"

namespace kontor::app {

/// Full-text search: one thread that keeps the index up to date, and answers for any thread.
/// Thread-safe.
class SearchService {
public:
    SearchService(std::string replica_path, std::string index_path, const Clock& clock,
                  Logger& log);
    ~SearchService();
    SearchService(const SearchService&) = delete;
    SearchService& operator=(const SearchService&) = delete;

    /// The replica has changed: bring the index up to date. Returns at once.
    void wake();

    struct Answer {
        std::vector<search::Hit> hits;
        bool complete = false;  ///< false: the index is behind
    };
    /// What was written just before is waited for, a moment.
    [[nodiscard]] Result<Answer> search(const std::string& text,
                                        const search::SearchOptions& options);

    struct Status {
        std::string state;  ///< current, building, behind, failed
        std::int64_t records = 0;
    };
    [[nodiscard]] Status status() const;
    [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }

private:
    struct Side;  // a replica handle with the index on it
    void serve(const std::stop_token& stop);
    [[nodiscard]] Result<> update(const std::stop_token& stop);
    /// Whether the index has all that was in the replica when it was asked.
    [[nodiscard]] Result<bool> caught_up();
    [[nodiscard]] Result<Side*> reader();                          // under reading_
    [[nodiscard]] bool wanted() const { return asked_ > taken_; }  // under mutex_
    [[nodiscard]] Result<std::unique_ptr<Side>> open() const;

    const std::string replica_path_;
    const std::string index_path_;
    const Clock& clock_;
    Logger& log_;
    Heartbeat heartbeat_;

    std::unique_ptr<Side> writer_;  // of the thread alone
    std::mutex reading_;
    std::unique_ptr<Side> reader_;  // under reading_

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::condition_variable_any updated_;
    std::int64_t asked_ = 1;  ///< how often somebody wanted it up to date
    std::int64_t taken_ = 0;  ///< asked_ when the last update began
    std::int64_t done_ = 0;   ///< taken_ of the last that came to its end
    bool hurried_ = false;    ///< somebody searches: nothing is gathered any longer
    bool failed_ = false;
    search::Progress progress_;
    std::int64_t records_ = 0;

    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace kontor::app
