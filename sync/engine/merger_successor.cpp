// Records that a remote has merged into another one, or converted into a record of another stream:
// who refers to them follows, and edits that had not been sent go on with their successor (D7).
#include <algorithm>

#include "sync/engine/absorb.hpp"
#include "sync/engine/arrivals.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/merger.hpp"
#include "sync/engine/record_key.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/policy.hpp"

namespace kontor::engine {

using replica::LinkState;

/// An edit of a record that is gone, which the remote has not been told.
struct Merger::Unsent {
    const GroupPlan* group = nullptr;
    std::optional<merge::GroupValues> base;  ///< nullopt: what the remote held is not known
    merge::GroupValues ours;
};

namespace {

/// Of the records that were not handed on to another remote yet, how many are looked at.
constexpr std::int64_t kHandedOnMax = 10'000;

/// Taken up again (take_up()) and not compared since: nobody knows what of it the remote was to be
/// told, so nothing of it can go on with a successor.
bool is_taken_up(Sql& sql, const Link& link) {
    return link.covers == 0 && link.version.empty() &&
           std::ranges::none_of(intents_of(sql, link.id),
                                [](const Intent& intent) { return intent.op == "create"; });
}

/// A reference column that points to one record.
struct Referrer {
    const replica::Entity* entity = nullptr;
    const replica::Field* field = nullptr;
    std::int64_t record = 0;
};

std::vector<Referrer> referrers_of(Context& context, const replica::Entity& target,
                                   std::int64_t record) {
    std::vector<Referrer> out;
    for (const auto& entity : context.plans.catalogue().entities())
        for (const auto& field : entity.fields) {
            if (field.type != remote::FieldType::kReference) continue;
            const bool any = field.target == replica::kAnyTarget;
            if (!any && field.target != target.name) continue;
            const Value wanted =
                any ? Value(target.name + ":" + std::to_string(record)) : Value(record);
            auto& rows = context.sql.bind(
                "SELECT id FROM \"" + entity.name + "\" WHERE \"" + field.name + "\" = ?", wanted);
            while (Sql::step(rows)) out.push_back({&entity, &field, rows.integer(0)});
        }
    return out;
}

}  // namespace

std::vector<Merger::Unsent> Merger::unsent_edits(const Link& link) const {
    std::vector<Unsent> out;
    const auto row = read_row(context_.sql, plan_, link.record);
    if (!row) return out;
    for (const auto& [group_id, shadow] : shadows_of(context_.sql, link.id)) {
        const GroupPlan* group = plan_.group(group_id);
        if (group == nullptr || !group->writable()) continue;
        auto ours = put_group(*group, *row, references_);
        if (!shadow.edited(ours)) continue;
        out.push_back({group, shadow.unknown() ? std::nullopt : std::optional(shadow.theirs),
                       std::move(ours)});
    }
    return out;
}

// Another replica has made a record anew that was deleted there, for its edit was to win: it has
// the key that it had, under another id. Ours goes on as that one, once the remote has said that
// the old id is gone; a key alone may have been copied.
bool Merger::made_again(const remote::RecordView& image, bool authoritative) {
    const auto key = key_of(image);
    if (key.empty() || (!authoritative && !may_reread_) || apart_.contains(image.id)) return false;
    auto known = link_called(context_.sql, plan_, key);
    if (known && link_by_id(context_.sql, *known)->ext_id.empty()) known.reset();
    if (!known) known = link_lost_as(key);
    if (!known) known = deleted_link_of(key);
    if (!known) return false;
    auto link = *link_by_id(context_.sql, *known);
    // Kept here, or deleted along with it: then it is the same record that is back, and other
    // remotes may have kept theirs.
    const bool gone =
        link.state == LinkState::kDeletedThere ||
        (link.state == LinkState::kDone && !read_row(context_.sql, plan_, link.record));
    if (!gone && link.state != LinkState::kLive && link.state != LinkState::kMissing &&
        link.state != LinkState::kAccessLost)
        return false;
    if (!authoritative) {
        rereads_.emplace_back(image.id);
    } else if (gone) {
        if (read_row(context_.sql, plan_, link.record))
            pin_referrers_to_deleted(context_, plan_, link);
        let_go(context_, link);
        give_key_after(context_, link);  // it is known by that from now on
        link.ext_id = std::string(image.id);
        revive(std::move(link), image, "made_again");
    } else {
        const bool first = heirs_.emplace(link.ext_id, image.id).second;
        rereads_.push_back(first ? link.ext_id : std::string(image.id));
    }
    return true;
}

std::optional<std::int64_t> Merger::deleted_link_of(std::string_view key) const {
    return context_.sql.integer(
        "SELECT l.id FROM kontor_tombstone t CROSS JOIN kontor_link l ON l.record = t.record"
        " AND l.stream = ? WHERE t.uid = ? AND t.entity = ? AND +l.ext_id IS NOT NULL"
        " AND l.key IS NULL",
        plan_.id, key, plan_.entity.id);
}

// One without a uid, for it came from there, that has an edit which was not sent, has not been
// handed on to another remote yet, stays here although it is gone there, or was deleted here along
// with it not long ago: as another replica would call what it makes again in its place.
std::optional<std::int64_t> Merger::link_lost_as(std::string_view key) {
    if (!is_uid(key)) return std::nullopt;
    if (!lost_keys_) {
        lost_keys_.emplace();
        std::vector<std::pair<std::int64_t, std::string>> lost;
        // Each by an index of its own, whatever the number of links (so +l.ext_id, which has one,
        // too). Of what is yet to be handed on there may be as many as there are records: here are
        // those that have come last.
        const std::string some = "SELECT l.id, l.ext_id FROM kontor_link l CROSS JOIN \"" +
                                 plan_.entity.name +
                                 "\" e ON e.id = l.record WHERE l.stream = ?1"
                                 " AND +l.ext_id IS NOT NULL AND e.uid IS NULL AND l.";
        auto& rows = context_.sql.bind(
            some + "dirty UNION " + some +
                "record IN (SELECT record FROM (SELECT u.record FROM kontor_stream s CROSS JOIN"
                " kontor_link u ON u.stream = s.id WHERE s.entity = ?2 AND u.dirty AND"
                " +u.ext_id IS NULL ORDER BY u.id DESC LIMIT ?4))"
                " UNION " +
                some + "state = " + std::to_string(static_cast<int>(LinkState::kDeletedThere)) +
                " UNION SELECT l.id, l.ext_id FROM kontor_tombstone t CROSS JOIN kontor_link l"
                " ON l.stream = ?1 AND l.record = t.record WHERE t.entity = ?2 AND t.at > ?3"
                " AND t.uid IS NULL AND +l.ext_id IS NOT NULL",
            plan_.id, plan_.entity.id, format_instant(context_.clock.now() - kLetGoKept),
            kHandedOnMax);
        while (Sql::step(rows)) lost.emplace_back(rows.integer(0), rows.text(1));
        for (const auto& [link, ext_id] : lost)
            lost_keys_->emplace(key_after(context_.sql, plan_, ext_id), link);
    }
    const auto found = lost_keys_->find(key);
    // It was made of the one here that bears that name, if that is known there under no id.
    if (found == lost_keys_->end() || matcher_.by_key(key)) return std::nullopt;
    return found->second;
}

// The other way round: what another replica has made again was read first, and now a page shows
// what it was made of, which was never here. Only the record itself tells whether that is there.
bool Merger::was_made_again(const remote::RecordView& image) const {
    return key_of(image).empty() && plan_.key_index < image.fields.size() &&
           link_called(context_.sql, plan_, key_after(context_.sql, plan_, image.id)).has_value();
}

// What the remote says of an id that may have got another.
void Merger::answer_for_heir(const remote::RecordView& image) {
    const auto found = heirs_.find(image.id);
    if (found == heirs_.end()) return apply_fact(image, true);
    const std::string heir = found->second;
    heirs_.erase(found);
    const bool gone = image.fact == remote::Fact::kDeleted || image.fact == remote::Fact::kMissing;
    if (gone && image.successor.empty()) {
        if (auto link = link_by_ext(context_.sql, plan_.id, image.id);
            link && link->state == LinkState::kMissing && link->covers == 0)
            return become(std::move(*link), heir);  // who gave the old id may give it again
        remote::RecordView inherits = image;
        inherits.fact = remote::Fact::kMerged;
        inherits.successor = heir;
        return apply_fact(inherits, true);
    }
    apart_.insert(heir);
    rereads_.push_back(heir);
    apply_fact(image, true);
}

void Merger::succeeded(Link link, const remote::RecordView& image) {
    const bool ours_to_keep = link.state == LinkState::kLive || link.state == LinkState::kMissing ||
                              link.state == LinkState::kAccessLost;
    const bool unseen = link.state == LinkState::kMissing && link.covers == 0;
    if (image.successor.empty() || !ours_to_keep || unseen || is_taken_up(context_.sql, link))
        return gone(std::move(link), image);
    if (image.fact == remote::Fact::kConverted) return converted(std::move(link), image);

    const auto winner = link_by_ext(context_.sql, plan_.id, image.successor);
    if (!winner) {
        let_go(context_, link);
        return become(std::move(link), image.successor);
    }
    if (!read_row(context_.sql, plan_, winner->record)) return gone(std::move(link), image);
    for (const Unsent& edit : unsent_edits(link)) carry_over(edit, link, *winner, image);
    follow(link.record, winner->record);
    end_loser(std::move(link), image);
}

// Our record becomes one that is not here yet. What we know of the one is the base of the other.
void Merger::become(Link link, std::string_view id) {
    pin_referrers(context_.sql, context_.plans, plan_, link.record);
    give_key_after(context_, link);
    drop_intents(context_.sql, link.id);
    unblock(context_.sql, link.id);
    link.ext_id = std::string(id);
    link.version.clear();
    link.state = LinkState::kLive;
    save_link(context_.sql, link);
    mark_dirty(context_.sql, link.id);
    wake_referrers(context_.sql, context_.plans, plan_, link.record);
    complete_referrers(context_, plan_, link);
    rereads_.push_back(link.ext_id);
}

// A merge with the winner: what its remote holds against what was typed into the loser.
void Merger::carry_over(const Unsent& edit, const Link& loser, const Link& winner,
                        const remote::RecordView& image) {
    const GroupPlan& group = *edit.group;
    const auto row = *read_row(context_.sql, plan_, winner.record);
    const auto local = put_group(group, row, references_);
    if (local == edit.ours) return;
    const auto shadows = shadows_of(context_.sql, winner.id);
    const auto shadow = shadows.find(group.id);
    const bool known = shadow != shadows.end() ? !shadow->second.unknown() && !shadow->second.waits
                                               : winner.covers >= group.since;
    const auto theirs = known && shadow != shadows.end() ? shadow->second.theirs : local;
    const bool edited = known && shadow != shadows.end() && local != shadow->second.ours;

    merge::Decision decision{.kind = merge::Decision::Kind::kOurs, .merged = {}, .rule = {}};
    const bool conflict = theirs != edit.base && !merge::is_blank(theirs);
    if (edited || !known)
        decision = {.kind = merge::Decision::Kind::kTheirs, .merged = {}, .rule = "merged_there"};
    else if (conflict)
        decision =
            merge::decide(group.mapping->policy, group.mapping->fallback, edit.base, edit.ours,
                          theirs, {}, false, group.mapping->owner == plan_.connection_name);
    name_standing(group, decision.rule);
    using enum merge::Decision::Kind;
    const bool taken = decision.kind != kTheirs;
    const bool parked = decision.kind == kPark || decision.kind == kWait;
    if (taken) {
        const auto from = *read_row(context_.sql, plan_, loser.record);
        std::vector<ColumnChange> changes;
        OldValues old;
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
            std::vector<Value> values;
            for (const std::size_t column : group.columns[i]) values.push_back(from[column]);
            if (decision.kind == kMerged) {
                auto got =
                    merge::get(group.mapping->fields[i], decision.merged[i], values, references_);
                if (!got.waits) values = std::move(got.columns);
            }
            for (std::size_t k = 0; k < values.size(); ++k) {
                const std::size_t column = group.columns[i][k];
                if (values[k] == row[column]) continue;
                changes.push_back({column, values[k]});
                old.emplace(plan_.column_fields[column], row[column]);
            }
        }
        update_row(context_, plan_, winner.record, row, changes, cause(image, "merged_there"));
        // Parked, the base stays as it was, so that the next image finds the question still open.
        const Shadow asked =
            edit.base ? Shadow{*edit.base, *edit.base, false} : Shadow::edit_of_unknown(theirs);
        save_shadow(context_.sql, winner.id, group.id,
                    parked ? asked : Shadow{theirs, theirs, false});
        mark_dirty(context_.sql, winner.id);
        note_change(context_, plan_.entity.id, winner.record, old, plan_.id);
    }
    if (!conflict && taken) return;
    if (!taken)
        keep_offered(context_, plan_, group, winner.record, edit.ours, {},
                     cause(image, "merged_there"));
    if (open_conflict(context_.sql, winner.id, group.id)) return;  // the question stands
    // Chosen afterwards, `theirs` is what stands in the winner and `ours` what was typed.
    if (record_conflict(context_, plan_, winner, group.id, "edit",
                        {.base = edit.base,
                         .ours = edit.ours,
                         .theirs = edited ? local : theirs,
                         .theirs_version = std::string(image.version),
                         .theirs_by = std::string(image.modified_by)},
                        decision.rule,
                        parked  ? ""
                        : taken ? "ours"
                                : "theirs"))
        ++counts_.conflicts;
}

