#include "sync/engine/cycle.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "sync/engine/absorb.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/dry_run.hpp"
#include "sync/engine/epoch.hpp"
#include "sync/engine/hidden_fields.hpp"
#include "sync/engine/late_reads.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/mass_guard.hpp"
#include "sync/engine/missing_columns.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/puller.hpp"
#include "sync/engine/pusher.hpp"
#include "sync/engine/reconcile.hpp"
#include "sync/engine/retyped_fields.hpp"
#include "sync/engine/same_records.hpp"
#include "sync/engine/stream_order.hpp"
#include "sync/engine/sweeper.hpp"
#include "sync/engine/uncovered.hpp"
#include "sync/engine/waits_in_vain.hpp"

namespace kontor::engine {
namespace {

/// Rounds of creates in which each may make the next possible (parents of parents).
constexpr int kCreateRoundsMax = 16;

/// Streams in a row that the remote did not answer, before it is taken to be away.
constexpr int kUnreachableMax = 2;

/// Trouble after which going on with the next stream makes no sense.
bool ends_cycle(const Error& error) {
    if (remote::leaves_writes(error)) return false;  // edits still go out
    switch (error.code) {
        case Errc::kUnauthenticated:
        case Errc::kCancelled:
        case Errc::kMismatch:
        case Errc::kTls:
        case Errc::kRateLimited:
        case Errc::kStorage:
        case Errc::kFull:
        case Errc::kReadOnly:
        case Errc::kCorrupt:
        case Errc::kBusy:
        case Errc::kConnector:
        case Errc::kProxy:
            return true;
        default:
            return false;
    }
}

// What the remote refuses of our own requests is no mistake of whoever asked for the sync.
Error of_the_remote(Error error) {
    if (error.code == Errc::kInvalid || error.code == Errc::kNotFound) error.code = Errc::kProtocol;
    return error;
}

std::string counts_json(const CycleReport& report) {
    nlohmann::json out = nlohmann::json::object();
    for (const StreamCounts& c : report.streams)
        out[c.stream] = {{"seen", c.seen},
                         {"created_here", c.created_here},
                         {"updated_here", c.updated_here},
                         {"deleted_here", c.deleted_here},
                         {"created_there", c.created_there},
                         {"updated_there", c.updated_there},
                         {"deleted_there", c.deleted_there},
                         {"conflicts", c.conflicts},
                         {"blocked", c.blocked},
                         {"unknown", c.unknown},
                         {"index_wait_ms", c.index_wait.count()}};
    return out.dump();
}

/// One cycle under way: the steps share the context.
class Run {
public:
    Run(Cycle::Ports ports, const ConnectionSettings& settings, const CycleOptions& options)
        : ports_(std::move(ports)), settings_(settings), options_(options), sql_(ports_.db) {}

    CycleReport go() {
        take_mapping();
        connection_ =
            *sql_.integer("SELECT id FROM kontor_connection WHERE name = ?", settings_.name);
        refuse_if_paused();
        identify();
        pause_if_ids_lost();
        plans_.emplace(Plans::load(sql_, session().caches));
        context_.emplace(Context{.sql = sql_,
                                 .clock = ports_.clock,
                                 .random = ports_.random,
                                 .log = ports_.log,
                                 .plans = *plans_,
                                 .connection = connection_,
                                 .run = 0,
                                 .described = settings_.streams,
                                 .clock_offset = session().clock_offset,
                                 .clock_uncertainty = session().clock_uncertainty,
                                 .asked = std::move(asked_)});
        begin_run();
        try {
            try {
                steps();
            } catch (Failure& failure) {
                failure.error = set_back_or_late(*context_, connection_, std::move(failure.error));
                if (failure.error.code == Errc::kMismatch || failure.error.code == Errc::kGuard)
                    pause(failure.error);
                throw;
            }
        } catch (const Failure& failure) {
            end_run(failure.error.code == Errc::kCancelled ? "cancelled" : "failed",
                    &failure.error);
            throw;
        }
        end_run(report_.problem ? "partial" : "ok", report_.problem ? &*report_.problem : nullptr);
        return std::move(report_);
    }

private:
    // A replica that starts afresh under a mapping made before, or a field that a person added to
    // it.
    void add_columns() {
        const auto catalogue = need(session().caches.catalogues.get(sql_.db()));
        const auto missing =
            missing_columns(settings_.mapping, settings_.streams, *catalogue, settings_.name);
        if (missing.empty()) return;
        WriteTransaction transaction(ports_.db);
        for (const auto& entity : missing) {
            auto added = replica::ensure_entity(ports_.db, entity);
            if (!added && added.error().code == Errc::kInvalid) added.error().code = Errc::kConfig;
            need(std::move(added));
            ports_.log.info("mapping.columns_added",
                            {{"connection", settings_.name},
                             {"entity", entity.name},
                             {"columns", static_cast<std::int64_t>(entity.fields.size())}});
        }
        transaction.commit();
    }

