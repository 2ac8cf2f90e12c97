#include "sync/engine/merger.hpp"

#include <algorithm>

#include "sync/engine/absorb.hpp"
#include "sync/merge/lens.hpp"

namespace kontor::engine {

using replica::LinkState;

/// One record while it is merged.
struct Merger::Work {
    Link link;
    const remote::RecordView& image;
    bool authoritative = false;
    Row before;
    Row now;
    Shadows shadows;
    std::vector<Intent> intents;
    std::map<std::int64_t, std::string> rules;  ///< why a column changed, by column index
    std::vector<const GroupPlan*> waiting;
    bool cut = false;        ///< a group was cut: read it by id
    bool conflicts = false;  ///< some are open
};

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

// What of a group we have written ourselves, as the image shows it; the rest stays as known, so
// that what the remote computes counts as its own change.
merge::GroupValues as_kept(const GroupPlan& group, const merge::GroupValues& theirs,
                           const merge::GroupValues& sent, bool create) {
    merge::GroupValues out = sent;
    for (std::size_t i = 0; i < out.size(); ++i)
        if (goes_out(group.mapping->fields[i], create)) out[i] = theirs[i];
    return out;
}

}  // namespace

Merger::Merger(Context& context, const StreamPlan& plan, StreamCounts& counts, PlanSink plan_sink)
    : context_(context),
      plan_(plan),
      counts_(counts),
      plan_sink_(std::move(plan_sink)),
      references_(context.sql, context.plans, plan.connection) {}

std::vector<std::string> Merger::take_rereads() {
    return std::exchange(rereads_, {});
}

void Merger::planned(const char* op, std::int64_t record, std::string_view ext_id,
                     std::vector<std::string> fields) {
    if (!plan_sink_) return;
    plan_sink_({.side = PlannedChange::Side::kHere,
                .stream = plan_.mapping.stream,
                .entity = plan_.entity.name,
                .record = record,
                .ext_id = std::string(ext_id),
                .op = op,
                .fields = std::move(fields)});
}

Cause Merger::cause(const remote::RecordView& image, std::string_view rule) const {
    std::string actor = "remote:" + plan_.connection_name;
    if (!image.modified_by.empty()) actor.append(":").append(image.modified_by);
    return {.actor = std::move(actor), .rule = std::string(rule)};
}

bool Merger::by_us(const remote::RecordView& image) const {
    return !plan_.connection_user.empty() && image.modified_by == plan_.connection_user;
}

