#include "daemon/runtime/worker.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/mapping_file.hpp"
#include "config/node.hpp"
#include "connectors/host/digest.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/runtime/report_json.hpp"
#include "daemon/runtime/schedule.hpp"
#include "daemon/runtime/worker_watcher.hpp"
#include "sync/engine/connection_status.hpp"
#include "sync/engine/first_sync.hpp"

namespace kontor::app {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

/// The mapping was changed between its reading and its use.
constexpr std::string_view kMappingChanged = "mapping_changed";

/// Pages of the log at which the worker stops to write it back: each time costs two flushes of the
/// disk, and of what a first load writes, much is written again soon.
constexpr int kLoadCheckpointPages = 4'096;

constexpr std::size_t kRequestsMax = 16;
constexpr std::size_t kTypicalOf = 25;
constexpr std::size_t kTypicalMin = 3;

/// True if a mapping names a field that a stream, as it was described, has not.
bool names_unknown_field(const merge::Mapping& mapping,
                         const std::vector<remote::StreamSpec>& described) {
    return std::ranges::any_of(mapping.streams, [&](const merge::StreamMapping& stream) {
        const auto found = std::ranges::find(described, stream.stream, &remote::StreamSpec::name);
        return found != described.end() && !found->fields.empty() &&
               std::ranges::any_of(stream.groups, [&](const auto& group) {
                   return std::ranges::any_of(group.fields, [&](const auto& field) {
                       return found->field(field.remote) == nullptr;
                   });
               });
    });
}

// Adds a value to the last ones; their median, or -1 while they are too few.
std::int64_t typical(std::deque<std::int64_t>& last, std::int64_t value) {
    last.push_back(value);
    if (last.size() > kTypicalOf) last.pop_front();
    if (last.size() < kTypicalMin) return -1;
    std::vector<std::int64_t> sorted(last.begin(), last.end());
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
}

}  // namespace

namespace {

engine::ConnectionSettings settings_of(const config::Connection& connection,
                                       const config::Sync& sync) {
    engine::ConnectionSettings out;
    out.name = connection.name;
    out.plugin = connection.plugin;
    out.guard_deletes = connection.guards.deletes;
    out.guard_edits = connection.guards.edits;
    out.guard_missing_share = connection.guards.missing_share;
    out.sweep_every = std::chrono::duration_cast<std::chrono::hours>(sync.sweep_every);
    return out;
}

}  // namespace

Worker::Worker(Parts parts, config::Connection connection, config::Sync sync)
    : parts_(std::move(parts)),
      connection_(std::move(connection)),
      sync_(sync),
      heartbeat_(parts_.clock),
      settings_(settings_of(connection_, sync_)),
      due_(parts_.clock.steady()),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

Worker::~Worker() {
    end();
}

void Worker::cancel() {
    cancelled_ = verify_cancelled_ = true;
    thread_.request_stop();
}

void Worker::end() {
    cancel();
    const std::lock_guard lock(ending_);
    if (thread_.joinable()) thread_.join();
}

// --- What others ask

Result<std::int64_t> Worker::request(const engine::CycleOptions& options) {
    const std::lock_guard lock(mutex_);
    if (ended_) return tl::unexpected<Error>(taken_down());
    // One that has not begun does what whoever asks now wants: their edits are there already.
    const auto same = std::ranges::find_if(
        requests_, [&](const Request& r) { return !r.verify && r.options == options; });
    if (same != requests_.end()) return same->ticket;
    if (requests_.size() >= kRequestsMax)
        return fail(Errc::kBusy, "too many syncs of " + connection_.name + " wait already",
                    {{"connection", connection_.name}});
    const auto ticket = next_ticket_++;
    requests_.push_back(Request{.ticket = ticket, .options = options});
    changed_.notify_all();
    return ticket;
}

void Worker::edited() {
    if (!connection_.push) return;
    const std::lock_guard lock(mutex_);
    meanwhile_.edited = true;
    if (backs_off(status_.error)) return;
    due_ = std::min(due_, parts_.clock.steady() + sync_.edit_delay);
    changed_.notify_all();
}

