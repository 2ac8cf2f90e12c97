// Records that come without a link: ours that were created there, and theirs that are new here.
#include <algorithm>

#include "sync/engine/absorb.hpp"
#include "sync/engine/arrivals.hpp"
#include "sync/engine/merger.hpp"
#include "sync/engine/record_key.hpp"
#include "sync/merge/lens.hpp"

namespace kontor::engine {
namespace {

// True if the columns hold a group just as the image shows it: nothing to remember of it.
bool came_as_it_is(const GroupPlan& group, const remote::RecordView& image) {
    if (!group.identity || group.direction() == merge::Direction::kOut) return false;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        const ValueView& value = image.fields[group.first_field + i];
        const auto& field = group.mapping->fields[i];
        if (value.is_absent() || field.direction == merge::Direction::kOut ||
            !merge::keeps_value(field, value))
            return false;
    }
    return true;
}

// A group moves as one: not at all while the image shows only some of it.
bool lacks_part(const GroupPlan& group, const remote::RecordView& image) {
    const auto& fields = group.mapping->fields;
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (fields[i].direction != merge::Direction::kOut &&
            image.fields[group.first_field + i].is_absent())
            return true;
    return false;
}

}  // namespace

// Our own create, met by a pull before its answer was stored (or after the answer was lost).
std::optional<std::int64_t> Merger::unsent_link_of(const remote::RecordView& image) const {
    if (plan_.key_index < image.fields.size()) {
        const ValueView key = image.fields[plan_.key_index];
        if (key.kind != Kind::kText || key.text.empty()) return std::nullopt;
        const auto called = link_called(context_.sql, plan_, key.text);
        if (called && link_by_id(context_.sql, *called)->ext_id.empty()) return called;
        // Deleted here since.
        return context_.sql.integer(
            "SELECT l.id FROM kontor_intent i CROSS JOIN kontor_link l ON l.id = i.link"
            " WHERE i.key = ? AND i.op = 'create' AND l.stream = ? AND l.ext_id IS NULL",
            key.text, plan_.id);
    }
    // Without a key: only a record that equals in all that was sent, and is by us.
    if (by_somebody_else(image)) return std::nullopt;
    std::vector<std::int64_t> candidates;
    auto& rows = context_.sql.bind(
        "SELECT i.link FROM kontor_intent i CROSS JOIN kontor_link l ON l.id = i.link"
        " WHERE l.stream = ? AND l.ext_id IS NULL AND i.op = 'create'"
        " AND i.state IN ('unknown', 'parked')",
        plan_.id);
    while (Sql::step(rows)) candidates.push_back(rows.integer(0));
    for (const std::int64_t candidate : candidates) {
        const auto intents = intents_of(context_.sql, candidate);
        const bool equal = std::ranges::all_of(intents, [&](const Intent& intent) {
            return !intent.sent.empty() && shows(image, intent);
        });
        if (equal) return candidate;
    }
    return std::nullopt;
}

// What has not changed since before our create was sent is not what that has made, though it bears
// the same key: nothing that was sent says what it holds. Nor does it of what somebody else has
// changed since and does not show it.
void Merger::drop_create_of(const remote::RecordView& image) {
    const auto unsent = key_of(image).empty() ? std::nullopt : unsent_link_of(image);
    const auto changed = parse_instant(image.version);
    if (!unsent || !changed ||
        link_by_id(context_.sql, *unsent)->state != replica::LinkState::kLive)
        return;
    for (const Intent& intent : intents_of(context_.sql, *unsent)) {
        if (intent.op != "create" || !intent.at) continue;
        const bool before =
            *changed < *intent.at + context_.clock_offset - context_.clock_uncertainty;
        if (before || (by_somebody_else(image) && !shows(image, intent)))
            drop_intent(context_.sql, intent.id);
    }
}

bool Merger::shows(const remote::RecordView& image, const Intent& intent) const {
    return std::ranges::all_of(intent.sent, [&](const SentGroup& sent) {
        const GroupPlan* group = plan_.group(sent.group);
        return group == nullptr || image_values(image, *group) == sent.values;
    });
}

