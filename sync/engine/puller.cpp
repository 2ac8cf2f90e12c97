#include "sync/engine/puller.hpp"

#include <algorithm>
#include <memory>

#include "sync/engine/absorb.hpp"
#include "sync/engine/loader.hpp"

namespace kontor::engine {
namespace {

/// Rows a commit during a first load.
constexpr std::size_t kLoadCommitRows = 4'000;
/// … and bytes of text that wait for it.
constexpr std::size_t kLoadCommitBytes = 32 << 20;
/// Ids read by id in one go.
constexpr std::size_t kFetchBatch = 100;
/// Records that a pull may leave to be read by id before it is broken off for them.
constexpr std::size_t kRereadsMax = 1'000;
/// References completed in a transaction after a first load.
constexpr std::int64_t kReferencesCommit = 200;

/// Memory in large pieces that is used again: what is kept stays where it is until clear().
template <class T>
class Arena {
public:
    explicit Arena(std::size_t piece) : piece_(piece) {}

    std::span<T> keep(std::span<const T> some) {
        if (some.empty()) return {};
        while (at_ == pieces_.size() || pieces_[at_].size - used_ < some.size()) {
            if (at_ < pieces_.size()) ++at_;
            used_ = 0;
            if (at_ < pieces_.size()) continue;
            const std::size_t size = std::max(piece_, some.size());
            pieces_.push_back({std::make_unique_for_overwrite<T[]>(size), size});
        }
        T* const to = pieces_[at_].data.get() + used_;
        std::ranges::copy(some, to);
        used_ += some.size();
        return {to, some.size()};
    }
    void clear() { at_ = used_ = 0; }

private:
    struct Piece {
        std::unique_ptr<T[]> data;
        std::size_t size = 0;
    };
    std::size_t piece_;
    std::vector<Piece> pieces_;
    std::size_t at_ = 0;    // the piece in use
    std::size_t used_ = 0;  // of it
};

/// Copies of records, so that several pages share one commit. Bounded by the caller.
class RecordBuffer {
public:
    void add(const remote::RecordView& record) {
        auto& copy = records_.emplace_back(record);
        copy.id = keep(record.id);
        copy.version = keep(record.version);
        copy.modified_by = keep(record.modified_by);
        copy.successor = keep(record.successor);
        const auto fields = values_.keep(record.fields);
        for (ValueView& value : fields)
            if (value.kind == Kind::kText) value.text = keep(value.text);
        copy.fields = fields;
    }
    [[nodiscard]] std::span<const remote::RecordView> records() const { return records_; }
    [[nodiscard]] bool empty() const { return records_.empty(); }
    [[nodiscard]] bool full() const {
        return records_.size() >= kLoadCommitRows || bytes_ >= kLoadCommitBytes;
    }
    void clear() {
        records_.clear();
        values_.clear();
        texts_.clear();
        bytes_ = 0;
    }

private:
    std::string_view keep(std::string_view text) {
        bytes_ += text.size();
        const auto kept = texts_.keep(text);
        return {kept.data(), kept.size()};
    }
    std::vector<remote::RecordView> records_;
    Arena<ValueView> values_{16'384};
    Arena<char> texts_{1 << 20};
    std::size_t bytes_ = 0;  // of texts
};

void save_cursor(Context& context, const StreamPlan& plan, std::string_view cursor) {
    context.sql.run("UPDATE kontor_stream SET cursor = ?, pulled_at = ? WHERE id = ?", cursor,
                    context.now(), plan.id);
}

/// Applies batches as they come; see Remote::pull.
class PullSink final : public remote::RecordSink {
public:
    PullSink(Context& context, const StepPorts& ports, const StreamPlan& plan,
             const remote::Capabilities& can, StreamCounts& counts)
        : context_(context),
          ports_(ports),
          plan_(plan),
          can_(can),
          counts_(counts),
          merger_(context, plan, counts, ports.plan_sink) {
        if (can.fetch) merger_.may_reread(stamps_open_since());
        if (!plan.loaded && Loader::applies(context.sql, plan))
            loader_ = std::make_unique<Loader>(context, plan, merger_, counts);
    }

    Result<> accept(std::span<const remote::RecordView> batch,
                    std::string_view checkpoint) override {
        return guarded([&] {
            if (ports_.cancelled.load()) stop({Errc::kCancelled, "stopped", {}, {}});
            check(batch);
            if (!loader_) return apply(batch, checkpoint);
            // A large batch is a commit of its own; pages are gathered to one.
            if (batch.size() >= kLoadCommitRows / 2) {
                flush();
                load(batch, checkpoint);
                return;
            }
            for (const auto& record : batch) buffer_.add(record);
            checkpoint_ = checkpoint;
            if (buffer_.full()) flush();
        });
    }

    /// True if the sink itself has broken off the pull, to go on from the saved cursor after
    /// reread().
    [[nodiscard]] bool broke_off() const { return broke_off_; }

