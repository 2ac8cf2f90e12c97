#include "sync/engine/merger.hpp"

#include <algorithm>

#include "sync/engine/absorb.hpp"
#include "sync/engine/epoch.hpp"
#include "sync/engine/hidden_fields.hpp"
#include "sync/engine/late_reads.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/merger_work.hpp"
#include "sync/engine/record_key.hpp"
#include "sync/engine/retyped_fields.hpp"
#include "sync/engine/uncovered.hpp"
#include "sync/engine/waits_in_vain.hpp"
#include "sync/merge/lens.hpp"

namespace kontor::engine {

using replica::LinkState;

namespace {

// True if the image shows just what stands in the row, and in a form that needs no translating.
bool as_here(const GroupPlan& group, const remote::RecordView& image, const Row& row) {
    if (!group.identity) return false;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        const ValueView& theirs = image.fields[group.first_field + i];
        if (!(theirs == row[group.columns[i].front()].view()) ||
            !merge::keeps_value(group.mapping->fields[i], theirs))
            return false;
    }
    return true;
}

}  // namespace

Merger::Merger(Context& context, const StreamPlan& plan, StreamCounts& counts)
    : context_(context),
      plan_(plan),
      counts_(counts),
      references_(context.sql, context.plans, plan.connection),
      matcher_(context, plan),
      unread_(is_unread(context.sql, plan.id)),
      form_changes_(form_changes(context.sql, plan.id)),
      unshown_until_(unshown_until(context.sql, plan.id)) {}

std::vector<std::string> Merger::take_rereads() {
    const auto shown = std::exchange(first_shown_, {});
    if (std::exchange(page_lags_, false))
        rereads_.insert(rereads_.end(), shown.begin(), shown.end());
    return std::exchange(rereads_, {});
}

// To be read by id, and a sign that the page comes from a copy that lags. Of what that shows for
// the first time nobody can say how old it is: it may have changed and be gone, and come back under
// the same stamp when nobody looks.
void Merger::doubt(std::string_view id) {
    rereads_.emplace_back(id);
    page_lags_ = true;
}

Cause Merger::cause(const remote::RecordView& image, std::string_view rule) const {
    std::string actor = "remote:" + plan_.connection_name;
    if (!image.modified_by.empty()) actor.append(":").append(image.modified_by);
    return {.actor = std::move(actor), .rule = std::string(rule)};
}

bool Merger::by_us(const remote::RecordView& image) const {
    return !plan_.connection_user.empty() && image.modified_by == plan_.connection_user;
}

// Not every remote tells who we are, and then who has changed the record says nothing.
bool Merger::by_somebody_else(const remote::RecordView& image) const {
    return !plan_.connection_user.empty() && !image.modified_by.empty() && !by_us(image);
}

merge::GroupValues Merger::image_values(const remote::RecordView& image,
                                        const GroupPlan& group) const {
    merge::GroupValues out;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i)
        out.push_back(
            merge::from_remote(group.mapping->fields[i], image.fields[group.first_field + i]));
    return out;
}

void Merger::apply(const remote::RecordView& image, bool authoritative) {
    if (!heirs_.empty() && authoritative) return answer_for_heir(image);
    apply_fact(image, authoritative);
}

void Merger::apply_fact(const remote::RecordView& image, bool authoritative) {
    switch (image.fact) {
        case remote::Fact::kRecord:
            return apply_record(image, authoritative);
        case remote::Fact::kDeleted:
        case remote::Fact::kMissing:
        case remote::Fact::kMerged:
        case remote::Fact::kConverted:
            if (auto link = link_by_ext(context_.sql, plan_.id, image.id)) {
                // It may have been restored since: what was merged is newer than its deletion.
                if (!authoritative && !image.version.empty() && image.version < link->version)
                    doubt(image.id);
                else
                    succeeded(std::move(*link), image);
            } else {
                forget_match(context_, plan_.id, image.id);
                if (authoritative) note_gone(context_, plan_.id, image.id);
                note_awaited_gone(context_, plan_, image.id);
            }
            return;
        case remote::Fact::kForbidden:
            if (auto link = link_by_ext(context_.sql, plan_.id, image.id);
                link && (link->state == LinkState::kLive || link->state == LinkState::kMissing)) {
                // The row and any edits stay: losing sight of a record is not its end.
                link->state = LinkState::kAccessLost;
                save_link(context_.sql, *link);
                context_.sql.run(
                    "INSERT INTO kontor_notice(at, kind, entity, record)"
                    " VALUES(?, 'access_lost', ?, ?)",
                    context_.now(), plan_.entity.id, link->record);
            }
            return;
        case remote::Fact::kId:
            return;
    }
}

