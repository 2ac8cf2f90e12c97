#include "sync/engine/puller.hpp"

#include <algorithm>
#include <deque>
#include <memory>

#include "sync/engine/absorb.hpp"
#include "sync/engine/loader.hpp"

namespace kontor::engine {
namespace {

/// Rows a commit during a first load.
constexpr std::size_t kLoadCommitRows = 8'000;
/// Ids read by id in one go.
constexpr std::size_t kFetchBatch = 100;

/// Copies of records, so that several pages share one commit. Bounded by the caller.
class RecordBuffer {
public:
    void add(const remote::RecordView& record) {
        auto& copy = records_.emplace_back(record);
        copy.id = keep(record.id);
        copy.version = keep(record.version);
        copy.modified_by = keep(record.modified_by);
        copy.successor = keep(record.successor);
        auto& fields = fields_.emplace_back(record.fields.begin(), record.fields.end());
        for (ValueView& value : fields)
            if (value.kind == Kind::kText) value.text = keep(value.text);
        copy.fields = fields;
    }
    [[nodiscard]] std::span<const remote::RecordView> records() const { return records_; }
    [[nodiscard]] std::size_t size() const { return records_.size(); }
    void clear() {
        records_.clear();
        fields_.clear();
        chunks_.clear();
        used_ = 0;
    }

private:
    static constexpr std::size_t kChunk = 1 << 20;
    std::string_view keep(std::string_view text) {
        if (text.empty()) return text;
        if (chunks_.empty() || used_ + text.size() > kChunk) {
            chunks_.push_back(std::make_unique<char[]>(std::max(kChunk, text.size())));
            used_ = 0;
        }
        char* at = chunks_.back().get() + used_;
        std::ranges::copy(text, at);
        used_ += text.size();
        return {at, text.size()};
    }
    std::vector<remote::RecordView> records_;
    std::deque<std::vector<ValueView>> fields_;
    std::vector<std::unique_ptr<char[]>> chunks_;
    std::size_t used_ = 0;
};

void save_cursor(Context& context, const StreamPlan& plan, std::string_view cursor) {
    context.sql.run("UPDATE kontor_stream SET cursor = ?, pulled_at = ? WHERE id = ?", cursor,
                    context.now(), plan.id);
}

/// Applies batches as they come; see Remote::pull.
class PullSink final : public remote::RecordSink {
public:
    PullSink(Context& context, const StepPorts& ports, const StreamPlan& plan, StreamCounts& counts)
        : context_(context),
          ports_(ports),
          plan_(plan),
          counts_(counts),
          merger_(context, plan, counts, ports.plan_sink) {
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
            if (batch.size() >= kLoadCommitRows / 4) {
                flush();
                load(batch, checkpoint);
                return;
            }
            for (const auto& record : batch) buffer_.add(record);
            checkpoint_ = checkpoint;
            if (buffer_.size() >= kLoadCommitRows) flush();
        });
    }

    /// Applies what is still buffered and saves the cursor of the whole pull.
    void finish(const std::string& cursor) {
        if (loader_) flush();
        EngineTransaction transaction(context_);
        save_cursor(context_, plan_, cursor);
        context_.sql.run("UPDATE kontor_stream SET loaded = max(loaded, 1) WHERE id = ?", plan_.id);
        transaction.commit();
        reread();
    }
    /// What was handed over before a pull broke off is not thrown away.
    void keep_what_came() {
        if (loader_) flush();
    }

private:
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
            if (at == batch.size() && !checkpoint.empty()) save_cursor(context_, plan_, checkpoint);
            transaction.commit();
            ports_.observer.committed();
        } while (at < batch.size());
        done_ += static_cast<std::int64_t>(batch.size());
        ports_.observer.progress({"pull", plan_.mapping.stream, done_, 0});
        reread();
    }

    void flush() {
        if (buffer_.size() > 0) load(buffer_.records(), checkpoint_);
        buffer_.clear();
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
            if (at == records.size() && !checkpoint.empty())
                save_cursor(context_, plan_, checkpoint);
            transaction.commit();
        }
        done_ += static_cast<std::int64_t>(records.size());
        ports_.observer.progress({"load", plan_.mapping.stream, done_, 0});
        ports_.observer.committed();
        reread();
    }

    void reread() {
        const auto ids = merger_.take_rereads();
        if (!ids.empty()) fetch_and_merge(context_, ports_, plan_, ids, counts_);
    }

    Context& context_;
    const StepPorts& ports_;
    const StreamPlan& plan_;
    StreamCounts& counts_;
    Merger merger_;
    std::unique_ptr<Loader> loader_;
    RecordBuffer buffer_;
    std::string checkpoint_;
    std::int64_t done_ = 0;
};

/// Merges what fetch() hands over.
class FetchSink final : public remote::RecordSink {
public:
    FetchSink(Context& context, Merger& merger) : context_(context), merger_(merger) {}
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
                     const std::vector<std::string>& ids, StreamCounts& counts) {
    Merger merger(context, plan, counts, ports.plan_sink);
    FetchSink sink(context, merger);
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

void pull(Context& context, const StepPorts& ports, const StreamPlan& plan, StreamCounts& counts) {
    const std::string cursor =
        context.sql.text("SELECT cursor FROM kontor_stream WHERE id = ?", plan.id).value_or("");
    PullSink sink(context, ports, plan, counts);
    auto end = ports.remote.pull(plan.mapping.stream, plan.remote_fields, cursor, sink);
    if (!end) {
        sink.keep_what_came();
        stop(in_context("pull " + plan.mapping.stream, end.error()).value());
    }
    sink.finish(*end);
    if (!plan.loaded) {
        ports.observer.progress({"index", plan.mapping.stream, 0, 0});
        build_indexes(context, plan);
    }
}

}  // namespace kontor::engine
