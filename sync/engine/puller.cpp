#include "sync/engine/puller.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "sync/engine/absorb.hpp"
#include "sync/engine/epoch.hpp"
#include "sync/engine/loader.hpp"
#include "sync/engine/witness.hpp"

namespace kontor::engine {
namespace {

/// Ids to fetch at a time. How many a request takes is the connector's affair.
constexpr std::size_t kFetchBatch = 1000;
/// Ids that are held at a time where a query names them.
constexpr std::int64_t kReadBatch = 1'000;
/// Records that a pull may leave to be read by id before it is broken off for them, or, where it
/// could not be taken up again, before they are put aside.
constexpr std::size_t kRereadsMax = 1'000;
/// Records merged one into the next that are followed at once.
constexpr int kSuccessorsMax = 8;
/// References completed in a transaction after a first load.
constexpr std::int64_t kReferencesCommit = 200;

void save_cursor(Context& context, const StreamPlan& plan, std::string_view cursor) {
    context.sql.run("UPDATE kontor_stream SET cursor = ? WHERE id = ?", cursor, plan.id);
}

/// Applies batches as they come; see Remote::pull.
class PullSink final : public remote::RecordSink {
public:
    PullSink(Context& context, const StepPorts& ports, const StreamPlan& plan,
             const remote::Capabilities& can, StreamCounts& counts)
        : context_(context),
          began_(context.now()),
          ports_(ports),
          plan_(plan),
          can_(can),
          counts_(counts),
          merger_(context, plan, counts),
          rereads_(context.sql, plan.id) {
        if (can.fetch) merger_.may_reread(stamps_open_since());
        if (!plan.loaded)  // maybe taken up where it was cut short
            done_ = context.sql.integer("SELECT records FROM kontor_stream WHERE id = ?", plan.id)
                        .value_or(0);
        if (!plan.loaded && Loader::applies(context.sql, plan))
            loader_ = std::make_unique<Loader>(context, plan, merger_, counts);
    }

    Result<> accept(std::span<const remote::RecordView> batch,
                    std::string_view checkpoint) override {
        return guarded([&] {
            if (ports_.cancelled.load()) stop({Errc::kCancelled, "stopped", {}, {}});
            check(batch);
            if (!plan_.loaded && !std::exchange(noted_, true)) note_beginning();
            if (loader_)
                load(batch, checkpoint);
            else
                apply(batch, checkpoint);
        });
    }

    /// True if the sink itself has broken off the pull, to go on from the saved cursor after
    /// reread().
    [[nodiscard]] bool broke_off() const { return broke_off_; }

    /// Reads the records that must be read by id, and saves the cursor that waited for them. Not
    /// from within a pull.
    void reread() {
        broke_off_ = false;
        while (!rereads_.empty()) {
            reading_ = rereads_.take();
            fetch_and_merge(context_, ports_, plan_, reading_.ids, counts_, Absence::kDoubted, {},
                            &reading_.listed);
        }
        reading_ = {};
        if (held_.empty()) return;
        EngineTransaction transaction(context_);
        save_cursor(context_, plan_, std::exchange(held_, {}));
        transaction.commit();
    }

    /// After a failure: what was not read by id for it.
    void leave_unread() {
        auto& unread = context_.unread[plan_.id];
        unread.insert(reading_.ids.begin(), reading_.ids.end());
        unread.insert(rereads_.ids().begin(), rereads_.ids().end());
    }

    /// After the remote's pull: saves the cursor of the whole.
    void finish(const std::string& cursor) {
        held_.clear();
        reread();
        if (!plan_.loaded) complete_references();
        EngineTransaction transaction(context_);
        save_cursor(context_, plan_, cursor);
        context_.sql.run(
            "UPDATE kontor_stream SET loaded = max(loaded, 1), pulled_at = ? WHERE id = ?", began_,
            plan_.id);
        transaction.commit();
    }

private:
    // A first load that is cut goes on from here: of what it has read, it need not read again what
    // bears an older stamp.
    void note_beginning() {
        EngineTransaction transaction(context_);
        context_.sql.run("UPDATE kontor_stream SET pulled_at = coalesce(pulled_at, ?) WHERE id = ?",
                         began_, plan_.id);
        transaction.commit();
    }

    // On the remote's clock: when the last whole pull began, or the first one. What bears a stamp
    // of that tick, or a later one, may have been read before its last change.
    [[nodiscard]] std::optional<Instant> stamps_open_since() const {
        const auto pulled =
            context_.sql.text("SELECT pulled_at FROM kontor_stream WHERE id = ?", plan_.id);
        const auto at = pulled ? parse_instant(*pulled) : std::nullopt;
        if (!at) return std::nullopt;
        return *at + context_.clock_offset - context_.clock_uncertainty -
               std::chrono::milliseconds{can_.modified_resolution_ms};
    }