// A link keeps the version that was merged last, also once its record is deleted.
bool Merger::is_older(const Link& link, const remote::RecordView& image) {
    return !link.version.empty() && !image.version.empty() && image.version < link.version;
}

void Merger::refuse_older(const Link& link, const remote::RecordView& image) const {
    if (!is_older(link, image)) return;
    stop({Errc::kMismatch,
          plan_.mapping.stream + " " + std::string(image.id) +
              " is older at the remote than what was read before: the remote was set back",
          {{"stream", plan_.mapping.stream},
           {"id", std::string(image.id)},
           {"known_version", link.version}}});
}

void Merger::apply_record(const remote::RecordView& image, bool authoritative) {
    ++counts_.seen;
    auto stored = link_by_ext(context_.sql, plan_.id, image.id);
    if (stored && is_gone(*stored) && unsent_link_of(image)) {
        // The id of one that it had lost, given to what we have made there since.
        give_up_id(context_, plan_, *stored);
        stored.reset();
    } else if (const auto key = key_of(image); stored && !key.empty() &&
                                               key != name_of(context_.sql, plan_, *stored) &&
                                               unsent_link_of(image)) {
        // … before anything has shown that it was lost.
        lose_id(context_, plan_, *stored);
        stored.reset();
    }
    if (!stored) {
        if (was_let_go(context_.sql, plan_.id, image.id)) {
            if (!authoritative && may_reread_) {
                rereads_.emplace_back(image.id);
                return;
            }
            take_back(context_.sql, plan_.id, image.id);
            drop_create_of(image);
        }
        if (!adopt_created(image)) return insert_new(image, authoritative);
        stored = link_by_ext(context_.sql, plan_.id, image.id);
    }
    auto link = stored;
    switch (link->state) {
        case LinkState::kDetached:
            return;
        case LinkState::kDeletedThere:
        case LinkState::kDone:
            // A late copy of a deleted record looks the same as a revived one: ask by id.
            if (!authoritative) {
                doubt(image.id);
                return;
            }
            refuse_older(*link, image);
            return revive(*link, image, "revived");
        case LinkState::kDeleteHere:
            return image_of_deleted_here(*link, image, authoritative);
        case LinkState::kMissing:
        case LinkState::kAccessLost:
            link->state = LinkState::kLive;
            break;
        case LinkState::kLive:
            break;
    }
    if (!authoritative && is_older(*link, image)) {
        doubt(image.id);
        return;
    }
    refuse_older(*link, image);
    merge_live(*stored, std::move(*link), image, authoritative);
}

namespace {

// Nothing of it has been merged, and no remote was accepted that may hold another in its place.
bool is_met_first(const Link& link) {
    return link.state == LinkState::kLive && link.covers == 0 && link.version.empty();
}

}  // namespace