void Worker::network_back() {
    const std::lock_guard lock(mutex_);
    meanwhile_.network_back = true;
    if (status_.error && status_.error->code != Errc::kRateLimited) due_ = parts_.clock.steady();
    changed_.notify_all();
}

void Worker::refresh_metadata() {
    const std::lock_guard lock(mutex_);
    refresh_ = true;
}

std::map<std::string, std::string> Worker::digests_of_secrets() const {
    std::map<std::string, std::string> out;
    for (const auto& [name, reference] : connection_.secrets)
        if (const auto secret = parts_.secrets.read(reference))
            out.emplace(name, host::sha256_hex(secret->reveal()));
    return out;
}

bool Worker::secrets_changed() const {
    {
        const std::lock_guard lock(mutex_);
        if (!opened_with_) return false;
    }
    const auto now = digests_of_secrets();
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(now, [&](const auto& secret) {
        const auto then = opened_with_->find(secret.first);
        return then == opened_with_->end() || then->second != secret.second;
    });
}

bool Worker::take_changed_secrets() {
    if (!secrets_changed()) return false;
    reopen();
    network_back();  // what failed, or fails just now with the old one, is tried again in the same
                     // way
    return true;
}

WorkerStatus Worker::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

std::shared_ptr<const DryRun> Worker::last_dry_run() const {
    const std::lock_guard lock(mutex_);
    return dry_run_;
}

WorkerState Worker::resting() const {
    if (status_.error) return WorkerState::kFailed;
    return held_ ? WorkerState::kNew : WorkerState::kIdle;
}

void Worker::set_progress(const engine::Progress& progress) {
    const std::lock_guard lock(mutex_);
    status_.progress = progress;
}

// --- The thread

void Worker::serve(const std::stop_token& stop) {
    // Whether there is a mapping to look at, whatever else is wrong. What is wrong with it, a sync
    // tells.
    static_cast<void>(read_mapping());
    if (first_sync_waits()) {
        const std::lock_guard lock(mutex_);
        held_ = true;
        status_.state = WorkerState::kNew;
    }
    while (const auto request = wait(stop)) {
        try {
            if (request->verify)
                verify(*request, stop);
            else
                run(*request, stop);
        } catch (const std::exception& error) {
            Result<engine::CycleReport> failed = fail(Errc::kInternal, error.what());
            finish(*request, failed);
        }
    }
    dismiss();
}

// What still waits when the connection is taken down: whoever asked for it is told.
void Worker::dismiss() {
    std::vector<Request> waiting;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        waiting.swap(requests_);
    }
    for (const auto& request : waiting) {
        if (request.verify) {
            auto out = std::make_shared<Verified>();
            out->error = taken_down();
            finish_verify(request, std::move(out));
        } else {
            Result<engine::CycleReport> failed = tl::unexpected<Error>(taken_down());
            finish(request, failed);
        }
    }
}

Error Worker::taken_down() const {
    return {Errc::kCancelled,
            "connection " + connection_.name + " was taken down",
            {{"connection", connection_.name}},
            {}};
}

std::optional<Worker::Request> Worker::wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    heartbeat_.sleep();
    for (;;) {
        if (stop.stop_requested()) return std::nullopt;
        const auto now = parts_.clock.steady();
        if (!requests_.empty() || (now >= due_ && !held_)) break;
        if (held_) {
            changed_.wait(lock, stop, [&] { return !requests_.empty(); });
            continue;
        }
        const auto planned = due_;
        // The time that the machine sleeps does not count for this wait; whoever notices that it is
        // awake again notifies.
        changed_.wait_for(lock, stop, planned - now, [&] {
            return !requests_.empty() || due_ != planned || parts_.clock.steady() >= planned;
        });
    }
    heartbeat_.wake();
    status_.state = WorkerState::kSyncing;
    status_.next_sync_at.reset();
    Request next;
    if (requests_.empty()) {
        next.ticket = next_ticket_++;
    } else {
        next = requests_.front();
        requests_.erase(requests_.begin());
    }
    next.options.push = next.options.push && connection_.push;
    if (next.verify) {
        verifying_ = next.ticket;
        verify_cancelled_ = false;
    }
    return next;
}

