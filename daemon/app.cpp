// The only file that names every concrete type of the daemon.
#include "daemon/app.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/mapping_file.hpp"
#include "connectors/host/atomic_file.hpp"
#include "daemon/api/backup_routes.hpp"
#include "daemon/api/feedback_routes.hpp"
#include "daemon/api/job_routes.hpp"
#include "daemon/api/mailbox_routes.hpp"
#include "daemon/api/server.hpp"
#include "daemon/api/services.hpp"
#include "daemon/config_checks.hpp"
#include "daemon/exit_codes.hpp"
#include "daemon/form/form_server.hpp"
#include "daemon/jobs/system_conditions.hpp"
#include "daemon/lock_file.hpp"
#include "daemon/log_sink.hpp"
#include "daemon/notify.hpp"
#include "daemon/replica_file.hpp"
#include "daemon/runtime/host_remote_factory.hpp"
#include "daemon/upkeep.hpp"
#include "sync/engine/reconcile.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::app {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kQuickThreads = 2;
constexpr std::size_t kSlowThreads = 2;
constexpr std::size_t kQueueMax = 256;
// A worker that waits for a remote's limit says so; one that says nothing for this long hangs.
constexpr std::chrono::minutes kSilenceMax{15};
constexpr std::chrono::seconds kDrainMax{20};

Result<engine::CycleReport> real_cycle(engine::Cycle::Ports ports,
                                       const engine::ConnectionSettings& settings,
                                       const engine::CycleOptions& options) {
    engine::Cycle cycle(ports, settings);
    return cycle.run(options);
}

Result<engine::VerifyReport> real_verify(engine::Verifier::Ports ports,
                                         const engine::ConnectionSettings& settings,
                                         const engine::VerifyOptions& options) {
    engine::Verifier verifier(std::move(ports), settings);
    return verifier.run(options);
}

// What the loop's, the pools' and all other threads share. Destroyed in reverse order.
struct Core {
    Core(config::Loaded configuration, Logger& logger, const Clock* given)
        : loaded(std::move(configuration)),
          log(logger),
          clock(given != nullptr ? *given : system_clock) {}

    std::mutex loading;
    config::Loaded loaded;  // under loading
    Logger& log;
    SystemClock system_clock;
    const Clock& clock;
    SystemRandom random;
    host::SystemSecretStore system_secrets;
    Loop loop;
};

}  // namespace

struct App::Parts {
    Parts(AppSettings given, AppSeams seamed)
        : settings(std::move(given)), seams(std::move(seamed)), notify(settings.environment) {}

    AppSettings settings;
    AppSeams seams;
    Notify notify;
    std::unique_ptr<Logger> own_log;
    std::optional<Core> core;
    std::optional<LockFile> lock;
    replica::WriteTurn turn;  // of all that write to the replica
    std::optional<Databases> databases;
    std::optional<ReplicaHealth> health;
    std::optional<HostRemoteFactory> host_remotes;
    std::optional<DescriptionCache> descriptions;
    std::optional<EventStore> event_store;
    std::optional<EventLog> events;
    NetlinkSource netlink;
    std::unique_ptr<SearchService> search;
    std::optional<Connections> connections;
    std::mutex mapping_files;
    std::optional<api::Services> services;
    std::unique_ptr<api::FeedbackService> surveys;
    std::unique_ptr<api::Mailbox> mailbox;
    api::Router router;
    std::unique_ptr<Upkeep> upkeep;
    std::unique_ptr<jobs::Service> jobs;
    std::unique_ptr<api::Server> server;
    std::unique_ptr<form::FormSite> form_site;
    std::unique_ptr<form::FormServer> form;
    std::unique_ptr<Loop::Timer> watchdog;
    std::unique_ptr<Loop::Timer> drain_limit;
    std::atomic<bool> pool_answered{true};
    bool draining = false;
    // Last, so that they end first: their work uses everything above.
    std::unique_ptr<WorkPool> slow;
    std::unique_ptr<WorkPool> quick;

