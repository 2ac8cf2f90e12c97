#include "sync/engine/edit_rules.hpp"

#include <algorithm>

#include "sync/engine/sql.hpp"
#include "sync/merge/mapping_json.hpp"

namespace kontor::engine {

Result<EditRules> edit_rules(const replica::Database& db, const replica::Entity& entity,
                             const Descriptions& descriptions) {
    return guarded([&] {
        Sql sql(db);
        EditRules out{.only_read = need(only_read(db, entity)), .acceptance = {}};
        auto& rows = sql.bind(
            "SELECT c.name, s.mapping FROM kontor_stream s JOIN kontor_connection c"
            " ON c.id = s.connection WHERE s.entity = ? AND s.mapping <> '' ORDER BY s.id",
            entity.id);
        while (Sql::step(rows)) {
            const std::string connection(rows.text(0));
            const auto mapping = need(merge::stream_mapping_from_json(rows.text(1)));
            const auto streams = descriptions.of(connection);
            const auto stream =
                std::ranges::find(streams, mapping.stream, &remote::StreamSpec::name);
            out.acceptance.add(connection, mapping, stream == streams.end() ? nullptr : &*stream,
                               entity);
        }
        return out;
    });
}

Result<std::shared_ptr<const EditRules>> EditRulesCache::get(const replica::Database& db,
                                                             const replica::Entity& entity,
                                                             const Descriptions& descriptions) {
    auto query = db.prepare(
        "SELECT (SELECT value FROM kontor_meta WHERE key = 'mappings') || ' ' ||"
        " (SELECT value FROM kontor_meta WHERE key = 'catalogue')");
    if (!query) return pass(query);
    auto row = query->step();
    if (!row) return pass(row);
    // Without mappings there is no stamp, and nothing to be found.
    std::string stamp = std::to_string(descriptions.edition) + ' ';
    if (!query->is_null(0)) stamp += query->text(0);
    const std::lock_guard lock(mutex_);
    if (stamp != stamp_) known_.clear();
    stamp_ = std::move(stamp);
    auto& known = known_[entity.id];
    if (!known) {
        auto found = edit_rules(db, entity, descriptions);
        if (!found) return pass(found);
        known = std::make_shared<const EditRules>(std::move(*found));
    }
    return known;
}

}  // namespace kontor::engine
