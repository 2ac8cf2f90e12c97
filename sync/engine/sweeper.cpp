#include "sync/engine/sweeper.hpp"

#include <algorithm>

#include "sync/engine/absorb.hpp"
#include "sync/engine/cut_fields.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/state.hpp"
#include "sync/engine/waits_in_vain.hpp"

namespace kontor::engine {
namespace {

constexpr std::int64_t kMissingAlwaysAllowed = 25;

void forget_list(Sql& sql, std::int64_t stream) {
    sql.run("DELETE FROM temp.listed WHERE stream = ?", stream);
}

/// Keeps the list in a temporary table, so that its length costs no memory of ours.
class ListSink final : public remote::RecordSink {
public:
    ListSink(Sql& sql, const StepPorts& ports, const StreamPlan& plan)
        : sql_(sql),
          ports_(ports),
          id_(plan.id),
          stream_(plan.mapping.stream),
          total_(
              sql.integer("SELECT records FROM kontor_stream WHERE id = ?", plan.id).value_or(0)) {
        tell();
        // It stays: with each change of a handle's schema its statements are prepared anew.
        need(
            sql.db().execute("CREATE TEMP TABLE IF NOT EXISTS listed(stream INTEGER, ext_id TEXT,"
                             " version TEXT, PRIMARY KEY(stream, ext_id)) WITHOUT ROWID"));
        forget_list(sql, id_);  // of a sweep that was cut off
    }
    Result<> accept(std::span<const remote::RecordView> batch, std::string_view) override {
        return guarded([&] {
            for (const auto& record : batch)
                sql_.run(
                    "INSERT OR REPLACE INTO temp.listed(stream, ext_id, version) VALUES(?, ?, ?)",
                    id_, record.id, record.version);
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
    const std::int64_t id_;
    const std::string& stream_;
    const std::int64_t total_;
    std::int64_t listed_ = 0;
};

std::string not_listed(const char* state) {
    return std::string(" FROM kontor_link WHERE stream = ?1 AND state = ") + state +
           " AND ext_id > ?2 AND NOT EXISTS (SELECT 1 FROM temp.listed t WHERE t.stream = ?1 AND"
           " t.ext_id = kontor_link.ext_id)";
}

}  // namespace

void read_unsent(Context& context, const StepPorts& ports, const StreamPlan& plan,
                 StreamCounts& counts) {
    read_each(context, ports, plan,
              "SELECT ext_id FROM kontor_link WHERE stream = ?1 AND dirty AND state = 0"
              " AND ext_id > ?2 ORDER BY ext_id LIMIT ?3",
              counts, Absence::kDoubted);
}

bool lacks_some(Context& context, const StreamPlan& plan) {
    return context.sql.integer("SELECT 1" + not_listed("0") + " LIMIT 1", plan.id, "").has_value();
}

bool sweep_listed(Context& context, const StepPorts& ports, const StreamPlan& plan,
                  StreamCounts& counts) {
    ListSink sink(context.sql, ports, plan);
    auto complete = ports.remote.list_ids(plan.mapping.stream, sink);
    if (!complete) stop(in_context("sweep " + plan.mapping.stream, complete.error()).value());

    // New here, or of another version than the one merged. Live or given up for lost alike. And
    // what was made or changed from here and has been out of our sight since, until now.
    const std::string all = must_be_read_by_id(context.sql, plan.id) ? " OR l.state = 0" : "";
    read_each(context, ports, plan,
              "SELECT t.ext_id FROM temp.listed t LEFT JOIN kontor_link l"
              " ON l.stream = ?1 AND l.ext_id = t.ext_id WHERE t.stream = ?1 AND t.ext_id > ?2"
              " AND (l.id IS NULL" +
                  all +
                  " OR (t.version <> '' AND l.version IS NOT t.version AND l.state = 0)"
                  " OR (l.state = 0 AND l.covers <"
                  " (SELECT generation FROM kontor_stream WHERE id = l.stream))"
                  " OR (l.state = 0 AND EXISTS (SELECT 1 FROM kontor_intent i WHERE i.link = l.id))"
                  " OR l.state IN (1, 2, 4, 6))"  // a restore may not bump the version
                  " ORDER BY t.ext_id LIMIT ?3",
              counts, Absence::kDoubted);
    return *complete;
}

void sweep_missing(Context& context, const StepPorts& ports, const StreamPlan& plan, bool complete,
                   double missing_share, StreamCounts& counts) {
    if (complete) {
        const auto in_batches = [&](const char* state) {
            return "SELECT ext_id" + not_listed(state) + " ORDER BY ext_id LIMIT ?3";
        };
        const std::int64_t count =
            context.sql.integer("SELECT count(*)" + not_listed("0"), plan.id, "").value_or(0);
        const std::int64_t live =
            context.sql
                .integer("SELECT count(*) FROM kontor_link WHERE stream = ? AND state = 0", plan.id)
                .value_or(0);
        const auto limit =
            std::max(kMissingAlwaysAllowed,
                     static_cast<std::int64_t>(static_cast<double>(live) * missing_share));
        if (count > limit)
            stop({Errc::kGuard,
                  plan.mapping.stream + ": " + std::to_string(count) + " of " +
                      std::to_string(live) + " records are missing from the remote's list at once",
                  {{"stream", plan.mapping.stream}, {"missing", std::to_string(count)}},
                  {}});
        read_each(context, ports, plan, in_batches("0"), counts, Absence::kBelieved);
        // Out of our sight, and maybe deleted meanwhile: only asking tells.
        read_each(context, ports, plan, in_batches("2"), counts, Absence::kBelieved);
        ask_for_awaited(context, ports, plan, counts);
    }
    {
        // Also after a list that was cut: it would be cut again, and costs as much.
        EngineTransaction transaction(context);
        context.sql.run("UPDATE kontor_stream SET swept_at = ? WHERE id = ?", context.now(),
                        plan.id);
        if (complete) was_read_by_id(context.sql, plan.id);
        drop_old_let_go(context, plan.id);
        transaction.commit();
    }
    forget_list(context.sql, plan.id);
}

}  // namespace kontor::engine