void Worker::run(const Request& request, const std::stop_token& stop) {
    const json started = {{"connection", connection_.name},
                          {"ticket", request.ticket},
                          {"dry_run", request.options.dry_run}};
    parts_.events.publish("sync.started", started.dump());
    {
        const std::lock_guard lock(mutex_);
        meanwhile_ = {};
    }
    if (!request.options.dry_run) first_sync_asked();
    const auto begun = parts_.clock.steady();
    auto done = cycle(request, stop);
    const auto took = (parts_.clock.steady() - begun).count();
    if (done)
        parts_.log.info("sync.done", {{"connection", connection_.name},
                                      {"run", done->run},
                                      {"ms", std::int64_t{took}},
                                      {"result", done->problem ? "partial" : "ok"}});
    else
        parts_.log.warning("sync.failed", {{"connection", connection_.name},
                                           {"code", to_string(done.error().code)},
                                           {"error", done.error().message},
                                           {"ms", std::int64_t{took}}});
    finish(request, done);
}

Result<engine::CycleReport> Worker::cycle(const Request& request, const std::stop_token& stop) {
    while (true) {
        auto done = try_cycle(request, stop);
        const bool again = !done && done.error().args.contains("reason") &&
                           done.error().args.at("reason") == kMappingChanged;
        if (!again || cancelled_) return done;
    }
}

Result<engine::CycleReport> Worker::try_cycle(const Request& request, const std::stop_token& stop) {
    if (auto opened = open(stop); !opened) {
        static_cast<void>(read_mapping());  // what is told of it may have become wrong
        return pass(opened);
    }
    if (auto ready = prepare_settings(); !ready) return pass(ready);
    const auto before = remote_->credits();
    load_total_ = 0;
    Watcher watcher(*this, request.ticket, "sync.progress");
    const engine::Cycle::Ports ports{
        *db_,    *remote_,    parts_.clock, parts_.random,  parts_.log,
        watcher, parts_.turn, cancelled_,   session_.get(), [this] { return check_mapping(); }};
    auto done = parts_.run_cycle(ports, settings_, request.options);
    // That there are no calls left says nothing against what was learned; asking again takes some.
    const auto kept = done && (!done->problem || remote::leaves_writes(*done->problem));
    if (!kept) session_ = std::make_unique<engine::Session>();
    const auto after = remote_->credits();
    tell_credits();
    const std::lock_guard lock(mutex_);
    if (done && !request.options.dry_run) {
        status_.credits_per_sync = typical(credits_spent_, after.spent - before.spent);
        status_.requests_per_sync = typical(requests_made_, after.requests - before.requests);
    }
    return done;
}

Result<> Worker::open_replica() {
    if (db_) return {};
    replica::OpenOptions options;
    options.access = replica::Access::kEngine;
    options.turn = &parts_.turn;
    options.yields = true;
    options.checkpoint_pages = kLoadCheckpointPages;
    auto opened = replica::Database::open(parts_.replica_path, options);
    if (!opened) return pass(opened);
    // What a power cut takes from the end of the log is pulled again, or asked for by the intent
    // behind it; that itself is written durably (pusher.cpp).
    if (auto set = opened->execute("PRAGMA synchronous=NORMAL"); !set) return set;
    db_ = std::move(*opened);
    return {};
}

// If the replica cannot be opened, the first sync tells why.
bool Worker::first_sync_waits() {
    if (!open_replica()) return false;
    return engine::first_sync_held(*db_, connection_.name).value_or(false);
}

void Worker::first_sync_asked() {
    {
        const std::lock_guard lock(mutex_);
        if (!std::exchange(held_, false)) return;
    }
    // If it cannot be written now, it waits once more after a restart.
    if (auto done = engine::release_first_sync(*db_, connection_.name); !done)
        parts_.log.warning("first_sync.not_released",
                           {{"connection", connection_.name}, {"error", done.error().message}});
}

