#include "sync/engine/unabsorbed.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sync/engine/plan.hpp"
#include "sync/merge/mapping_json.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::engine {
namespace {

/// Whether an entry `h` of history is of the record `r` as such, or of a column that is sent and
/// holds another value now.
std::string is_sent(const merge::StreamMapping& mapping, const replica::Entity& entity) {
    std::string sql = "CASE WHEN h.field IS NULL THEN 1";
    for (const auto& group : mapping.groups)
        for (const auto& field : group.fields)
            for (const auto& column : field.columns) {
                const replica::Field* found = entity.field(column);
                if (found == nullptr || !goes_out(field, true) || !replica::may_leave(*found))
                    continue;
                sql += " WHEN h.field = " + std::to_string(found->id) + " THEN h.old IS NOT r." +
                       replica::sql_name(column);
            }
    return sql + " END";
}

/// One stream that is pushed to.
struct Stream {
    std::int64_t id = 0;
    bool creates = false;
    bool mirrors = false;  ///< deletions
    std::string question;  ///< 1 for a record that has something to tell

    [[nodiscard]] bool is_told(Sql& sql, std::int64_t record, std::int64_t since) const {
        return sql.integer(question, id, record, since, std::int64_t{creates},
                           std::int64_t{mirrors}) == 1;
    }
};

Stream stream_of(std::int64_t id, const merge::StreamMapping& mapping,
                 const replica::Entity& entity) {
    const std::string log = " kontor_history INDEXED BY kontor_history_record WHERE entity = " +
                            std::to_string(entity.id) + " AND record = ?2 AND seq > ?3";
    // The oldest value of a column counts.
    return {.id = id,
            .creates = mapping.create,
            .mirrors = mapping.delete_there == merge::DeletePolicy::kMirror,
            .question =
                "SELECT CASE"
                " WHEN l.id IS NULL AND (r.id IS NULL OR NOT ?4) THEN 0"
                " WHEN l.dirty OR l.state <> 0 THEN 0"
                " WHEN r.id IS NULL AND (l.ext_id IS NULL OR NOT ?5) THEN 0"
                " ELSE EXISTS(SELECT 1 FROM (SELECT seq, field, old, run FROM" +
                log + ") h WHERE h.run IS NULL AND " + is_sent(mapping, entity) +
                " AND (h.field IS NULL OR NOT EXISTS(SELECT 1 FROM" + log +
                " AND seq < h.seq AND field = h.field AND run IS NULL))) END"
                " FROM (SELECT ?2 AS record) c"
                " LEFT JOIN kontor_link l ON l.stream = ?1 AND l.record = c.record"
                " LEFT JOIN " +
                replica::sql_name(entity.name) + " r ON r.id = c.record"};
}

/// The streams of each entity.
std::map<std::int64_t, std::vector<Stream>> pushed_streams(Sql& sql) {
    const auto catalogue = need(replica::Catalogue::load(sql.db()));
    std::map<std::int64_t, std::vector<Stream>> out;
    auto& rows = sql.bind("SELECT id, mapping FROM kontor_stream WHERE mapping <> ''");
    while (Sql::step(rows)) {
        const auto mapping = need(merge::stream_mapping_from_json(std::string(rows.text(1))));
        const replica::Entity* entity = catalogue.entity(mapping.entity);
        if (mapping.push && entity != nullptr)
            out[entity->id].push_back(stream_of(rows.integer(0), mapping, *entity));
    }
    return out;
}

}  // namespace

std::map<std::int64_t, std::int64_t> count_unabsorbed(Sql& sql) {
    const auto since =
        sql.integer("SELECT value FROM kontor_meta WHERE key = 'absorbed_seq'").value_or(0);
    std::map<std::int64_t, std::int64_t> out;
    if (!sql.integer("SELECT 1 FROM kontor_history WHERE seq > ? AND run IS NULL LIMIT 1", since))
        return out;
    const auto streams = pushed_streams(sql);

    std::optional<std::pair<std::int64_t, std::int64_t>> last;
    auto& log = sql.bind(
        "SELECT seq, entity, record FROM kontor_history WHERE seq > ? AND run IS NULL ORDER BY seq",
        since);
    while (Sql::step(log)) {
        const std::pair here{log.integer(1), log.integer(2)};
        // One statement leaves an entry for each column, one behind the other.
        if (std::exchange(last, here) == here) continue;
        const auto found = streams.find(here.first);
        if (found == streams.end()) continue;
        // A record counts where the log first names it: sorting them would hold them all.
        const auto first = sql.integer(
            "SELECT seq FROM kontor_history INDEXED BY kontor_history_record WHERE entity = ?"
            " AND record = ? AND seq > ? AND run IS NULL ORDER BY seq LIMIT 1",
            here.first, here.second, since);
        if (first != log.integer(0)) continue;
        for (const Stream& stream : found->second)
            if (stream.is_told(sql, here.second, since)) ++out[stream.id];
    }
    return out;
}

}  // namespace kontor::engine