    void complete_references() {
        std::string after;
        do {
            EngineTransaction transaction(context_);
            after = merger_.complete_references(after, kReferencesCommit);
            transaction.commit();
        } while (!after.empty());
    }

    /// In the transaction that applied all that `checkpoint` covers.
    void advance(std::string_view checkpoint) {
        if (checkpoint.empty()) return;
        if (!can_.fetch || (rereads_.empty() && !merger_.has_rereads()))
            save_cursor(context_, plan_, checkpoint);
        else
            held_ = checkpoint;
    }

    /// After a commit.
    void applied(std::span<const remote::RecordView> batch) {
        auto taken = merger_.take_rereads();
        if (can_.fetch && !taken.empty()) rereads_.add(std::move(taken), batch);
        // A first load counts what there is: it is also told who is gone.
        done_ += plan_.loaded
                     ? static_cast<std::int64_t>(batch.size())
                     : std::ranges::count(batch, remote::Fact::kRecord, &remote::RecordView::fact);
        ports_.observer.progress({plan_.loaded ? "pull" : "load", plan_.mapping.stream, done_, 0});
        if (rereads_.ids().size() < kRereadsMax) return;
        if (held_.empty()) return rereads_.put_aside();
        broke_off_ = true;
        stop({Errc::kCancelled, "records are read by id first", {}, {}});
    }

    void check(std::span<const remote::RecordView> batch) const {
        for (const auto& record : batch)
            if (record.fact == remote::Fact::kRecord &&
                record.fields.size() != plan_.remote_fields.size())
                stop({Errc::kProtocol,
                      "a record has not the fields that were asked for",
                      {{"stream", plan_.mapping.stream}},
                      {}});
    }

    void apply(std::span<const remote::RecordView> batch, std::string_view checkpoint) {
        std::size_t at = 0;
        do {
            EngineTransaction transaction(context_);
            const auto started = context_.clock.steady();
            while (at < batch.size()) {
                merger_.apply(batch[at++], false);
                if (at % 32 == 0 && context_.clock.steady() - started > kTransactionMax) break;
            }
            if (at == batch.size()) advance(checkpoint);
            transaction.commit();
            ports_.observer.committed();
        } while (at < batch.size());
        applied(batch);
    }

    void load(std::span<const remote::RecordView> records, std::string_view checkpoint) {
        std::size_t at = 0;
        while (at < records.size()) {
            EngineTransaction transaction(context_);
            if (!loader_->alone()) {
                transaction.commit();
                loader_.reset();
                Matcher(context_, plan_).build_indexes();
                return apply(records.subspan(at), checkpoint);
            }
            const auto started = context_.clock.steady();
            while (at < records.size()) {
                loader_->insert(records[at++]);
                // A first load may hold the writer longer, unless a local write waits for it.
                if (at % 64 == 0 && ports_.gate.wanted() &&
                    context_.clock.steady() - started > kTransactionMax / 4)
                    break;
            }
            loader_->finish_stretch();
            loader_->link_elsewhere();
            if (at == records.size()) advance(checkpoint);
            transaction.commit();
        }
        ports_.observer.committed();
        applied(records);
    }

    Context& context_;
    const std::string began_;
    bool noted_ = false;
    const StepPorts& ports_;
    const StreamPlan& plan_;
    const remote::Capabilities& can_;
    StreamCounts& counts_;
    Merger merger_;
    std::unique_ptr<Loader> loader_;
    Rereads rereads_;        // once the remote is free
    Rereads::Some reading_;  // taken from there
    std::string held_;       // cursor that waits for them
    bool broke_off_ = false;
    std::int64_t done_ = 0;
};

void pull_to_end(Context& context, const StepPorts& ports, const StreamPlan& plan, PullSink& sink) {
    while (true) {
        const std::string cursor =
            context.sql.text("SELECT cursor FROM kontor_stream WHERE id = ?", plan.id).value_or("");
        auto end = ports.remote.pull(plan.mapping.stream, plan.remote_fields, cursor, sink);
        if (end) return sink.finish(*end);
        if (!sink.broke_off()) stop(in_context("pull " + plan.mapping.stream, end.error()).value());
        sink.reread();
    }
}

/// Merges what fetch() and find() hand over.
class AnswerSink final : public remote::RecordSink {
public:
    AnswerSink(Context& context, Merger& merger, Absence absence,
               const ListedVersions* listed = nullptr)
        : context_(context), merger_(merger), absence_(absence), listed_(listed) {}
    Result<> accept(std::span<const remote::RecordView> batch, std::string_view) override {
        return guarded([&] {
            EngineTransaction transaction(context_);
            for (const auto& record : batch)
                if (lags_behind_list(record))
                    lagging_ = record.id;
                else if (record.fact == remote::Fact::kMissing && absence_ != Absence::kBelieved)
                    missing_.emplace_back(record.id);
                else
                    merger_.apply(record, true);
            transaction.commit();
        });
    }

