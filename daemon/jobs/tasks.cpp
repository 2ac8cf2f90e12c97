#include "daemon/jobs/tasks.hpp"

#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/backup/backups.hpp"
#include "daemon/backup/program.hpp"
#include "daemon/jobs/alerts.hpp"
#include "daemon/version.hpp"

namespace kontor::jobs {
namespace {

using app::Worker;
using nlohmann::json;

constexpr std::chrono::milliseconds kAskEvery{200};
constexpr std::int64_t kSample = 1'000;
constexpr std::size_t kShownId = 8;

Outcome failure(Error error) {
    Outcome out;
    out.done = tl::unexpected<Error>(std::move(error));
    return out;
}

Outcome success(std::string summary) {
    Outcome out;
    out.summary = std::move(summary);
    return out;
}

std::string number(std::int64_t n) {
    return std::to_string(n);
}

Outcome store(const backup::Backups& backups, const config::Backup& target,
              const config::Loaded& configuration, const TaskPorts& ports) {
    constexpr std::int64_t kWhole = 100;
    auto done = backups.run(target, configuration, [&](double share) {
        ports.progress({"store", static_cast<std::int64_t>(share * kWhole), kWhole});
    });
    if (!done) return failure(done.error());
    const auto summary = "stored " + done->snapshot.substr(0, kShownId) + ", " +
                         number(done->bytes_added) + " bytes added";
    auto ledger = backups.ledger(target);
    if (!ledger) return failure(ledger.error());
    ports.progress({"prune", 0, 0});
    const auto gone = backups.prune(target, *ledger, false);
    // The backup is made; that old ones could not be dropped is worth an alert all the same.
    if (!gone) return failure(in_context("prune", gone.error()).value());
    if (!gone->empty()) ports.say(number(static_cast<std::int64_t>(gone->size())) + " old dropped");
    return success(summary);
}

Outcome drill(const backup::Backups& backups, const config::Backup& target) {
    auto done = backups.drill(target, "");
    if (!done) return failure(done.error());
    if (!done->error.empty())
        return failure(Error{Errc::kCorrupt, "the drill failed: " + done->error, {}, {}});
    return success("restored " + done->snapshot.substr(0, kShownId) + " and found it whole, " +
                   number(done->bytes) + " bytes in " + number(done->ms) + " ms");
}

}  // namespace

Outcome Tasks::run(const config::Job& job, const Run& run, const TaskPorts& ports) const {
    try {
        if (job.run.empty()) return run_command(job, run, ports);
        if (job.run[0] == "backup") return back_up(job, ports);
        if (job.run[0] == "verify") return verify(job, ports);
        return send_survey(job);
    } catch (const std::exception& error) {
        return failure(Error{Errc::kInternal, error.what(), {}, {}});
    }
}

Outcome Tasks::back_up(const config::Job& job, const TaskPorts& ports) const {
    const auto loaded = parts_.configuration();
    const auto& name = job.run[2];
    const auto* target = loaded.config.backup(name);
    if (target == nullptr)
        return failure(Error{Errc::kNotFound, "there is no [backup." + name + "]", {}, {}});
    const backup::Backups backups(loaded.config.daemon.state_dir,
                                  {parts_.secrets, parts_.clock, parts_.random, parts_.environment,
                                   ports.stopping, kVersion});
    if (job.run[1] == "run") return store(backups, *target, loaded, ports);
    if (job.run[1] == "drill") return drill(backups, *target);
    auto done = backups.verify(*target, job.run.size() > 3);
    if (!done) return failure(done.error());
    return success("the repository has no damage");
}

Outcome Tasks::verify(const config::Job& job, const TaskPorts& ports) const {
    const auto worker = parts_.connections.find(job.run[1]);
    if (!worker)
        return failure(Error{Errc::kNotFound, "there is no connection " + job.run[1], {}, {}});
    engine::VerifyOptions options;
    options.sample = job.run.size() > 2 ? 0 : kSample;
    options.seed = parts_.random.next();
    const auto ticket = worker->request_verify(options);
    if (!ticket) return failure(ticket.error());
    ports.progress({"verify", 0, 0});
    while (worker->verify_state(*ticket) != Worker::VerifyState::kDone) {
        if (ports.stopping()) {
            worker->cancel_verify(*ticket);
            return failure(Error{Errc::kCancelled, "cancelled", {}, {}});
        }
        // Its connection was taken down, or somebody took it off the queue.
        if (worker->verify_state(*ticket) == Worker::VerifyState::kUnknown)
            return failure(Error{Errc::kUnavailable, "the verification was taken away", {}, {}});
        if (const auto at = worker->status().progress)
            ports.progress({at->stream.empty() ? at->stage : at->stage + " " + at->stream, at->done,
                            at->total});
        std::this_thread::sleep_for(kAskEvery);
    }
    const auto found = worker->last_verified();
    if (found->error) return failure(*found->error);
    const auto differ = found->report.unexplained();
    if (differ > 0)
        return failure(Error{Errc::kMismatch,
                             number(differ) + " differences that nothing explains; kontor verify " +
                                 job.run[1] + " lists them",
                             {},
                             {}});
    return success("both sides agree");
}

Outcome Tasks::send_survey(const config::Job& job) const {
    api::ApiRequest request;
    request.method = "POST";
    request.path = "/api/v1/surveys/" + job.run[2] + "/send";
    request.actor = "job:" + job.name;
    bool other = false;
    const auto* route = parts_.router.find(request, other);
    if (route == nullptr)
        return failure(Error{Errc::kInvalid, "'" + job.run[2] + "' is no survey", {}, {}});
    auto sent = route->handler(request);
    if (!sent) return failure(sent.error());
    const auto answer = json::parse(sent->body, nullptr, false);
    const auto count = [&](const char* key) {
        return answer.is_object() && answer.contains(key) && answer[key].is_number_integer()
                   ? answer[key].get<std::int64_t>()
                   : 0;
    };
    return success(number(count("asked")) + " people chosen, " + number(count("reserved")) +
                   " invitations made");
}

Outcome Tasks::run_command(const config::Job& job, const Run& run, const TaskPorts& ports) const {
    backup::Program program;
    program.path = job.command[0];
    program.arguments.assign(job.command.begin() + 1, job.command.end());
    program.environment = plain_environment(parts_.environment);
    for (const auto& [name, value] :
         {std::pair("KONTOR_JOB", run.job), std::pair("KONTOR_CAUSE", run.cause),
          std::pair("KONTOR_RECORDS", run.records)})
        program.environment.push_back(std::string(name) + "=" + value);
    auto ended = backup::run_program(
        program, [&](std::string_view line) { ports.say(std::string(line)); }, ports.stopping);
    if (!ended) {
        auto error = std::move(ended.error());
        error.args.clear();  // its reasons speak of backups
        return failure(std::move(error));
    }
    if (!ended->errors.empty()) ports.say(ended->errors);
    if (ended->code == 0) return success("the program ended with code 0");
    return failure(
        Error{Errc::kUnavailable, "the program ended with code " + number(ended->code), {}, {}});
}

}  // namespace kontor::jobs
