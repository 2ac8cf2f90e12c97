#include "sync/engine/connection_status.hpp"

#include <optional>
#include <utility>

#include "sync/engine/plan.hpp"
#include "sync/engine/sql.hpp"
#include "sync/merge/mapping_json.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::engine {
namespace {

/// Edits that are in the log and that no cycle has absorbed yet: they have no mark on a link.
class Unabsorbed {
public:
    explicit Unabsorbed(Sql& sql)
        : sql_(sql),
          since_(
              sql.integer("SELECT value FROM kontor_meta WHERE key = 'absorbed_seq'").value_or(0)) {
        if (sql.integer("SELECT 1 FROM kontor_history WHERE seq > ? AND run IS NULL LIMIT 1",
                        since_))
            catalogue_ = need(replica::Catalogue::load(sql.db()));
    }

    /// Records that such an edit gives something to tell the stream's remote, but for those that
    /// are marked already.
    [[nodiscard]] std::int64_t to_push(std::int64_t stream, const std::string& mapping_text) const {
        if (!catalogue_ || mapping_text.empty()) return 0;
        const auto mapping = need(merge::stream_mapping_from_json(mapping_text));
        const replica::Entity* entity = catalogue_->entity(mapping.entity);
        if (!mapping.push || entity == nullptr) return 0;
        const std::string table = replica::sql_name(entity->name);
        const bool mirror = mapping.delete_there == merge::DeletePolicy::kMirror;
        return sql_
            .integer(
                // With min(), the other columns are of the same row: the oldest value.
                "SELECT count(*) FROM (SELECT DISTINCT h.record FROM (SELECT record, field, old,"
                " min(seq) FROM kontor_history WHERE seq > ?1 AND run IS NULL AND entity = ?2"
                " GROUP BY record, field) h WHERE CASE" +
                    sent_columns(mapping, *entity, table) +
                    " END) c LEFT JOIN kontor_link l ON l.stream = ?3 AND l.record = c.record"
                    " LEFT JOIN " +
                    table +
                    " r ON r.id = c.record WHERE CASE"
                    " WHEN l.id IS NULL THEN r.id IS NOT NULL AND ?4"
                    " WHEN l.dirty OR l.state <> 0 THEN 0"
                    " WHEN r.id IS NULL THEN l.ext_id IS NOT NULL AND ?5"
                    " ELSE 1 END",
                since_, entity->id, stream, std::int64_t{mapping.create}, std::int64_t{mirror})
            .value_or(0);
    }

private:
    // Whether an entry is of a record as such, or of a column that is sent and holds another value
    // now.
    static std::string sent_columns(const merge::StreamMapping& mapping,
                                    const replica::Entity& entity, const std::string& table) {
        std::string sql = " WHEN h.field IS NULL THEN 1";
        for (const auto& group : mapping.groups)
            for (const auto& field : group.fields)
                for (const auto& column : field.columns) {
                    const replica::Field* found = entity.field(column);
                    if (found == nullptr || !goes_out(field, true) || !replica::may_leave(*found))
                        continue;
                    sql += " WHEN h.field = " + std::to_string(found->id) +
                           " THEN h.old IS NOT (SELECT " + replica::sql_name(column) + " FROM " +
                           table + " WHERE id = h.record)";
                }
        return sql;
    }

    Sql& sql_;
    std::int64_t since_ = 0;
    std::optional<replica::Catalogue> catalogue_;
};

}  // namespace

Result<std::vector<ConnectionStatus>> connection_status(const replica::Database& db) {
    return guarded([&] {
        const auto snapshot = need(replica::Snapshot::begin(db));
        Sql sql(db);
        const Unabsorbed unabsorbed(sql);
        std::vector<ConnectionStatus> out;
        std::vector<std::int64_t> ids;
        auto& rows = sql.bind(
            "SELECT id, name, plugin, coalesce(org_id, ''), coalesce(paused, ''), push_enabled"
            " FROM kontor_connection ORDER BY id");
        while (Sql::step(rows)) {
            ids.push_back(rows.integer(0));
            ConnectionStatus status;
            status.name = rows.text(1);
            status.plugin = rows.text(2);
            status.org_id = rows.text(3);
            status.paused = rows.text(4);
            status.push_enabled = rows.integer(5) != 0;
            out.push_back(std::move(status));
        }
        for (std::size_t i = 0; i < out.size(); ++i) {
            ConnectionStatus& status = out[i];
            const auto count = [&](std::string_view query) {
                return sql.integer(query, ids[i]).value_or(0);
            };
            status.conflicts = count(
                "SELECT count(*) FROM kontor_conflict WHERE state = 'open' AND stream IN"
                " (SELECT id FROM kontor_stream WHERE connection = ?)");
            status.blocked = count(
                "SELECT count(*) FROM kontor_blocked b CROSS JOIN kontor_link l ON l.id = b.link"
                " WHERE l.stream IN (SELECT id FROM kontor_stream WHERE connection = ?)");
            status.unknown = count(
                "SELECT count(*) FROM kontor_intent i CROSS JOIN kontor_link l ON l.id = i.link"
                " WHERE i.state IN ('unknown', 'parked') AND l.stream IN"
                " (SELECT id FROM kontor_stream WHERE connection = ?)");
            auto& run = sql.bind(
                "SELECT started_at, coalesce(result, 'running'), coalesce(error, '')"
                " FROM kontor_run WHERE connection = ? AND kind = 'sync' ORDER BY id DESC LIMIT 1",
                ids[i]);
            if (Sql::step(run)) {
                status.last_run_at = run.text(0);
                status.last_run_result = run.text(1);
                status.last_run_error = run.text(2);
            }
            run.reset();
            status.synced_at =
                sql.text(
                       "SELECT started_at FROM kontor_run WHERE connection = ? AND kind = 'sync'"
                       " AND result IN ('ok', 'partial') ORDER BY id DESC LIMIT 1",
                       ids[i])
                    .value_or("");
            auto& streams = sql.bind(
                "SELECT s.name, e.name, coalesce(s.pulled_at, ''), coalesce(s.swept_at, ''),"
                " s.loaded, s.records, (SELECT count(*) FROM kontor_link l"
                " WHERE l.stream = s.id AND l.dirty), s.id, s.mapping FROM kontor_stream s JOIN"
                " kontor_entity e ON e.id = s.entity WHERE s.connection = ? ORDER BY s.id",
                ids[i]);
            std::vector<std::pair<std::int64_t, std::string>> mappings;
            while (Sql::step(streams)) {
                StreamStatus stream;
                stream.stream = streams.text(0);
                stream.entity = streams.text(1);
                stream.pulled_at = streams.text(2);
                stream.swept_at = streams.text(3);
                stream.loaded = streams.integer(4) != 0;
                stream.records = streams.integer(5);
                stream.to_push = streams.integer(6);
                status.streams.push_back(std::move(stream));
                mappings.emplace_back(streams.integer(7), streams.text(8));
            }
            for (std::size_t n = 0; n < mappings.size(); ++n)
                status.streams[n].to_push +=
                    unabsorbed.to_push(mappings[n].first, mappings[n].second);
        }
        return out;
    });
}

}  // namespace kontor::engine