// Where the acknowledgement told no version: anything newer by us.
bool Merger::own_write(const Intent& intent, const remote::RecordView& image) const {
    if (intent.version.empty()) return by_us(image) && image.version > intent.base_version;
    return image.version == intent.version &&
           (plan_.connection_user.empty() || image.modified_by.empty() || by_us(image));
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
                    rereads_.emplace_back(image.id);
                else
                    gone(std::move(*link), image);
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

void Merger::apply_record(const remote::RecordView& image, bool authoritative) {
    ++counts_.seen;
    auto link = link_by_ext(context_.sql, plan_.id, image.id);
    if (!link) {
        if (!adopt_created(image)) return insert_new(image);
        link = link_by_ext(context_.sql, plan_.id, image.id);
    }
    switch (link->state) {
        case LinkState::kDetached:
            return;
        case LinkState::kDeletedThere:
        case LinkState::kDone:
            // A late copy of a deleted record looks the same as a revived one: ask by id.
            if (!authoritative) {
                rereads_.emplace_back(image.id);
                return;
            }
            return revive(*link, image, "revived");
        case LinkState::kDeleteHere:
            return image_of_deleted_here(*link, image);
        case LinkState::kMissing:
        case LinkState::kAccessLost:
            link->state = LinkState::kLive;
            break;
        case LinkState::kLive:
            break;
    }
    if (!link->version.empty() && !image.version.empty() && image.version < link->version) {
        if (!authoritative) {
            rereads_.emplace_back(image.id);
            return;
        }
        stop({Errc::kMismatch,
              plan_.mapping.stream + " " + std::string(image.id) +
                  " is older at the remote than what was read before: the remote was set back",
              {{"stream", plan_.mapping.stream}, {"id", std::string(image.id)}}});
    }
    merge_live(*link, image, authoritative);
}

// --- a record that has no link yet

// Our own create, met by a pull before its answer was stored (or after the answer was lost).
std::optional<std::int64_t> Merger::unsent_link_of(const remote::RecordView& image) const {
    if (plan_.key_index < image.fields.size()) {
        const ValueView key = image.fields[plan_.key_index];
        if (key.kind != Kind::kText || key.text.empty()) return std::nullopt;
        const auto link = context_.sql.integer(
            "SELECT l.id FROM kontor_link l JOIN \"" + plan_.entity.name +
                "\" e ON e.id = l.record WHERE e.uid = ? AND l.stream = ? AND l.ext_id IS NULL",
            key.text, plan_.id);
        if (link) return link;
        // Deleted here since.
        return context_.sql.integer(
            "SELECT l.id FROM kontor_intent i JOIN kontor_link l ON l.id = i.link"
            " WHERE i.key = ? AND i.op = 'create' AND l.stream = ? AND l.ext_id IS NULL",
            key.text, plan_.id);
    }
    if (!image.modified_by.empty() && image.modified_by != plan_.connection_user)
        return std::nullopt;
    // Without a key: only a record that equals in all that was sent, and is by us.
    std::vector<std::int64_t> candidates;
    auto& rows = context_.sql.bind(
        "SELECT i.link FROM kontor_intent i JOIN kontor_link l ON l.id = i.link"
        " WHERE l.stream = ? AND l.ext_id IS NULL AND i.op = 'create'"
        " AND i.state IN ('unknown', 'parked')",
        plan_.id);
    while (Sql::step(rows)) candidates.push_back(rows.integer(0));
    for (const std::int64_t candidate : candidates) {
        const auto intents = intents_of(context_.sql, candidate);
        const bool equal = std::ranges::all_of(intents, [&](const Intent& intent) {
            return !intent.sent.empty() &&
                   std::ranges::all_of(intent.sent, [&](const SentGroup& sent) {
                       const GroupPlan* group = plan_.group(sent.group);
                       return group == nullptr || image_values(image, *group) == sent.values;
                   });
        });
        if (equal) return candidate;
    }
    return std::nullopt;
}

bool Merger::adopt_created(const remote::RecordView& image) {
    const auto link_id = unsent_link_of(image);
    if (!link_id) return false;
    auto link = link_by_id(context_.sql, *link_id);
    link->ext_id = std::string(image.id);
    link->version = std::string(image.version);
    save_link(context_.sql, *link);
    for (const Intent& intent : intents_of(context_.sql, link->id)) {
        for (const SentGroup& sent : intent.sent)
            save_shadow(context_.sql, link->id, sent.group, {sent.values, sent.values, false});
        if (intent.op == "create")
            set_intent_state(context_.sql, intent.id, "acked", image.version);
    }
    context_.sql.run("DELETE FROM kontor_blocked WHERE link = ?", link->id);
    mark_dirty(context_.sql, link->id);
    ++counts_.created_there;
    wake_referrers(context_.sql, context_.plans, plan_, link->record);
    link_arrived(*link);
    return true;
}

bool Merger::complete_references(std::int64_t limit) {
    std::vector<std::int64_t> arrived;
    auto& rows = context_.sql.bind(
        "SELECT DISTINCT l.id FROM kontor_waiting w JOIN kontor_link l ON l.stream = w.stream"
        " AND l.ext_id = w.ext_id WHERE w.stream = ? AND l.state NOT IN (4, 6) LIMIT ?",
        plan_.id, limit);
    while (Sql::step(rows)) arrived.push_back(rows.integer(0));
    for (const std::int64_t id : arrived)
        if (const auto link = link_by_id(context_.sql, id)) link_arrived(*link);
    return !arrived.empty();
}

void Merger::link_arrived(const Link& link) {
    struct Waiting {
        std::int64_t link, group;
    };
    std::vector<Waiting> waiting;
    {
        auto& rows = context_.sql.bind(
            "SELECT link, grp FROM kontor_waiting WHERE stream = ? AND ext_id = ?", plan_.id,
            link.ext_id);
        while (Sql::step(rows)) waiting.push_back({rows.integer(0), rows.integer(1)});
    }
    for (const Waiting& one : waiting) {
        const auto referrer = link_by_id(context_.sql, one.link);
        const StreamPlan* plan = referrer ? context_.plans.stream(referrer->stream) : nullptr;
        const GroupPlan* group = plan != nullptr ? plan->group(one.group) : nullptr;
        context_.sql.run("DELETE FROM kontor_waiting WHERE link = ? AND grp = ?", one.link,
                         one.group);
        if (group != nullptr) complete_reference(*referrer, *plan, *group);
    }
}

// The references of a group that have arrived are written here; its other fields stay as they are.
void Merger::complete_reference(const Link& referrer, const StreamPlan& plan,
                                const GroupPlan& group) {
    auto shadows = shadows_of(context_.sql, referrer.id);
    const auto found = shadows.find(group.id);
    const auto row = read_row(context_.sql, plan, referrer.record);
    if (found == shadows.end() || !found->second.waits || !row) return;
    Shadow& shadow = found->second;

    const LinkReferences references(context_.sql, context_.plans, plan.connection);
    std::vector<ColumnChange> changes;
    Row after = *row;
    shadow.waits = false;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        if (field.lens != merge::LensKind::kReference &&
            field.lens != merge::LensKind::kAnyReference)
            continue;
        const std::size_t column = group.columns[i].front();
        const auto got = merge::get(field, shadow.theirs[i], {&(*row)[column], 1}, references);
        if (got.waits) {
            shadow.waits = true;
            wait_for(context_.sql, context_.plans, plan.connection, referrer.id, group.id, field,
                     shadow.theirs[i]);
        } else if (got.columns.front() != (*row)[column]) {
            changes.push_back({column, got.columns.front()});
            after[column] = got.columns.front();
        }
    }
    OldValues old;
    for (const auto& change : changes)
        old.emplace(plan.column_fields[change.column], (*row)[change.column]);
    update_row(context_, plan, referrer.record, *row, changes,
               {.actor = "remote:" + plan.connection_name, .rule = "reference_arrived"});
    note_change(context_, plan.entity.id, referrer.record, old, plan.id);
    const auto local = put_group(group, after, references);
    if (shadow.ours != local) mark_dirty(context_.sql, referrer.id);
    if (!shadow.waits && shadow.theirs == local && shadow.ours == local)
        drop_shadow(context_.sql, referrer.id, group.id);
    else
        save_shadow(context_.sql, referrer.id, group.id, shadow);
}

