#include "sync/engine/connection_status.hpp"

#include <utility>

#include "sync/engine/sql.hpp"
#include "sync/engine/unabsorbed.hpp"

namespace kontor::engine {

Result<std::vector<ConnectionStatus>> connection_status(const replica::Database& db) {
    return guarded([&] {
        const auto snapshot = need(replica::Snapshot::begin(db));
        Sql sql(db);
        const auto unabsorbed = count_unabsorbed(sql);
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
                " WHERE l.stream = s.id AND l.dirty), s.id FROM kontor_stream s JOIN"
                " kontor_entity e ON e.id = s.entity WHERE s.connection = ? ORDER BY s.id",
                ids[i]);
            while (Sql::step(streams)) {
                StreamStatus stream;
                stream.stream = streams.text(0);
                stream.entity = streams.text(1);
                stream.pulled_at = streams.text(2);
                stream.swept_at = streams.text(3);
                stream.loaded = streams.integer(4) != 0;
                stream.records = streams.integer(5);
                stream.to_push = streams.integer(6);
                if (const auto more = unabsorbed.find(streams.integer(7)); more != unabsorbed.end())
                    stream.to_push += more->second;
                status.streams.push_back(std::move(stream));
            }
        }
        return out;
    });
}

}  // namespace kontor::engine
