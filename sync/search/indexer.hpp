#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"
#include "sync/search/index_file.hpp"
#include "sync/search/record_reader.hpp"

namespace kontor::search {

/// Brings an index up to date, a bounded step at a time. Each step is one transaction on the index,
/// and holds a read snapshot of the replica for a few hundred records at most.
class Indexer {
public:
    Indexer(IndexFile& file, const replica::Database& replica, const Clock& clock)
        : file_(file), replica_(replica), clock_(clock) {}

    /// Works for about `slice` (at least one chunk). False when there is nothing left to do.
    [[nodiscard]] Result<bool> step(std::chrono::milliseconds slice);

    /// True if the last step indexed what a first load had brought.
    [[nodiscard]] bool loading() const { return loading_; }

    /// Whether an index that follows the history is at its end, of this replica as it is now.
    [[nodiscard]] Result<bool> reaches_end(const IndexState& state) const;

    /// How far it is, in units that only `done / total` gives a meaning.
    struct Position {
        Phase phase = Phase::kNew;
        std::int64_t done = 0, total = 0;
    };
    [[nodiscard]] Result<Position> position();

private:
    [[nodiscard]] Result<bool> chunk();
    [[nodiscard]] Result<> look();
    [[nodiscard]] bool unusable() const;
    [[nodiscard]] Result<> begin_build();
    [[nodiscard]] Result<bool> build();
    [[nodiscard]] Result<> end_range();
    [[nodiscard]] Result<std::vector<std::pair<std::int64_t, std::int64_t>>> loaded_since(
        std::int64_t entity, std::int64_t seq);
    [[nodiscard]] Result<bool> merge();
    [[nodiscard]] Result<bool> settle();
    [[nodiscard]] Result<bool> follow();
    [[nodiscard]] Result<bool> begin_load(replica::Statement& entry);
    [[nodiscard]] Result<bool> join(const EntityLayout& layout);
    [[nodiscard]] Result<> replace(RecordReader& reader, std::int64_t record, std::int64_t until);
    [[nodiscard]] const EntityLayout* layout(std::int64_t entity) const;
    [[nodiscard]] Result<RecordReader*> reader(std::int64_t entity);

    IndexFile& file_;
    const replica::Database& replica_;
    const Clock& clock_;

    IndexState state_;
    // The replica in the snapshot of this chunk:
    std::string replica_id_;
    std::string epoch_;
    std::int64_t last_seq_ = 0;
    std::vector<EntityLayout> layouts_;
    std::vector<RecordReader> readers_;  ///< of layouts_; made when first needed
    bool loading_ = false;
    bool merging_ = false;  ///< this process has begun the merge that runs
};

}  // namespace kontor::search