    [[nodiscard]] config::Loaded configuration() {
        const std::lock_guard lock_loaded(core->loading);
        return core->loaded;
    }
    Result<> open_replica();
    void build();
    Result<> build_jobs();
    Result<> listen();
    void take_policies(const config::Config& config);
    void open_form();
    [[nodiscard]] messages::Language language() const;
    void edited();
    Result<api::Reloaded> reload();
    void on_signal(int number);
    void drain();
    void finish();
    void beat();
    void tell_status();
};

// --- Start

Result<> App::Parts::open_replica() {
    const auto& daemon = core->loaded.config.daemon;
    if (auto made = host::make_private_folder(daemon.state_dir); !made) return made;
    auto locked = LockFile::acquire(daemon.state_dir + "/kontord.lock");
    if (!locked) return pass(locked);
    lock.emplace(std::move(*locked));

    replica::keep_temporary_files_in(daemon.state_dir);
    const auto path = daemon.state_dir + "/replica.db";
    if (auto known = recognise_replica(path); !known)
        return in_context("replica " + path, known.error());
    databases.emplace(path, turn);
    auto options = databases->options(replica::Access::kLocal);
    options.create = true;
    const auto mask = ::umask(077);
    auto db = replica::Database::open(path, options);
    Result<> done;
    if (db)
        done = replica::migrate(*db, core->random);
    else
        done = pass(db);
    ::umask(mask);
    if (!done) {
        databases.reset();
        done.error().args.emplace("path", path);
        return in_context("replica " + path, done.error());
    }
    // Opening parses all triggers, milliseconds.
    databases->keep(options.access, std::move(*db));
    return {};
}

void App::Parts::build() {
    const auto& config = core->loaded.config;
    const auto& state = config.daemon.state_dir;
    auto& secrets = seams.secrets != nullptr ? *seams.secrets : core->system_secrets;
    const auto home = connector_home(config, settings.program);

    host_remotes.emplace(
        HostRemoteFactory::Parts{core->clock, core->random, core->log, secrets, home, state});
    RemoteFactory& remotes = seams.remotes != nullptr ? *seams.remotes : *host_remotes;
    descriptions.emplace(state + "/descriptions");
    health.emplace(databases->path(), core->log);
    router.on_failure([this](const Error& error) { health->note(error); });
    event_store.emplace(state + "/events", boot_id(), core->log);
    events.emplace(*event_store, core->clock.now().time_since_epoch().count());
    if (config.search.enabled)
        search = std::make_unique<SearchService>(databases->path(), state + "/search.db",
                                                 core->clock, core->log);
    slow = std::make_unique<WorkPool>(kSlowThreads, kQueueMax);
    quick = std::make_unique<WorkPool>(kQuickThreads, kQueueMax);
    connections.emplace(Worker::Parts{
        core->clock, core->random, core->log, remotes, secrets, *events, turn, *health,
        *descriptions, seams.run_cycle ? seams.run_cycle : RunCycle(real_cycle),
        seams.run_verify ? seams.run_verify : RunVerify(real_verify), databases->path(), [this] {
            if (search) search->wake();
            if (jobs) jobs->touched();
        }});
    services.emplace(api::Services{
        *databases, *health, *connections, *events, core->clock, core->random, core->log, remotes,
        *descriptions, secrets,
        api::SignIn{[this](const config::Connection& c, const std::string& redirect,
                           const std::string& nonce) {
                        return host_remotes->consent_url(c, redirect, nonce);
                    },
                    [this](const config::Connection& c, const host::Secret& code,
                           const std::string& redirect, const std::string& accounts) {
                        return host_remotes->authorize(c, code, redirect, accounts);
                    }},
        search.get(), [this] { return configuration(); },
        [this] {
            return config::load(settings.flags, settings.environment, settings.is_root).problems;
        },
        [this] { return reload(); }, [this] { upkeep->touched(); },
        // A test's remotes have no plugins to look at.
        seams.remotes != nullptr ? ConnectorHome{} : home, mapping_files, core->clock.now()});
    api::add_record_routes(router, *services);
    api::add_history_routes(router, *services);
    api::add_connection_routes(router, *services);
    api::add_setup_routes(router, *services);
    api::add_mapping_routes(router, *services);
    api::add_sign_in_routes(router, *services);
    api::add_decision_routes(router, *services);
    api::add_rule_routes(router, *services);
    api::add_verify_routes(router, *services);
    api::add_query_routes(router, *services);
    api::add_system_routes(router, *services);
    surveys = std::make_unique<api::FeedbackService>(*services);
    api::add_feedback_routes(router, *services, *surveys);
    mailbox = std::make_unique<api::Mailbox>(*services, *surveys);
    api::add_mailbox_routes(router, *mailbox);
    api::add_backup_routes(router, *services, [this](const std::string& name) {
        return settings.environment(name).value_or("");
    });
    upkeep = std::make_unique<Upkeep>(Upkeep::Parts{core->loop, *quick, *databases, core->log,
                                                    config.sync.wal_mb << 20, [this] { edited(); }},
                                      state, "replica.db");
}