    bool mapping_taken() {
        const auto& taken = session().taken;
        return taken && taken->edition == mappings_edition(sql_) &&
               taken->catalogue == need(session().caches.catalogues.get(sql_.db())) &&
               taken->plugin == settings_.plugin && taken->mapping == settings_.mapping;
    }

    void take_mapping() {
        if (mapping_taken()) return;
        add_columns();
        const auto taken = sent_apart(settings_, *need(session().caches.catalogues.get(sql_.db())));
        if (mapping_changes(sql_, taken))
            take_changed_mapping(taken);
        else
            take_same_mapping(taken);
    }

    template <class Transaction>
    void reconcile_in(Transaction& transaction, const ConnectionSettings& settings) {
        if (ports_.check_mapping) need(ports_.check_mapping());
        reconcile(sql_, session().caches.catalogues, settings, ports_.clock);
        Session::TakenMapping taken{.plugin = settings_.plugin,
                                    .mapping = settings_.mapping,
                                    .edition = mappings_edition(sql_),
                                    .catalogue = need(session().caches.catalogues.get(sql_.db()))};
        transaction.commit();
        // A dry run is of a copy, and its session is not.
        if (!options_.dry_run) session().taken = std::move(taken);
    }

    void take_same_mapping(const ConnectionSettings& settings) {
        WriteTransaction transaction(ports_.db);
        reconcile_in(transaction, settings);
    }

    void take_changed_mapping(const ConnectionSettings& settings) {
        // What was typed before is absorbed by the mapping that it was typed under, so that it has
        // a base which the new one can keep.
        Plans before = Plans::load(sql_, session().caches);
        Context context{.sql = sql_,
                        .clock = ports_.clock,
                        .random = ports_.random,
                        .log = ports_.log,
                        .plans = before};
        remember_old_forms(context, settings);
        EngineTransaction transaction(context);
        reconcile_in(transaction, settings);
        asked_ = std::move(context.asked);
    }

    void refuse_if_paused() {
        const auto paused =
            sql_.text("SELECT paused FROM kontor_connection WHERE id = ?", connection_);
        if (paused)
            stop({Errc::kGuard,
                  "connection " + settings_.name + " is paused: " + *paused,
                  {{"connection", settings_.name}, {"reason", *paused}},
                  {}});
    }

    // What a person has accepted since is not paused for what was found before.
    void pause(const Error& error) {
        WriteTransaction transaction(ports_.db);
        refuse_if_accepted(sql_, connection_);
        sql_.run("UPDATE kontor_connection SET paused = ? WHERE id = ?", error.message,
                 connection_);
        transaction.commit();
    }

    void pause_if_ids_lost() {
        try {
            refuse_if_ids_lost(sql_, connection_);
        } catch (const Failure& failure) {
            pause(failure.error);
            throw;
        }
    }

    Session& session() { return ports_.session != nullptr ? *ports_.session : own_session_; }

