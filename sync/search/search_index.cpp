#include "sync/search/search_index.hpp"

#include <algorithm>
#include <utility>

#include "sync/search/index_file.hpp"
#include "sync/search/indexer.hpp"

namespace kontor::search {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{40};
// A build has the file to itself; larger transactions make fewer and larger parts to merge.
constexpr milliseconds kBuildSlice{1'500};

}  // namespace

struct SearchIndex::Parts {
    Parts(IndexFile index, const replica::Database& replica, const Clock& its_clock)
        : clock(its_clock),
          file(std::move(index)),
          indexer(file, replica, its_clock),
          finder(file, replica) {}

    const Clock& clock;
    IndexFile file;
    Indexer indexer;
    Finder finder;
};

SearchIndex::SearchIndex(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SearchIndex::SearchIndex(SearchIndex&&) noexcept = default;
SearchIndex& SearchIndex::operator=(SearchIndex&&) noexcept = default;
SearchIndex::~SearchIndex() = default;

Result<SearchIndex> SearchIndex::open(const std::string& path, const replica::Database& replica,
                                      const Clock& clock) {
    auto file = IndexFile::open(path);
    if (!file) return pass(file);
    return SearchIndex(std::make_unique<Parts>(std::move(*file), replica, clock));
}

Result<Progress> SearchIndex::look() {
    const auto position = parts_->indexer.position();
    if (!position) return in_context("search index", position.error());
    Progress out;
    out.building = position->phase == Phase::kNew || position->phase == Phase::kBuild;
    out.done = position->done;
    out.total = position->total;
    return out;
}

Result<Progress> SearchIndex::update(milliseconds budget, const ProgressCallback& progress) {
    const auto until = parts_->clock.steady() + budget;
    bool loading = false;
    for (;;) {
        const auto before = parts_->file.state();
        if (!before) return in_context("search index", before.error());
        const bool bulk = before->phase == Phase::kNew || before->phase == Phase::kBuild ||
                          before->phase == Phase::kLoad;
        const auto left = std::max(until - parts_->clock.steady(), milliseconds{0});
        const auto more = parts_->indexer.step(std::min(left, bulk ? kBuildSlice : kSlice));
        if (!more) return in_context("search index", more.error());
        auto now = look();
        if (!now) return now;
        loading = loading || parts_->indexer.loading();
        now->loading = loading;
        now->complete = !*more;
        const bool stop = progress && !progress(*now);
        if (!*more || stop || parts_->clock.steady() >= until) return now;
    }
}

Result<bool> SearchIndex::current() {
    const auto state = parts_->file.state();
    if (!state) return tl::unexpected<Error>(state.error());
    if (state->phase != Phase::kFollow) return false;
    auto current = parts_->indexer.reaches_end(*state);
    if (!current) return in_context("search index", current.error());
    return current;
}

Result<std::vector<Hit>> SearchIndex::search(std::string_view text, const SearchOptions& options) {
    return parts_->finder.search(text, options);
}

Result<> SearchIndex::rebuild() {
    auto transaction = replica::Transaction::begin(parts_->file.db());
    if (!transaction) return pass(transaction);
    if (auto done = parts_->file.clear(); !done) return in_context("search index", done.error());
    return transaction->commit();
}

Result<Status> SearchIndex::status() {
    const auto now = look();
    if (!now) return tl::unexpected<Error>(now.error());
    const auto state = parts_->file.state();
    if (!state) return tl::unexpected<Error>(state.error());
    const auto& db = parts_->file.db();
    const auto pages = db.scalar("PRAGMA page_count");
    if (!pages) return tl::unexpected<Error>(pages.error());
    const auto page_size = db.scalar("PRAGMA page_size");
    if (!page_size) return tl::unexpected<Error>(page_size.error());
    Status out{*now, state->records, *pages * *page_size};
    out.progress.complete = state->phase == Phase::kFollow && now->done == now->total;
    return out;
}

}  // namespace kontor::search