Result<> App::Parts::build_jobs() {
    auto db = databases->take(replica::Access::kLocal);
    if (!db) return pass(db);
    auto& secrets = seams.secrets != nullptr ? *seams.secrets : core->system_secrets;
    const auto environment = [this](const std::string& name) {
        return settings.environment(name).value_or("");
    };
    jobs = std::make_unique<jobs::Service>(
        jobs::Service::Parts{core->clock, core->random, core->log, *events,
                             std::make_unique<jobs::SystemConditions>(),
                             jobs::SurveyJobs(surveys->folder())},
        jobs::Journal(std::move(*db)),
        jobs::Tasks({secrets, core->clock, core->random, *connections, *surveys, *mailbox,
                     [this] { return configuration(); }, environment}),
        jobs::Alerts({secrets, environment, language()}));
    api::add_job_routes(router, *services, *jobs);
    return {};
}

messages::Language App::Parts::language() const {
    const auto& said = core->loaded.config.daemon.language;
    return said.empty() ? messages::system_language() : messages::language_from(said);
}

Result<> App::Parts::listen() {
    const auto& config = core->loaded.config;
    server = std::make_unique<api::Server>(
        api::Server::Parts{core->loop, *quick, *slow, router, *events, core->log}, config.api,
        language());
    return server->listen(config.daemon.socket);
}

// Before anything syncs under `config`: each connection's policies hold for what the others do,
// too.
void App::Parts::take_policies(const config::Config& config) {
    const auto take = [&](const config::Connection& connection) -> Result<bool> {
        config::Problems told_by_its_sync;
        const auto mapping = config::read_mapping(connection.mapping, told_by_its_sync);
        if (!mapping) return false;
        {
            auto db = databases->lend(replica::Access::kLocal);
            if (!db) return pass(db);
            auto change = engine::policies_change(**db, connection.name, *mapping);
            if (!change || !*change) return change;
        }
        auto db = databases->lend(replica::Access::kEngine);
        if (!db) return pass(db);
        auto taken =
            engine::take_policies(**db, core->clock, core->random, connection.name, *mapping);
        if (!taken) return pass(taken);
        return true;
    };
    for (const auto& connection : config.connections) {
        const auto taken = take(connection);
        if (!taken)
            core->log.error("mapping.policies_not_taken",
                            {{"connection", connection.name}, {"error", taken.error().message}});
        else if (*taken)
            core->log.info("mapping.policies_taken", {{"connection", connection.name}});
    }
}

