// What our own pushes have left open, settled by what an image shows (clauses e and f).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sync/engine/merger_work.hpp"

namespace kontor::engine {
namespace {

bool may_be_rows(const merge::FieldMapping& field) {
    return field.type == remote::FieldType::kJson;
}

// Such as the items of an invoice.
bool is_rows(const merge::FieldMapping& field, const Value& value) {
    if (!may_be_rows(field) || value.kind() != Kind::kText) return false;
    const auto json = nlohmann::json::parse(value.text(), nullptr, false);
    return json.is_array() && !json.empty() &&
           std::ranges::all_of(json, [](const auto& row) { return row.is_object(); });
}

/// The remote has given new rows an id, and computed what it does not let us write: without those,
/// the next push would make the rows once more. What somebody has typed since is not completed by
/// that: of it this is only the form of what was there before.
bool completes_rows(const merge::FieldMapping& field, const Value& theirs, const Value& sent,
                    const Value& local) {
    return theirs != sent && local == sent && is_rows(field, sent) && is_rows(field, theirs);
}

/// Whether they are the rows that were sent, with what the remote has added to each: then they are
/// ours, whatever stamp they bear.
bool adds_to_rows(const merge::FieldMapping& field, const Value& theirs, const Value& sent) {
    if (!is_rows(field, sent) || !is_rows(field, theirs)) return false;
    const auto ours = nlohmann::json::parse(sent.text());
    const auto kept = nlohmann::json::parse(theirs.text());
    return ours.size() == kept.size() &&
           std::equal(ours.begin(), ours.end(), kept.begin(), [](const auto& row, const auto& now) {
               return std::ranges::all_of(row.items(), [&](const auto& part) {
                   const auto found = now.find(part.key());
                   return found != now.end() && *found == part.value();
               });
           });
}

bool is_ours_completed(const GroupPlan& group, const merge::GroupValues& theirs,
                       const merge::GroupValues& sent) {
    for (std::size_t i = 0; i < sent.size(); ++i)
        if (theirs[i] != sent[i] && !adds_to_rows(group.mapping->fields[i], theirs[i], sent[i]))
            return false;
    return true;
}

}  // namespace

// Where the acknowledgement told no version: anything newer by us. After a restore it may be a
// later write of ours, which is not known here, also of the same stamp.
bool Merger::own_write(const Intent& intent, const remote::RecordView& image) const {
    if (unread_) return false;
    if (intent.version.empty()) return by_us(image) && image.version > intent.base_version;
    return image.version == intent.version && !by_somebody_else(image);
}

// What of a group we have written ourselves, as the image shows it; the rest stays as known, so
// that what the remote computes counts as its own change, and what a field has become as its form
// changed.
merge::GroupValues Merger::as_kept(const GroupPlan& group, const merge::GroupValues& theirs,
                                   const merge::GroupValues& sent, const merge::GroupValues& local,
                                   const Intent& intent) const {
    const bool create = intent.op == "create";
    merge::GroupValues out = sent;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        const auto changed = form_changes_.find(field.remote);
        if (changed != form_changes_.end() && (!intent.at || *intent.at <= changed->second))
            continue;
        if (completes_rows(field, theirs[i], sent[i], local[i])) continue;
        if (tells(field, sent[i], create) || (sent[i].is_blank() && theirs[i].is_blank()))
            out[i] = theirs[i];
    }
    return out;
}

// What was sent has landed; `ours` is what stood here for it then.
void Merger::settle_sent(Work& work, const GroupPlan& group, const Intent& intent,
                         const merge::GroupValues& theirs, const merge::GroupValues& sent,
                         const merge::GroupValues& ours) {
    const bool rows = std::ranges::any_of(group.mapping->fields, may_be_rows);
    const auto local =
        rows ? put_group(group, work.row, references_) : merge::GroupValues(sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i)
        if (completes_rows(group.mapping->fields[i], theirs[i], sent[i], local[i]))
            work.completed.insert(group.id);
    work.shadows[group.id] = {as_kept(group, theirs, sent, local, intent), ours, false};
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
            work.own_write = true;
            work.explained = work.explained || intent.version.empty();
            // Clause f: our own write as the remote keeps it. Only theirs moves.
            const bool own = own_write(intent, work.image);
            for (const SentGroup& sent : intent.sent) {
                const GroupPlan* group = plan_.group(sent.group);
                if (group == nullptr) continue;
                const auto theirs = image_values(work.image, *group);
                if (std::ranges::any_of(theirs, &Value::is_absent)) continue;
                if (!own && !is_ours_completed(*group, theirs, sent.values)) continue;
                const auto shadow = work.shadows.find(sent.group);
                const auto ours = shadow != work.shadows.end() ? shadow->second.ours : sent.values;
                settle_sent(work, *group, intent, theirs, sent.values, ours);
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

void Merger::settle_update(Work& work, const Intent& intent) {
    const bool unchanged = work.image.version == intent.base_version;
    // After a restore it may be what we wrote later.
    const bool ours_now = !unread_ && work.image.version > intent.base_version && by_us(work.image);
    for (const SentGroup& sent : intent.sent) {
        const GroupPlan* group = plan_.group(sent.group);
        if (group == nullptr) continue;
        const auto theirs = image_values(work.image, *group);
        if (std::ranges::any_of(theirs, &Value::is_absent)) continue;
        if (intent.state == "refused" && !(ours_now && theirs == sent.values)) continue;
        const auto shadow = work.shadows.find(sent.group);
        const bool as_known = shadow != work.shadows.end() && theirs == shadow->second.theirs;
        const bool as_before = as_known && (!ours_now || work.explained);
        const bool landed = theirs == sent.values || (ours_now && !as_before);
        if (landed)
            settle_sent(work, *group, intent, theirs, sent.values, sent.values);
        else if (!unchanged && !as_before && group->counts_twice()) {
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

}  // namespace kontor::engine
