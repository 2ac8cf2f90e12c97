#include "daemon/jobs/tasks.hpp"

#include <algorithm>
#include <thread>

#include "daemon/backup/backups.hpp"
#include "daemon/backup/program.hpp"
#include "daemon/jobs/alerts.hpp"
#include "daemon/version.hpp"

namespace kontor::jobs {
namespace {

using app::Worker;

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
    for (const auto& note : done->notes) ports.say(note);
    auto ledger = backups.ledger(target);
    if (!ledger) return failure(ledger.error());
    ports.progress({"prune", 0, 0});
    const auto gone = backups.prune(target, *ledger, false);
    // The backup is made; that old ones could not be dropped is worth an alert all the same.
    if (!gone) return failure(in_context("prune", gone.error()).value());
    if (!gone->empty()) ports.say(number(static_cast<std::int64_t>(gone->size())) + " old dropped");
    // The backup is made; who should, hears of it all the same.
    if (!done->notes.empty()) return failure(Error{Errc::kMismatch, done->notes.front(), {}, {}});
    return success(summary);
}

Outcome drill(const backup::Backups& backups, const config::Backup& target) {
    auto done = backups.drill(target, "");
    if (!done) return failure(done.error());
    if (!done->error.empty())
        return failure(Error{Errc::kCorrupt, "the drill failed: " + done->error, {}, {}});
    // The backup is proven; who should, hears of it all the same.
    if (!done->notes.empty()) return failure(Error{Errc::kMismatch, done->notes.front(), {}, {}});
    return success("restored " + done->snapshot.substr(0, kShownId) + " and found it whole, " +
                   number(done->bytes) + " bytes in " + number(done->ms) + " ms");
}

void say(const feedback::Acted& acted, const TaskPorts& ports) {
    for (const auto& open : acted.open)
        ports.say("answer " + number(open.response) + ": " + open.error.message);
}

void say(const feedback::Taken& taken, const TaskPorts& ports) {
    for (const auto& one : taken.untaken)
        ports.say("submission " + one.number + " was not taken: " + one.question + " " +
                  one.reason);
    for (const auto& one : taken.broken)
        ports.say("line " + std::to_string(one.line) + ": " + one.error.message);
}

Outcome outcome_of(const api::FeedbackService::Run& sent) {
    const auto& mailed = sent.mailed;
    const auto unsent = std::ranges::count_if(
        sent.sending.waiting, [](const auto& held) { return held.reason == "no_mail"; });
    if (unsent > 0)
        return failure(Error{
            Errc::kConfig, "links wait for a [mail] in feedback.toml: " + number(unsent), {}, {}});
    if (mailed.problem) return failure(*mailed.problem);
    return success(number(static_cast<std::int64_t>(sent.selection.chosen.size())) +
                   " people chosen, " + number(sent.reserved) + " invitations made, " +
                   number(mailed.sent) + " e-mails sent");
}

}  // namespace

Outcome Tasks::run(const config::Job& job, const Run& run, const TaskPorts& ports) const {
    try {
        if (job.run.empty()) return run_command(job, run, ports);
        if (job.run[0] == "backup") return back_up(job, ports);
        if (job.run[0] == "verify") return verify(job, ports);
        if (job.run[1] == "receive") return receive_mail(job, ports);
        return job.run[1] == "act" ? take_answers(job, ports) : send_survey(job, run, ports);
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

Outcome Tasks::send_survey(const config::Job& job, const Run& run, const TaskPorts& ports) const {
    auto survey = parts_.surveys.survey(job.run[2]);
    if (!survey) return failure(survey.error());
    // Before anything is reserved: an invitation without a link would be one that nobody gets.
    if (std::ranges::find(survey->channels, "link") != survey->channels.end())
        if (const auto links = parts_.surveys.links(*survey); !links) return failure(links.error());
    // Between its times a survey asks nobody new; one that answers to events has no other times.
    const bool choose = !run.follow_up || job.times.empty();
    auto sent = parts_.surveys.send_by_itself(*survey, "job:" + job.name, choose);
    if (!sent) return failure(sent.error());
    say(sent->taken, ports);
    say(sent->acted, ports);
    auto out = outcome_of(*sent);
    out.next = sent->next();
    return out;
}

Outcome Tasks::take_answers(const config::Job& job, const TaskPorts& ports) const {
    auto survey = parts_.surveys.survey(job.run[2]);
    if (!survey) return failure(survey.error());
    auto taken = parts_.surveys.take(*survey, "job:" + job.name);
    if (!taken) return failure(taken.error());
    say(*taken, ports);
    auto acted = parts_.surveys.act(*survey, "job:" + job.name);
    if (!acted) return failure(acted.error());
    say(*acted, ports);
    if (!taken->broken.empty()) return failure(taken->broken.front().error);
    return success(number(taken->answers) + " answers taken, " + number(taken->changed) +
                   " corrected, " + number(acted->answers) + " acted upon");
}

Outcome Tasks::receive_mail(const config::Job& job, const TaskPorts& ports) const {
    constexpr std::size_t kAtOnce = 100;
    std::int64_t read = 0;
    std::map<feedback::MailKind, std::int64_t> counts;
    std::int64_t left = 0;
    do {
        if (ports.stopping()) return failure(Error{Errc::kCancelled, "cancelled", {}, {}});
        auto part = parts_.mailbox.receive("job:" + job.name, kAtOnce);
        if (!part) return failure(part.error());
        for (const auto& [kind, count] : part->counts) {
            read += count;
            counts[kind] += count;
        }
        for (const auto& one : part->noted)
            ports.say("message " + number(one.uid) + ": " + one.reason);
        if (part->problem) return failure(*part->problem);
        left = part->left;
        ports.progress({"mail", read, read + left});
    } while (left > 0);
    return success(number(read) + " messages read, " + number(counts[feedback::MailKind::kAnswer]) +
                   " answers, " + number(counts[feedback::MailKind::kBounced]) + " bounces");
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
    // Not unavailable: whoever asked would be told that the network is away.
    return failure(
        Error{Errc::kProtocol, "the program ended with code " + number(ended->code), {}, {}});
}

}  // namespace kontor::jobs