Row Merger::row_from(const remote::RecordView& image, const Row& current,
                     std::vector<const GroupPlan*>& waiting) const {
    Row row = current;
    for (const GroupPlan& group : plan_.groups) {
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
            const ValueView theirs = image.fields[group.first_field + i];
            const auto& field = group.mapping->fields[i];
            if (theirs.is_absent() || field.direction == merge::Direction::kOut) continue;
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

void Merger::insert_new(const remote::RecordView& image) {
    std::vector<const GroupPlan*> waiting;
    const Row row = row_from(image, Row(plan_.columns.size(), Value::null()), waiting);
    Link link;
    link.record = insert_row(context_, plan_, row, cause(image, ""));
    link.stream = plan_.id;
    link.ext_id = std::string(image.id);
    link.version = std::string(image.version);
    link.covers = plan_.generation;
    context_.sql.run(
        "INSERT INTO kontor_link(stream, record, ext_id, version, covers) VALUES(?, ?, ?, ?, ?)",
        link.stream, link.record, link.ext_id, link.version, link.covers);
    link.id = context_.sql.last_insert_id();
    remember(link, image, row, waiting);
    note_insert(context_, plan_.entity.id, link.record, plan_.id);
    link_arrived(link);
    ++counts_.created_here;
    planned("create", 0, image.id, {});
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
        if (ours == theirs && !waits) continue;
        save_shadow(context_.sql, link.id, group.id, {theirs, ours, waits});
        if (!waits) continue;
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i)
            if (waits_for_target(group.mapping->fields[i], theirs[i], references_))
                wait_for(context_.sql, context_.plans, plan_.connection, link.id, group.id,
                         group.mapping->fields[i], theirs[i]);
    }
    if (cut) rereads_.emplace_back(image.id);
}

// --- a live link