void Merger::follow(std::int64_t from, std::int64_t to) {
    for (const Referrer& one : referrers_of(context_, plan_.entity, from)) {
        const bool any = one.field->target == replica::kAnyTarget;
        const auto value = [&](std::int64_t id) {
            return any ? Value(plan_.entity.name + ":" + std::to_string(id)) : Value(id);
        };
        context_.sql.run(
            "UPDATE \"" + one.entity->name + "\" SET \"" + one.field->name + "\" = ? WHERE id = ?",
            value(to), one.record);
        add_history(context_, one.entity->id, one.record, one.field->id, "u", value(from),
                    {.actor = "remote:" + plan_.connection_name, .rule = "merged_there"});
        note_change(context_, one.entity->id, one.record, {{one.field->id, value(from)}}, 0);
    }
    // Elsewhere the loser may be known, and the winner not: then it is the winner there.
    for (const StreamPlan& other : context_.plans.all()) {
        if (other.entity.id != plan_.entity.id || other.id == plan_.id) continue;
        auto link = link_by_record(context_.sql, other.id, from);
        if (!link || link->ext_id.empty() || link->state != LinkState::kLive ||
            !intents_of(context_.sql, link->id).empty())
            continue;
        if (auto there = link_by_record(context_.sql, other.id, to)) {
            if (!there->ext_id.empty() || !intents_of(context_.sql, there->id).empty()) continue;
            forget_link(context_.sql, there->id);
        }
        drop_shadows(context_.sql, link->id);
        close_group_conflicts(context_, link->id, "merged_there");
        keep_name(context_, other, *link);
        link->record = to;
        link->covers = 0;
        link->version.clear();
        save_link(context_.sql, *link);
        // Who refers to the winner may have waited for it to be made there (D6).
        wake_referrers(context_.sql, context_.plans, other, to);
        // Compared with its image before anything is sent.
        context_.sql.run("UPDATE kontor_stream SET swept_at = NULL WHERE id = ?", other.id);
    }
}

