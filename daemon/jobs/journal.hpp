#pragma once

#include <map>
#include <vector>

#include "daemon/jobs/run.hpp"
#include "sync/replica/database.hpp"

namespace kontor::jobs {

/// Keeps jobs and their runs in the replica. One thread at a time.
class Journal {
public:
    /// A handle of its own, opened for local edits.
    explicit Journal(replica::Database db) : db_(std::move(db)) {}

    [[nodiscard]] Result<std::map<std::string, JobState>> states() const;
    [[nodiscard]] Result<> save(const std::string& job, const JobState& state) const;
    /// Records that a run begins, together with the state that it leaves the job in; its id. Old
    /// runs of the job beyond kRunsMax go.
    [[nodiscard]] Result<std::int64_t> begin(const Run& run, const JobState& state) const;
    [[nodiscard]] Result<> end(const Run& run, const JobState& state) const;
    /// Ends the runs that nobody ended; the names of their jobs.
    [[nodiscard]] Result<std::vector<std::string>> end_interrupted(Instant now) const;

    [[nodiscard]] const replica::Database& db() const { return db_; }

    static constexpr std::int64_t kRunsMax = 500;

private:
    replica::Database db_;
};

/// The newest runs of a job ("": of all) with an id less than `before`, newest first, without logs.
[[nodiscard]] Result<std::vector<Run>> runs_of(const replica::Database& db, const std::string& job,
                                               std::int64_t before, std::int64_t limit);
/// One run with its log; nullopt if there is none.
[[nodiscard]] Result<std::optional<Run>> find_run(const replica::Database& db, std::int64_t id);

}  // namespace kontor::jobs