    // Asks who we are there; the answer also tells how far our clocks are apart.
    void ask_identity() {
        Session& s = session();
        s.identity.reset();
        s.clock_offset = std::chrono::milliseconds{0};
        s.clock_uncertainty = std::chrono::milliseconds{2'000};
        const auto asked = ports_.clock.now();
        // Nothing is sent before it is known to whom.
        auto who = [&] {
            const remote::ServingWrites serving(ports_.remote);
            return ports_.remote.check();
        }();
        if (!who) stop(of_the_remote(in_context("check " + settings_.name, who.error()).value()));
        const auto answered = ports_.clock.now();
        s.identity_at = ports_.clock.steady();
        s.identity = std::move(*who);
        if (s.identity->server_time == Instant{}) return;
        s.clock_offset = s.identity->server_time - (asked + (answered - asked) / 2);
        // Less than nothing has passed: our clock was set back meanwhile.
        s.clock_uncertainty = std::chrono::milliseconds{1'000} + std::chrono::abs(answered - asked);
    }

    // The organisation must be the one whose records are here.
    void identify() {
        const Session& s = session();
        auto known = sql_.text("SELECT org_id FROM kontor_connection WHERE id = ?", connection_);
        // Of one that a person has just accepted, what was asked before says nothing.
        if (!known || !s.identity || ports_.clock.steady() - s.identity_at >= Session::kIdentityFor)
            ask_identity();
        const remote::Identity& who = *s.identity;
        if (known && known->empty()) known.reset();  // an account that had nothing to tell it by
        if (known && !who.org_id.empty() && *known != who.org_id) {
            Error error{Errc::kMismatch,
                        "connection " + settings_.name + " now leads to organisation " +
                            who.org_id + ", the records here are of " + *known,
                        {{"connection", settings_.name}, {"org", who.org_id}, {"known", *known}},
                        {}};
            pause(error);
            stop(std::move(error));
        }
        const auto user =
            sql_.text("SELECT user_id FROM kontor_connection WHERE id = ?", connection_);
        if (!known || user != who.user_id) {
            WriteTransaction transaction(ports_.db);
            sql_.run("UPDATE kontor_connection SET org_id = ?, user_id = ? WHERE id = ?",
                     who.org_id, who.user_id, connection_);
            transaction.commit();
        }
    }

    void begin_run() {
        WriteTransaction transaction(ports_.db);
        sql_.run("INSERT INTO kontor_run(connection, kind, started_at) VALUES(?, ?, ?)",
                 connection_, options_.dry_run ? "dry_run" : "sync", context_->now());
        context_->run = report_.run = sql_.last_insert_id();
        newest_conflict_ = sql_.integer("SELECT max(id) FROM kontor_conflict").value_or(0);
        transaction.commit();
    }

    // Questions that edits here have raised, before anything was read.
    void count_asked() {
        for (StreamCounts& counts : report_.streams)
            if (const StreamPlan* plan = plans_->stream(connection_, counts.stream))
                counts.conflicts += std::exchange(context_->asked[plan->id], 0);
    }

    void end_run(const char* result, const Error* error) {
        count_asked();
        WriteTransaction transaction(ports_.db);
        sql_.run(
            "UPDATE kontor_run SET ended_at = ?, result = ?, error = ?, counts = ? WHERE id = ?",
            context_->now(), result,
            error != nullptr ? std::optional<std::string>(error->message) : std::nullopt,
            counts_json(report_), report_.run);
        transaction.commit();
    }

    /// One whose list has been read, and what is not in it not yet asked for.
    struct Sweep {
        const StreamPlan* plan;
        StreamCounts* counts;
        bool complete;
    };

    void steps() {
        const auto streams = chosen_streams();
        report_.streams.resize(streams.size());
        for (std::size_t i = 0; i < streams.size(); ++i)
            report_.streams[i].stream = streams[i]->mapping.stream;

        const StepPorts ports{.remote = ports_.remote,
                              .observer = ports_.observer,
                              .gate = ports_.gate,
                              .cancelled = ports_.cancelled};
        for (const StreamPlan* stream : streams)
            if (capabilities(*stream).fetch) refuse_same_records(*context_, ports_.remote, *stream);
        for (std::size_t i = 0; i < streams.size(); ++i)
            if (capabilities(*streams[i]).fetch)
                look_again(*context_, ports, *streams[i], report_.streams[i]);
        std::vector<Sweep> sweeps;
        std::vector<const StreamPlan*> closed;  // to us
        for (std::size_t i = 0; i < streams.size() && !stopped_; ++i) {
            const auto failed = try_step(report_.streams[i], [&](StreamCounts& counts) {
                const auto& can = capabilities(*streams[i]);
                watch_hidden_fields(*context_, *streams[i], description(*streams[i]));
                watch_retyped_fields(*context_, *streams[i], description(*streams[i]));
                const bool unread = is_unread(sql_, streams[i]->id);
                if (unread) doubt_creates(*context_, *streams[i]);
                settle_open(*streams[i], ports, can, counts);
                if (unread || was_restored(sql_))
                    look_for_unsent(*context_, ports, *streams[i], can, counts);
                read_released(*streams[i], ports, can, counts);
                if (can.pull) read_list(*streams[i], ports, can, counts);
                give_up_doubt(*context_, *streams[i], can);
                if (unread && can.fetch && was_restored(sql_))
                    read_unsent(*context_, ports, *streams[i], counts);
                if (can.list_ids && can.fetch && (sweep_due(*streams[i]) || unread))
                    sweeps.push_back(
                        {streams[i], &counts, sweep_listed(*context_, ports, *streams[i], counts)});
                else if (unread)
                    end_reading(*streams[i], ports, counts);
            });
            if (failed && tells_nothing(*failed)) closed.push_back(streams[i]);
        }
        look_through_others(streams, sweeps, ports);
        for (const Sweep& sweep : sweeps)
            if (!stopped_)
                try_step(*sweep.counts, [&](StreamCounts& counts) {
                    sweep_missing(*context_, ports, *sweep.plan, sweep.complete,
                                  options_.confirm_mass ? 1.0 : settings_.guard_missing_share,
                                  counts);
                    if (is_unread(sql_, sweep.plan->id)) end_reading(*sweep.plan, ports, counts);
                });
        if (context_->awaited_gone) settle_vain(streams, ports);
        if (!stopped_) introduce_missing(*context_, synced_streams(), closed);
        if (options_.dry_run) list_changes(streams);
        if (options_.push && !stopped_ && !options_.dry_run) push_all(streams, ports);
    }

    void settle_vain(const std::vector<const StreamPlan*>& streams, const StepPorts& ports) {
        for (std::size_t i = 0; i < streams.size() && !stopped_; ++i)
            if (capabilities(*streams[i]).fetch && streams[i]->loaded)
                try_step(report_.streams[i], [&](StreamCounts& counts) {
                    read_who_waits_in_vain(*context_, ports, *streams[i], counts);
                });
    }

    void end_reading(const StreamPlan& plan, const StepPorts& ports, StreamCounts& counts) {
        if (sends_missing(sql_, plan.id))
            look_for_missing(*context_, ports, plan, capabilities(plan), counts);
        mark_read(*context_, plan);
    }

    // What a list lacks is only believed once the others' lists have shown no older image (B5): if
    // one cannot be read, the next cycle looks again. One that we may not read tells nothing.
    void look_through_others(const std::vector<const StreamPlan*>& streams,
                             std::vector<Sweep>& sweeps, const StepPorts& ports) {
        const auto lacks = [&](const Sweep& sweep) {
            return sweep.complete && lacks_some(*context_, *sweep.plan);
        };
        if (std::ranges::none_of(sweeps, lacks)) return;
        bool all = true;
        for (std::size_t i = 0; i < streams.size() && !stopped_; ++i) {
            const auto& can = capabilities(*streams[i]);
            if (!can.list_ids || !can.fetch || !streams[i]->loaded ||
                std::ranges::find(sweeps, streams[i], &Sweep::plan) != sweeps.end())
                continue;
            const auto failed = try_step(report_.streams[i], [&](StreamCounts& counts) {
                sweeps.push_back(
                    {streams[i], &counts, sweep_listed(*context_, ports, *streams[i], counts)});
            });
            all = all && (!failed || tells_nothing(*failed));
        }
        if (!all) std::erase_if(sweeps, lacks);
    }

    // What the steps before have changed in the copy, and what a push would go on to do.
    void list_changes(std::vector<const StreamPlan*> streams) {
        list_changes_here(*context_, connection_, report_.plan);
        const auto all = streams;
        if (options_.push && !stopped_) {
            streams = ready_to_push(sql_, streams, synced_streams());
            introduce(streams);
            report_.guard = guard_before(streams);
            EngineTransaction transaction(*context_);
            for (const StreamPlan* plan : streams)
                list_changes_there(*context_, *plan, report_.plan);
            transaction.commit();
        }
        EngineTransaction transaction(*context_);
        list_held_up(*context_, all, newest_conflict_, report_.plan);
        transaction.commit();
    }

    // What is open is not sent again before it is settled.
    void settle_open(const StreamPlan& plan, const StepPorts& ports,
                     const remote::Capabilities& can, StreamCounts& counts) {
        const remote::ServingWrites serving(ports_.remote);
        recover(*context_, ports, plan, can, counts);
    }

    void read_list(const StreamPlan& plan, const StepPorts& ports, const remote::Capabilities& can,
                   StreamCounts& counts) {
        try {
            pull(*context_, ports, plan, can, counts);
        } catch (const Failure& failure) {
            // One that we may not read does not come to its end another time either.
            if (!tells_nothing(failure.error.code)) hold_back(*context_, plan.id);
            throw;
        }
    }

    // Records that were held back until it was known who they are.
    void read_released(const StreamPlan& plan, const StepPorts& ports,
                       const remote::Capabilities& can, StreamCounts& counts) {
        // CROSS JOIN: from the few that wait to their links, never through all links of the stream.
        if (!sql_.integer("SELECT 1 FROM kontor_match WHERE stream = ?1 UNION ALL SELECT 1 FROM"
                          " kontor_waiting w CROSS JOIN kontor_link l ON l.id = w.link"
                          " WHERE l.stream = ?1 LIMIT 1",
                          plan.id))
            return;
        std::vector<std::string> ids;
        {
            EngineTransaction transaction(*context_);
            ids = released_matches(sql_, plan.id, plan.entity.id);
            std::ranges::move(answered_referrers(sql_, plan.id), std::back_inserter(ids));
            if (!ids.empty() && !can.fetch)
                sql_.run("UPDATE kontor_stream SET cursor = '' WHERE id = ?", plan.id);
            transaction.commit();
        }
        if (!ids.empty() && can.fetch) fetch_and_merge(*context_, ports, plan, ids, counts);
    }

    // All that the mapping has.
    std::vector<const StreamPlan*> synced_streams() const {
        auto streams = parents_first(*plans_, connection_);
        std::erase_if(streams, [&](const StreamPlan* plan) {
            return settings_.mapping.stream(plan->mapping.stream) == nullptr;
        });
        return streams;
    }

    std::vector<const StreamPlan*> chosen_streams() const {
        auto streams = synced_streams();
        if (options_.streams.empty()) return streams;
        std::erase_if(streams, [&](const StreamPlan* plan) {
            return std::ranges::find(options_.streams, plan->mapping.stream) ==
                   options_.streams.end();
        });
        return streams;
    }

    const remote::StreamSpec& description(const StreamPlan& plan) const {
        static const remote::StreamSpec none;
        const auto found =
            std::ranges::find(settings_.streams, plan.mapping.stream, &remote::StreamSpec::name);
        return found == settings_.streams.end() ? none : *found;
    }

    const remote::Capabilities& capabilities(const StreamPlan& plan) const {
        return description(plan).can;
    }

    StreamCounts& counts_of(const StreamPlan& plan) {
        return *std::ranges::find(report_.streams, plan.mapping.stream, &StreamCounts::stream);
    }

    // A failing stream does not keep the others from their turn. Returns what its trouble was.
    template <class Step>
    std::optional<Errc> try_step(StreamCounts& counts, Step step) {
        try {
            step(counts);
            unreachable_ = 0;
            return std::nullopt;
        } catch (Failure& failure) {
            if (ends_cycle(failure.error)) throw;
            // One may be the stream's own trouble. Several in a row, each after all its retries,
            // are the network's: the others would wait as long for the same.
            const bool unreachable =
                failure.error.code == Errc::kUnavailable || failure.error.code == Errc::kTimeout;
            unreachable_ = unreachable ? unreachable_ + 1 : 0;
            if (unreachable_ >= kUnreachableMax) throw;
            if (failure.error.code == Errc::kGuard) {  // nothing more until a person has looked
                pause(failure.error);
                stopped_ = true;
            }
            ports_.log.warning("sync.stream_failed", {{"connection", settings_.name},
                                                      {"stream", counts.stream},
                                                      {"code", to_string(failure.error.code)}});
            const Errc code = failure.error.code;
            if (!report_.problem) report_.problem = of_the_remote(std::move(failure.error));
            return code;
        }
    }

    bool sweep_due(const StreamPlan& plan) {
        if (options_.sweep) return true;
        if (!plan.loaded) {
            // A load that has just been made is as good as a sweep.
            WriteTransaction transaction(ports_.db);
            sql_.run("UPDATE kontor_stream SET swept_at = ? WHERE id = ?", context_->now(),
                     plan.id);
            transaction.commit();
            return false;
        }
        const auto swept = sql_.text("SELECT swept_at FROM kontor_stream WHERE id = ?", plan.id);
        const auto at = swept ? parse_instant(*swept) : std::nullopt;
        return !at || ports_.clock.now() - *at >= settings_.sweep_every;
    }

    // Records that were here before the remote was connected, and did not come from it, are new to
    // it. Once a stream: later ones get their links as they are made.
    void introduce(const std::vector<const StreamPlan*>& streams) {
        for (const StreamPlan* plan : streams) {
            if (!plan->mapping.push || !plan->mapping.create ||
                sql_.integer("SELECT loaded FROM kontor_stream WHERE id = ?", plan->id) != 1)
                continue;
            const std::string table = '"' + plan->entity.name + '"';
            const std::string unlinked =
                " WHERE NOT EXISTS (SELECT 1 FROM kontor_link l WHERE l.stream = ?1 AND l.record "
                "= " +
                table + ".id)";
            EngineTransaction transaction(*context_);
            sql_.run("INSERT INTO kontor_link(stream, record, dirty) SELECT ?1, id, 1 FROM " +
                         table + unlinked,
                     plan->id);
            sql_.run("UPDATE kontor_stream SET loaded = 2 WHERE id = ?", plan->id);
            transaction.commit();
        }
    }

    // Why a person is asked before anything is sent; nullopt if nobody is.
    std::optional<Error> guard_before(const std::vector<const StreamPlan*>& streams) {
        if (options_.confirm_mass) {
            note_mass_change_confirmed(*context_);
            return std::nullopt;
        }
        {
            EngineTransaction transaction(*context_);  // absorbs
            transaction.commit();
        }
        PushForecast all;
        {
            // Only read: nobody who writes has to wait, however much there is to push.
            const auto snapshot = need(replica::Snapshot::begin(ports_.db));
            for (const StreamPlan* plan : streams) {
                const auto one = forecast_push(*context_, *plan);
                all.updates += one.updates;
                all.deletes += one.deletes;
            }
        }
        return asks_before_mass_change(*context_, settings_, all,
                                       streams.size() == synced_streams().size());
    }

    void push_all(std::vector<const StreamPlan*> streams, const StepPorts& ports) {
        // Nothing is sent to what has not been read again since a restore.
        streams = ready_to_push(sql_, streams, synced_streams());
        if (sql_.integer("SELECT push_enabled FROM kontor_connection WHERE id = ?", connection_) !=
            1)
            return;
        introduce(streams);
        if (auto stopped = guard_before(streams)) {
            report_.problem = std::move(stopped);
            return;
        }
        report_.pushed = true;
        const auto carried = send(streams, ports);

        // What we wrote comes back as the remote keeps it.
        for (std::size_t i = 0; i < streams.size(); ++i)
            if (carried[i] > 0 && capabilities(*streams[i]).pull)
                try_step(counts_of(*streams[i]), [&](StreamCounts& counts) {
                    pull(*context_, ports, *streams[i], capabilities(*streams[i]), counts);
                });
    }

    // How many changes of each stream were carried out.
    std::vector<std::int64_t> send(const std::vector<const StreamPlan*>& streams,
                                   const StepPorts& ports) {
        const remote::ServingWrites serving(ports_.remote);
        std::vector<std::int64_t> carried(streams.size(), 0);
        const auto round = [&](const PushPass& pass, bool backwards) {
            std::int64_t total = 0;
            for (std::size_t n = 0; n < streams.size() && !stopped_; ++n) {
                const std::size_t i = backwards ? streams.size() - 1 - n : n;
                try_step(counts_of(*streams[i]), [&](StreamCounts& counts) {
                    const auto done = push(*context_, ports, *streams[i], capabilities(*streams[i]),
                                           pass, counts);
                    carried[i] += done;
                    total += done;
                });
            }
            return total;
        };
        // Parents before children; a record whose parent has just been created goes in the next
        // round; then what waits in a circle goes without the references, which follow as updates.
        const PushPass forward{
            .creates = true, .updates = true, .deletes = false, .force_creates = false};
        for (int i = 0; i < kCreateRoundsMax && round(forward, false) > 0; ++i) {
        }
        PushPass forced = forward;
        forced.force_creates = true;
        if (round(forced, false) > 0) static_cast<void>(round(forward, false));
        static_cast<void>(round(
            {.creates = false, .updates = false, .deletes = true, .force_creates = false}, true));
        return carried;
    }

    Cycle::Ports ports_;
    const ConnectionSettings& settings_;
    const CycleOptions& options_;
    Sql sql_;
    Session own_session_;  // if none was given
    std::int64_t connection_ = 0;
    std::int64_t newest_conflict_ = 0;            ///< before this run
    std::map<std::int64_t, std::int64_t> asked_;  ///< by what was absorbed before it; by stream
    std::optional<Plans> plans_;
    std::optional<Context> context_;
    CycleReport report_;
    bool stopped_ = false;  ///< by a guard
    int unreachable_ = 0;   ///< streams in a row that the remote did not answer
};

// A private copy, so that a dry run is the same code and changes nothing.
Result<replica::Database> copy_of(const replica::Database& db) {
    replica::OpenOptions options;
    options.access = replica::Access::kEngine;
    options.create = true;
    auto copy = replica::Database::open("", options);
    if (!copy) return copy;
    sqlite3_backup* backup = sqlite3_backup_init(copy->raw(), "main", db.raw(), "main");
    int rc = SQLITE_ERROR;
    if (backup != nullptr) {
        rc = sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
    }
    if (rc != SQLITE_DONE)
        return tl::unexpected<Error>(replica::storage_error(copy->raw(), rc, "copy for a dry run"));
    return copy;
}

}  // namespace

Cycle::Cycle(Ports ports, const ConnectionSettings& settings)
    : ports_(std::move(ports)), settings_(settings) {}

Result<CycleReport> Cycle::run(const CycleOptions& options) {
    if (!options.dry_run) return guarded([&] { return Run(ports_, settings_, options).go(); });
    auto copy = copy_of(ports_.db);
    if (!copy) return pass(copy);
    const Ports ports{*copy,          ports_.remote,       ports_.clock, ports_.random,
                      ports_.log,     ports_.observer,     ports_.gate,  ports_.cancelled,
                      ports_.session, ports_.check_mapping};
    auto report = guarded([&] { return Run(ports, settings_, options).go(); });
    if (report) report->run = 0;  // it was of the copy: the next sync's is another
    return report;
}

}  // namespace kontor::engine
