#include "sync/engine/turn_back.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/standalone.hpp"
#include "sync/engine/state.hpp"
#include "sync/replica/history.hpp"
#include "sync/replica/rewind.hpp"

namespace kontor::engine {
namespace {

using replica::LinkState;
using replica::RecordState;

constexpr const char* kRule = "restored";

struct Touched {
    std::int64_t entity = 0;
    std::int64_t record = 0;
};

/// What has entries after `seq`. A load is one entry for all that it brought.
std::vector<Touched> touched_since(Sql& sql, const replica::Catalogue& catalogue,
                                   std::int64_t seq) {
    std::vector<Touched> out;
    auto& rows = sql.bind(
        "SELECT DISTINCT entity, record FROM kontor_history WHERE seq > ? AND op NOT IN ('l', 'k')"
        " ORDER BY entity, record",
        seq);
    while (Sql::step(rows)) out.push_back({rows.integer(0), rows.integer(1)});
    struct Load {
        std::int64_t entity, first, last;
    };
    std::vector<Load> loads;
    auto& loaded =
        sql.bind("SELECT entity, record, old FROM kontor_history WHERE seq > ? AND op = 'l'", seq);
    while (Sql::step(loaded))
        loads.push_back({loaded.integer(0), loaded.integer(1), loaded.integer(2)});
    for (const auto& load : loads) {
        const auto* entity = catalogue.entity(load.entity);
        if (entity == nullptr) continue;
        auto& found = sql.bind("SELECT id FROM " + replica::sql_name(entity->name) +
                                   " WHERE id BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM"
                                   " kontor_history WHERE entity = ? AND record = id AND seq > ?"
                                   " AND op NOT IN ('l', 'k'))",
                               load.first, load.last, load.entity, seq);
        while (Sql::step(found)) out.push_back({load.entity, found.integer(0)});
    }
    return out;
}

class TurnBack {
public:
    TurnBack(Context& context, std::string at, std::int64_t seq)
        : context_(context), sql_(context.sql), at_(std::move(at)), seq_(seq) {
        // What had been sent before the moment and what after it cannot be told, but that a
        // connection that has not been at work since has sent nothing since.
        auto& rows = sql_.bind(
            "SELECT DISTINCT connection FROM kontor_run WHERE connection IS NOT NULL"
            " AND coalesce(ended_at, started_at) > ?",
            at_);
        while (Sql::step(rows)) has_spoken_.insert(rows.integer(0));
    }

    std::int64_t run() {
        std::int64_t records = 0;
        for (const auto& [id, record] : touched_since(sql_, context_.plans.catalogue(), seq_)) {
            const auto* entity = context_.plans.catalogue().entity(id);
            if (entity != nullptr && turn(*entity, record)) ++records;
        }
        return records;
    }

private:
    /// False if the record is what it was.
    bool turn(const replica::Entity& entity, std::int64_t record) {
        const auto now = need(replica::read_state(sql_.db(), entity, record));
        auto then = now;
        need(replica::entries_after(sql_.db(), entity, record, seq_, [&](const auto& entry) {
            if (!entry.erased) replica::rewind(then, entry);
            return true;
        }));
        if (!now.exists && !then.exists) return false;
        if (!then.exists) {
            for (const auto& plan : plans_of(entity))
                if (const auto link = link_by_record(sql_, plan->id, record))
                    forget_link(sql_, link->id);
            remove_row(context_, entity, record, 0, {"kontor", kRule});
            return true;
        }
        if (!now.exists) bring_back(entity, record, then);
        std::set<std::int64_t> changed;
        for (const auto& field : entity.fields) {
            const auto before = now.value(field.id);
            const auto value = then.value(field.id);
            if (before == value) continue;
            changed.insert(field.id);
            sql_.run("UPDATE " + replica::sql_name(entity.name) + " SET " +
                         replica::sql_name(field.name) + " = ? WHERE id = ?",
                     value, record);
            if (now.exists)
                add_history(context_, entity.id, record, field.id, "u", before, {"kontor", kRule});
        }
        if (now.exists && changed.empty()) return false;
        for (const auto* plan : plans_of(entity)) {
            if (const auto link = link_by_record(sql_, plan->id, record))
                forget_what_came_since(*plan, *link, now.exists ? &changed : nullptr);
            else if (!now.exists && plan->mapping.push && plan->mapping.create)
                add_unsent_link(sql_, plan->id, record);
        }
        return true;
    }

