#include "sync/engine/late_reads.hpp"

#include <optional>
#include <string>
#include <utility>

namespace kontor::engine {
namespace {

/// The record that was too old, and since when.
struct Older {
    std::string stream, id;
    std::optional<Instant> since;
};

std::string older_marker(std::int64_t connection) {
    return "older_record:" + std::to_string(connection);
}

std::optional<Older> remembered(Sql& sql, std::int64_t connection) {
    auto& row = sql.bind(
        "SELECT json_extract(value, '$.stream'), json_extract(value, '$.id'),"
        " json_extract(value, '$.since') FROM kontor_meta WHERE key = ?",
        older_marker(connection));
    std::optional<Older> out;
    while (Sql::step(row))
        out = Older{std::string(row.text(0)), std::string(row.text(1)), parse_instant(row.text(2))};
    return out;
}

void remember(Context& context, std::int64_t connection, const Older& older) {
    WriteTransaction transaction(context.sql.db());
    context.sql.run(
        "INSERT INTO kontor_meta(key, value)"
        " VALUES(?1, json_object('stream', ?2, 'id', ?3, 'since', ?4))"
        " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
        older_marker(connection), older.stream, older.id, context.now());
    transaction.commit();
}

}  // namespace

Error set_back_or_late(Context& context, std::int64_t connection, Error error) {
    const auto known = error.args.find("known_version");
    if (error.code != Errc::kMismatch || known == error.args.end()) return error;
    const auto changed = parse_instant(known->second);
    if (changed && context.clock.now() + context.clock_offset - *changed >= kReadsLag) return error;
    const Older older{error.args.at("stream"), error.args.at("id"), {}};
    const auto before = remembered(context.sql, connection);
    const bool same = before && before->since && before->stream == older.stream &&
                      before->id == older.id && *before->since <= context.clock.now();
    if (same && context.clock.now() - *before->since >= kReadsLag) return error;
    if (!same) remember(context, connection, older);
    error.code = Errc::kUnavailable;
    error.message = older.stream + " " + older.id +
                    " is older at the remote than what was read before, which may be a read that"
                    " lags: the next sync looks again";
    error.args.insert_or_assign("reason", "late_read");  // nothing is wrong with the network
    return error;
}

void look_again(Context& context, const StepPorts& ports, const StreamPlan& plan,
                StreamCounts& counts) {
    const auto older = remembered(context.sql, plan.connection);
    if (!older || older->stream != plan.mapping.stream) return;
    try {
        fetch_and_merge(context, ports, plan, {older->id}, counts);
    } catch (const Failure& failure) {
        if (!tells_nothing(failure.error.code)) throw;
    }
    WriteTransaction transaction(context.sql.db());
    forget_late_read(context.sql, plan.connection);
    transaction.commit();
}

void forget_late_read(Sql& sql, std::int64_t connection) {
    sql.run("DELETE FROM kontor_meta WHERE key = ?", older_marker(connection));
}

}  // namespace kontor::engine
