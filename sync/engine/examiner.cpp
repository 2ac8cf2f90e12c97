#include "sync/engine/examiner.hpp"

#include <algorithm>

#include "sync/engine/matcher.hpp"
#include "sync/merge/lens.hpp"

namespace kontor::engine {

using replica::LinkState;
using Kind = VerifyFinding::Kind;
using Reason = VerifyReason;

namespace {

merge::GroupValues shown(const GroupPlan& group, const remote::RecordView& image) {
    merge::GroupValues out;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i)
        out.push_back(
            merge::from_remote(group.mapping->fields[i], image.fields[group.first_field + i]));
    return out;
}

// Whether the column holds more of a text than the remote can.
bool holds_more(const merge::FieldMapping& field, const Value& column, const Value& mapped) {
    return field.lens == merge::LensKind::kPlain && field.max_length > 0 &&
           column.kind() == kontor::Kind::kText && mapped.kind() == kontor::Kind::kText &&
           column.text().size() > mapped.text().size();
}

}  // namespace

bool Examined::explained() const {
    return std::ranges::none_of(
        findings, [](const VerifyFinding& found) { return found.reason == Reason::kNone; });
}

Examiner::Examiner(Sql& sql, const Plans& plans, const StreamPlan& plan)
    : sql_(sql),
      plan_(plan),
      references_(sql, plans, plan.connection),
      sends_(plan.mapping.push && plan.mapping.create &&
             sql.integer("SELECT push_enabled FROM kontor_connection WHERE id = ?",
                         plan.connection) == 1 &&
             sql.integer("SELECT loaded FROM kontor_stream WHERE id = ?", plan.id) == 2) {}

VerifyFinding Examiner::finding(Kind kind, std::int64_t record, std::string_view ext_id) const {
    VerifyFinding out;
    out.kind = kind;
    out.stream = plan_.mapping.stream;
    out.entity = plan_.entity.name;
    out.record = record;
    out.ext_id = std::string(ext_id);
    return out;
}

Examined Examiner::image(const remote::RecordView& image) const {
    Examined out;
    const auto link = link_by_ext(sql_, plan_.id, image.id);
    if (!link) {
        out.newer = true;
        out.findings.push_back(finding(Kind::kOnlyThere, 0, image.id));
        out.findings.back().reason = reason_unlinked(image);
        return out;
    }
    out.link = link->id;
    out.newer = image.version.empty() || image.version != link->version;
    const auto row = read_row(sql_, plan_, link->record);
    if (link->state == LinkState::kDetached) {
        out.findings.push_back(
            finding(row ? Kind::kValue : Kind::kOnlyThere, row ? link->record : 0, image.id));
        out.findings.back().reason = Reason::kDetached;
        return out;
    }
    if (!row) {
        out.findings.push_back(finding(Kind::kOnlyThere, link->record, image.id));
        auto& found = out.findings.back();
        if (open_conflict(sql_, link->id, std::nullopt))
            found.reason = Reason::kConflict;
        else if (link->state == LinkState::kDeleteHere || not_absorbed(link->record, nullptr))
            found.reason = blocked(link->id, found.detail) ? Reason::kBlocked : Reason::kUnsent;
        return out;
    }
    out.both = true;
    compare(out, *link, *row, image);
    return out;
}

void Examiner::compare(Examined& out, const Link& link, const Row& row,
                       const remote::RecordView& image) const {
    if (image.fields.size() != plan_.remote_fields.size())
        stop({Errc::kProtocol,
              "a record has not the fields that were asked for",
              {{"stream", plan_.mapping.stream}},
              {}});
    const auto shadows = shadows_of(sql_, link.id);
    for (const GroupPlan& group : plan_.groups) {
        const auto& fields = group.mapping->fields;
        const auto theirs = shown(group, image);
        if (std::ranges::any_of(theirs, &Value::is_absent)) {
            for (const auto& field : fields) out.not_shown.push_back(field.remote);
            if (std::ranges::any_of(fields, &merge::FieldMapping::may_be_cut)) out.cut = true;
            continue;
        }
        out.values += static_cast<std::int64_t>(fields.size());
        const auto local = put_group(group, row, references_);
        std::optional<Reason> why;
        std::string detail;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const Value& column = row[group.columns[i].front()];
            const bool equal = local[i] == theirs[i];
            if (equal && !holds_more(fields[i], column, local[i])) continue;
            auto found = finding(Kind::kValue, link.record, image.id);
            found.column = fields[i].columns.front();
            found.remote_field = fields[i].remote;
            found.ours = equal ? column : merge::readable(local[i]);
            found.theirs = theirs[i];
            if (equal) {
                found.reason = Reason::kShortened;
            } else {
                if (!why) why = reason(link, group, shadows, local, theirs, detail);
                found.reason = *why;
                found.detail = detail;
            }
            out.findings.push_back(std::move(found));
        }
    }
}