    /// Once all others are merged. The cursor waits: what the list has shown comes again.
    void refuse_lagging(const StreamPlan& plan) const {
        if (lagging_.empty()) return;
        stop({Errc::kUnavailable,
              plan.mapping.stream + " " + lagging_ +
                  " is older when it is read by id than the remote's list has shown it: the next"
                  " sync looks again",
              {{"stream", plan.mapping.stream}, {"id", lagging_}, {"reason", "late_read"}}});
    }

    /// Those that are said to be missing from here on are, and these too unless they stay open.
    void settle_missing(Context& context, const StepPorts& ports, const StreamPlan& plan,
                        StreamCounts& counts) {
        const auto missing = std::exchange(missing_, {});
        const bool doubted = std::exchange(absence_, Absence::kBelieved) == Absence::kDoubted;
        if (missing.empty() || !doubted) return;
        confirm_missing(context, ports, plan, missing, counts);
        EngineTransaction transaction(context_);
        for (const auto& id : missing) {
            remote::RecordView image;
            image.fact = remote::Fact::kMissing;
            image.id = id;
            merger_.apply(image, true);
        }
        transaction.commit();
    }

private:
    [[nodiscard]] bool lags_behind_list(const remote::RecordView& record) const {
        if (listed_ == nullptr || record.fact != remote::Fact::kRecord || record.version.empty())
            return false;
        const auto shown = listed_->find(record.id);
        return shown != listed_->end() && record.version < shown->second;
    }

    Context& context_;
    Merger& merger_;
    Absence absence_;
    const ListedVersions* listed_;
    std::string lagging_;
    std::vector<std::string> missing_;
};

}  // namespace

void fetch_and_merge(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     std::vector<std::string> ids, StreamCounts& counts, Absence absence,
                     Fetch first, const ListedVersions* listed) {
    const Fetch fetch = [&](std::span<const std::string> some, remote::RecordSink& sink) {
        return ports.remote.fetch(plan.mapping.stream, plan.remote_fields, some, sink);
    };
    Merger merger(context, plan, counts);
    AnswerSink sink(context, merger, absence, listed);
    // What answers lead to is read after them: those that records were merged into, and that are
    // not here yet; they may have been merged too.
    for (int depth = 0; !ids.empty() && depth <= kSuccessorsMax; ++depth) {
        std::ranges::sort(ids);  // a remote answers each id once
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        for (std::size_t at = 0; at < ids.size(); at += kFetchBatch) {
            const std::vector<std::string> some(
                ids.begin() + static_cast<std::ptrdiff_t>(at),
                ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at + kFetchBatch)));
            const Fetch now = first ? std::exchange(first, {}) : fetch;
            if (auto done = now(some, sink); !done)
                stop(in_context("fetch " + plan.mapping.stream, done.error()).value());
        }
        // The next are asked for because something is said to have become of them.
        sink.settle_missing(context, ports, plan, counts);
        ids = merger.take_rereads();
    }
    sink.refuse_lagging(plan);
    ports.observer.committed();
}

void pull(Context& context, const StepPorts& ports, const StreamPlan& plan,
          const remote::Capabilities& can, StreamCounts& counts) {
    Matcher(context, plan).build_indexes();
    PullSink sink(context, ports, plan, can, counts);
    try {
        pull_to_end(context, ports, plan, sink);
    } catch (const Failure&) {
        sink.leave_unread();
        throw;
    }
    refuse_if_ids_lost(context.sql, plan.connection);
    if (!plan.loaded) ports.observer.progress({"index", plan.mapping.stream, 0, 0});
    build_indexes(context, plan, counts);
}

void read_each(Context& context, const StepPorts& ports, const StreamPlan& plan,
               const std::string& query, StreamCounts& counts, Absence absence) {
    std::string after;
    for (bool more = true; more;) {
        std::vector<std::string> ids;
        auto& rows = context.sql.bind(query, plan.id, after, kReadBatch);
        while (Sql::step(rows)) ids.emplace_back(rows.text(0));
        more = static_cast<std::int64_t>(ids.size()) == kReadBatch;
        if (more) after = ids.back();
        fetch_and_merge(context, ports, plan, std::move(ids), counts, absence);
    }
}

void find_and_merge(Context& context, const StepPorts& ports, const StreamPlan& plan,
                    const std::vector<std::string>& keys, StreamCounts& counts) {
    Merger merger(context, plan, counts);
    AnswerSink sink(context, merger, Absence::kBelieved);
    if (auto done = ports.remote.find(plan.mapping.stream, plan.remote_fields,
                                      plan.mapping.key_field, keys, sink);
        !done)
        stop(in_context("find " + plan.mapping.stream, done.error()).value());
}

}  // namespace kontor::engine