void Merger::merge_live(const Link& stored_link, Link link, const remote::RecordView& image,
                        bool authoritative) {
    auto row = read_row(context_.sql, plan_, link.record);
    if (!row)
        stop({Errc::kCorrupt,
              "link " + std::to_string(link.id) + " has no record in " + plan_.entity.name,
              {{"entity", plan_.entity.name}, {"record", std::to_string(link.record)}}});
    auto stored = shadows_of(context_.sql, link.id);
    Work work{.link = std::move(link),
              .image = image,
              .authoritative = authoritative,
              .row = std::move(*row),
              .was = {},
              .stored_link = stored_link,
              .stored = std::move(stored),
              .shadows = {},
              .intents = {},
              .rules = {},
              .waiting = {},
              .completed = {}};
    work.shadows = work.stored;
    work.intents = intents_of(context_.sql, work.link.id);
    work.conflicts = has_open_conflicts(context_.sql, work.link.id);
    // We have written since, and were not told the version: this may be how it was before.
    const auto before_ours = [&](const Intent& i) {
        return i.state == "acked" && i.version.empty() && !i.base_version.empty() &&
               image.version <= i.base_version;
    };
    if (!authoritative && std::ranges::any_of(work.intents, before_ours)) {
        doubt(image.id);
        return;
    }
    // A copy that lags shows that by id, too. Where versions are times it may have been the same
    // tick.
    if (!parse_instant(image.version) && std::ranges::any_of(work.intents, [&](const Intent& i) {
            return before_ours(i) && i.at && context_.clock.now() - *i.at < kReadsLag;
        }))
        return;
    if (maybe_before_our_write(work) || must_be_read_whole(work)) {
        rereads_.emplace_back(image.id);
        return;
    }
    work.made_by_us =
        is_met_first(work.stored_link) ||
        std::ranges::any_of(work.intents, [](const Intent& i) { return i.op == "create"; });
    settle_intents(work);
    for (const GroupPlan& group : plan_.groups) merge_one_group(work, group);
    write_back(work);
}

namespace {

// How much later than its stamp a change may have been made: remotes stamp by the second, the
// minute or the day, and cut off the rest.
std::chrono::milliseconds hidden_by(Instant stamp) {
    std::chrono::milliseconds tick = std::chrono::seconds{1};
    for (const std::chrono::milliseconds longer :
         {std::chrono::milliseconds{std::chrono::minutes{1}},
          std::chrono::milliseconds{std::chrono::hours{24}}})
        if (stamp.time_since_epoch() % longer == std::chrono::milliseconds{0}) tick = longer;
    return tick - std::chrono::milliseconds{1};
}

}  // namespace

merge::Timing Merger::timing(const Work& work, const GroupPlan& group) const {
    merge::Timing out;
    out.uncertainty = context_.clock_uncertainty;
    // While a field is hidden, images and pushes of ours move the version without it.
    const bool unshown = std::ranges::any_of(group.mapping->fields, [&](const auto& field) {
        const auto until = unshown_until_.find(field.remote);
        return until != unshown_until_.end() && work.link.version <= until->second;
    });
    if (!unshown) out.theirs_after = parse_instant(work.link.version);
    if (const auto until = parse_instant(work.image.version))
        out.theirs_until = *until + hidden_by(*until);
    // The last one, not the one with the latest time: the clock may have been set back. When it was
    // another remote's, or put back by an undo, by a restore or as read-only, or came with what it
    // refers to (which name a rule), nobody knows when what stands here came to be.
    std::int64_t last = 0;
    for (const auto& columns : group.columns)
        for (const std::size_t column : columns) {
            auto& edits = context_.sql.bind(
                "SELECT seq, at, run IS NULL AND coalesce(rule, '') NOT IN ('undo', 'restored',"
                " 'read_only', 'reference_arrived') FROM kontor_history WHERE entity = ? AND "
                "record = ?"
                " AND field = ? AND op <> 'k' ORDER BY seq DESC LIMIT 1",
                plan_.entity.id, work.link.record, plan_.column_fields[column]);
            while (Sql::step(edits)) {
                if (edits.integer(0) < last) continue;
                last = edits.integer(0);
                out.ours = edits.integer(2) != 0 ? parse_instant(edits.text(1)) : std::nullopt;
            }
        }
    if (out.ours) *out.ours += context_.clock_offset;
    return out;
}

// A reference that was known, is blank now, and whose target has no usable remote id any more.
bool Merger::target_died(const GroupPlan& group, const merge::Known& known,
                         const merge::GroupValues& theirs) const {
    if (!merge::is_blank(theirs) || merge::is_blank(known.theirs)) return false;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        const Value& was = known.theirs[i];
        if (was.kind() != Kind::kText) continue;
        if (merge::shows_id(field.lens) && !references_.local_id(was.text(), field.references))
            return true;
        if (field.lens == merge::LensKind::kAnyReference && !references_.local_any(was.text()))
            return true;
    }
    return false;
}