// What the replica knows of a group that differs, the surest first.
Reason Examiner::reason(const Link& link, const GroupPlan& group, const Shadows& shadows,
                        const merge::GroupValues& local, const merge::GroupValues& theirs,
                        std::string& detail) const {
    for (const auto of : {std::optional(group.id), std::optional<std::int64_t>()})
        if (const auto asked = open_conflict(sql_, link.id, of)) {
            detail = std::to_string(asked->id);
            return Reason::kConflict;
        }
    for (const Intent& intent : intents_of(sql_, link.id))
        if (std::ranges::find(intent.sent, group.id, &SentGroup::group) != intent.sent.end())
            return Reason::kInFlight;
    const auto& fields = group.mapping->fields;
    const auto found = shadows.find(group.id);
    if (found == shadows.end()) {
        if (link.covers < group.since) return Reason::kNotCompared;
        // It refers to a record that is gone there, was made again here and is not sent yet.
        if (std::ranges::any_of(local, merge::is_symbolic)) return Reason::kWaits;
        if (!not_absorbed(link.record, &group))
            return leads_nowhere(group, local, theirs) ? Reason::kWaits : Reason::kNone;
        return group.writable() ? Reason::kUnsent : Reason::kOneWay;
    }
    const Shadow& shadow = found->second;
    if (shadow.unknown()) return Reason::kNotCompared;
    if (shadow.theirs != theirs) return Reason::kNone;
    if (shadow.waits) return Reason::kWaits;
    if (local == shadow.ours)
        return group.direction() == merge::Direction::kOut ? Reason::kOneWay
                                                           : Reason::kKeptOtherwise;
    if (!group.writable() ||
        std::ranges::all_of(fields, [](const auto& f) { return !goes_out(f, false); }))
        return Reason::kOneWay;
    if (std::ranges::any_of(local, merge::is_symbolic)) return Reason::kWaits;
    return blocked(link.id, detail) ? Reason::kBlocked : Reason::kUnsent;
}

// All that differs refers there to what is gone, and is blank here since it is gone here too.
bool Examiner::leads_nowhere(const GroupPlan& group, const merge::GroupValues& local,
                             const merge::GroupValues& theirs) const {
    for (std::size_t i = 0; i < theirs.size(); ++i) {
        if (local[i] == theirs[i]) continue;
        const auto& field = group.mapping->fields[i];
        if (!local[i].is_null() || !waits_for_target(field, theirs[i], references_) ||
            !references_.led_to(field, theirs[i]))
            return false;
    }
    return true;
}

Reason Examiner::reason_unlinked(const remote::RecordView& image) const {
    const MatchState match = match_state(sql_, plan_.id, image.id);
    if (match.held || match.same || !match.apart.empty()) return Reason::kUndecided;
    if (plan_.key_index < image.fields.size()) {
        const ValueView key = image.fields[plan_.key_index];
        if (key.kind == kontor::Kind::kText && !key.text.empty() &&
            sql_.integer("SELECT 1 FROM kontor_intent i CROSS JOIN kontor_link l ON l.id = i.link"
                         " WHERE i.key = ? AND i.op = 'create' AND l.stream = ?",
                         key.text, plan_.id))
            return Reason::kInFlight;
        return Reason::kNone;
    }
    // Without a key any create whose answer is missing may be this record.
    const bool open = sql_.integer(
                              "SELECT 1 FROM kontor_intent i CROSS JOIN kontor_link l"
                              " ON l.id = i.link WHERE i.op = 'create' AND i.state <> 'acked'"
                              " AND l.stream = ? AND l.ext_id IS NULL LIMIT 1",
                              plan_.id)
                          .has_value();
    return open ? Reason::kInFlight : Reason::kNone;
}