    void bring_back(const replica::Entity& entity, std::int64_t record, const RecordState& then) {
        sql_.run("INSERT INTO " + replica::sql_name(entity.name) + "(id, uid) VALUES(?, ?)", record,
                 then.uid);
        add_history(context_, entity.id, record, std::nullopt, "r", Value::null(),
                    {"kontor", kRule});
        sql_.run("DELETE FROM kontor_tombstone WHERE entity = ? AND record = ?", entity.id, record);
    }

    /// What the record is now counts as what the remote holds. `changed` fields; nullptr: all.
    void forget_what_came_since(const StreamPlan& plan, Link link,
                                const std::set<std::int64_t>* changed) {
        const auto stored = link;
        // An image of the version last merged would pass for known.
        link.version.clear();
        if (changed == nullptr && link.state != LinkState::kDetached) link.state = LinkState::kLive;
        save_link(sql_, link, stored);
        sql_.run("DELETE FROM kontor_intent WHERE link = ?", link.id);
        if (!has_spoken_.contains(plan.connection)) return mark_dirty(sql_, link.id);
        for (const auto& group : plan.groups) {
            const bool concerned =
                changed == nullptr || std::ranges::any_of(group.columns, [&](const auto& columns) {
                    return std::ranges::any_of(columns, [&](std::size_t column) {
                        return changed->contains(plan.column_fields[column]);
                    });
                });
            if (!concerned) continue;
            drop_shadow(sql_, link.id, group.id);
            wait_no_longer(sql_, link.id, group.id);
            if (const auto open = open_conflict(sql_, link.id, group.id))
                close_conflict(context_, open->id, "ours", kRule, "kontor");
        }
        if (changed == nullptr) close_record_conflict(context_, link.id, kRule);
    }

    std::vector<const StreamPlan*> plans_of(const replica::Entity& entity) const {
        std::vector<const StreamPlan*> out;
        for (const auto& plan : context_.plans.all())
            if (plan.entity.id == entity.id) out.push_back(&plan);
        return out;
    }

    Context& context_;
    Sql& sql_;
    std::string at_;
    std::int64_t seq_;
    std::set<std::int64_t> has_spoken_;
};

std::int64_t add_restore_run(Sql& sql, const std::string& now, const std::string& shows) {
    sql.run(
        "INSERT INTO kontor_run(kind, started_at, ended_at, result, counts)"
        " VALUES('restore', ?1, ?1, 'ok', json_object('shows', ?2, 'records', 0))",
        now, shows);
    return sql.last_insert_id();
}

}  // namespace

Result<TurnedBack> turn_back(const replica::Database& db, const Clock& clock, Random& random,
                             const std::string& at) {
    const auto seq = replica::last_seq_at(db, at);
    if (!seq) return tl::unexpected<Error>(seq.error());
    if (*seq == 0)
        return fail(Errc::kNotFound, "the history begins after " + at,
                    {{"at", at}, {"reason", "history_too_young"}});
    return guarded([&] {
        Standalone own(db, clock, random);
        Context& context = own.context;
        Sql& sql = context.sql;
        TurnedBack out;
        EngineTransaction transaction(context);
        context.run = out.run = add_restore_run(sql, context.now(), at);
        out.records = TurnBack(context, at, *seq).run();
        sql.run("UPDATE kontor_run SET counts = json_set(counts, '$.records', ?) WHERE id = ?",
                out.records, out.run);
        transaction.commit();
        return out;
    });
}

Result<> note_restore(const replica::Database& db, const Clock& clock, const std::string& shows) {
    return guarded([&] {
        Sql sql(db);
        WriteTransaction transaction(db);
        add_restore_run(sql, format_instant(clock.now()), shows);
        transaction.commit();
    });
}

Result<bool> history_reaches(const replica::Database& db, const std::string& at) {
    return guarded([&] {
        Sql sql(db);
        const bool begun = need(replica::last_seq_at(db, at)) > 0;
        return begun && !sql.integer(
                            "SELECT 1 FROM kontor_run WHERE kind = 'restore' AND started_at > ?1"
                            " AND json_extract(counts, '$.shows') < ?1",
                            at);
    });
}

}  // namespace kontor::engine