// The last to turn it was a merge there, of the record that it led to: nobody here has chosen where
// it leads now.
bool Merger::followed_merge(const Work& work, std::size_t column, const Value& from) const {
    auto& last = context_.sql.bind(
        "SELECT op, rule, old FROM kontor_history WHERE entity = ? AND record = ? AND field = ?"
        " AND op <> 'k' ORDER BY seq DESC LIMIT 1",
        plan_.entity.id, work.link.record, plan_.column_fields[column]);
    bool out = false;
    while (Sql::step(last))
        out = last.text(0) == "u" && last.text(1) == "merged_there" && Value(last.value(2)) == from;
    return out;
}

// What stands here means what the remote held: nobody has turned the references elsewhere, but
// their targets are gone there, and perhaps made again for edits here, under other ids, or are
// others by now that they were merged into.
bool Merger::leads_where_it_led(const Work& work, const GroupPlan& group,
                                const merge::GroupValues& known,
                                const merge::GroupValues& local) const {
    for (std::size_t i = 0; i < local.size(); ++i) {
        if (local[i] == known[i]) continue;
        const auto& field = group.mapping->fields[i];
        const std::size_t column = group.columns[i].front();
        const auto was = references_.led_to(field, known[i]);
        if (was && waits_for_target(field, known[i], references_) &&
            followed_merge(work, column, *was))
            continue;
        if (!was || *was != work.row[column]) return false;
    }
    return true;
}

// What the image leaves out is known already. An equal stamp proves that only if it was not the
// present one when the record was read (clause d).
bool Merger::read_whole_before(const Link& link, const remote::RecordView& image) const {
    if (image.version != link.version) return false;
    const auto stamp = parse_instant(image.version);
    return !stamp || (open_since_ && *stamp < *open_since_);
}

// The version is known from the answer to a push that did not send the group: what somebody has
// written there between our look and our push is in no image that was read.
bool Merger::ours_but_for(const Work& work, const GroupPlan& group) {
    return std::ranges::any_of(work.intents, [&](const Intent& intent) {
        return intent.state == "acked" && intent.version == work.image.version &&
               std::ranges::find(intent.sent, group.id, &SentGroup::group) == intent.sent.end();
    });
}

bool Merger::is_cut(const remote::RecordView& image, const GroupPlan& group) {
    const auto& fields = group.mapping->fields;
    return std::ranges::any_of(image.fields.subspan(group.first_field, fields.size()),
                               &ValueView::is_absent) &&
           std::ranges::any_of(fields, &merge::FieldMapping::may_be_cut);
}

// A list has cut what we have not read. Nothing of such an image is merged: the link would have its
// version, and if it could not be read by id now, nobody would know later that it has to be.
bool Merger::must_be_read_whole(const Work& work) const {
    if (!may_reread_ || work.authoritative) return false;
    const bool read_before = read_whole_before(work.link, work.image);
    return std::ranges::any_of(plan_.groups, [&](const GroupPlan& group) {
        if (!is_cut(work.image, group)) return false;
        const auto shadow = work.shadows.find(group.id);
        return !read_before || ours_but_for(work, group) ||
               (shadow != work.shadows.end() && shadow->second.unknown());
    });
}

// Another content under a stamp that was merged already: newer within the same tick, or older and
// from a replica that lags. Only the record itself tells.
bool Merger::maybe_stale(const Work& work) const {
    return may_reread_ && !work.authoritative && !work.own_write &&
           work.image.version == work.link.version && parse_instant(work.image.version);
}

// A stamp that our own write shares with what was there before it, or with what somebody else wrote
// within the same tick: the image may be of before ours.
bool Merger::maybe_before_our_write(const Work& work) const {
    return may_reread_ && !work.authoritative && parse_instant(work.image.version) &&
           std::ranges::any_of(work.intents, [&](const Intent& i) {
               return i.state == "acked" && i.version == work.image.version &&
                      (i.base_version == i.version || !own_write(i, work.image));
           });
}

// What the remote keeps from us, of a record that was made there by us: what stands here and was
// not sent with it has been told to nobody.
Shadow Merger::not_shown(const Work& work, const GroupPlan& group) const {
    if (!work.made_by_us || !group.writable() ||
        merge::is_blank(put_group(group, work.row, references_)))
        return Shadow::nothing_known(group);
    return Shadow::edit_of_unknown(merge::GroupValues(group.mapping->fields.size(), Value::null()));
}

