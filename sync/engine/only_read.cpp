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

replica::OnlyReadOf only_read_of(const replica::Database& db) {
    return [&](const replica::Entity& entity) -> Result<replica::ShownBy> {
        auto only = only_read(db, entity);
        if (!only) return pass(only);
        return [only = std::move(*only)](const std::string& column) {
            return column.empty() ? only.records() : only.column(column);
        };
    };
}

}  // namespace kontor::engine