bool Merger::adopt_created(const remote::RecordView& image) {
    const auto link_id = unsent_link_of(image);
    if (!link_id) return false;
    auto link = link_by_id(context_.sql, *link_id);
    link->ext_id = std::string(image.id);
    link->version.clear();  // nothing of it has been merged yet, nor may all of it be shown
    save_link(context_.sql, *link);
    for (const Intent& intent : intents_of(context_.sql, link->id)) {
        for (const SentGroup& sent : intent.sent)
            save_shadow(context_.sql, link->id, sent.group, {sent.values, sent.values, false});
        if (intent.op == "create")
            set_intent_state(context_.sql, intent.id, "acked", image.version);
    }
    context_.sql.run("DELETE FROM kontor_blocked WHERE link = ?", link->id);
    // It was deleted here meanwhile, which a person is asked about: the answer marks it.
    if (!open_conflict(context_.sql, link->id, std::nullopt)) mark_dirty(context_.sql, link->id);
    ++counts_.created_there;
    wake_referrers(context_.sql, context_.plans, plan_, link->record);
    complete_referrers(context_, plan_, *link);
    return true;
}

std::string Merger::complete_references(const std::string& after, std::int64_t limit) {
    std::vector<std::string> arrived;
    auto& rows = context_.sql.bind(
        "SELECT DISTINCT w.ext_id FROM kontor_waiting w JOIN kontor_link l ON l.stream = w.stream"
        " AND l.ext_id = w.ext_id WHERE w.stream = ? AND w.ext_id > ? ORDER BY w.ext_id LIMIT ?",
        plan_.id, after, limit);
    while (Sql::step(rows)) arrived.emplace_back(rows.text(0));
    for (const std::string& id : arrived)
        if (const auto link = link_by_ext(context_.sql, plan_.id, id);
            link && link->state != replica::LinkState::kDeletedThere &&
            link->state != replica::LinkState::kDone)
            complete_referrers(context_, plan_, *link);
    return arrived.empty() ? "" : arrived.back();
}

Row Merger::row_from(const remote::RecordView& image, const Row& current,
                     std::vector<const GroupPlan*>& waiting) const {
    Row row = current;
    for (const GroupPlan& group : plan_.groups) {
        if (lacks_part(group, image)) continue;
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
            const ValueView theirs = image.fields[group.first_field + i];
            const auto& field = group.mapping->fields[i];
            if (field.direction == merge::Direction::kOut) continue;
            std::vector<Value> columns;
            for (const std::size_t column : group.columns[i]) columns.push_back(row[column]);
            auto got = merge::get(field, merge::from_remote(field, theirs), columns, references_);
            if (got.waits) {
                if (std::ranges::find(waiting, &group) == waiting.end()) waiting.push_back(&group);
                continue;
            }
            for (std::size_t k = 0; k < got.columns.size(); ++k)
                row[group.columns[i][k]] = std::move(got.columns[k]);
        }
    }
    return row;
}

std::string_view Merger::key_of(const remote::RecordView& image) const {
    if (plan_.key_index >= image.fields.size()) return {};
    const ValueView key = image.fields[plan_.key_index];
    return key.kind == Kind::kText ? key.text : std::string_view();
}

std::string Merger::uid_for(const remote::RecordView& image) const {
    const auto key = key_of(image);
    if (!is_uid(key) ||
        context_.sql.integer("SELECT 1 FROM \"" + plan_.entity.name + "\" WHERE uid = ?", key))
        return {};
    return std::string(key);
}

// A record that came from elsewhere may be the one that this image shows. False: it is new here.
bool Merger::meet_known(const remote::RecordView& image, bool authoritative) {
    const auto key = key_of(image);
    if (const auto same = key.empty() ? std::nullopt : matcher_.by_key(key)) {
        link_to(*same, image, authoritative, "key");
        return true;
    }
    const MatchState known = match_state(context_.sql, plan_.id, image.id);
    if (known.same && read_row(context_.sql, plan_, *known.same)) {
        link_to(*known.same, image, authoritative, "resolve");
        return true;
    }
    std::optional<Matcher::Found> found;
    if (matcher_.applies() || known.held || !known.apart.empty()) {
        std::vector<const GroupPlan*> waiting;
        found = matcher_.find(row_from(image, Row(plan_.columns.size(), Value::null()), waiting),
                              known.apart);
    }
    // What a newer image has asked, a page that lags does not answer: only the record itself does.
    const bool certain = found && found->comparison.likeness == merge::Likeness::kCertain;
    if (known.held && (!found || certain) && !authoritative && may_reread_) {
        rereads_.emplace_back(image.id);
        return true;
    }
    if (!found) {
        if (known.same || known.held || !known.apart.empty())
            forget_match(context_, plan_.id, image.id);
        return false;
    }
    if (certain)
        link_to(found->record, image, authoritative, found->comparison.rule);
    else
        ask_who(*found, image);
    return true;
}