void Merger::merge_one_group(Work& work, const GroupPlan& group) {
    const auto shadow = work.shadows.find(group.id);
    const bool covered = work.link.covers >= group.since;
    // As most are; the same as below, without a copy.
    if (shadow == work.shadows.end() && covered && !work.conflicts &&
        as_here(group, work.image, work.row))
        return;
    const auto theirs = image_values(work.image, group);
    if (std::ranges::any_of(theirs, &Value::is_absent)) {
        if (!covered && shadow == work.shadows.end())
            work.shadows[group.id] = not_shown(work, group);
        return;
    }
    const auto local = put_group(group, work.row, references_);
    if (shadow == work.shadows.end() && covered && local == theirs && !work.conflicts) return;

    const auto parked =
        work.conflicts ? open_conflict(context_.sql, work.link.id, group.id) : std::nullopt;
    merge::GroupInput input{.known = std::nullopt,
                            .local = local,
                            .remote = theirs,
                            .policy = group.mapping->policy,
                            .fallback = group.mapping->fallback,
                            .direction = group.direction(),
                            .timing = {},
                            .parked = parked.has_value(),
                            .unsettled = std::ranges::any_of(work.intents, [&](const Intent& i) {
                                return i.state != "acked" &&
                                       std::ranges::any_of(i.sent, [&](const SentGroup& sent) {
                                           return sent.group == group.id;
                                       });
                            })};
    if (shadow != work.shadows.end() && !shadow->second.unknown())
        input.known = merge::Known{shadow->second.theirs, shadow->second.ours};
    else if (covered && shadow == work.shadows.end())
        input.known = merge::Known{local, local};
    // What a person has been asked about is not news, however often it is shown: asked for by id
    // each time, many open conflicts would keep a pull from ever getting past them.
    const bool asked_about =
        parked && conflict_theirs(context_.sql, parked->id) == std::optional(theirs);
    if (input.known && theirs != input.known->theirs && !asked_about && maybe_stale(work)) {
        work.stale = true;
        return;
    }
    // A conflict without a base stays one, whatever rows an edit has made meanwhile.
    if (parked && !parked->has_base) input.known = std::nullopt;
    // While a reference waits for its target, what stands here does not count.
    const bool waits = shadow != work.shadows.end() && shadow->second.waits;
    if (waits) {
        if (theirs == shadow->second.theirs) return;
        input.local = answer(group, shadow->second.theirs, local, references_);
    }
    if (!waits && input.known && target_died(group, *input.known, theirs)) {
        // The remote blanked the look-up because its target went, not because somebody chose to.
        // Ours stays if it still points to something; else there is nothing left to point to.
        if (!merge::is_blank(local)) input.known->theirs = theirs;
    } else if (input.known && theirs != input.known->theirs &&
               leads_where_it_led(work, group, input.known->ours, input.local)) {
        input.known->ours = input.local;
    }
    // Of a record that accept_remote() looks for, no more is known than that it may be another's.
    const bool looked_for = work.stored_link.state == LinkState::kMissing;
    const bool brought_from_here =
        unread_ && (input.known ? theirs != input.known->theirs : !parked && !looked_for) &&
        !group.counts_twice() &&
        replaced_since_restore(context_, plan_, group, work.link.record, work.row,
                               input.known ? std::optional(input.known->ours) : std::nullopt,
                               theirs, references_);
    if (brought_from_here) input.known = merge::Known{theirs, theirs};
    if (input.known && input.remote != input.known->theirs && input.local != input.known->ours) {
        input.timing = timing(work, group);
        // The image that parked it has moved the link's version: since when theirs may have been
        // changed is no longer known.
        if (parked) input.timing.theirs_after.reset();
    }

    // In the time that a restore has lost, what we would add may have been added, and what we would
    // send over theirs may have been sent, and been changed there since.
    const auto asks = [&](merge::Policy policy) {
        return group.counts_twice() ||
               (policy == merge::Policy::kLocal && (input.known || !looked_for));
    };
    // Such a question stays one, also when the stream has been read.
    const bool doubtful = (unread_ || (parked && parked->rule == kAfterRestore)) &&
                          (asks(input.policy) || asks(input.fallback));
    if (doubtful && asks(input.policy)) input.policy = merge::Policy::kManual;
    if (doubtful && asks(input.fallback)) input.fallback = merge::Policy::kManual;
    // What never leaves this replica is not decided by a remote, and asks nobody.
    if (std::ranges::all_of(group.mapping->fields, &merge::FieldMapping::stays_here))
        input.policy = input.fallback = merge::Policy::kLocal;
    if (!input.known && local != theirs) {
        if (!merge::is_blank(local) &&
            waits_for_answer(context_.sql, context_.plans, plan_, group, work.link.id, theirs)) {
            if (shadow == work.shadows.end()) work.shadows[group.id] = Shadow::nothing_known(group);
            return;
        }
        input.said_otherwise = said_otherwise(context_.plans, plan_, group, local, theirs);
    }
    // Compared now, and only now: a record that was to be read may not have been.
    if (shadow != work.shadows.end() && shadow->second.unknown())
        wait_no_longer(context_.sql, work.link.id, group.id);
    input.theirs_owns = group.mapping->owner == plan_.connection_name;
    merge::GroupOutcome outcome = merge::merge_group(input);
    if (doubtful && outcome.action == merge::GroupOutcome::Action::kPark)
        outcome.rule = kAfterRestore;
    name_standing(group, outcome.rule);
    if (outcome.rule == "only_theirs" && work.completed.contains(group.id))
        outcome.rule = "completed_there";
    const ConflictSides sides{
        .base = input.known ? std::optional(input.known->theirs) : std::nullopt,
        .ours = local,
        .theirs = theirs,
        .theirs_version = std::string(work.image.version),
        .theirs_by = std::string(work.image.modified_by)};
    std::string_view kind = input.known ? "edit" : "uncovered";
    // C3. Two that fight over a field are parted, until a person has decided or they agree.
    const bool writes = outcome.action == merge::GroupOutcome::Action::kTake || outcome.conflict;
    if (writes && group.writable() && outcome.action != merge::GroupOutcome::Action::kPark &&
        ((parked && parked->kind == kOscillation) || fights(work, group, outcome, theirs))) {
        kind = kOscillation;
        outcome = {.action = merge::GroupOutcome::Action::kPark,
                   .value = {},
                   .known = std::nullopt,
                   .rule = std::string(kOscillation)};
    }
    switch (outcome.action) {
        case merge::GroupOutcome::Action::kWait:
            if (!covered && shadow == work.shadows.end())
                work.shadows[group.id] = Shadow::nothing_known(group);
            return;
        case merge::GroupOutcome::Action::kPark:
            if (record_conflict(context_, plan_, work.link, group.id, kind, sides, outcome.rule,
                                "")) {
                ++counts_.conflicts;
                if (kind == kOscillation) tell_of_fight(work, group);
            }
            return;
        case merge::GroupOutcome::Action::kTake:
            take(work, group, outcome, theirs);
            break;
        case merge::GroupOutcome::Action::kNothing: {
            const auto& known = *outcome.known;
            work.shadows[group.id] = {known.theirs, known.ours, false};
            if (known.ours != local) mark_dirty(context_.sql, work.link.id);
            break;
        }
    }
    if (outcome.conflict) {
        ++counts_.conflicts;
        const bool taken = outcome.action == merge::GroupOutcome::Action::kTake;
        record_conflict(context_, plan_, work.link, group.id, kind, sides, outcome.rule,
                        taken ? "theirs" : "ours");
        if (!taken)
            keep_offered(context_, plan_, group, work.link.record, theirs, {},
                         cause(work.image, outcome.rule));
    } else if (outcome.close_conflict && parked) {
        close_conflict(context_, parked->id,
                       outcome.action == merge::GroupOutcome::Action::kTake ? "theirs" : "ours",
                       outcome.rule, "kontor");
    }
}

