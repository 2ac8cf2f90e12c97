#pragma once

#include <map>
#include <set>
#include <string>

#include "sync/base/result.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"
#include "sync/replica/undo.hpp"

namespace kontor::engine {

/// What of one kind of record is only read: some remote shows it, and none takes an edit of it.
/// Such an edit could not be kept: the next image of the record would differ for ever. A column
/// that never leaves is a person's own, and so is what no remote knows. A plain value.
class OnlyRead {
public:
    /// `mapping`: of a stream whose records are `entity`.
    void add(const std::string& connection, const merge::StreamMapping& mapping,
             const replica::Entity& entity);

    /// The connection that shows the records, if none takes changes of them; else "".
    [[nodiscard]] std::string records() const { return taken_ ? std::string() : shown_by_; }
    /// The connection that shows the column, if none takes its values; else "".
    [[nodiscard]] std::string column(const std::string& name) const;

private:
    bool taken_ = false;
    std::string shown_by_;
    std::map<std::string, std::string> columns_shown_;  ///< column → connection
    std::set<std::string> columns_taken_;
};

/// As the mappings of all connections that have synced have it.
[[nodiscard]] Result<OnlyRead> only_read(const replica::Database& db,
                                         const replica::Entity& entity);

/// The same, as undo asks for it. `db` must outlive it.
[[nodiscard]] replica::OnlyReadOf only_read_of(const replica::Database& db);

}  // namespace kontor::engine