// What is wrong with the form keeps nobody from syncing.
void App::Parts::open_form() {
    const auto set = surveys->settings();
    if (!set) {
        core->log.error("form.settings", {{"reason", set.error().message}});
        return;
    }
    if (set->listen.empty()) return;
    form_site = std::make_unique<form::FormSite>(*services, *surveys);
    form = std::make_unique<form::FormServer>(
        form::FormServer::Parts{core->loop, *quick, *form_site, core->clock, core->log},
        form::FormServer::Limits{set->forwarded, set->connections, set->requests_per_minute,
                                 messages::Language::kEnglish});
    if (const auto listening = form->listen(set->listen)) {
        core->log.info("form.listening", {{"address", set->listen}, {"port", form->port()}});
    } else {
        core->log.error("form.not_listening", {{"reason", listening.error().message}});
        form.reset();
    }
}

App::App(AppSettings settings, AppSeams seams)
    : parts_(std::make_unique<Parts>(std::move(settings), std::move(seams))) {}

App::~App() {
    if (parts_->core) parts_->finish();
}

Result<> App::start() {
    auto& p = *parts_;
    auto loaded = config::load(p.settings.flags, p.settings.environment, p.settings.is_root);
    if (!loaded.problems.empty()) return tl::unexpected<Error>(config::to_error(loaded.problems));
    const auto& daemon = loaded.config.daemon;
    if (p.seams.log == nullptr) p.own_log = make_stderr_log(daemon.log_format, daemon.log_level);
    p.core.emplace(std::move(loaded), p.seams.log != nullptr ? *p.seams.log : *p.own_log,
                   p.seams.clock);
    // Both are errors of the call that met them: a client that is gone, a file that may not grow.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
    // They mean something to other daemons (write statistics, open logs again); here, nothing.
    ::signal(SIGUSR1, SIG_IGN);
    ::signal(SIGUSR2, SIG_IGN);
    std::optional<LongStart> long_start(std::in_place, p.notify, LongStart::Times{});
    if (auto opened = p.open_replica(); !opened) return opened;
    p.take_policies(p.core->loaded.config);
    p.build();
    if (auto built = p.build_jobs(); !built) return built;
    if (auto listening = p.listen(); !listening) return listening;
    p.open_form();
    if (p.seams.handle_signals)
        p.core->loop.on_signals({SIGTERM, SIGINT, SIGHUP}, [&p](int n) { p.on_signal(n); });
    auto& network = p.seams.network != nullptr ? *p.seams.network : p.netlink;
    const auto listens = network.start(p.core->loop, [&p] {
        p.core->log.info("network.back");
        for (const auto& worker : p.connections->all()) worker->network_back();
    });
    // A sandbox may forbid it: then what failed is tried again when its back-off has passed.
    if (!listens) p.core->log.warning("network.not_watched", {{"reason", listens.error().message}});
    p.connections->apply(p.core->loaded.config);
    p.jobs->set(p.core->loaded.config);
    p.watchdog = p.core->loop.timer();
    if (p.notify.watchdog_every()) p.beat();
    long_start.reset();
    p.notify.ready();
    p.tell_status();
    p.core->log.info("daemon.started", {{"connections", p.core->loaded.config.connections.size()}});
    return {};
}

void App::Parts::tell_status() {
    notify.status(std::to_string(connections->all().size()) + " connections");
}

// --- While it runs

void App::Parts::edited() {
    if (search) search->wake();
    jobs->touched();
    events->publish("replica.changed", "{\"by\":\"edit\"}");
    for (const auto& worker : connections->all()) worker->edited();
}