void Merger::merge_live(Link link, const remote::RecordView& image, bool authoritative) {
    const auto before = read_row(context_.sql, plan_, link.record);
    if (!before)
        stop({Errc::kCorrupt,
              "link " + std::to_string(link.id) + " has no record in " + plan_.entity.name,
              {{"entity", plan_.entity.name}, {"record", std::to_string(link.record)}}});
    Work work{.link = std::move(link),
              .image = image,
              .authoritative = authoritative,
              .before = *before,
              .now = *before,
              .shadows = {},
              .intents = {},
              .rules = {},
              .waiting = {}};
    work.shadows = shadows_of(context_.sql, work.link.id);
    work.intents = intents_of(context_.sql, work.link.id);
    work.conflicts = has_open_conflicts(context_.sql, work.link.id);
    // We have written since, and were not told the version: this may be how it was before.
    if (!authoritative && std::ranges::any_of(work.intents, [&](const Intent& i) {
            return i.state == "acked" && i.version.empty() && !i.base_version.empty() &&
                   image.version <= i.base_version;
        })) {
        rereads_.emplace_back(image.id);
        return;
    }
    settle_intents(work);
    for (const GroupPlan& group : plan_.groups) merge_one_group(work, group);
    write_back(work);
}

// Clause e: what a push left open is settled by what the image shows, before anything is merged.
void Merger::settle_intents(Work& work) {
    for (auto it = work.intents.begin(); it != work.intents.end();) {
        const Intent& intent = *it;
        if (intent.state == "acked") {
            if (work.image.version < intent.version) {
                ++it;
                continue;
            }
            // Clause f: our own write as the remote keeps it. Only theirs moves.
            if (own_write(intent, work.image))
                for (const SentGroup& sent : intent.sent) {
                    const GroupPlan* group = plan_.group(sent.group);
                    if (group == nullptr) continue;
                    const auto theirs = image_values(work.image, *group);
                    if (std::ranges::any_of(theirs, &Value::is_absent)) continue;
                    const auto shadow = work.shadows.find(sent.group);
                    const auto ours =
                        shadow != work.shadows.end() ? shadow->second.ours : sent.values;
                    work.shadows[sent.group] = {
                        as_kept(*group, theirs, sent.values, intent.op == "create"), ours, false};
                }
        } else if (intent.op == "update") {
            settle_update(work, intent);
        } else if (intent.op == "delete") {
            // It is still there, so the delete was not carried out; the next push plans afresh.
        } else {
            ++it;
            continue;
        }
        drop_intent(context_.sql, intent.id);
        it = work.intents.erase(it);
    }
}

namespace {

bool counts_twice(const GroupPlan& group) {
    const auto adds = [](merge::Policy policy) {
        return policy == merge::Policy::kSum || policy == merge::Policy::kAppend;
    };
    return adds(group.mapping->policy) || adds(group.mapping->fallback);
}

}  // namespace

void Merger::settle_update(Work& work, const Intent& intent) {
    const bool unchanged = work.image.version == intent.base_version;
    const bool ours_now = work.image.version > intent.base_version && by_us(work.image);
    for (const SentGroup& sent : intent.sent) {
        const GroupPlan* group = plan_.group(sent.group);
        if (group == nullptr) continue;
        const auto theirs = image_values(work.image, *group);
        if (std::ranges::any_of(theirs, &Value::is_absent)) continue;
        const auto shadow = work.shadows.find(sent.group);
        const bool as_before =
            shadow != work.shadows.end() && theirs == shadow->second.theirs && !ours_now;
        if (theirs == sent.values || ours_now)
            work.shadows[sent.group] = {as_kept(*group, theirs, sent.values, false), sent.values,
                                        false};  // landed, maybe normalised
        else if (!unchanged && !as_before && counts_twice(*group)) {
            // Landed and then changed, or never landed: adding ours again might count it twice.
            record_conflict(context_, plan_, work.link, sent.group, "intent",
                            {.base = std::nullopt,
                             .ours = sent.values,
                             .theirs = theirs,
                             .theirs_version = std::string(work.image.version),
                             .theirs_by = std::string(work.image.modified_by)},
                            "answer_lost", "theirs");
            ++counts_.conflicts;
            work.shadows[sent.group] = {sent.values, sent.values, false};
        }
        // Otherwise not landed: the shadow row says so, and the value is pushed again.
    }
}