void Merger::take(Work& work, const GroupPlan& group, const merge::GroupOutcome& outcome,
                  const merge::GroupValues& theirs) {
    bool waits = false;
    if (const auto shadow = work.shadows.find(group.id);
        shadow != work.shadows.end() && shadow->second.waits)
        wait_no_longer(context_.sql, work.link.id, group.id);
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        std::vector<Value> current;
        for (const std::size_t column : group.columns[i]) current.push_back(work.row[column]);
        auto got = merge::get(group.mapping->fields[i], outcome.value[i], current, references_);
        if (got.waits) {
            // What stood here stays until the target arrives: other remotes are not told a null.
            waits = true;
            wait_for(context_.sql, context_.plans, plan_.connection, work.link.id, group.id,
                     group.mapping->fields[i], outcome.value[i]);
        }
        for (std::size_t k = 0; k < got.columns.size(); ++k) {
            const std::size_t column = group.columns[i][k];
            Value& now = work.row[column];
            if (got.columns[k] == now) continue;
            work.was.emplace(column, std::exchange(now, std::move(got.columns[k])));
            work.rules[column] = outcome.rule;
        }
    }
    const bool merged = outcome.value != theirs;
    const auto local = put_group(group, work.row, references_);
    const auto& ours = merged ? theirs : local;
    work.shadows[group.id] = {theirs, waits ? answer(group, theirs, ours, references_) : ours,
                              waits};
    if (merged) mark_dirty(context_.sql, work.link.id);
}

