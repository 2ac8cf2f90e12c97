#include "sync/engine/let_go.hpp"

#include <string>

#include "sync/engine/epoch.hpp"
#include "sync/engine/record_key.hpp"

namespace kontor::engine {
namespace {

std::string first_key(std::int64_t stream) {
    return "gone:" + std::to_string(stream) + ":";
}

std::string end_key(std::int64_t stream) {
    return "gone:" + std::to_string(stream) + ";";  // what comes after ':'
}

std::string key_of(std::int64_t stream, std::string_view ext) {
    return first_key(stream).append(ext);
}

// What a restored replica makes again it may have made again before, in the time that was lost: the
// remote is asked for the key first (recover()).
void doubt_made_before(Context& context, const Link& link) {
    const StreamPlan* plan = context.plans.stream(link.stream);
    const auto made = link_by_record(context.sql, link.stream, link.record);
    if (plan == nullptr || plan->mapping.key_field.empty() || !made) return;
    const std::string key = name_of(context.sql, *plan, *made);
    if (key.empty()) return;  // another record has come by that name
    add_intent(context, {.link = made->id,
                         .op = "create",
                         .sent = {},
                         .key = key,
                         .base_version = "",
                         .state = "unknown",
                         .version = ""});
}

}  // namespace

// Since when, and which record it stood for: 2026-05-20T10:00:00.000Z 17.
void let_go(Context& context, const Link& link) {
    if (link.ext_id.empty()) return;
    context.sql.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES(?, ?)",
                    key_of(link.stream, link.ext_id),
                    context.now() + " " + std::to_string(link.record));
    if (const auto held = context.held_back.find(link.stream); held != context.held_back.end())
        held->second.insert(link.record);
}

void note_gone(Context& context, std::int64_t stream, std::string_view ext) {
    context.sql.run("INSERT OR IGNORE INTO kontor_meta(key, value) VALUES(?, ?)",
                    key_of(stream, ext), context.now());
}

void let_go_all(Context& context, std::int64_t stream, const std::string& which) {
    context.sql.run(
        "INSERT OR REPLACE INTO kontor_meta(key, value) SELECT ? || ext_id, ? || ' ' || record"
        " FROM kontor_link"
        " WHERE stream = ? AND ext_id <> '' AND " +
            which,
        first_key(stream), context.now(), stream);
    if (context.held_back.contains(stream)) hold_back(context, stream);
}

void start_afresh(Context& context, const Link& link) {
    let_go(context, link);
    give_key_after(context, link);
    keep_ours(context, link.id, "deleted_there");
    forget_link(context.sql, link.id);
    add_unsent_link(context.sql, link.stream, link.record, link.key);
    if (was_restored(context.sql)) doubt_made_before(context, link);
}

bool was_let_go(Sql& sql, std::int64_t stream, std::string_view ext) {
    return sql.integer("SELECT 1 FROM kontor_meta WHERE key = ?", key_of(stream, ext)).has_value();
}

std::string is_noted_gone(const std::string& stream, const std::string& ext) {
    return "EXISTS (SELECT 1 FROM kontor_meta WHERE key = 'gone:' || " + stream + " || ':' || " +
           ext + ")";
}

std::optional<std::int64_t> record_let_go(Sql& sql, std::int64_t stream, std::string_view ext) {
    return sql.integer(
        "SELECT CAST(substr(value, instr(value, ' ') + 1) AS INTEGER) FROM kontor_meta"
        " WHERE key = ? AND instr(value, ' ') > 0",
        key_of(stream, ext));
}

void hold_back(Context& context, std::int64_t stream) {
    auto& held = context.held_back[stream];
    auto& rows = context.sql.bind(
        "SELECT CAST(substr(value, instr(value, ' ') + 1) AS INTEGER) FROM kontor_meta"
        " WHERE key > ? AND key < ? AND instr(value, ' ') > 0",
        first_key(stream), end_key(stream));
    while (Sql::step(rows)) held.insert(rows.integer(0));
    rows.reset();
}

bool is_held_back(const Context& context, std::int64_t stream, std::int64_t record) {
    const auto held = context.held_back.find(stream);
    return held != context.held_back.end() && held->second.contains(record);
}

void take_back(Sql& sql, std::int64_t stream, std::string_view ext) {
    sql.run("DELETE FROM kontor_meta WHERE key = ?", key_of(stream, ext));
}

void drop_old_let_go(Context& context, std::int64_t stream) {
    context.sql.run("DELETE FROM kontor_meta WHERE key > ? AND key < ? AND value < ?",
                    first_key(stream), end_key(stream),
                    format_instant(context.clock.now() - kLetGoKept));
}

void drop_let_go(Sql& sql, std::int64_t stream) {
    sql.run("DELETE FROM kontor_meta WHERE key > ? AND key < ?", first_key(stream),
            end_key(stream));
}

}  // namespace kontor::engine
