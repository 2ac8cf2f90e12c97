#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::jobs {

/// Why a job runs.
enum class Cause : std::uint8_t {
    kTime,
    kCatchUp,  ///< of times that were missed
    kRetry,
    kEvent,     ///< something happened to a record
    kFollowUp,  ///< what its last run left to be done
    kPerson,    ///< somebody asked for it
};
/// "time" …, as the replica and the API name them.
[[nodiscard]] std::string_view to_string(Cause cause);

enum class Ending : std::uint8_t {
    kOk,
    kFailed,
    kCancelled,
    kInterrupted,  ///< kontord ended meanwhile
};
[[nodiscard]] std::string_view to_string(Ending ending);

/// One run of a job; a row of kontor_job_run.
struct Run {
    std::int64_t id = 0;  ///< negative: could not be recorded
    std::string job;
    std::string cause;           ///< to_string(Cause)
    std::string actor;           ///< of a person's request
    std::optional<Instant> due;  ///< the time that it answers to
    Instant started{};
    std::optional<Instant> ended;
    std::int64_t attempt = 1;
    std::int64_t missed = 0;  ///< further times that it answers to
    std::string records;      ///< what happened: "deal:42 deal:43"
    std::string result;       ///< to_string(Ending); "" = under way
    std::string code, error;  ///< why it failed: of Errc, and technical English
    std::string summary;      ///< what it did
    std::string log;          ///< the end of what it said; not in lists
    bool follow_up = false;   ///< only goes on with what there is, also when tried again; not kept
};

/// How a run ended.
struct Outcome {
    Result<> done;
    std::string summary;
    std::string log;
    std::optional<Instant> next;  ///< when there is more to do, for a job that follows up
};

/// What is known of a job from one start of the daemon to the next; a row of kontor_job.
struct JobState {
    std::string schedule;  ///< its times as `next` was drawn
    Instant since{};       ///< first heard of
    std::optional<Instant> next;
    std::optional<Instant> retry;
    std::int64_t attempt = 0;   ///< tries that failed, since the last regular run
    std::int64_t failures = 0;  ///< in a row
    std::optional<Instant> succeeded;
    std::int64_t event_seq = 0;  ///< newest entry of the history that was looked at
    std::optional<Instant> paused;
    std::string paused_by;
    std::int64_t told = 0;  ///< kToldFailed, kToldOverdue: alerts since it last worked
    std::string alert;      ///< the one that is still to be delivered; "" = none
    std::optional<Instant> alert_at;
    std::int64_t alert_tries = 0;
    bool operator==(const JobState&) const = default;
};
inline constexpr std::int64_t kToldFailed = 1;
inline constexpr std::int64_t kToldOverdue = 2;

/// What people are told of a job.
struct Alert {
    std::string kind;  ///< failed, overdue, recovered
    std::string job;
    Instant at{};
    std::int64_t failures = 0;
    std::optional<Instant> succeeded;
    std::int64_t run = 0;     ///< the last one; 0 = none
    std::string code, error;  ///< of the last run
};

}  // namespace kontor::jobs