    /// Reads the records that must be read by id, and saves the cursor that waited for them. Not
    /// from within a pull.
    void reread() {
        broke_off_ = false;
        const auto ids = std::exchange(rereads_, {});
        if (!ids.empty()) fetch_and_merge(context_, ports_, plan_, ids, counts_);
        if (held_.empty()) return;
        EngineTransaction transaction(context_);
        save_cursor(context_, plan_, std::exchange(held_, {}));
        transaction.commit();
    }

    /// Applies what is still buffered and saves the cursor of the whole pull.
    void finish(const std::string& cursor) {
        keep_what_came();
        held_.clear();
        reread();
        if (!plan_.loaded) complete_references();
        EngineTransaction transaction(context_);
        save_cursor(context_, plan_, cursor);
        context_.sql.run("UPDATE kontor_stream SET loaded = max(loaded, 1) WHERE id = ?", plan_.id);
        transaction.commit();
    }
    /// What was handed over before a pull broke off is not thrown away.
    void keep_what_came() {
        over_ = true;
        if (loader_) flush();
    }

private:
    // On the remote's clock: when the last pull read, a stamp of the same tick might come again.
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
    void applied(std::size_t records, const char* stage) {
        for (auto& id : merger_.take_rereads())
            if (can_.fetch) rereads_.push_back(std::move(id));
        done_ += static_cast<std::int64_t>(records);
        ports_.observer.progress({stage, plan_.mapping.stream, done_, 0});
        if (over_ || held_.empty() || rereads_.size() < kRereadsMax) return;
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
        applied(batch.size(), "pull");
    }

    void flush() {
        if (buffer_.empty()) return;
        // Emptied first: what fails here is not tried again with the next page.
        RecordBuffer buffer = std::move(buffer_);
        buffer_ = RecordBuffer();
        load(buffer.records(), checkpoint_);
        buffer.clear();
        buffer_ = std::move(buffer);
    }

    void load(std::span<const remote::RecordView> records, std::string_view checkpoint) {
        std::size_t at = 0;
        while (at < records.size()) {
            EngineTransaction transaction(context_);
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
        applied(records.size(), "load");
    }

    Context& context_;
    const StepPorts& ports_;
    const StreamPlan& plan_;
    const remote::Capabilities& can_;
    StreamCounts& counts_;
    Merger merger_;
    std::unique_ptr<Loader> loader_;
    RecordBuffer buffer_;
    std::string checkpoint_;            // of what is in the buffer
    std::vector<std::string> rereads_;  // read by id once the remote is free
    std::string held_;                  // cursor that waits for them
    bool broke_off_ = false;
    bool over_ = false;  // the remote's pull has returned for good
    std::int64_t done_ = 0;
};

/// Merges what fetch() and find() hand over.
class AnswerSink final : public remote::RecordSink {
public:
    AnswerSink(Context& context, Merger& merger) : context_(context), merger_(merger) {}
    Result<> accept(std::span<const remote::RecordView> batch, std::string_view) override {
        return guarded([&] {
            EngineTransaction transaction(context_);
            for (const auto& record : batch) merger_.apply(record, true);
            transaction.commit();
        });
    }

private:
    Context& context_;
    Merger& merger_;
};

}  // namespace

void fetch_and_merge(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     std::vector<std::string> ids, StreamCounts& counts) {
    std::ranges::sort(ids);  // a remote answers each id once
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    Merger merger(context, plan, counts, ports.plan_sink);
    AnswerSink sink(context, merger);
    for (std::size_t at = 0; at < ids.size(); at += kFetchBatch) {
        const std::vector<std::string> some(
            ids.begin() + static_cast<std::ptrdiff_t>(at),
            ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at + kFetchBatch)));
        if (auto done = ports.remote.fetch(plan.mapping.stream, plan.remote_fields, some, sink);
            !done)
            stop(in_context("fetch " + plan.mapping.stream, done.error()).value());
    }
    ports.observer.committed();
}

void pull(Context& context, const StepPorts& ports, const StreamPlan& plan,
          const remote::Capabilities& can, StreamCounts& counts) {
    Matcher(context, plan).build_indexes();
    PullSink sink(context, ports, plan, can, counts);
    while (true) {
        const std::string cursor =
            context.sql.text("SELECT cursor FROM kontor_stream WHERE id = ?", plan.id).value_or("");
        auto end = ports.remote.pull(plan.mapping.stream, plan.remote_fields, cursor, sink);
        if (end) {
            sink.finish(*end);
            break;
        }
        if (!sink.broke_off()) {
            sink.keep_what_came();
            stop(in_context("pull " + plan.mapping.stream, end.error()).value());
        }
        sink.reread();
    }
    if (!plan.loaded) ports.observer.progress({"index", plan.mapping.stream, 0, 0});
    build_indexes(context, plan);
}

void find_and_merge(Context& context, const StepPorts& ports, const StreamPlan& plan,
                    const std::vector<std::string>& keys, StreamCounts& counts) {
    Merger merger(context, plan, counts, ports.plan_sink);
    AnswerSink sink(context, merger);
    if (auto done = ports.remote.find(plan.mapping.stream, plan.remote_fields,
                                      plan.mapping.key_field, keys, sink);
        !done)
        stop(in_context("find " + plan.mapping.stream, done.error()).value());
}

}  // namespace kontor::engine