Result<api::Reloaded> App::Parts::reload() {
    auto fresh = config::load(settings.flags, settings.environment, settings.is_root);
    if (!fresh.problems.empty()) {
        auto error = config::to_error(fresh.problems);
        core->log.error("config.rejected", {{"problems", fresh.problems.size()},
                                            {"first", fresh.problems.front().text()}});
        return tl::unexpected<Error>(std::move(error));
    }
    api::Reloaded out;
    config::Config wanted;
    {
        const std::lock_guard lock_loaded(core->loading);
        auto& now = core->loaded.config;
        if (!(now.daemon == fresh.config.daemon)) out.restart_needed.emplace_back("daemon");
        if (!(now.api == fresh.config.api)) out.restart_needed.emplace_back("api");
        if (!(now.search == fresh.config.search)) out.restart_needed.emplace_back("search");
        if (!(now.connectors == fresh.config.connectors))
            out.restart_needed.emplace_back("connectors");
        fresh.config.daemon = now.daemon;
        fresh.config.api = now.api;
        fresh.config.search = now.search;
        fresh.config.connectors = now.connectors;
        core->loaded = std::move(fresh);
        wanted = core->loaded.config;
        out.files = core->loaded.files;
    }
    take_policies(wanted);
    auto changes = connections->apply(wanted);
    jobs->set(wanted);
    out.started = std::move(changes.started);
    out.stopped = std::move(changes.stopped);
    out.changed = std::move(changes.changed);
    core->log.info("config.reloaded", {{"started", out.started.size()},
                                       {"stopped", out.stopped.size()},
                                       {"changed", out.changed.size()}});
    events->publish("config.reloaded", "{}");
    tell_status();
    return out;
}

void App::Parts::on_signal(int number) {
    if (number == SIGHUP) {
        notify.reloading();
        // Stopping a worker may take a moment: not on the loop. An error was logged.
        const bool taken = slow->post([this] {
            (void)reload();
            notify.ready();
        });
        if (!taken) notify.ready();
        return;
    }
    if (draining) {
        core->log.warning("daemon.killed");
        std::_Exit(static_cast<int>(Exit::kInterrupted));
    }
    drain();
}

// The beat comes from the loop; a pool answers each, and every worker must have moved.
void App::Parts::beat() {
    bool alive = pool_answered;
    for (const auto& worker : connections->all()) {
        const auto progress = worker->status().progress;
        const bool waits = progress && progress->stage == "wait";
        alive = alive && (waits || worker->heartbeat().alive(kSilenceMax));
    }
    if (search) alive = alive && search->heartbeat().alive(kSilenceMax);
    if (alive)
        notify.watchdog();
    else
        core->log.error("daemon.stuck");
    pool_answered = false;
    if (!quick->post([this] { pool_answered = true; })) core->log.warning("daemon.pool_full");
    watchdog->after(*notify.watchdog_every() / 2, [this] { beat(); });
}

// --- The end

void App::Parts::drain() {
    if (draining) return;
    draining = true;
    core->log.info("daemon.stopping");
    notify.stopping();
    for (const auto& worker : connections->all()) worker->cancel();
    jobs->stop();
    drain_limit = core->loop.timer();
    drain_limit->after(kDrainMax, [this] { core->loop.stop(); });
    const auto end = [this] { server->drain([this] { core->loop.stop(); }); };
    if (form)
        form->drain(end);
    else
        end();
}

void App::Parts::finish() {
    // Workers settle what is in flight as open intents; what they leave is resumed at the start.
    if (connections) connections->stop();
    if (jobs) jobs->stop();
    quick.reset();
    slow.reset();
    form.reset();
    server.reset();
    jobs.reset();
    search.reset();
    if (databases) {
        Upkeep::checkpoint(*databases, core->log, Upkeep::Checkpoint::kWhole);
        databases->close_idle();
    }
    upkeep.reset();
}

void App::run() {
    parts_->core->loop.run();
    parts_->core->log.info("daemon.stopped");
}

void App::shutdown() {
    parts_->core->loop.post([p = parts_.get()] { p->drain(); });
}

std::string App::socket() const {
    return parts_->core->loaded.config.daemon.socket;
}

std::vector<std::string> App::operations() const {
    std::vector<std::string> out;
    for (const auto& route : parts_->router.routes()) {
        auto operation = route.method + " ";
        for (const auto& segment : route.segments) operation += "/" + segment;
        auto parameters = route.parameters;
        std::ranges::sort(parameters);
        for (std::size_t i = 0; i < parameters.size(); ++i)
            operation += (i == 0 ? "?" : "&") + parameters[i];
        out.push_back(std::move(operation));
    }
    return out;
}

}  // namespace kontor::app
