#include "sync/engine/only_read.hpp"

#include "sync/engine/sql.hpp"
#include "sync/merge/mapping_json.hpp"

namespace kontor::engine {

void OnlyRead::add(const std::string& connection, const merge::StreamMapping& mapping,
                   const replica::Entity& entity) {
    if (shown_by_.empty()) shown_by_ = connection;
    taken_ = taken_ || mapping.push;
    for (const auto& group : mapping.groups)
        for (const auto& field : group.fields)
            for (const auto& column : field.columns) {
                const replica::Field* found = entity.field(column);
                const bool goes =
                    mapping.push && !field.read_only && field.direction != merge::Direction::kIn;
                if (goes || (found != nullptr && !replica::may_leave(*found)))
                    columns_taken_.insert(column);
                else
                    columns_shown_.emplace(column, connection);
            }
}

std::string OnlyRead::column(const std::string& name) const {
    const auto shown = columns_shown_.find(name);
    return shown == columns_shown_.end() || columns_taken_.contains(name) ? std::string()
                                                                          : shown->second;
}

Result<OnlyRead> only_read(const replica::Database& db, const replica::Entity& entity) {
    return guarded([&] {
        Sql sql(db);
        OnlyRead out;
        auto& rows = sql.bind(
            "SELECT c.name, s.mapping FROM kontor_stream s JOIN kontor_connection c"
            " ON c.id = s.connection WHERE s.entity = ? AND s.mapping <> ''",
            entity.id);
        while (Sql::step(rows))
            out.add(std::string(rows.text(0)), need(merge::stream_mapping_from_json(rows.text(1))),
                    entity);
        return out;
    });
}

Result<std::shared_ptr<const OnlyRead>> OnlyReadCache::get(const replica::Database& db,
                                                           const replica::Entity& entity) {
    auto query = db.prepare(
        "SELECT (SELECT value FROM kontor_meta WHERE key = 'mappings') || ' ' ||"
        " (SELECT value FROM kontor_meta WHERE key = 'catalogue')");
    if (!query) return pass(query);
    auto row = query->step();
    if (!row) return pass(row);
    // Without mappings there is no stamp, and nothing to be found.
    const std::string stamp = query->is_null(0) ? std::string() : std::string(query->text(0));
    const std::lock_guard lock(mutex_);
    if (stamp != stamp_) known_.clear();
    stamp_ = stamp;
    auto& known = known_[entity.id];
    if (!known) {
        auto found = only_read(db, entity);
        if (!found) return pass(found);
        known = std::make_shared<const OnlyRead>(std::move(*found));
    }
    return known;
}

}  // namespace kontor::engine