merge::Timing Merger::timing(const Work& work, const GroupPlan& group) const {
    merge::Timing out;
    out.uncertainty = context_.clock_uncertainty;
    out.theirs_after = parse_instant(work.link.version);
    if (const auto until = parse_instant(work.image.version))
        out.theirs_until = *until + std::chrono::milliseconds{999};  // stamps of whole seconds
    for (const auto& columns : group.columns)
        for (const std::size_t column : columns) {
            const auto at = context_.sql.text(
                "SELECT max(at) FROM kontor_history WHERE entity = ? AND record = ? AND field = ?"
                " AND run IS NULL",
                plan_.entity.id, work.link.record, plan_.column_fields[column]);
            if (!at) continue;
            if (const auto when = parse_instant(*at)) {
                const Instant there = *when + context_.clock_offset;
                out.ours = out.ours ? std::max(*out.ours, there) : there;
            }
        }
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
        if (field.lens == merge::LensKind::kReference &&
            !references_.local_id(was.text(), field.references))
            return true;
        if (field.lens == merge::LensKind::kAnyReference && !references_.local_any(was.text()))
            return true;
    }
    return false;
}

void Merger::merge_one_group(Work& work, const GroupPlan& group) {
    const auto shadow = work.shadows.find(group.id);
    const bool covered = work.link.covers >= group.since;
    const auto theirs = image_values(work.image, group);
    if (std::ranges::any_of(theirs, &Value::is_absent)) {
        if (!work.authoritative && work.image.version != work.link.version &&
            std::ranges::any_of(group.mapping->fields, &merge::FieldMapping::may_be_cut))
            work.cut = true;
        if (!covered && shadow == work.shadows.end())
            work.shadows[group.id] = Shadow::nothing_known(group);
        return;
    }
    const auto local = put_group(group, work.now, references_);
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
    // A conflict without a base stays one, whatever rows an edit has made meanwhile.
    if (parked && !parked->has_base) input.known = std::nullopt;
    // While a reference waits for its target, what stands here does not count.
    const bool waits = shadow != work.shadows.end() && shadow->second.waits;
    if (waits) {
        if (theirs == shadow->second.theirs) return;
        input.local = answer(group, shadow->second.theirs, local, references_);
    }
    if (input.known && target_died(group, *input.known, theirs)) {
        // The remote blanked the look-up because its target went, not because somebody chose to.
        // Ours stays if it still points to something; else there is nothing left to point to.
        if (!merge::is_blank(local)) input.known->theirs = theirs;
    }
    if (input.known && input.remote != input.known->theirs && input.local != input.known->ours) {
        input.timing = timing(work, group);
        // The image that parked it has moved the link's version: since when theirs may have been
        // changed is no longer known.
        if (parked) input.timing.theirs_after.reset();
    }

    const merge::GroupOutcome outcome = merge::merge_group(input);
    const ConflictSides sides{
        .base = input.known ? std::optional(input.known->theirs) : std::nullopt,
        .ours = local,
        .theirs = theirs,
        .theirs_version = std::string(work.image.version),
        .theirs_by = std::string(work.image.modified_by)};
    const char* kind = input.known ? "edit" : "uncovered";
    switch (outcome.action) {
        case merge::GroupOutcome::Action::kWait:
            if (!covered && shadow == work.shadows.end())
                work.shadows[group.id] = Shadow::nothing_known(group);
            return;
        case merge::GroupOutcome::Action::kPark:
            if (record_conflict(context_, plan_, work.link, group.id, kind, sides, outcome.rule,
                                "")) {
                ++counts_.conflicts;
                planned("conflict", work.link.record, work.link.ext_id, {group.mapping->name});
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
        if (!taken)  // the value offered and not taken stays in history
            for (std::size_t i = 0; i < theirs.size(); ++i)
                add_history(context_, plan_.entity.id, work.link.record,
                            plan_.column_fields[group.columns[i].front()], "k", theirs[i],
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
        context_.sql.run("DELETE FROM kontor_waiting WHERE link = ? AND grp = ?", work.link.id,
                         group.id);
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        std::vector<Value> current;
        for (const std::size_t column : group.columns[i]) current.push_back(work.now[column]);
        auto got = merge::get(group.mapping->fields[i], outcome.value[i], current, references_);
        if (got.waits) {
            // What stood here stays until the target arrives: other remotes are not told a null.
            waits = true;
            wait_for(context_.sql, context_.plans, plan_.connection, work.link.id, group.id,
                     group.mapping->fields[i], outcome.value[i]);
        }
        for (std::size_t k = 0; k < got.columns.size(); ++k) {
            const std::size_t column = group.columns[i][k];
            work.now[column] = std::move(got.columns[k]);
            work.rules[static_cast<std::int64_t>(column)] = outcome.rule;
        }
    }
    const bool merged = outcome.value != theirs;
    const auto local = put_group(group, work.now, references_);
    const auto& ours = merged ? theirs : local;
    work.shadows[group.id] = {theirs, waits ? answer(group, theirs, ours, references_) : ours,
                              waits};
    if (merged) mark_dirty(context_.sql, work.link.id);
}

void Merger::write_back(Work& work) {
    std::vector<ColumnChange> changes;
    OldValues old;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < plan_.columns.size(); ++i) {
        if (work.now[i] == work.before[i]) continue;
        const auto rule = work.rules.find(static_cast<std::int64_t>(i));
        const ColumnChange change{i, work.now[i]};
        update_row(context_, plan_, work.link.record, work.before, {&change, 1},
                   cause(work.image, rule == work.rules.end() ? "" : rule->second));
        old.emplace(plan_.column_fields[i], work.before[i]);
        names.push_back(plan_.columns[i]);
    }
    for (const auto& [group_id, shadow] : work.shadows) {
        const GroupPlan* group = plan_.group(group_id);
        if (group == nullptr) continue;
        const bool plain = !shadow.waits && shadow.theirs == shadow.ours &&
                           shadow.ours == put_group(*group, work.now, references_);
        if (plain)
            drop_shadow(context_.sql, work.link.id, group_id);
        else
            save_shadow(context_.sql, work.link.id, group_id, shadow);
    }
    work.link.version = std::string(work.image.version);
    work.link.covers = plan_.generation;
    save_link(context_.sql, work.link);
    if (work.cut) rereads_.emplace_back(work.image.id);
    if (!old.empty()) {
        ++counts_.updated_here;
        planned("update", work.link.record, work.link.ext_id, std::move(names));
        note_change(context_, plan_.entity.id, work.link.record, old, plan_.id);
    }
}

// --- deletion

namespace {

// The mapped columns of a deleted record as they were; null where it had nothing.
Row last_row(Sql& sql, const StreamPlan& plan, std::int64_t record) {
    const auto last = tombstone_row(sql, plan.entity.id, record);
    Row row(plan.columns.size(), Value::null());
    for (std::size_t i = 0; i < plan.columns.size(); ++i)
        if (const auto found = last.find(plan.columns[i]); found != last.end())
            row[i] = found->second;
    return row;
}

bool has_unpushed_edits(Context& context, const StreamPlan& plan, const Link& link,
                        const merge::References& references) {
    const auto row = read_row(context.sql, plan, link.record);
    if (!row) return false;
    for (const auto& [group_id, shadow] : shadows_of(context.sql, link.id)) {
        const GroupPlan* group = plan.group(group_id);
        if (group != nullptr && !shadow.waits && !shadow.unknown() && group->writable() &&
            put_group(*group, *row, references) != shadow.ours)
            return true;
    }
    return false;
}

}  // namespace

void Merger::gone(Link link, const remote::RecordView& image) {
    if (link.state == LinkState::kDeletedThere || link.state == LinkState::kDone ||
        link.state == LinkState::kDetached)
        return;
    unblock(context_.sql, link.id);
    if (link.state == LinkState::kDeleteHere) {  // both sides deleted it
        link.state = LinkState::kDone;
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        close_record_conflict(context_, link.id, "deleted_there");
        drop_intents(context_.sql, link.id);
        drop_shadows(context_.sql, link.id);
        return;
    }
    // A deletion of ours that was taken back after it had been sent counts as an edit.
    const bool edited = has_unpushed_edits(context_, plan_, link, references_) ||
                        std::ranges::any_of(intents_of(context_.sql, link.id),
                                            [](const Intent& i) { return i.op == "delete"; });
    drop_intents(context_.sql, link.id);
    if (edited && plan_.mapping.delete_against_edit == merge::Policy::kManual) {
        if (record_conflict(context_, plan_, link, std::nullopt, "delete", {}, "manual", ""))
            ++counts_.conflicts;
        link.state = LinkState::kDeletedThere;
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        return;
    }
    if (edited && plan_.mapping.delete_against_edit != merge::Policy::kRemote) {
        // The edit wins: the record will be created there again, under a new id.
        record_conflict(context_, plan_, link, std::nullopt, "delete", {}, "edit_wins", "ours");
        ++counts_.conflicts;
        pin_referrers(context_.sql, context_.plans, plan_, link.record);
        forget_link(context_.sql, link.id);
        add_unsent_link(context_.sql, plan_.id, link.record);
        return;
    }
    if (plan_.mapping.delete_here != merge::DeletePolicy::kMirror) {
        if (plan_.mapping.delete_here == merge::DeletePolicy::kAsk &&
            record_conflict(context_, plan_, link, std::nullopt, "delete", {}, "ask", ""))
            ++counts_.conflicts;
        link.state = LinkState::kDeletedThere;
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        return;
    }
    pin_referrers(context_.sql, context_.plans, plan_, link.record);
    link.state = LinkState::kDeletedThere;
    if (!image.version.empty() && image.version > link.version)
        link.version = std::string(image.version);
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
    planned("delete", link.record, link.ext_id, {});
}

void Merger::revive(Link link, const remote::RecordView& image, std::string_view rule) {
    std::vector<const GroupPlan*> waiting;
    close_record_conflict(context_, link.id, rule);
    if (read_row(context_.sql, plan_, link.record)) {  // kept here by policy or conflict
        link.state = LinkState::kLive;
        return merge_live(std::move(link), image, true);
    }
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
    link_arrived(link);
    ++counts_.created_here;
    planned("create", link.record, link.ext_id, {});
}

// We deleted it and have not told the remote; has somebody edited it there since?
void Merger::image_of_deleted_here(Link link, const remote::RecordView& image) {
    // It is still there, so a delete of unknown fate was not carried out. An edit of ours that was
    // is no edit of theirs.
    const auto intents = intents_of(context_.sql, link.id);
    drop_intents(context_.sql, link.id);
    if (image.version <= link.version) return;
    const auto sent_by_us = [&](const GroupPlan& group, const merge::GroupValues& theirs) {
        return std::ranges::any_of(intents, [&](const Intent& intent) {
            return std::ranges::any_of(intent.sent, [&](const SentGroup& sent) {
                return sent.group == group.id && (by_us(image) || sent.values == theirs);
            });
        });
    };
    const Row row = last_row(context_.sql, plan_, link.record);
    const auto shadows = shadows_of(context_.sql, link.id);
    const bool edited = std::ranges::any_of(plan_.groups, [&](const GroupPlan& group) {
        const auto theirs = image_values(image, group);
        if (std::ranges::any_of(theirs, &Value::is_absent) || !group.writable()) return false;
        const auto shadow = shadows.find(group.id);
        if (shadow != shadows.end() && shadow->second.unknown()) return false;
        const auto known =
            shadow != shadows.end() ? shadow->second.theirs : put_group(group, row, references_);
        return theirs != known && !sent_by_us(group, theirs);
    });
    if (!edited || plan_.mapping.delete_against_edit == merge::Policy::kRemote) {
        link.version = std::string(image.version);
        save_link(context_.sql, link);
        return;
    }
    if (plan_.mapping.delete_against_edit == merge::Policy::kManual) {
        if (record_conflict(context_, plan_, link, std::nullopt, "delete", {}, "manual", ""))
            ++counts_.conflicts;
        link.version = std::string(image.version);  // the question is about this image
        save_link(context_.sql, link);
        clear_dirty(context_.sql, link.id);
        return;
    }
    record_conflict(context_, plan_, link, std::nullopt, "delete", {}, "edit_wins", "theirs");
    ++counts_.conflicts;
    clear_dirty(context_.sql, link.id);
    revive(std::move(link), image, "edit_wins");
}

}  // namespace kontor::engine
