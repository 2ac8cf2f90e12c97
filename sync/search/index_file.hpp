#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"
#include "sync/search/layout.hpp"

namespace kontor::search {

/// What the index is doing. Values are stored: append only.
enum class Phase : std::uint8_t {
    kNew = 0,     ///< empty, or of no use: everything has to be indexed
    kBuild = 1,   ///< indexing tables from end to end
    kMerge = 2,   ///< tables are indexed; bringing the parts together
    kFollow = 3,  ///< following history
    kLoad = 4,    ///< following history, inside a batch that it names by its first and last record
};

/// How far the index is. Everything in it is as the replica was right after history entry
/// `indexed_seq` (while a build or load runs: what is there so far is as of `target_seq`).
struct IndexState {
    Phase phase = Phase::kNew;
    std::string replica_id;
    std::string epoch;
    std::int64_t indexed_seq = 0;
    std::int64_t target_seq = 0;                  ///< of the build or load
    std::int64_t entity = 0, next = 0, last = 0;  ///< ids still to be indexed by it
    std::int64_t records = 0;                     ///< indexed, about
};

/// Rows of the index are records: 23 bits of entity, 40 bits of record.
[[nodiscard]] constexpr std::int64_t pack(std::int64_t entity, std::int64_t record) {
    return (entity << 40) | record;
}
[[nodiscard]] constexpr std::int64_t record_of(std::int64_t row) {
    return row & ((std::int64_t{1} << 40) - 1);
}
inline constexpr std::int64_t kRecordMax = (std::int64_t{1} << 40) - 1;
inline constexpr std::int64_t kEntityMax = (std::int64_t{1} << 23) - 1;

/// The texts of a record, joined as they are indexed.
struct Document {
    std::string title;
    std::string rest;
    friend bool operator==(const Document&, const Document&) = default;
};

/// The search database: FTS5 tables without content and positions, and its state. One thread at a
/// time. Its loss loses nothing, so it is written without waiting for the disk.
class IndexFile {
public:
    /// Creates the file; empties one of another version or a damaged one. kInvalid if it is
    /// somebody else's file.
    [[nodiscard]] static Result<IndexFile> open(const std::string& path);

    [[nodiscard]] Result<IndexState> state() const;
    [[nodiscard]] Result<> set_state(const IndexState& state);
    /// Fingerprints of the layouts of all entities that are indexed, when they were.
    [[nodiscard]] Result<std::map<std::int64_t, std::string>> fingerprints() const;
    [[nodiscard]] Result<> set_fingerprint(const EntityLayout& layout);

    [[nodiscard]] Result<> insert(std::int64_t row, const Document& document);
    /// Needs the document as it was inserted.
    [[nodiscard]] Result<> remove(std::int64_t row, const Document& document);
    [[nodiscard]] Result<> clear();
    /// Brings the index's parts together, a few pages a call; true when there is nothing to do.
    /// `first`: begin a merge of all parts.
    [[nodiscard]] Result<bool> merge(bool first);
    /// The first `max` terms that begin with `prefix`, in the order of their bytes.
    [[nodiscard]] Result<std::vector<std::string>> words_with_prefix(const std::string& prefix,
                                                                     int max) const;
    /// For many records at once: terms are gathered in more memory, and what is written is not
    /// brought together on the way, but once, by merge(), before this is switched off again. It
    /// outlives the handle.
    [[nodiscard]] Result<> set_bulk(bool on);
    [[nodiscard]] Result<bool> bulk() const;

    [[nodiscard]] const replica::Database& db() const { return db_; }

private:
    IndexFile(replica::Database db, std::vector<replica::Statement> statements)
        : db_(std::move(db)), statements_(std::move(statements)) {}
    [[nodiscard]] Result<> write(std::size_t statement, std::int64_t row, const Document& document);
    [[nodiscard]] static Result<IndexFile> open_once(const std::string& path);
    [[nodiscard]] Result<> command(const char* name, std::int64_t value) const;

    replica::Database db_;
    std::vector<replica::Statement> statements_;
};

}  // namespace kontor::search