// Clause b: nothing is known of what the two have in common, so the link covers nothing yet.
void Merger::link_to(std::int64_t record, const remote::RecordView& image, bool authoritative,
                     std::string_view rule) {
    forget_match(context_, plan_.id, image.id);
    add_unsent_link(context_.sql, plan_.id, record);
    auto link = link_by_record(context_.sql, plan_.id, record);
    link->ext_id = std::string(image.id);
    name_link(context_, plan_, *link, key_of(image));
    link->version.clear();
    link->covers = 0;
    link->state = replica::LinkState::kLive;
    save_link(context_.sql, *link);
    drop_shadows(context_.sql, link->id);
    close_record_conflict(context_, link->id, "linked");
    unblock(context_.sql, link->id);
    context_.sql.run(
        "INSERT INTO kontor_notice(at, kind, entity, record, args) VALUES(?, 'matched', ?, ?,"
        " json_object('connection', ?, 'stream', ?, 'id', ?, 'rule', ?))",
        context_.now(), plan_.entity.id, record, plan_.connection_name, plan_.mapping.stream,
        image.id, rule);
    merge_live(*link, *link, image, authoritative);
    wake_referrers(context_.sql, context_.plans, plan_, record);
    complete_referrers(context_, plan_, *link);
}

// Neither linked nor made anew before a person has said who it is. The record here is not created
// there meanwhile.
void Merger::ask_who(const Matcher::Found& found, const remote::RecordView& image) {
    const std::int64_t record = found.record;
    for (const std::int64_t one : found.others)
        hold(context_.sql, plan_.id, image.id, one, "queued");
    const auto other = context_.sql.text(
        "SELECT ext_id FROM kontor_match WHERE stream = ? AND record = ? AND state = 'asked'",
        plan_.id, record);
    if (other && *other != image.id)  // one question about a record at a time
        return hold(context_.sql, plan_.id, image.id, record, "queued");
    add_unsent_link(context_.sql, plan_.id, record);
    const auto link = link_by_record(context_.sql, plan_.id, record);
    const auto row = read_row(context_.sql, plan_, record);
    ConflictSides sides{.base = std::nullopt,
                        .ours = {},
                        .theirs = {},
                        .theirs_version = std::string(image.version),
                        .theirs_by = std::string(image.modified_by)};
    for (const GroupPlan& group : plan_.groups) {
        const auto ours = put_group(group, *row, references_);
        const auto theirs = image_values(image, group);
        sides.ours.insert(sides.ours.end(), ours.begin(), ours.end());
        sides.theirs.insert(sides.theirs.end(), theirs.begin(), theirs.end());
    }
    hold(context_.sql, plan_.id, image.id, record, "asked");
    if (record_conflict(context_, plan_, *link, std::nullopt, kMatch, sides, found.comparison.rule,
                        ""))
        ++counts_.conflicts;
}

void Merger::insert_new(const remote::RecordView& image, bool authoritative) {
    if (!authoritative) {
        if (may_reread_ && (page_lags_ || was_made_again(image))) {
            rereads_.emplace_back(image.id);
            return;
        }
        note_first_shown(image.id);
    }
    if (made_again(image, authoritative) || meet_known(image, authoritative)) return;
    std::vector<const GroupPlan*> waiting;
    const Row row = row_from(image, Row(plan_.columns.size(), Value::null()), waiting);
    Link link;
    const auto uid = uid_for(image);
    link.record = insert_row(context_, plan_, row, cause(image, ""), 0, uid);
    if (!uid.empty()) inherit_doubts(uid, link.record);
    if (!uid.empty()) inherit_links(uid, link.record);
    link.stream = plan_.id;
    link.ext_id = std::string(image.id);
    link.version = std::string(image.version);
    link.covers = plan_.generation;
    context_.sql.run(
        "INSERT INTO kontor_link(stream, record, ext_id, version, covers) VALUES(?, ?, ?, ?, ?)",
        link.stream, link.record, link.ext_id, link.version, link.covers);
    link.id = context_.sql.last_insert_id();
    count_records(context_.sql, link.stream, 1);
    remember(link, image, row, waiting);
    note_insert(context_, plan_.entity.id, link.record, plan_.id);
    complete_referrers(context_, plan_, link);
    ++counts_.created_here;
}

