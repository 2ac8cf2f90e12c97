#include "sync/engine/mass_guard.hpp"

#include <string>

#include "sync/base/clock.hpp"

namespace kontor::engine {
namespace {

/// The run that a person has agreed to.
std::string confirmed_marker(std::int64_t connection) {
    return "mass_confirmed:" + std::to_string(connection);
}

/// While a person is asked: the first run whose changes count.
std::string asked_marker(std::int64_t connection) {
    return "mass_asked:" + std::to_string(connection);
}

std::optional<std::int64_t> marked(Sql& sql, const std::string& key) {
    return sql.integer("SELECT value FROM kontor_meta WHERE key = ?", key);
}

void mark(Sql& sql, const std::string& key, std::int64_t run) {
    sql.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES(?, ?)", key, run);
}

void unmark(Sql& sql, const std::string& key) {
    sql.run("DELETE FROM kontor_meta WHERE key = ?", key);
}

struct Sent {
    std::int64_t first_run = 0;  ///< the oldest that counts
    std::int64_t updates = 0, deletes = 0;
};

Sent sent_of_late(Context& context) {
    const auto asked = marked(context.sql, asked_marker(context.connection));
    const auto confirmed = marked(context.sql, confirmed_marker(context.connection)).value_or(0);
    Sent out{.first_run = context.run};
    auto& runs = context.sql.bind(
        "SELECT id, ended_at, (SELECT sum(value ->> '$.updated_there') FROM json_each(counts)),"
        " (SELECT sum(value ->> '$.deleted_there') FROM json_each(counts)) FROM kontor_run"
        " WHERE connection = ? AND kind = 'sync' AND id > ? AND counts IS NOT NULL"
        " ORDER BY id DESC",
        context.connection, confirmed);
    while (Sql::step(runs)) {
        const auto ended = parse_instant(runs.text(1));
        const bool counts = asked ? runs.integer(0) >= *asked
                                  : ended && context.clock.now() - *ended < kGuardWindow;
        if (!counts) break;
        out.first_run = runs.integer(0);
        out.updates += runs.integer(2);
        out.deletes += runs.integer(3);
    }
    runs.reset();
    return out;
}

bool too_many(std::int64_t waiting, std::int64_t sent, std::int64_t most) {
    return most > 0 && waiting > 0 && waiting + sent > most;
}

Error question(const std::string& connection, const PushForecast& waiting, const Sent& sent) {
    const std::string deletes = std::to_string(waiting.deletes);
    const std::string edits = std::to_string(waiting.updates);
    Error out{Errc::kGuard,
              "would delete " + deletes + " and change " + edits + " records at " + connection +
                  ": confirm it first",
              {{"connection", connection}, {"deletes", deletes}, {"edits", edits}},
              {}};
    if (sent.deletes == 0 && sent.updates == 0) return out;
    out.args["sent_deletes"] = std::to_string(sent.deletes);
    out.args["sent_edits"] = std::to_string(sent.updates);
    out.message = "has deleted " + out.args["sent_deletes"] + " and changed " +
                  out.args["sent_edits"] + " records at " + connection + " of late, would delete " +
                  deletes + " and change " + edits + " more: confirm it first";
    return out;
}

}  // namespace

std::optional<Error> asks_before_mass_change(Context& context, const ConnectionSettings& settings,
                                             const PushForecast& waiting, bool of_all) {
    const bool waits = waiting.deletes > 0 || waiting.updates > 0;
    const Sent sent = waits ? sent_of_late(context) : Sent{};
    const bool asks = too_many(waiting.deletes, sent.deletes, settings.guard_deletes) ||
                      too_many(waiting.updates, sent.updates, settings.guard_edits);
    const std::string key = asked_marker(context.connection);
    if (asks != marked(context.sql, key).has_value() && (asks || of_all)) {
        WriteTransaction transaction(context.sql.db());
        if (asks)
            mark(context.sql, key, sent.first_run);
        else
            unmark(context.sql, key);
        transaction.commit();
    }
    if (!asks) return std::nullopt;
    return question(settings.name, waiting, sent);
}

void note_mass_change_confirmed(Context& context) {
    WriteTransaction transaction(context.sql.db());
    unmark(context.sql, asked_marker(context.connection));
    mark(context.sql, confirmed_marker(context.connection), context.run);
    transaction.commit();
}

}  // namespace kontor::engine
