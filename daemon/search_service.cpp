#include "daemon/search_service.hpp"

namespace kontor::app {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds kBudget{1'500};  // one transaction of a build: each leaves a part to merge
constexpr milliseconds kGather{5'000};  // of a first load, before it is indexed
constexpr milliseconds kRetryAfter{60'000};  // after a failure
constexpr milliseconds kPatience{250};       // of a search, for what was written just before
}  // namespace

struct SearchService::Side {
    explicit Side(replica::Database opened) : db(std::move(opened)) {}
    replica::Database db;
    std::optional<search::SearchIndex> index;
};

SearchService::SearchService(std::string replica_path, std::string index_path, const Clock& clock,
                             Logger& log)
    : replica_path_(std::move(replica_path)),
      index_path_(std::move(index_path)),
      clock_(clock),
      log_(log),
      heartbeat_(clock),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

SearchService::~SearchService() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void SearchService::wake() {
    const std::lock_guard lock(mutex_);
    ++asked_;
    changed_.notify_all();
}

Result<std::unique_ptr<SearchService::Side>> SearchService::open() const {
    replica::OpenOptions options;
    options.access = replica::Access::kReadOnly;
    auto db = replica::Database::open(replica_path_, options);
    if (!db) return pass(db);
    auto side = std::make_unique<Side>(std::move(*db));
    auto index = search::SearchIndex::open(index_path_, side->db, clock_);
    if (!index) return pass(index);
    side->index.emplace(std::move(*index));
    return side;
}

void SearchService::serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            heartbeat_.sleep();
            if (failed_)
                changed_.wait_for(lock, stop, kRetryAfter, [] { return false; });
            else
                changed_.wait(lock, stop, [this] { return wanted(); });
            if (progress_.loading)
                changed_.wait_for(lock, stop, kGather, [this] { return hurried_; });
            if (stop.stop_requested()) return;
            heartbeat_.wake();
            taken_ = asked_;
            hurried_ = false;
        }
        auto done = update(stop);
        if (!done)
            log_.warning("search.failed",
                         {{"code", to_string(done.error().code)}, {"error", done.error().message}});
        const std::lock_guard lock(mutex_);
        failed_ = !done;
        if (failed_)
            writer_.reset();
        else if (!stop.stop_requested())
            done_ = taken_;
        updated_.notify_all();
    }
}

Result<> SearchService::update(const std::stop_token& stop) {
    if (!writer_) {
        auto opened = open();
        if (!opened) return pass(opened);
        writer_ = std::move(*opened);
    }
    bool complete = false, loading = false;
    while (!complete && !stop.stop_requested()) {
        const auto step = [&](const search::Progress& progress) {
            heartbeat_.beat();
            const std::lock_guard lock(mutex_);
            progress_ = progress;
            return !stop.stop_requested();
        };
        auto progress = writer_->index->update(kBudget, step);
        if (!progress) return pass(progress);
        complete = progress->complete;
        loading = loading || progress->loading;
        const std::lock_guard lock(mutex_);
        progress_ = *progress;
        progress_.loading = loading;
    }
    auto status = writer_->index->status();
    if (!status) return pass(status);
    const std::lock_guard lock(mutex_);
    records_ = status->records;
    return {};
}

Result<SearchService::Side*> SearchService::reader() {
    if (!reader_) {
        auto opened = open();
        if (!opened) return pass(opened);
        reader_ = std::move(*opened);
    }
    return reader_.get();
}

Result<bool> SearchService::caught_up() {
    {
        const std::lock_guard one_at_a_time(reading_);
        auto side = reader();
        if (!side) return pass(side);
        auto current = (*side)->index->current();
        if (!current || *current) return current;
    }
    std::unique_lock lock(mutex_);
    const auto mine = ++asked_;
    hurried_ = true;
    changed_.notify_all();
    // A build takes its time.
    if (!progress_.building && !progress_.loading)
        updated_.wait_for(lock, kPatience, [&] { return done_ >= mine || failed_; });
    return done_ >= mine;
}

Result<SearchService::Answer> SearchService::search(const std::string& text,
                                                    const search::SearchOptions& options) {
    const auto complete = caught_up();
    if (!complete) return tl::unexpected<Error>(complete.error());
    const std::lock_guard one_at_a_time(reading_);
    auto side = reader();
    if (!side) return pass(side);
    auto hits = (*side)->index->search(text, options);
    if (!hits) return pass(hits);
    return Answer{std::move(*hits), *complete};
}

SearchService::Status SearchService::status() const {
    const std::lock_guard lock(mutex_);
    if (failed_) return {"failed", records_};
    if (progress_.building) return {"building", records_};
    return {progress_.complete && !wanted() ? "current" : "behind", records_};
}

}  // namespace kontor::app