VerifyFinding Examiner::absent_there(const Link& link, bool forbidden) const {
    auto out = finding(Kind::kOnlyHere, link.record, link.ext_id);
    if (forbidden)
        out.reason = Reason::kNoAccess;
    else if (const auto asked = open_conflict(sql_, link.id, std::nullopt)) {
        out.reason = Reason::kConflict;
        out.detail = std::to_string(asked->id);
    } else if (std::ranges::any_of(intents_of(sql_, link.id),
                                   [](const Intent& i) { return i.op == "delete"; }))
        out.reason = Reason::kInFlight;
    return out;
}

VerifyFinding Examiner::never_there(std::int64_t record, const std::optional<Link>& link) const {
    auto out = finding(Kind::kOnlyHere, record, link ? link->ext_id : std::string());
    if (link)
        out.reason = reason_for_record(*link, out.detail);
    else if (const auto kept = reason_elsewhere(record, out.detail))
        out.reason = *kept;
    else if (!plan_.mapping.push || !plan_.mapping.create)
        out.reason = Reason::kOneWay;
    else if (!sends_ || not_absorbed(record, nullptr))
        out.reason = Reason::kUnsent;
    return out;
}

// Another remote has merged it into one that goes on under its id at this one, or has deleted it:
// it stays here by that one's settings, or a person is asked whether it does.
std::optional<Reason> Examiner::reason_elsewhere(std::int64_t record, std::string& detail) const {
    const auto kept = sql_.integer(
        "SELECT l.id FROM kontor_stream s CROSS JOIN kontor_link l ON l.stream = s.id"
        " AND l.record = ? WHERE s.entity = ? AND l.state = ? LIMIT 1",
        record, plan_.entity.id, static_cast<int>(LinkState::kDeletedThere));
    if (!kept) return std::nullopt;
    const auto asked = open_conflict(sql_, *kept, std::nullopt);
    if (!asked) return Reason::kDetached;
    detail = std::to_string(asked->id);
    return Reason::kConflict;
}

Reason Examiner::reason_for_record(const Link& link, std::string& detail) const {
    switch (link.state) {
        case LinkState::kAccessLost:
            return Reason::kNoAccess;
        case LinkState::kMissing:
            return Reason::kNotFetched;
        case LinkState::kDetached:
        case LinkState::kDeletedThere:
        case LinkState::kDone:
            return sends_ && made_again(link.record) ? Reason::kUnsent : Reason::kDetached;
        case LinkState::kDeleteHere:
            return Reason::kUnsent;
        case LinkState::kLive:
            break;
    }
    if (const auto asked = open_conflict(sql_, link.id, std::nullopt)) {
        detail = std::to_string(asked->id);
        return Reason::kConflict;
    }
    if (blocked(link.id, detail)) return Reason::kBlocked;
    if (!intents_of(sql_, link.id).empty()) return Reason::kInFlight;
    if (may_be_there(sql_, plan_.id, link.record)) return Reason::kUndecided;
    return Reason::kUnsent;
}

// Edits that the triggers have logged and no sync has looked at yet have no shadow row.
bool Examiner::not_absorbed(std::int64_t record, const GroupPlan* group) const {
    auto& rows = sql_.bind(
        "SELECT field FROM kontor_history WHERE entity = ?1 AND record = ?2 AND run IS NULL AND"
        " seq > (SELECT CAST(value AS INTEGER) FROM kontor_meta WHERE key = 'absorbed_seq')",
        plan_.entity.id, record);
    bool found = false;
    while (Sql::step(rows)) {
        if (found) continue;  // to the end: the statement is shared
        if (group == nullptr || rows.is_null(0)) {
            found = true;
            continue;
        }
        for (const auto& columns : group->columns)
            for (const std::size_t column : columns)
                found = found || plan_.column_fields[column] == rows.integer(0);
    }
    return found;
}

// Under its old id, and no sync has looked at that yet.
bool Examiner::made_again(std::int64_t record) const {
    const auto first = sql_.text(
        "SELECT op FROM kontor_history WHERE entity = ? AND record = ? AND field IS NULL AND"
        " run IS NULL AND seq > (SELECT CAST(value AS INTEGER) FROM kontor_meta"
        " WHERE key = 'absorbed_seq') ORDER BY seq LIMIT 1",
        plan_.entity.id, record);
    return first == "i";
}

bool Examiner::blocked(std::int64_t link, std::string& detail) const {
    const auto code = sql_.text(
        "SELECT coalesce(nullif(code, ''), status) FROM kontor_blocked WHERE link = ?", link);
    if (code) detail = *code;
    return code.has_value();
}

}  // namespace kontor::engine
