// Deletions there, images of what was deleted here, and what comes back.
#include <algorithm>
#include <map>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/arrivals.hpp"
#include "sync/engine/deletion_question.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/merger.hpp"

namespace kontor::engine {

using replica::LinkState;

namespace {

bool has_unpushed_edits(Context& context, const StreamPlan& plan, const Link& link,
                        const merge::References& references) {
    const auto row = read_row(context.sql, plan, link.record);
    if (!row) return false;
    for (const auto& [group_id, shadow] : shadows_of(context.sql, link.id)) {
        const GroupPlan* group = plan.group(group_id);
        if (group != nullptr && group->writable() &&
            shadow.edited(put_group(*group, *row, references)))
            return true;
    }
    // In question, and nothing is known of what the remote held before: ours is still untold.
    if (has_open_group_conflict(context.sql, link.id)) return true;
    // Made there by us and not seen since: what was not sent with it has no shadow yet. Or taken up
    // again (take_up()) and not compared since: nothing is known of what the remote held.
    const bool taken_up = link.covers == 0 && link.version.empty();
    if (!taken_up && std::ranges::none_of(intents_of(context.sql, link.id),
                                          [](const Intent& i) { return i.op == "create"; }))
        return false;
    const auto shadows = shadows_of(context.sql, link.id);
    return std::ranges::any_of(plan.groups, [&](const GroupPlan& group) {
        return group.writable() && link.covers < group.since && !shadows.contains(group.id) &&
               !merge::is_blank(put_group(group, *row, references));
    });
}

ConflictSides who_there(const remote::RecordView& image) {
    return {.base = std::nullopt,
            .ours = {},
            .theirs = {},
            .theirs_version = std::string(image.version),
            .theirs_by = std::string(image.modified_by)};
}

}  // namespace

// What a policy decides is listed as what people decide, with what was not taken.
void Merger::decide_deletion(const Link& link, const remote::RecordView& image,
                             const DeletionSides& sides, std::string_view rule,
                             std::string_view chosen) {
    record_conflict(context_, plan_, link, std::nullopt, "delete", who_there(image), rule, chosen);
    keep_sides(context_.sql, link.id, sides);
    ++counts_.conflicts;
}

// `handed_on`: what was to be told the remote of it, as far as that is known, a successor has.
void Merger::gone(Link link, const remote::RecordView& image, bool handed_on) {
    if (link.state == LinkState::kDeletedThere || link.state == LinkState::kDone ||
        link.state == LinkState::kDetached)
        return;
    // Never seen at the organisation that is there now: its deletions do not concern us.
    if (link.state == LinkState::kMissing && link.covers == 0) return;
    unblock(context_.sql, link.id);
    if (link.state == LinkState::kDeleteHere) {  // both sides deleted it
        pin_referrers(context_.sql, context_.plans, plan_, link.record);
        link.state = LinkState::kDone;
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        close_record_conflict(context_, link.id, "deleted_there");
        drop_intents(context_.sql, link.id);
        drop_shadows(context_.sql, link.id);
        return;
    }
    // A deletion of ours that was taken back after it had been sent counts as an edit.
    const bool edited =
        !handed_on && (has_unpushed_edits(context_, plan_, link, references_) ||
                       std::ranges::any_of(intents_of(context_.sql, link.id),
                                           [](const Intent& i) { return i.op == "delete"; }));
    drop_intents(context_.sql, link.id);
    // After a restore the edit may be one that the remote had, and that was deleted along with it.
    const bool asks = plan_.mapping.delete_against_edit == merge::Policy::kManual ||
                      (unread_ && plan_.mapping.delete_against_edit != merge::Policy::kRemote);
    if (edited && asks) {
        if (record_conflict(context_, plan_, link, std::nullopt, "delete", who_there(image),
                            "manual", ""))
            ++counts_.conflicts;
        link.state = LinkState::kDeletedThere;
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        return;
    }
    if (edited && plan_.mapping.delete_against_edit != merge::Policy::kRemote) {
        // The edit wins: the record will be created there again, under a new id.
        decide_deletion(link, image, deleted_there(context_.sql, plan_, link, references_),
                        "edit_wins", "ours");
        pin_referrers(context_.sql, context_.plans, plan_, link.record);
        start_afresh(context_, link);
        return;
    }
    if (plan_.mapping.delete_here != merge::DeletePolicy::kMirror) {
        if (plan_.mapping.delete_here == merge::DeletePolicy::kAsk &&
            record_conflict(context_, plan_, link, std::nullopt, "delete", who_there(image), "ask",
                            ""))
            ++counts_.conflicts;
        link.state = LinkState::kDeletedThere;
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        return;
    }
    if (edited)
        decide_deletion(link, image, deleted_there(context_.sql, plan_, link, references_),
                        "deletion_wins", "theirs");
    pin_referrers(context_.sql, context_.plans, plan_, link.record);
    link.state = LinkState::kDeletedThere;
    save_link(context_.sql, link);
    clear_dirty(context_.sql, link.id);
    drop_shadows(context_.sql, link.id);
    close_group_conflicts(context_, link.id, "deleted_there");
    remove_row(context_, plan_.entity, link.record, plan_.id, cause(image, "deleted_there"));
    note_delete(context_, plan_.entity.id, link.record, plan_.id);
    if (!image.successor.empty())
        context_.sql.run(
            "INSERT INTO kontor_notice(at, kind, entity, record, args)"
            " VALUES(?, 'merged_there', ?, ?, json_object('successor', ?))",
            context_.now(), plan_.entity.id, link.record, image.successor);
    ++counts_.deleted_here;
}

void Merger::revive(Link link, const remote::RecordView& image, std::string_view rule) {
    std::vector<const GroupPlan*> waiting;
    close_record_conflict(context_, link.id, rule);
    // References to it stood for nothing, and mean something again.
    pin_referrers(context_.sql, context_.plans, plan_, link.record);
    if (read_row(context_.sql, plan_, link.record)) {  // kept here by policy or conflict
        link.state = LinkState::kLive;
        save_link(context_.sql, link);  // it may refer to itself
        merge_live(link, link, image, true);
        wake_referrers(context_.sql, context_.plans, plan_, link.record);
        return complete_referrers(context_, plan_, link);
    }
    // To the other remotes too: what they hold was sent while the reference led nowhere.
    for (const StreamPlan& other : context_.plans.all())
        if (other.entity.id == plan_.entity.id && other.id != plan_.id)
            pin_referrers(context_.sql, context_.plans, other, link.record);
    const Row row = row_from(image, last_row(context_.sql, plan_, link.record), waiting);
    std::vector<ColumnChange> overrides;
    for (std::size_t i = 0; i < row.size(); ++i) overrides.push_back({i, row[i]});
    restore_row(context_, plan_, link.record, overrides, cause(image, rule));
    link.state = LinkState::kLive;
    link.version = std::string(image.version);
    link.covers = plan_.generation;
    save_link(context_.sql, link);
    drop_shadows(context_.sql, link.id);
    remember(link, image, row, waiting);
    note_insert(context_, plan_.entity.id, link.record, plan_.id);
    wake_referrers(context_.sql, context_.plans, plan_, link.record);
    complete_referrers(context_, plan_, link);
    ++counts_.created_here;
}

// The link gets the version of an image that is not merged: what was known of the remote before is
// written down, and it covers nothing, so that the record is read again if it comes back here.
void Merger::keep_bases(Link& link, const Row& row) {
    const auto shadows = shadows_of(context_.sql, link.id);
    for (const GroupPlan& group : plan_.groups) {
        if (link.covers < group.since || shadows.contains(group.id)) continue;
        const auto known = put_group(group, row, references_);
        save_shadow(context_.sql, link.id, group.id, {known, known, false});
    }
    link.covers = 0;
}

// We deleted it and have not told the remote; has somebody edited it there since?
void Merger::image_of_deleted_here(Link link, const remote::RecordView& image, bool authoritative) {
    // It is still there, so a delete of unknown fate was not carried out. An edit of ours that was
    // is no edit of theirs.
    const auto intents = intents_of(context_.sql, link.id);
    // Where versions are times, what they did within the same tick as what was read last, or as our
    // write, has no other one; and of what was read last a part may have been hidden. But what
    // keep_bases() has left behind, and was kept then, has been decided about.
    if (image.version < link.version) return drop_intents(context_.sql, link.id);
    const bool same_version = image.version == link.version;
    const bool decided = same_version && link.covers == 0 && intents.empty();
    const bool may_be_read = may_reread_ && !authoritative;
    if (may_be_read && !read_whole_before(link, image) &&
        std::ranges::any_of(plan_.groups,
                            [&](const auto& group) { return is_cut(image, group); })) {
        rereads_.emplace_back(image.id);  // the edit may be in what the list has cut
        return;
    }
    const auto sent_by_us = [&](const GroupPlan& group, const merge::GroupValues& theirs) {
        const merge::GroupValues* values = nullptr;
        for (const Intent& intent : intents) {
            const bool ours = by_us(image) || own_write(intent, image);
            for (const SentGroup& sent : intent.sent)
                if (sent.group == group.id && (ours || sent.values == theirs))
                    values = &sent.values;
        }
        return values;
    };
    const auto is_kept = [&](const GroupPlan& group, const merge::GroupValues& theirs,
                             const merge::GroupValues& known) {
        return was_offered(context_, plan_, group, link.record, theirs, known);
    };
    const Row row = last_row(context_.sql, plan_, link.record);
    const auto shadows = shadows_of(context_.sql, link.id);
    struct Offer {
        const GroupPlan* group;
        merge::GroupValues theirs, known;
    };
    std::vector<Offer> offers;
    std::map<std::int64_t, Shadow> settled;
    bool edited = false;
    for (const GroupPlan& group : plan_.groups) {
        auto theirs = image_values(image, group);
        if (std::ranges::any_of(theirs, &Value::is_absent) || !group.writable()) continue;
        const auto shadow = shadows.find(group.id);
        if (shadow != shadows.end() && shadow->second.unknown()) {
            // Nothing tells an edit, but nobody here has seen it.
            if (!merge::is_blank(theirs) && !(decided && is_kept(group, theirs, {})))
                offers.push_back({&group, std::move(theirs), {}});
            continue;
        }
        auto known =
            shadow != shadows.end() ? shadow->second.theirs : put_group(group, row, references_);
        for (std::size_t i = 0; i < known.size(); ++i) {
            if (merge::is_broken(known[i])) known[i] = Value::null();  // no remote holds it
            // What it refers to may have been made again since under another id.
            if (shadow != shadows.end() || known[i] == theirs[i]) continue;
            const auto led = references_.led_to(group.mapping->fields[i], theirs[i]);
            if (led && *led == row[group.columns[i].front()]) known[i] = theirs[i];
        }
        if (theirs == known || (decided && is_kept(group, theirs, known))) continue;
        if (const auto* ours = sent_by_us(group, theirs)) {
            settled.insert_or_assign(group.id, Shadow{std::move(theirs), *ours, false});
        } else {
            offers.push_back({&group, std::move(theirs), std::move(known)});
            edited = true;
        }
    }
    // Or it is older, from a copy that lags: only the record itself tells.
    if (edited && same_version && may_be_read) {
        rereads_.emplace_back(image.id);
        return;
    }
    drop_intents(context_.sql, link.id);
    const bool manual = plan_.mapping.delete_against_edit == merge::Policy::kManual;
    const bool deletion_wins = plan_.mapping.delete_against_edit == merge::Policy::kRemote;
    auto sides = deleted_here(context_.sql, plan_, link.record);
    for (const Offer& offer : offers) sides.add(plan_, *offer.group, offer.known, offer.theirs);
    if (edited && !manual && !deletion_wins) {
        decide_deletion(link, image, sides, "edit_wins", "theirs");
        clear_dirty(context_.sql, link.id);
        return revive(std::move(link), image, "edit_wins");
    }
    // What may go with the record stays in the history.
    for (const Offer& offer : offers)
        keep_offered(context_, plan_, *offer.group, link.record, offer.theirs, offer.known,
                     cause(image, manual ? "manual" : "deletion_wins"));
    for (const auto& [group, shadow] : settled) save_shadow(context_.sql, link.id, group, shadow);
    if (!offers.empty()) keep_bases(link, row);
    // Where it is asked whether the remote is to be told at all, the question shows their edit.
    if (edited && deletion_wins && !open_conflict(context_.sql, link.id, std::nullopt))
        decide_deletion(link, image, sides, "deletion_wins", "ours");
    if (edited && manual) {
        if (record_conflict(context_, plan_, link, std::nullopt, "delete", who_there(image),
                            "manual", ""))
            ++counts_.conflicts;
        clear_dirty(context_.sql, link.id);
    }
    link.version = std::string(image.version);  // a question is about this image
    save_link(context_.sql, link);
}

}  // namespace kontor::engine
