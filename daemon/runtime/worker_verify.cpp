// Comparing the replica with the remote, on the connection's thread: it alone speaks to the remote.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/runtime/report_json.hpp"
#include "daemon/runtime/worker.hpp"
#include "daemon/runtime/worker_watcher.hpp"

namespace kontor::app {

using nlohmann::json;

Result<std::int64_t> Worker::request_verify(const engine::VerifyOptions& options) {
    const std::lock_guard lock(mutex_);
    if (ended_) return tl::unexpected<Error>(taken_down());
    // One waits at most: they are long, and the syncs behind them would wait for all.
    if (std::ranges::any_of(requests_, [](const Request& r) { return r.verify.has_value(); }))
        return fail(Errc::kBusy, "a verification of " + connection_.name + " waits already",
                    {{"connection", connection_.name}});
    const auto ticket = next_ticket_++;
    requests_.push_back(Request{.ticket = ticket, .options = {}, .verify = options});
    changed_.notify_all();
    return ticket;
}

bool Worker::cancel_verify(std::int64_t ticket) {
    const std::lock_guard lock(mutex_);
    if (ticket != 0 && verifying_ == ticket) {
        verify_cancelled_ = true;
        return true;
    }
    return std::erase_if(requests_,
                         [&](const Request& r) { return r.verify && r.ticket == ticket; }) > 0;
}

Worker::VerifyState Worker::verify_state(std::int64_t ticket) const {
    const std::lock_guard lock(mutex_);
    if (ticket != 0 && verifying_ == ticket) return VerifyState::kRunning;
    if (std::ranges::any_of(requests_,
                            [&](const Request& r) { return r.verify && r.ticket == ticket; }))
        return VerifyState::kWaiting;
    return verified_ && verified_->ticket == ticket ? VerifyState::kDone : VerifyState::kUnknown;
}

std::shared_ptr<const Verified> Worker::last_verified() const {
    const std::lock_guard lock(mutex_);
    return verified_;
}

Result<engine::VerifyReport> Worker::compare(const Request& request, const std::stop_token& stop,
                                             Verified& out) {
    if (auto opened = open(stop); !opened) return pass(opened);
    if (auto ready = prepare_settings(); !ready) return pass(ready);
    // A handle that cannot write, so that nothing is, whatever happens.
    replica::OpenOptions options;
    options.access = replica::Access::kReadOnly;
    auto db = replica::Database::open(parts_.replica_path, options);
    if (!db) return pass(db);
    Watcher watcher(*this, request.ticket, "verify.progress");
    auto done = parts_.run_verify({.db = *db,
                                   .remote = *remote_,
                                   .observer = watcher,
                                   .cancelled = verify_cancelled_,
                                   .finding =
                                       [&](const engine::VerifyFinding& found) {
                                           const bool known =
                                               found.reason != engine::VerifyReason::kNone;
                                           out.explained_total += known ? 1 : 0;
                                           auto& list = known ? out.explained : out.findings;
                                           if (list.size() < kFindingsMax) list.push_back(found);
                                       }},
                                  settings_, *request.verify);
    tell_credits();
    return done;
}

void Worker::verify(const Request& request, const std::stop_token& stop) {
    std::shared_ptr<Verified> out;
    const auto begun = parts_.clock.steady();
    Result<engine::VerifyReport> done = fail(Errc::kInternal, "not run");
    const auto attempt = [&] {
        out = std::make_shared<Verified>();
        try {
            done = compare(request, stop, *out);
        } catch (const std::exception& error) {
            done = fail(Errc::kInternal, error.what());
        }
    };
    attempt();
    // A field that the description has and the remote no longer: as a sync does (finish()).
    if (!done && done.error().args.contains("unknown_field")) {
        refresh_metadata();
        close_remote();
        attempt();
    }
    if (done)
        out->report = std::move(*done);
    else
        out->error = done.error();
    if (out->error && out->error->code != Errc::kCancelled &&
        (!out->error->retryable() || out->error->code == Errc::kConnector))
        close_remote();
    parts_.log.info("verify.done", {{"connection", connection_.name},
                                    {"ms", std::int64_t{(parts_.clock.steady() - begun).count()}},
                                    {"result", out->error ? to_string(out->error->code) : "ok"},
                                    {"unexplained", out->report.unexplained()},
                                    {"explained", out->explained_total}});
    finish_verify(request, std::move(out));
}

void Worker::finish_verify(const Request& request, std::shared_ptr<Verified> out) {
    if (out->error) parts_.health.note(*out->error);
    out->ticket = request.ticket;
    out->at = parts_.clock.now();
    out->report.options = *request.verify;
    auto event = to_json(*out);
    event["connection"] = connection_.name;
    {
        // When the next sync is due stays as it was.
        const std::lock_guard lock(mutex_);
        verifying_ = 0;
        verified_ = std::move(out);
        status_.progress.reset();
        status_.state = resting();
        const auto in = std::max(std::chrono::milliseconds{0}, due_ - parts_.clock.steady());
        if (!held_) status_.next_sync_at = parts_.clock.now() + in;
    }
    parts_.events.publish("verify.finished",
                          event.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace kontor::app