Result<> Worker::open(const std::stop_token& stop) {
    if (auto opened = open_replica(); !opened) return opened;
    if (auto damage = parts_.health.damage()) return tl::unexpected<Error>(std::move(*damage));
    if (reopen_.exchange(false)) close_remote();
    if (remote_) return {};
    RemoteFactory::Wishes wishes;
    wishes.stop = stop;
    wishes.patient = true;
    wishes.on_progress = [this](const std::string& stage, std::int64_t done, std::int64_t total) {
        heartbeat_.beat();
        // How much there is in all, only the plugin knows; how much is done, the engine knows
        // better.
        if (total > 0)
            load_total_ = total;
        else if (watcher_)
            watcher_->progress({stage, "", done, total});
    };
    {
        // Read before the remote reads them: a change in between is then seen as one.
        auto digests = digests_of_secrets();
        const std::lock_guard lock(mutex_);
        opened_with_ = std::move(digests);
    }
    auto opened = parts_.remotes.open(connection_, wishes);
    if (!opened) return pass(opened);
    remote_ = std::move(*opened);
    session_ = std::make_unique<engine::Session>();
    return {};
}

void Worker::close_remote() {
    if (!remote_) return;
    const auto counted = remote_->credits();
    earlier_.spent += counted.spent;
    earlier_.requests += counted.requests;
    remote_.reset();
}

void Worker::tell_credits() {
    auto all = remote_->credits();
    all.spent += earlier_.spent;
    all.requests += earlier_.requests;
    const std::lock_guard lock(mutex_);
    status_.credits = all;
}

// Parsed again only if the file says something else.
Result<> Worker::read_mapping() {
    config::Problems problems;
    auto text = config::read_text(connection_.mapping, problems);
    if (text && mapping_text_ && *text == *mapping_text_) return {};
    auto mapping = text ? config::parse_mapping(*text, connection_.mapping, problems)
                        : std::optional<merge::Mapping>();
    {
        const std::lock_guard lock(mutex_);
        status_.mapped = mapping.has_value();
    }
    mapping_text_.reset();
    if (!mapping) {
        auto error = config::to_error(problems);
        error.args["connection"] = connection_.name;
        return tl::unexpected<Error>(std::move(error));
    }
    settings_.mapping = std::move(*mapping);
    mapping_text_ = std::move(text);
    return {};
}

Result<> Worker::check_mapping() const {
    config::Problems problems;
    const auto text = config::read_text(connection_.mapping, problems);
    if (text && text == mapping_text_) return {};
    return fail(Errc::kConflict, "the mapping of " + connection_.name + " was changed just now",
                {{"reason", std::string(kMappingChanged)}, {"connection", connection_.name}});
}

Result<> Worker::prepare_settings() {
    // Without one nobody is asked for anything.
    if (auto read = read_mapping(); !read) return read;
    bool refresh = false;
    {
        const std::lock_guard lock(mutex_);
        refresh = std::exchange(refresh_, false);
    }
    if (!described_at_)
        if (auto kept = parts_.descriptions.load(connection_.name)) describe_as(std::move(*kept));
    // It may have been made there since: what is not described is taken for hidden. Once for each
    // mapping, or one that is hidden would be looked for each time.
    const bool look =
        looked_for_ != mapping_text_ && names_unknown_field(settings_.mapping, settings_.streams);
    const auto now = parts_.clock.now();
    const bool fresh = described_at_ && now - *described_at_ < sync_.metadata_every;
    if (fresh && !refresh && !look) return {};
    if (auto described = describe(refresh); !described) return described;
    if (*described_at_ >= now) looked_for_ = mapping_text_;
    return read_mapping();  // that takes a while
}

