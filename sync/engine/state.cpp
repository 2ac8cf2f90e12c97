#include "sync/engine/state.hpp"

#include <algorithm>
#include <cstring>

namespace kontor::engine {
namespace {

constexpr std::string_view kLinkColumns =
    "SELECT id, stream, record, coalesce(ext_id, ''), coalesce(key, ''), coalesce(version, ''),"
    " covers, state FROM kontor_link WHERE ";

std::optional<Link> read_link(replica::Statement& statement) {
    std::optional<Link> out;
    if (Sql::step(statement))
        out = Link{.id = statement.integer(0),
                   .stream = statement.integer(1),
                   .record = statement.integer(2),
                   .ext_id = std::string(statement.text(3)),
                   .key = std::string(statement.text(4)),
                   .version = std::string(statement.text(5)),
                   .covers = statement.integer(6),
                   .state = static_cast<replica::LinkState>(statement.integer(7))};
    statement.reset();
    return out;
}

std::optional<std::string_view> some(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return std::string_view(text);
}

merge::GroupValues decoded(std::string_view bytes) {
    auto values = merge::decode(bytes);
    if (!values) stop({Errc::kCorrupt, "a stored field group cannot be read", {}, {}});
    return *values;
}

}  // namespace

std::optional<Link> link_by_ext(Sql& sql, std::int64_t stream, std::string_view ext) {
    static const std::string text = std::string(kLinkColumns) + "stream = ? AND ext_id = ?";
    return read_link(sql.bind(text, stream, ext));
}

std::optional<Link> link_by_record(Sql& sql, std::int64_t stream, std::int64_t record) {
    static const std::string text = std::string(kLinkColumns) + "stream = ? AND record = ?";
    return read_link(sql.bind(text, stream, record));
}

std::optional<Link> link_by_id(Sql& sql, std::int64_t id) {
    static const std::string text = std::string(kLinkColumns) + "id = ?";
    return read_link(sql.bind(text, id));
}

bool is_gone(const Link& link) {
    return link.state == replica::LinkState::kDeletedThere ||
           link.state == replica::LinkState::kDone;
}

void add_unsent_link(Sql& sql, std::int64_t stream, std::int64_t record, std::string_view key) {
    sql.run(
        "INSERT INTO kontor_link(stream, record, key, dirty) VALUES(?, ?, nullif(?, ''), 1)"
        " ON CONFLICT(stream, record) DO NOTHING",
        stream, record, key);
}

namespace {

int count_of(const Link& link) {
    return link.state == replica::LinkState::kLive && !link.ext_id.empty() ? 1 : 0;
}

}  // namespace

void count_records(Sql& sql, std::int64_t stream, std::int64_t more) {
    sql.run("UPDATE kontor_stream SET records = records + ? WHERE id = ?", more, stream);
}

void save_link(Sql& sql, const Link& link) {
    if (const auto stored = link_by_id(sql, link.id)) save_link(sql, link, *stored);
}

void save_link(Sql& sql, const Link& link, const Link& stored) {
    if (stored == link) return;
    if (const int more = count_of(link) - count_of(stored); more != 0)
        count_records(sql, link.stream, more);
    // A column that is named is a key that is written anew, changed or not.
    if (link.ext_id != stored.ext_id || link.record != stored.record)
        sql.run("UPDATE kontor_link SET ext_id = ?, record = ? WHERE id = ?", some(link.ext_id),
                link.record, link.id);
    sql.run("UPDATE kontor_link SET version = ?, covers = ?, state = ? WHERE id = ?",
            some(link.version), link.covers, static_cast<int>(link.state), link.id);
}

void mark_dirty(Sql& sql, std::int64_t link) {
    sql.run("UPDATE kontor_link SET dirty = 1 WHERE id = ? AND NOT dirty", link);
}

void clear_dirty(Sql& sql, std::int64_t link) {
    sql.run("UPDATE kontor_link SET dirty = 0 WHERE id = ?", link);
}

void unblock(Sql& sql, std::int64_t link) {
    sql.run(
        "DELETE FROM kontor_blocked WHERE link = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM kontor_intent WHERE link = ?1 AND state = 'parked')",
        link);
}

void forget_link(Sql& sql, std::int64_t link) {
    const auto stored = link_by_id(sql, link);
    if (stored && count_of(*stored) == 1) count_records(sql, stored->stream, -1);
    sql.run("DELETE FROM kontor_shadow WHERE link = ?", link);
    sql.run("DELETE FROM kontor_waiting WHERE link = ?", link);
    sql.run("DELETE FROM kontor_intent WHERE link = ?", link);
    sql.run("DELETE FROM kontor_blocked WHERE link = ?", link);
    sql.run("DELETE FROM kontor_conflict WHERE link = ? AND state = 'open'", link);
    sql.run("DELETE FROM kontor_link WHERE id = ?", link);
}

Shadows shadows_of(Sql& sql, std::int64_t link) {
    Shadows out;
    auto& rows =
        sql.bind("SELECT grp, theirs, ours, waits FROM kontor_shadow WHERE link = ?", link);
    while (Sql::step(rows))
        out[rows.integer(0)] = {decoded(rows.blob(1)), decoded(rows.blob(2)), rows.integer(3) != 0};
    return out;
}

bool Shadow::unknown() const {
    return std::ranges::any_of(theirs, &Value::is_absent);
}

bool Shadow::edited(const merge::GroupValues& local) const {
    return !waits && local != ours && std::ranges::none_of(ours, &Value::is_absent);
}

Shadow Shadow::nothing_known(const GroupPlan& group) {
    const merge::GroupValues absent(group.mapping->fields.size());
    return {absent, absent, false};
}

Shadow Shadow::edit_of_unknown(merge::GroupValues before) {
    merge::GroupValues absent(before.size());
    return {std::move(absent), std::move(before), false};
}

void save_shadow(Sql& sql, std::int64_t link, std::int64_t group, const Shadow& shadow) {
    const std::string theirs = merge::encode(shadow.theirs), ours = merge::encode(shadow.ours);
    sql.run(
        "INSERT INTO kontor_shadow(link, grp, theirs, ours, waits) VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT(link, grp) DO UPDATE SET theirs = excluded.theirs, ours = excluded.ours,"
        " waits = excluded.waits",
        link, group, Blob{theirs}, Blob{ours}, shadow.waits ? 1 : 0);
}

void drop_shadow(Sql& sql, std::int64_t link, std::int64_t group) {
    sql.run("DELETE FROM kontor_shadow WHERE link = ? AND grp = ?", link, group);
}

void drop_shadows(Sql& sql, std::int64_t link) {
    sql.run("DELETE FROM kontor_shadow WHERE link = ?", link);
}

std::string encode_sent(const std::vector<SentGroup>& groups) {
    std::string out;
    for (const auto& sent : groups) {
        const std::string values = merge::encode(sent.values);
        const auto size = static_cast<std::uint32_t>(values.size());
        out.append(reinterpret_cast<const char*>(&sent.group), sizeof sent.group);
        out.append(reinterpret_cast<const char*>(&size), sizeof size);
        out.append(values);
    }
    return out;
}

std::vector<SentGroup> decode_sent(std::string_view bytes) {
    std::vector<SentGroup> out;
    while (!bytes.empty()) {
        SentGroup sent;
        std::uint32_t size = 0;
        constexpr std::size_t head = sizeof sent.group + sizeof size;
        if (bytes.size() < head) stop({Errc::kCorrupt, "a stored intent cannot be read", {}, {}});
        std::memcpy(&sent.group, bytes.data(), sizeof sent.group);
        std::memcpy(&size, bytes.data() + sizeof sent.group, sizeof size);
        if (bytes.size() - head < size)
            stop({Errc::kCorrupt, "a stored intent cannot be read", {}, {}});
        sent.values = decoded(bytes.substr(head, size));
        bytes.remove_prefix(head + size);
        out.push_back(std::move(sent));
    }
    return out;
}

std::vector<Intent> intents_of(Sql& sql, std::int64_t link) {
    std::vector<Intent> out;
    auto& rows = sql.bind(
        "SELECT id, op, sent, coalesce(key, ''), coalesce(base_version, ''), state,"
        " coalesce(version, ''), at FROM kontor_intent WHERE link = ? ORDER BY id",
        link);
    while (Sql::step(rows))
        out.push_back({.id = rows.integer(0),
                       .link = link,
                       .op = std::string(rows.text(1)),
                       .sent = decode_sent(rows.blob(2)),
                       .key = std::string(rows.text(3)),
                       .base_version = std::string(rows.text(4)),
                       .state = std::string(rows.text(5)),
                       .version = std::string(rows.text(6)),
                       .at = parse_instant(rows.text(7))});
    return out;
}

bool unsettled(Sql& sql, std::int64_t link) {
    return sql
        .integer("SELECT 1 FROM kontor_intent WHERE link = ? AND state <> 'acked' LIMIT 1", link)
        .has_value();
}

std::int64_t add_intent(Context& context, const Intent& intent) {
    const std::string sent = encode_sent(intent.sent);
    context.sql.run(
        "INSERT INTO kontor_intent(link, op, sent, key, base_version, state, at, run)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        intent.link, intent.op, Blob{sent}, some(intent.key), some(intent.base_version),
        intent.state, context.now(), context.run);
    return context.sql.last_insert_id();
}

void set_intent_state(Sql& sql, std::int64_t id, std::string_view state, std::string_view version) {
    sql.run("UPDATE kontor_intent SET state = ?, version = ? WHERE id = ?", state, version, id);
}

void drop_intent(Sql& sql, std::int64_t id) {
    sql.run("DELETE FROM kontor_intent WHERE id = ?", id);
}

void drop_intents(Sql& sql, std::int64_t link) {
    sql.run("DELETE FROM kontor_intent WHERE link = ?", link);
}

std::optional<OpenConflict> open_conflict(Sql& sql, std::int64_t link,
                                          std::optional<std::int64_t> group) {
    auto& row = sql.bind(
        "SELECT id, kind, coalesce(rule, ''), base IS NOT NULL FROM kontor_conflict"
        " WHERE state = 'open' AND link = ? AND grp IS ?",
        link, group);
    std::optional<OpenConflict> out;
    if (Sql::step(row))
        out = OpenConflict{row.integer(0), std::string(row.text(1)), std::string(row.text(2)),
                           row.integer(3) != 0};
    row.reset();
    return out;
}

std::optional<merge::GroupValues> conflict_theirs(Sql& sql, std::int64_t conflict) {
    auto& row = sql.bind("SELECT theirs FROM kontor_conflict WHERE id = ?", conflict);
    std::optional<merge::GroupValues> out;
    if (Sql::step(row) && !row.is_null(0)) out = merge::decode(row.blob(0));
    row.reset();
    return out;
}

bool has_open_conflicts(Sql& sql, std::int64_t link) {
    return sql
        .integer("SELECT 1 FROM kontor_conflict WHERE state = 'open' AND link = ? LIMIT 1", link)
        .has_value();
}

bool has_open_group_conflict(Sql& sql, std::int64_t link) {
    return sql
        .integer(
            "SELECT 1 FROM kontor_conflict WHERE state = 'open' AND link = ?"
            " AND grp IS NOT NULL LIMIT 1",
            link)
        .has_value();
}

namespace {

// "remote:NAME" and "remote:NAME:USER": NAME. "" for people and programs here.
std::string remote_of(std::string_view actor) {
    constexpr std::string_view kRemote = "remote:";
    if (!actor.starts_with(kRemote)) return {};
    actor.remove_prefix(kRemote.size());
    return std::string(actor.substr(0, actor.find(':')));
}

}  // namespace

std::vector<merge::Turn> field_turns(Context& context, const StreamPlan& plan, const Link& link,
                                     std::int64_t group, std::int64_t field) {
    constexpr std::chrono::hours kWindow{24};
    // More than any fight needs: each of some remotes brings its value three times.
    constexpr std::int64_t kTurnsMax = 32;
    std::string since = format_instant(context.clock.now() - kWindow);
    if (const auto decided = context.sql.text(
            "SELECT max(decided_at) FROM kontor_conflict WHERE entity = ? AND record = ?"
            " AND link = ? AND grp = ? AND kind = ? AND state = 'decided'",
            plan.entity.id, link.record, link.id, group, kOscillation))
        since = std::max(since, *decided);
    std::vector<merge::Turn> out;
    auto& rows = context.sql.bind(
        "SELECT old, op, coalesce(actor, ''), at FROM kontor_history WHERE entity = ? AND"
        " record = ? AND field = ? AND op IN ('u', 'k') ORDER BY seq DESC LIMIT ?",
        plan.entity.id, link.record, field, kTurnsMax);
    while (Sql::step(rows)) {
        if (rows.text(3) <= since) continue;
        std::string party = remote_of(rows.text(2));
        const bool offer = rows.text(1) == "k";
        // Another remote's offer changed nothing.
        if (offer && party != plan.connection_name) continue;
        out.push_back({.before = Value(rows.value(0)), .party = std::move(party), .offer = offer});
    }
    return out;
}

bool record_conflict(Context& context, const StreamPlan& plan, const Link& link,
                     std::optional<std::int64_t> group, std::string_view kind,
                     const ConflictSides& sides, std::string_view rule, std::string_view chosen) {
    const std::string base = sides.base ? merge::encode(*sides.base) : "";
    const std::string ours = merge::encode(sides.ours), theirs = merge::encode(sides.theirs);
    const auto open = open_conflict(context.sql, link.id, group);
    if (open) {
        context.sql.run(
            // Who wrote the record last need not have written this value: our own push of another
            // field is a change of the record too.
            "UPDATE kontor_conflict SET ours = ?1,"
            " theirs_version = iif(theirs IS ?2, theirs_version, ?3),"
            " theirs_by = iif(theirs IS ?2, theirs_by, ?4), theirs = ?2,"
            " state = ?5, chosen = ?6, rule = ?7, decided_at = ?8, decided_by = ?9 WHERE id = ?10",
            Blob{ours}, Blob{theirs}, some(sides.theirs_version), some(sides.theirs_by),
            chosen.empty() ? "open" : "decided",
            chosen.empty() ? std::nullopt : std::optional(chosen), rule,
            chosen.empty() ? std::nullopt : std::optional(context.now()),
            chosen.empty() ? std::nullopt : std::optional(std::string("policy")), open->id);
        return false;
    }
    context.sql.run(
        "INSERT INTO kontor_conflict(stream, link, entity, record, grp, kind, base, ours, theirs,"
        " theirs_version, theirs_by, rule, state, chosen, opened_at, decided_at, decided_by, run)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        plan.id, link.id, plan.entity.id, link.record, group, kind,
        sides.base ? std::optional(Blob{base}) : std::nullopt, Blob{ours}, Blob{theirs},
        some(sides.theirs_version), some(sides.theirs_by), rule,
        chosen.empty() ? "open" : "decided", chosen.empty() ? std::nullopt : std::optional(chosen),
        context.now(), chosen.empty() ? std::nullopt : std::optional(context.now()),
        chosen.empty() ? std::nullopt : std::optional(std::string("policy")), context.run);
    return true;
}

void close_conflict(Context& context, std::int64_t id, std::string_view chosen,
                    std::string_view rule, std::string_view decided_by) {
    context.sql.run(
        "UPDATE kontor_conflict SET state = 'decided', chosen = ?, rule = ?, decided_at = ?,"
        " decided_by = ? WHERE id = ?",
        chosen, rule, context.now(), decided_by, id);
}

namespace {

void close_open(Context& context, std::int64_t link, std::string_view which, std::string_view rule,
                const std::optional<std::string>& chosen = std::nullopt) {
    context.sql.run(
        "UPDATE kontor_conflict SET state = 'decided', chosen = ?, rule = ?, decided_at = ?,"
        " decided_by = 'kontor' WHERE state = 'open' AND link = ? AND " +
            std::string(which),
        chosen, rule, context.now(), link);
}

}  // namespace

void close_record_conflict(Context& context, std::int64_t link, std::string_view rule) {
    close_open(context, link, "grp IS NULL", rule);
}

void close_group_conflicts(Context& context, std::int64_t link, std::string_view rule) {
    close_open(context, link, "grp IS NOT NULL", rule);
}

void keep_ours(Context& context, std::int64_t link, std::string_view rule) {
    close_open(context, link, "grp IS NOT NULL", rule, "ours");
}

merge::GroupValues put_group(const GroupPlan& group, const Row& row,
                             const merge::References& references) {
    merge::GroupValues out;
    out.reserve(group.mapping->fields.size());
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        std::vector<Value> columns;
        columns.reserve(group.columns[i].size());
        for (const std::size_t column : group.columns[i]) columns.push_back(row[column]);
        out.push_back(merge::put(group.mapping->fields[i], columns, references));
    }
    return out;
}

std::map<std::string, std::string> meta_under(Sql& sql, const std::string& prefix) {
    std::map<std::string, std::string> out;
    auto& rows = sql.bind(
        "SELECT substr(key, length(?1) + 1), value FROM kontor_meta WHERE key > ?1 AND key < ?2",
        prefix, prefix.substr(0, prefix.size() - 1) + ";");  // what comes after ':'
    while (Sql::step(rows)) out.emplace(rows.text(0), rows.text(1));
    return out;
}

}  // namespace kontor::engine
