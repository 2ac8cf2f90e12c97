#include "sync/engine/matcher.hpp"

#include <algorithm>

namespace kontor::engine {
namespace {

/// Candidates that one value may bring; more of them tell nothing.
constexpr std::int64_t kCandidatesMax = 50;

/// How a column is looked up, in built-in SQL, so that an index can hold it and any SQLite program
/// can write the table. `?` stands for the value looked for.
struct Lookup {
    std::string name;                  ///< of the index
    std::vector<std::string> columns;  ///< it needs
    std::string stored;                ///< expression over the columns
    std::string wanted;                ///< the same over the parameter
    bool person_name = false;
};

std::string digits_of(const std::string& text) {
    std::string out = text;
    for (const char* mark : {" ", "-", "(", ")", ".", "/", "+"})
        out = "replace(" + out + ",'" + mark + "','')";
    return "substr(" + out + ",-7)";
}

std::vector<Lookup> lookups_of(const std::string& entity) {
    std::vector<Lookup> out;
    const auto text = [&](const std::string& column) {
        out.push_back({column, {column}, "lower(\"" + column + "\")", "lower(?1)"});
    };
    const auto phone = [&](const std::string& column) {
        out.push_back({column, {column}, digits_of("\"" + column + "\""), digits_of("?1")});
    };
    const auto without_blanks = [](const std::string& what) {
        return "lower(replace(" + what + ",' ',''))";
    };
    if (entity == "contact" || entity == "lead") {
        text("email");
        text("secondary_email");
        phone("phone");
        phone("mobile");
        out.push_back({"person",
                       {"last_name", "first_name"},
                       without_blanks("coalesce(last_name,'')||coalesce(first_name,'')"),
                       without_blanks("?1"),
                       true});
    } else if (entity == "user") {
        text("email");
    } else {
        out.push_back({"name", {"name"}, without_blanks("name"), without_blanks("?1")});
        if (entity == "account") text("tax_number");
        if (entity == "product") text("code");
    }
    return out;
}

std::string text_in(const std::map<std::string, Value>& row, const std::string& column) {
    const auto found = row.find(column);
    return found != row.end() && found->second.kind() == Kind::kText ? found->second.text() : "";
}

// What of a row is looked up by `lookup`. Numbers of either kind may stand in either column.
std::vector<std::string> wanted_of(const Lookup& lookup, const std::map<std::string, Value>& row) {
    std::vector<std::string> out;
    const auto add = [&](const std::string& text) {
        if (!text.empty()) out.push_back(text);
    };
    const std::string& column = lookup.columns.front();
    if (lookup.person_name) {
        const auto last = text_in(row, "last_name"), first = text_in(row, "first_name");
        add(last + first);
        if (!first.empty()) {
            add(first + last);
        } else if (const auto blank = last.rfind(' '); blank != std::string::npos) {
            add(last.substr(blank + 1) + last.substr(0, blank));
        }
    } else if (column == "phone" || column == "mobile") {
        for (const char* from : {"phone", "mobile", "home_phone", "other_phone"})
            if (!merge::fold_phone(text_in(row, from)).empty()) add(text_in(row, from));
    } else if (column.ends_with("email")) {
        for (const char* from : {"email", "secondary_email"}) add(text_in(row, from));
    } else {
        add(text_in(row, column));
    }
    return out;
}

}  // namespace

Matcher::Matcher(Context& context, const StreamPlan& plan) : context_(context), plan_(plan) {
    for (const auto& column : merge::identity_columns(plan.entity.name))
        if (plan.entity.field(column) != nullptr) columns_.push_back(column);
    found_some_ = !columns_.empty() && !plan.loaded &&
                  context.sql.integer("SELECT 1 FROM \"" + plan.entity.name + "\" LIMIT 1");
}

bool Matcher::applies() const {
    // Not by the plans: another connection may have come since they were made, and load now.
    return !columns_.empty() &&
           (found_some_ ||
            context_.sql.integer("SELECT 1 FROM kontor_stream WHERE entity = ? AND id <> ? LIMIT 1",
                                 plan_.entity.id, plan_.id));
}

void Matcher::build_indexes() {
    if (!applies()) return;
    // Thousands may be asked about, and each record that is sent is looked for among them. Without
    // the state SQLite would rather go through all of the stream, as it did with the first of
    // these.
    need(context_.sql.db().execute(
        "DROP INDEX IF EXISTS kontor_match_record;"
        "CREATE INDEX IF NOT EXISTS kontor_match_state ON kontor_match(stream, record, state)"));
    for (const Lookup& lookup : lookups_of(plan_.entity.name)) {
        const bool there = std::ranges::all_of(lookup.columns, [&](const auto& column) {
            return plan_.entity.field(column) != nullptr;
        });
        if (!there) continue;
        need(context_.sql.db().execute("CREATE INDEX IF NOT EXISTS \"kontor_match_" +
                                       plan_.entity.name + "_" + lookup.name + "\" ON \"" +
                                       plan_.entity.name + "\"(" + lookup.stored + ") WHERE \"" +
                                       lookup.columns.front() + "\" IS NOT NULL"));
    }
}

std::set<std::int64_t> Matcher::candidates(const std::map<std::string, Value>& row) const {
    std::set<std::int64_t> out;
    for (const Lookup& lookup : lookups_of(plan_.entity.name)) {
        const bool there = std::ranges::all_of(lookup.columns, [&](const auto& column) {
            return plan_.entity.field(column) != nullptr;
        });
        if (!there) continue;
        const std::string query = "SELECT id FROM \"" + plan_.entity.name + "\" WHERE \"" +
                                  lookup.columns.front() + "\" IS NOT NULL AND " + lookup.stored +
                                  " = " + lookup.wanted + " LIMIT ?2";
        for (const auto& wanted : wanted_of(lookup, row)) {
            auto& rows = context_.sql.bind(query, wanted, kCandidatesMax);
            while (Sql::step(rows)) out.insert(rows.integer(0));
        }
    }
    return out;
}

// Not linked to this stream, or to an id that its present organisation has not shown yet.
bool Matcher::is_free(std::int64_t record) const {
    const auto link = link_by_record(context_.sql, plan_.id, record);
    if (!link) return true;
    if (link->state == replica::LinkState::kMissing && link->covers == 0) return true;
    return link->ext_id.empty() && link->state == replica::LinkState::kLive &&
           intents_of(context_.sql, link->id).empty();
}

merge::Profile Matcher::profile(const std::map<std::string, Value>& row) const {
    std::string company;
    if (const auto account = row.find("account_id");
        account != row.end() && account->second.kind() == Kind::kInteger)
        company =
            context_.sql.text("SELECT name FROM account WHERE id = ?", account->second.integer())
                .value_or("");
    return merge::profile_of(
        plan_.entity.name,
        [&](std::string_view column) {
            const auto found = row.find(std::string(column));
            return found == row.end() ? Value::null() : found->second;
        },
        company);
}

std::optional<Matcher::Found> Matcher::find(const Row& row,
                                            const std::set<std::int64_t>& apart) const {
    std::map<std::string, Value> theirs;
    for (std::size_t i = 0; i < plan_.columns.size(); ++i) theirs[plan_.columns[i]] = row[i];
    std::string select = "SELECT ";
    for (const auto& column : columns_) select += "\"" + column + "\",";
    select.back() = ' ';
    select += "FROM \"" + plan_.entity.name + "\" WHERE id = ?";

    const merge::Profile wanted = profile(theirs);
    std::optional<Found> best;
    std::vector<std::int64_t> alike;
    int certain = 0;
    for (const std::int64_t record : candidates(theirs)) {
        if (apart.contains(record) || !is_free(record)) continue;
        std::map<std::string, Value> ours;
        auto& found = context_.sql.bind(select, record);
        if (Sql::step(found))
            for (std::size_t i = 0; i < columns_.size(); ++i)
                ours[columns_[i]] = Value(found.value(static_cast<int>(i)));
        found.reset();
        auto comparison = merge::compare(plan_.entity.name, wanted, profile(ours));
        if (comparison.likeness == merge::Likeness::kNone) continue;
        certain += comparison.likeness == merge::Likeness::kCertain ? 1 : 0;
        alike.push_back(record);
        if (!best || comparison.likeness > best->comparison.likeness)
            best = Found{record, std::move(comparison), {}};
    }
    if (!best) return best;
    std::erase(alike, best->record);
    best->others = std::move(alike);
    if (certain > 1) best->comparison.likeness = merge::Likeness::kPossible;
    return best;
}

std::optional<std::int64_t> Matcher::by_key(std::string_view key) const {
    const auto record = context_.sql.integer(
        "SELECT id FROM \"" + plan_.entity.name + "\" WHERE uid = ? LIMIT 1", key);
    if (!record || !is_free(*record)) return std::nullopt;
    return record;
}

MatchState match_state(Sql& sql, std::int64_t stream, std::string_view ext_id) {
    MatchState out;
    auto& rows = sql.bind("SELECT record, state FROM kontor_match WHERE stream = ? AND ext_id = ?",
                          stream, ext_id);
    while (Sql::step(rows)) {
        if (rows.text(1) == "same")
            out.same = rows.integer(0);
        else if (rows.text(1) == "apart")
            out.apart.insert(rows.integer(0));
        else
            out.held = true;
    }
    return out;
}

void hold(Sql& sql, std::int64_t stream, std::string_view ext_id, std::int64_t record,
          std::string_view state) {
    sql.run(
        "INSERT INTO kontor_match(stream, ext_id, record, state) VALUES(?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET state = excluded.state",
        stream, ext_id, record, state);
}

void forget_match(Context& context, std::int64_t stream, std::string_view ext_id) {
    const auto record = context.sql.integer(
        "SELECT record FROM kontor_match WHERE stream = ? AND ext_id = ? AND state = 'asked'",
        stream, ext_id);
    const auto link = record ? link_by_record(context.sql, stream, *record) : std::nullopt;
    if (link) close_record_conflict(context, link->id, "gone");
    context.sql.run("DELETE FROM kontor_match WHERE stream = ? AND ext_id = ?", stream, ext_id);
}

bool may_be_there(Sql& sql, std::int64_t stream, std::int64_t record) {
    return sql
        .integer(
            "SELECT 1 FROM kontor_match WHERE stream = ? AND record = ?"
            " AND state <> 'apart' LIMIT 1",
            stream, record)
        .has_value();
}

std::vector<std::string> released_matches(Sql& sql, std::int64_t stream, std::int64_t entity) {
    // The record here has gone, or the question was closed with it.
    sql.run(
        "UPDATE kontor_match SET state = 'apart' WHERE stream = ?1 AND state = 'asked' AND NOT"
        " EXISTS (SELECT 1 FROM kontor_conflict k WHERE k.stream = ?1 AND k.entity = ?2"
        " AND k.record = kontor_match.record AND k.kind = 'match' AND k.state = 'open')",
        stream, entity);
    std::vector<std::string> out;
    auto& rows = sql.bind(
        "SELECT DISTINCT ext_id FROM kontor_match m WHERE stream = ?1 AND state <> 'asked' AND NOT"
        " EXISTS (SELECT 1 FROM kontor_match a WHERE a.stream = ?1 AND a.state = 'asked' AND"
        " (a.ext_id = m.ext_id OR (m.state = 'queued' AND a.record = m.record)))",
        stream);
    while (Sql::step(rows)) out.emplace_back(rows.text(0));
    return out;
}

}  // namespace kontor::engine