Result<> Worker::describe(bool refresh) {
    auto streams = remote_->describe();
    if (!streams) {
        // Old knowledge will do while the remote cannot be asked.
        if (described_at_ && !refresh && streams.error().retryable()) return {};
        return in_context("describe", streams.error());
    }
    Description found{parts_.clock.now(), std::move(*streams)};
    if (auto saved = parts_.descriptions.save(connection_.name, found); !saved)
        parts_.log.warning("describe.not_saved",
                           {{"connection", connection_.name}, {"error", saved.error().message}});
    describe_as(std::move(found));
    return {};
}

void Worker::describe_as(Description description) {
    described_at_ = description.at;
    settings_.streams = std::move(description.streams);
}

void Worker::finish(const Request& request, Result<engine::CycleReport>& done) {
    std::optional<Error> error;
    if (!done)
        error = done.error();
    else
        error = done->problem;
    if (error) parts_.health.note(*error);
    auto event = done ? to_json(*done) : json{{"run", 0}, {"streams", json::array()}};
    event["connection"] = connection_.name;
    event["ticket"] = request.ticket;
    event["dry_run"] = request.options.dry_run;
    event["result"] = !done ? "failed" : done->problem ? "partial" : "ok";
    event["error"] = error ? to_json(*error) : json();

    // A field that the description lacks, or has and the remote no longer: it is read afresh and
    // the sync repeated at once. If that does not help, not again before a sync succeeds.
    const bool unknown = error && error->args.contains("unknown_field");
    const bool again = unknown && !described_again_;
    if (!error || unknown) described_again_ = unknown;
    if (again) {
        parts_.log.info("describe.again", {{"connection", connection_.name}});
        refresh_metadata();
    }
    // A connection that broke in an unclear way is opened anew, with fresh credentials; so is one
    // whose connector has ended.
    if ((!done && !done.error().retryable()) || (error && error->code == Errc::kConnector))
        close_remote();

    if (request.options.dry_run && done) {
        auto found = std::make_shared<DryRun>();
        found->ticket = request.ticket;
        found->at = parts_.clock.now();
        found->report = std::move(*done);
        const std::lock_guard lock(mutex_);
        dry_run_ = std::move(found);
    }
    plan_next(error, again);
    parts_.events.publish("sync.finished",
                          event.dump(-1, ' ', false, json::error_handler_t::replace));
}

// Back-off goes on: an edit does not bring a remote back. But some calls may be kept for it.
bool Worker::backs_off(const std::optional<Error>& error) {
    return error && error->retryable() && !remote::leaves_writes(*error);
}

// If it cannot be told, the next sync tells.
bool Worker::has_unsent() const {
    if (!db_) return true;
    const auto all = engine::connection_status(*db_);
    if (!all) return true;
    const auto own = std::ranges::find(*all, connection_.name, &engine::ConnectionStatus::name);
    return own != all->end() &&
           std::ranges::any_of(own->streams, [](const auto& stream) { return stream.to_push > 0; });
}

void Worker::plan_next(const std::optional<Error>& error, bool at_once) {
    failures_ = error && error->retryable() ? failures_ + 1 : 0;
    ScheduleInput input;
    input.interval = connection_.interval.count() != 0 ? connection_.interval : sync_.interval;
    input.sync = sync_;
    input.failures = failures_;
    input.error = error;
    input.random = parts_.random.next();
    auto delay = at_once ? std::chrono::milliseconds(0) : next_sync_in(input);
    bool edited = false;
    {
        const std::lock_guard lock(mutex_);
        edited = std::exchange(meanwhile_.edited, false);
    }
    const bool unsent = edited && has_unsent();
    const std::lock_guard lock(mutex_);
    if ((unsent || meanwhile_.edited) && !backs_off(error))
        delay = std::min(delay, sync_.edit_delay);
    if (meanwhile_.network_back && error && error->code != Errc::kRateLimited)
        delay = std::chrono::milliseconds(0);
    due_ = parts_.clock.steady() + delay;
    if (!held_) status_.next_sync_at = parts_.clock.now() + delay;
    status_.error = error;
    status_.progress.reset();
    status_.state = resting();
    if (!error) status_.last_success_at = parts_.clock.now();
}

}  // namespace kontor::app