// A lead that has become a contact: what was typed here goes on in the columns of the same name.
void Merger::converted(Link link, const remote::RecordView& image) {
    const auto edits = unsent_edits(link);
    const StreamPlan* target = nullptr;
    std::optional<Link> successor;
    for (const StreamPlan& plan : context_.plans.all())
        if (plan.connection == plan_.connection && !successor) {
            successor = link_by_ext(context_.sql, plan.id, image.successor);
            target = &plan;
        }
    const auto there =
        successor ? read_row(context_.sql, *target, successor->record) : std::nullopt;
    if (!edits.empty() && !there) {
        // Nowhere to go yet: the record stays, and a person decides.
        if (record_conflict(context_, plan_, link, std::nullopt, "delete", {}, kConvertedThere, ""))
            ++counts_.conflicts;
        link.state = LinkState::kDeletedThere;
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        return;
    }
    if (there) {
        const auto row = *read_row(context_.sql, plan_, link.record);
        std::vector<ColumnChange> changes;
        OldValues old;
        for (const Unsent& edit : edits)
            for (std::size_t i = 0; i < edit.group->columns.size(); ++i)
                for (const std::size_t column : edit.group->columns[i]) {
                    const auto found = std::ranges::find(target->columns, plan_.columns[column]);
                    if (found == target->columns.end() || row[column].is_blank()) continue;
                    const auto at = static_cast<std::size_t>(found - target->columns.begin());
                    const Value& now = (*there)[at];
                    if (row[column] == now) continue;
                    if (!now.is_blank() &&
                        (!edit.base || now != (*edit.base)[i])) {  // it has been changed since
                        add_history(context_, target->entity.id, successor->record,
                                    target->column_fields[at], "k", row[column],
                                    cause(image, kConvertedThere));
                        continue;
                    }
                    changes.push_back({at, row[column]});
                    old.emplace(target->column_fields[at], now);
                }
        update_row(context_, *target, successor->record, *there, changes,
                   cause(image, kConvertedThere));
        note_change(context_, target->entity.id, successor->record, old, 0);
    }
    end_loser(std::move(link), image);
}

// It is gone without a question. If it was made there by us and not read since, what was sent with
// that is there.
void Merger::end_loser(Link link, const remote::RecordView& image) {
    drop_intents(context_.sql, link.id);
    drop_shadows(context_.sql, link.id);
    close_group_conflicts(context_, link.id, "merged_there");
    gone(std::move(link), image, true);
}

}  // namespace kontor::engine
