#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"
#include "sync/search/layout.hpp"

namespace kontor::search {

/// The searchable texts of one record at some moment. `texts` are in the order of the layout's
/// fields, each at most kFieldBytesMax, "" for null.
struct Record {
    std::int64_t id = 0;
    bool exists = true;
    std::vector<std::string> texts;
};

/// One entry of history.
struct Change {
    std::int64_t record = 0;
    std::int64_t seq = 0;
    std::int64_t field = 0;  ///< 0: the record as such
    char op = 0;
    std::string old;
};

/// Reads records of one entity, as they are or as they were. One thread at a time; `replica` must
/// outlive it.
class RecordReader {
public:
    [[nodiscard]] static Result<RecordReader> prepare(const replica::Database& replica,
                                                      const EntityLayout& layout);

    /// At most `limit` existing records with ids in [first, last], in order of id.
    [[nodiscard]] Result<std::vector<Record>> rows(std::int64_t first, std::int64_t last,
                                                   std::int64_t limit);
    /// One record; one that is not there has no texts (its history gives them back).
    [[nodiscard]] Result<Record> record(std::int64_t id);
    /// History of records [first, last] after `seq`, by record and time.
    [[nodiscard]] Result<std::vector<Change>> changes(std::int64_t first, std::int64_t last,
                                                      std::int64_t seq);
    /// `now` as it was right after history entry `seq`. `changes`: its own, in order of time.
    [[nodiscard]] Record as_of(Record now, std::span<const Change> changes, std::int64_t seq) const;

    [[nodiscard]] const EntityLayout& layout() const { return layout_; }

private:
    RecordReader(EntityLayout layout, replica::Statement rows, replica::Statement changes)
        : layout_(std::move(layout)), rows_(std::move(rows)), changes_(std::move(changes)) {}

    EntityLayout layout_;
    replica::Statement rows_;
    replica::Statement changes_;
};

/// "张" + "伟" → "张伟", "Ada" + "Byron" → "Ada Byron".
[[nodiscard]] std::string full_name(std::string_view first_name, std::string_view last_name);

}  // namespace kontor::search