// A record that was deleted here is back, as another row. Where it is not known whether it was
// created before, it must not be created again.
void Merger::inherit_doubts(const std::string& uid, std::int64_t record) {
    context_.sql.run(
        "UPDATE kontor_link SET record = ?1 WHERE ext_id IS NULL AND record <> ?1 AND stream IN"
        " (SELECT id FROM kontor_stream WHERE entity = ?2) AND id IN"
        " (SELECT link FROM kontor_intent WHERE key = ?3 AND op = 'create'"
        " AND state IN ('sent', 'unknown', 'parked'))",
        record, plan_.entity.id, uid);
}

// … and where it was to be deleted there, it is called off, as for one that is restored here, and
// where it was kept there, it is met again. Else it would be made there once more, and the one that
// is there would stand, or come back, beside it.
void Merger::inherit_links(const std::string& uid, std::int64_t record) {
    for (const StreamPlan& other : context_.plans.all()) {
        if (other.entity.id != plan_.entity.id || other.id == plan_.id) continue;
        const auto id = context_.sql.integer(
            "SELECT l.id FROM kontor_tombstone t CROSS JOIN kontor_link l ON l.record = t.record"
            " WHERE t.uid = ? AND t.entity = ? AND l.stream = ? AND l.ext_id IS NOT NULL"
            " AND l.state IN (?, ?)",
            uid, plan_.entity.id, other.id, static_cast<int>(replica::LinkState::kDeleteHere),
            static_cast<int>(replica::LinkState::kDetached));
        if (!id || link_by_record(context_.sql, other.id, record)) continue;
        close_record_conflict(context_, *id, "restored");
        unblock(context_.sql, *id);
        clear_dirty(context_.sql, *id);
        // note_insert() takes it up: compared by the next sweep before anything is sent.
        context_.sql.run("UPDATE kontor_link SET record = ?, state = ? WHERE id = ?", record,
                         static_cast<int>(replica::LinkState::kDetached), *id);
    }
}

// What is known of a link whose row has just been made from `image`.
void Merger::remember(const Link& link, const remote::RecordView& image, const Row& row,
                      const std::vector<const GroupPlan*>& waiting) {
    bool cut = false;
    for (const GroupPlan& group : plan_.groups) {
        if (came_as_it_is(group, image)) continue;
        const auto theirs = image_values(image, group);
        if (std::ranges::any_of(theirs, &Value::is_absent)) {
            cut =
                cut || std::ranges::any_of(group.mapping->fields, &merge::FieldMapping::may_be_cut);
            save_shadow(context_.sql, link.id, group.id, Shadow::nothing_known(group));
            continue;
        }
        const bool waits = std::ranges::find(waiting, &group) != waiting.end();
        auto ours = put_group(group, row, references_);
        if (waits) ours = answer(group, theirs, std::move(ours), references_);
        // One that refers to itself has a target by now; its row was made without.
        if (waits)
            for (std::size_t i = 0; i < ours.size(); ++i)
                if (ours[i].is_null()) ours[i] = theirs[i];
        if (ours == theirs && !waits) continue;
        save_shadow(context_.sql, link.id, group.id, {theirs, ours, waits});
        if (!waits) continue;
        bool waits_still = false;
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i)
            if (waits_for_target(group.mapping->fields[i], theirs[i], references_)) {
                waits_still = true;
                wait_for(context_.sql, context_.plans, plan_.connection, link.id, group.id,
                         group.mapping->fields[i], theirs[i]);
            }
        // It refers to itself, and could not while its row was made.
        if (!waits_still) complete_reference(context_, plan_, group, link);
    }
    if (cut) rereads_.emplace_back(image.id);
}

}  // namespace kontor::engine
