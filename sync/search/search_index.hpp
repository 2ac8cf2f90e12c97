#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"
#include "sync/search/finder.hpp"

namespace kontor::search {

/// How far an index is.
struct Progress {
    bool complete = false;  ///< everything is indexed that was there when it looked
    bool building = false;  ///< a whole (re)build runs: answers lack records
    bool loading = false;   ///< it follows a first load, which goes on perhaps: larger portions,
                            ///< for which the caller may wait some seconds, cost less
    std::int64_t done = 0;  ///< of `total`; records while building, else history entries
    std::int64_t total = 0;
};

struct Status {
    Progress progress;
    std::int64_t records = 0;  ///< indexed, about
    std::int64_t bytes = 0;    ///< of the database file
};

/// Full-text search over all columns marked searchable in a replica's field catalogue, in a file of
/// its own that holds no record's text and can be deleted at any time.
///
/// Finds Chinese words of any length, words of other scripts whole (or, if nothing has that word,
/// as the beginning of one), parts of at least four digits of numbers whatever stands between the
/// digits, and "quoted phrases". Case, accents, full and half width, and traditional and simplified
/// characters make no difference. Every word of a query must be in the record.
///
/// Threads: one thread at a time for one object. Several objects (each with a replica handle of its
/// own) may share one file; only one of them may update() at a time, the others go on searching.
class SearchIndex {
public:
    /// Opens or creates the index. `replica` (any access; never written to) and `clock` must
    /// outlive it, and `replica` may not be inside a transaction during any call. An index of
    /// another version or replica, or a damaged one, is built anew by update(). Errors: kInvalid if
    /// the file is not an index, kStorage, kFull, kReadOnly.
    [[nodiscard]] static Result<SearchIndex> open(const std::string& path,
                                                  const replica::Database& replica,
                                                  const Clock& clock);

    /// Called after each transaction with the progress so far; false stops.
    using ProgressCallback = std::function<bool(const Progress&)>;

    /// Indexes what has changed since the last time, for about `budget`, in transactions of some 50
    /// ms (of a second or two while building). What is done is kept, also across a crash: call
    /// again until `complete`. Errors: kBusy, kStorage, kFull, kCorrupt (of the replica).
    [[nodiscard]] Result<Progress> update(std::chrono::milliseconds budget,
                                          const ProgressCallback& progress = {});

    /// Whether the index has all that is in the replica now. Quick.
    [[nodiscard]] Result<bool> current();

    /// The best matches, best first. No text is an error; one without words finds nothing. Records
    /// changed after the last update() are found by their old words only where they still have
    /// them. Errors: kNotFound (entity), kStorage.
    [[nodiscard]] Result<std::vector<Hit>> search(std::string_view text,
                                                  const SearchOptions& options = {});

    /// Empties the index; update() then builds it. To be called after a person has been erased from
    /// history, whose words cannot be taken out one by one.
    [[nodiscard]] Result<> rebuild();

    [[nodiscard]] Result<Status> status();

    SearchIndex(SearchIndex&&) noexcept;
    SearchIndex& operator=(SearchIndex&&) noexcept;
    ~SearchIndex();

private:
    struct Parts;
    explicit SearchIndex(std::unique_ptr<Parts> parts);
    [[nodiscard]] Result<Progress> look();

    std::unique_ptr<Parts> parts_;
};

}  // namespace kontor::search
