#include "daemon/jobs/journal.hpp"

namespace kontor::jobs {
namespace {

using replica::Statement;

void bind_time(Statement& to, int index, const std::optional<Instant>& at) {
    if (at)
        to.bind(index, format_instant(*at));
    else
        to.bind_null(index);
}

void bind_text(Statement& to, int index, const std::string& text) {
    if (text.empty())
        to.bind_null(index);
    else
        to.bind(index, text);
}

std::optional<Instant> time_in(const Statement& row, int column) {
    return parse_instant(row.text(column));
}

JobState read_state(const Statement& row) {
    JobState out;
    out.schedule = row.text(1);
    out.since = time_in(row, 2).value_or(Instant{});
    out.next = time_in(row, 3);
    out.retry = time_in(row, 4);
    out.attempt = row.integer(5);
    out.failures = row.integer(6);
    out.succeeded = time_in(row, 7);
    out.event_seq = row.integer(8);
    out.paused = time_in(row, 9);
    out.paused_by = row.text(10);
    out.told = row.integer(11);
    out.alert = row.text(12);
    out.alert_at = time_in(row, 13);
    out.alert_tries = row.integer(14);
    return out;
}

constexpr const char* kRunColumns =
    "SELECT id,job,cause,actor,due_at,started_at,ended_at,attempt,missed,records,result,code,error,"
    "summary,";

Run read_run(const Statement& row) {
    Run out;
    out.id = row.integer(0);
    out.job = row.text(1);
    out.cause = row.text(2);
    out.actor = row.text(3);
    out.due = time_in(row, 4);
    out.started = time_in(row, 5).value_or(Instant{});
    out.ended = time_in(row, 6);
    out.attempt = row.integer(7);
    out.missed = row.integer(8);
    out.records = row.text(9);
    out.result = row.text(10);
    out.code = row.text(11);
    out.error = row.text(12);
    out.summary = row.text(13);
    out.log = row.text(14);
    return out;
}

/// Does something and keeps the state, both or neither.
template <class Work>
Result<> with_state(const replica::Database& db, const Journal& journal, const std::string& job,
                    const JobState& state, const Work& work) {
    auto transaction = replica::Transaction::begin(db);
    if (!transaction) return pass(transaction);
    if (auto done = work(); !done) return done;
    if (auto done = journal.save(job, state); !done) return done;
    return transaction->commit();
}

}  // namespace

std::string_view to_string(Cause cause) {
    constexpr std::string_view kNames[] = {"time",  "catch_up",  "retry",
                                           "event", "follow_up", "person"};
    return kNames[static_cast<std::size_t>(cause)];
}

std::string_view to_string(Ending ending) {
    constexpr std::string_view kNames[] = {"ok", "failed", "cancelled", "interrupted"};
    return kNames[static_cast<std::size_t>(ending)];
}

Result<std::map<std::string, JobState>> Journal::states() const {
    auto rows = db_.prepare(
        "SELECT name,schedule,since,next_at,retry_at,attempt,failures,succeeded_at,event_seq,"
        "paused_at,paused_by,told,alert,alert_at,alert_tries FROM kontor_job");
    if (!rows) return pass(rows);
    std::map<std::string, JobState> out;
    while (true) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.emplace(rows->text(0), read_state(*rows));
    }
}

Result<> Journal::save(const std::string& job, const JobState& state) const {
    auto put = db_.prepare(
        "INSERT OR REPLACE INTO kontor_job(name,schedule,since,next_at,retry_at,attempt,failures,"
        "succeeded_at,event_seq,paused_at,paused_by,told,alert,alert_at,alert_tries)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)");
    if (!put) return pass(put);
    put->bind(1, job);
    put->bind(2, state.schedule);
    put->bind(3, format_instant(state.since));
    bind_time(*put, 4, state.next);
    bind_time(*put, 5, state.retry);
    put->bind(6, state.attempt);
    put->bind(7, state.failures);
    bind_time(*put, 8, state.succeeded);
    put->bind(9, state.event_seq);
    bind_time(*put, 10, state.paused);
    bind_text(*put, 11, state.paused_by);
    put->bind(12, state.told);
    bind_text(*put, 13, state.alert);
    bind_time(*put, 14, state.alert_at);
    put->bind(15, state.alert_tries);
    return put->run();
}

Result<std::int64_t> Journal::begin(const Run& run, const JobState& state) const {
    std::int64_t id = 0;
    auto done = with_state(db_, *this, run.job, state, [&]() -> Result<> {
        auto put = db_.prepare(
            "INSERT INTO kontor_job_run(job,cause,actor,due_at,started_at,attempt,missed,records)"
            " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)");
        if (!put) return pass(put);
        put->bind(1, run.job);
        put->bind(2, run.cause);
        bind_text(*put, 3, run.actor);
        bind_time(*put, 4, run.due);
        put->bind(5, format_instant(run.started));
        put->bind(6, run.attempt);
        put->bind(7, run.missed);
        put->bind(8, run.records);
        if (auto inserted = put->run(); !inserted) return inserted;
        id = db_.last_insert_id();
        auto old = db_.prepare(
            "DELETE FROM kontor_job_run WHERE job=?1 AND id<=(SELECT id FROM kontor_job_run"
            " WHERE job=?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)");
        if (!old) return pass(old);
        old->bind(1, run.job);
        old->bind(2, kRunsMax);
        return old->run();
    });
    if (!done) return pass(done);
    return id;
}

Result<> Journal::end(const Run& run, const JobState& state) const {
    return with_state(db_, *this, run.job, state, [&]() -> Result<> {
        auto put = db_.prepare(
            "UPDATE kontor_job_run SET ended_at=?2,result=?3,code=?4,error=?5,summary=?6,log=?7"
            " WHERE id=?1");
        if (!put) return pass(put);
        put->bind(1, run.id);
        bind_time(*put, 2, run.ended);
        put->bind(3, run.result);
        bind_text(*put, 4, run.code);
        bind_text(*put, 5, run.error);
        bind_text(*put, 6, run.summary);
        bind_text(*put, 7, run.log);
        return put->run();
    });
}

Result<std::vector<std::string>> Journal::end_interrupted(Instant now) const {
    auto rows = db_.prepare(
        "UPDATE kontor_job_run SET ended_at=?1,result=?2 WHERE result IS NULL RETURNING job");
    if (!rows) return pass(rows);
    rows->bind(1, format_instant(now));
    rows->bind(2, to_string(Ending::kInterrupted));
    std::vector<std::string> out;
    while (true) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.emplace_back(rows->text(0));
    }
}

Result<std::vector<Run>> runs_of(const replica::Database& db, const std::string& job,
                                 std::int64_t before, std::int64_t limit) {
    auto rows = db.prepare(std::string(kRunColumns) +
                           "NULL FROM kontor_job_run WHERE (?1='' OR job=?1) AND id<?2"
                           " ORDER BY id DESC LIMIT ?3");
    if (!rows) return pass(rows);
    rows->bind(1, job);
    rows->bind(2, before);
    rows->bind(3, limit);
    std::vector<Run> out;
    while (true) {
        auto row = rows->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.push_back(read_run(*rows));
    }
}

Result<std::optional<Run>> find_run(const replica::Database& db, std::int64_t id) {
    auto rows = db.prepare(std::string(kRunColumns) + "log FROM kontor_job_run WHERE id=?1");
    if (!rows) return pass(rows);
    rows->bind(1, id);
    auto row = rows->step();
    if (!row) return pass(row);
    return *row ? std::optional(read_run(*rows)) : std::nullopt;
}

}  // namespace kontor::jobs
