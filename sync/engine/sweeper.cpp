#include "sync/engine/sweeper.hpp"

#include <algorithm>

#include "sync/engine/absorb.hpp"
#include "sync/engine/state.hpp"

namespace kontor::engine {
namespace {

constexpr std::int64_t kMissingAlwaysAllowed = 25;

/// Keeps the list in a temporary table, so that its length costs no memory of ours.
class ListSink final : public remote::RecordSink {
public:
    ListSink(Sql& sql, const StepPorts& ports, const StreamPlan& plan)
        : sql_(sql),
          ports_(ports),
          stream_(plan.mapping.stream),
          total_(
              sql.integer("SELECT records FROM kontor_stream WHERE id = ?", plan.id).value_or(0)) {
        tell();
        // It stays: with each change of a handle's schema its statements are prepared anew.
        need(
            sql.db().execute("CREATE TEMP TABLE IF NOT EXISTS listed(ext_id TEXT PRIMARY KEY,"
                             " version TEXT) WITHOUT ROWID; DELETE FROM temp.listed"));
    }
    Result<> accept(std::span<const remote::RecordView> batch, std::string_view) override {
        return guarded([&] {
            for (const auto& record : batch)
                sql_.run("INSERT OR REPLACE INTO temp.listed(ext_id, version) VALUES(?, ?)",
                         record.id, record.version);
            listed_ += static_cast<std::int64_t>(batch.size());
            tell();
        });
    }

private:
    // Of as many as are known here: how many there are is what the list is to tell.
    void tell() {
        ports_.observer.progress({"sweep", stream_, listed_, std::max(total_, listed_)});
    }

    Sql& sql_;
    const StepPorts& ports_;
    const std::string& stream_;
    const std::int64_t total_;
    std::int64_t listed_ = 0;
};

std::vector<std::string> ids(Sql& sql, std::string_view query, std::int64_t stream) {
    std::vector<std::string> out;
    auto& rows = sql.bind(query, stream);
    while (Sql::step(rows)) out.emplace_back(rows.text(0));
    return out;
}

}  // namespace

void sweep(Context& context, const StepPorts& ports, const StreamPlan& plan, double missing_share,
           StreamCounts& counts) {
    ListSink sink(context.sql, ports, plan);
    auto complete = ports.remote.list_ids(plan.mapping.stream, sink);
    if (!complete) stop(in_context("sweep " + plan.mapping.stream, complete.error()).value());

    // New here, or of another version than the one merged. Live or given up for lost alike. And
    // what was made or changed from here and has been out of our sight since, until now.
    auto differ =
        ids(context.sql,
            "SELECT t.ext_id FROM temp.listed t LEFT JOIN kontor_link l"
            " ON l.stream = ? AND l.ext_id = t.ext_id WHERE l.id IS NULL"
            " OR (t.version <> '' AND l.version IS NOT t.version AND l.state = 0)"
            " OR (l.state = 0 AND l.covers <"
            " (SELECT generation FROM kontor_stream WHERE id = l.stream))"
            " OR (l.state = 0 AND EXISTS (SELECT 1 FROM kontor_intent i WHERE i.link = l.id))"
            " OR l.state IN (1, 2, 4, 6)",  // a restore may not bump the version
            plan.id);
    fetch_and_merge(context, ports, plan, differ, counts);

    if (*complete) {
        const auto not_listed = [&](const char* state) {
            return ids(context.sql,
                       std::string("SELECT ext_id FROM kontor_link WHERE stream = ? AND state = ") +
                           state +
                           " AND ext_id IS NOT NULL AND NOT EXISTS"
                           " (SELECT 1 FROM temp.listed t WHERE t.ext_id = kontor_link.ext_id)",
                       plan.id);
        };
        const auto missing = not_listed("0");
        const std::int64_t live =
            context.sql
                .integer("SELECT count(*) FROM kontor_link WHERE stream = ? AND state = 0", plan.id)
                .value_or(0);
        const auto limit =
            std::max(kMissingAlwaysAllowed,
                     static_cast<std::int64_t>(static_cast<double>(live) * missing_share));
        const auto count = static_cast<std::int64_t>(missing.size());
        if (count > limit)
            stop({Errc::kGuard,
                  plan.mapping.stream + ": " + std::to_string(count) + " of " +
                      std::to_string(live) + " records are missing from the remote's list at once",
                  {{"stream", plan.mapping.stream}, {"missing", std::to_string(count)}},
                  {}});
        fetch_and_merge(context, ports, plan, missing, counts);
        // Out of our sight, and maybe deleted meanwhile: only asking tells.
        fetch_and_merge(context, ports, plan, not_listed("2"), counts);
    }
    {
        // Also after a list that was cut: it would be cut again, and costs as much.
        EngineTransaction transaction(context);
        context.sql.run("UPDATE kontor_stream SET swept_at = ? WHERE id = ?", context.now(),
                        plan.id);
        transaction.commit();
    }
    need(context.sql.db().execute("DELETE FROM temp.listed"));
}

}  // namespace kontor::engine