bool Merger::fights(const Work& work, const GroupPlan& group, const merge::GroupOutcome& outcome,
                    const merge::GroupValues& theirs) const {
    const bool taken = outcome.action == merge::GroupOutcome::Action::kTake;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        std::vector<Value> now;
        for (const std::size_t column : group.columns[i]) now.push_back(work.row[column]);
        std::vector<Value> offered(now.size(), theirs[i]);
        if (taken) {
            auto got = merge::get(group.mapping->fields[i], outcome.value[i], now, references_);
            if (got.waits) continue;
            offered = std::move(got.columns);
        }
        for (std::size_t k = 0; k < now.size(); ++k)
            if (offered[k] != now[k] &&
                merge::oscillates(field_turns(context_, plan_, work.link, group.id,
                                              plan_.column_fields[group.columns[i][k]]),
                                  plan_.connection_name, now[k], offered[k]))
                return true;
    }
    return false;
}

void Merger::tell_of_fight(const Work& work, const GroupPlan& group) {
    const std::int64_t field = plan_.column_fields[group.columns.front().front()];
    context_.sql.run(
        "INSERT INTO kontor_notice(at, kind, entity, record, field, args)"
        " VALUES(?, ?, ?, ?, ?, json_object('connection', ?))",
        context_.now(), kOscillation, plan_.entity.id, work.link.record, field,
        plan_.connection_name);
    context_.log.warning("sync.oscillation", {{"connection", plan_.connection_name},
                                              {"entity", plan_.entity.name},
                                              {"record", std::to_string(work.link.record)},
                                              {"group", group.mapping->name}});
}

void Merger::write_back(Work& work) {
    OldValues old;
    for (const auto& [column, before] : work.was) {
        if (before == work.row[column]) continue;
        const auto rule = work.rules.find(column);
        update_column(context_, plan_, work.link.record, column, before, work.row[column],
                      cause(work.image, rule == work.rules.end() ? "" : rule->second));
        old.emplace(plan_.column_fields[column], before);
    }
    for (const auto& [group_id, shadow] : work.shadows) {
        const GroupPlan* group = plan_.group(group_id);
        if (group == nullptr) continue;
        const auto stored = work.stored.find(group_id);
        const bool is_stored = stored != work.stored.end();
        const bool plain = !shadow.waits && shadow.theirs == shadow.ours &&
                           shadow.ours == put_group(*group, work.row, references_);
        if (plain && is_stored)
            drop_shadow(context_.sql, work.link.id, group_id);
        else if (!plain && (!is_stored || !(stored->second == shadow)))
            save_shadow(context_.sql, work.link.id, group_id, shadow);
    }
    work.link.version = std::string(work.image.version);
    work.link.covers = plan_.generation;
    save_link(context_.sql, work.link, work.stored_link);
    if (work.stale) doubt(work.image.id);
    if (!old.empty()) {
        ++counts_.updated_here;
        note_change(context_, plan_.entity.id, work.link.record, old, plan_.id);
        // It may refer to another one now. If not, the next push says so again.
        context_.sql.run("DELETE FROM kontor_blocked WHERE link = ? AND code = ?", work.link.id,
                         kParentCode);
    }
}

}  // namespace kontor::engine
