#include "daemon/feedback/invitations.hpp"

#include <algorithm>

#include "daemon/feedback/people.hpp"
#include "daemon/feedback/zone.hpp"
#include "sync/replica/values.hpp"

namespace kontor::feedback {
namespace {

using replica::Database;
using replica::Edit;

constexpr const char* kEntity = "survey_invitation";
constexpr const char* kColumns =
    "SELECT "
    "id,ask_key,survey,who,what,person,channel,language,state,reason,device,account_id,owner_id,"
    "reminders,attempts,reserved_at,sent_at,expires_at,next_attempt_at FROM survey_invitation ";

Invitation read_row(const replica::Statement& row) {
    Invitation out;
    out.id = row.integer(0);
    std::string Invitation::*const texts[] = {
        &Invitation::key,    &Invitation::survey,  &Invitation::who,      &Invitation::what,
        &Invitation::person, &Invitation::channel, &Invitation::language, &Invitation::state,
        &Invitation::reason, &Invitation::device};
    int column = 1;
    for (const auto text : texts) out.*text = row.text(column++);
    out.account = row.integer(11);
    out.owner = row.integer(12);
    out.reminders = row.integer(13);
    out.attempts = row.integer(14);
    out.reserved = parse_instant(row.text(15));
    out.sent = parse_instant(row.text(16));
    out.expires = parse_instant(row.text(17));
    out.next_attempt = parse_instant(row.text(18));
    return out;
}

Result<std::vector<Invitation>> all_of(Result<replica::Statement> query) {
    if (!query) return pass(query);
    std::vector<Invitation> out;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.push_back(read_row(*query));
    }
}

Result<std::optional<Invitation>> first_of(Result<replica::Statement> query) {
    auto found = all_of(std::move(query));
    if (!found) return pass(found);
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

Result<std::vector<Invitation>> in_states(const Database& db, const Survey& survey,
                                          std::string_view one, std::string_view other) {
    auto query =
        db.prepare(std::string(kColumns) + "WHERE survey=?1 AND state IN(?2,?3) ORDER BY id");
    if (query) {
        query->bind(1, survey.id);
        query->bind(2, one);
        query->bind(3, other);
    }
    return all_of(std::move(query));
}

Value instant(Instant at) {
    return Value(format_instant(at));
}

Value text_or_null(const std::string& text) {
    return text.empty() ? Value::null() : Value(text);
}

Value id_or_null(std::int64_t id) {
    return id == 0 ? Value::null() : Value(id);
}

// How many reminders should have gone out by now.
std::int64_t reminders_due(const Survey& survey, const Invitation& invitation, Instant now) {
    if (!invitation.sent) return 0;
    return std::ranges::count_if(survey.limits.reminders, [&](milliseconds after) {
        return *invitation.sent + after <= now;
    });
}

// When the next reminder is due. One that has been sent just now counts from now.
std::optional<Instant> next_reminder(const Survey& survey, const Invitation& invitation,
                                     Instant now) {
    const auto sent = invitation.sent.value_or(now);
    for (const auto after : survey.limits.reminders)
        if (sent + after > now) return sent + after;
    return std::nullopt;
}

// When to look whether the remotes have it: after as long again as it has waited.
Instant asks_remote_again(const Invitation& invitation, Instant now) {
    using namespace std::chrono;
    const milliseconds waited = now - invitation.reserved.value_or(now);
    return now + std::clamp<milliseconds>(waited, seconds(10), hours(1));
}

// When to try again after a call that reached nobody; 0: never. nullopt: no such outcome.
std::optional<milliseconds> again_after(const std::string& outcome) {
    using std::chrono::hours;
    if (outcome == "busy") return std::chrono::minutes(30);
    if (outcome == "no_answer" || outcome == "call_later") return hours(4);
    if (outcome == "voicemail") return hours(24);
    if (outcome == "refused" || outcome == "wrong_number") return milliseconds(0);
    return std::nullopt;
}

}  // namespace

Result<std::optional<Invitation>> find_invitation(const Database& db, std::string_view key) {
    auto query = db.prepare(std::string(kColumns) + "WHERE ask_key=?1 ORDER BY id LIMIT 1");
    if (query) query->bind(1, key);
    return first_of(std::move(query));
}

Result<std::optional<Invitation>> find_invitation(const Database& db, std::int64_t id) {
    auto query = db.prepare(std::string(kColumns) + "WHERE id=?1");
    if (query) query->bind(1, id);
    return first_of(std::move(query));
}

Result<std::string> device_of(const Database& db) {
    auto query = db.prepare("SELECT value FROM kontor_meta WHERE key='replica_id'");
    if (!query) return pass(query);
    auto row = query->step();
    if (!row) return pass(row);
    return std::string(query->text(0));
}

Edit edit_of(const Invitation& invitation, std::map<std::string, Value> fields) {
    return {Edit::Kind::kUpdate, kEntity, invitation.id, std::move(fields)};
}

Result<std::int64_t> Invitations::reserve(const Survey& survey, const Selection& selection) {
    auto device = device_of(parts_.db);
    if (!device) return pass(device);
    std::vector<Edit> edits;
    for (const auto& chosen : selection.chosen) {
        const auto& c = chosen.candidate;
        Edit edit{Edit::Kind::kCreate, kEntity};
        edit.fields = {{"ask_key", Value(chosen.key)},
                       {"survey", Value(survey.id)},
                       {"who", Value(c.who)},
                       {"what", text_or_null(c.what)},
                       {"account_id", id_or_null(c.account)},
                       {"owner_id", id_or_null(c.owner)},
                       {"person", Value(chosen.person)},
                       {"channel", Value(chosen.channel)},
                       {"language", Value(c.language)},
                       {"state", Value("reserved")},
                       {"device", Value(*device)},
                       {"reserved_at", instant(parts_.now)},
                       {"expires_at", instant(parts_.now + survey.limits.expires)}};
        edits.push_back(std::move(edit));
    }
    if (edits.empty()) return 0;
    replica::EditSteps steps;
    steps.before = [&](const replica::Catalogue&) -> Result<> {
        for (const auto& chosen : selection.chosen) {
            auto there = find_invitation(parts_.db, chosen.key);
            if (!there) return pass(there);
            if (*there)
                return fail(Errc::kConflict, "somebody has just been asked by another run",
                            {{"reason", "survey_raced"}, {"survey", survey.id}});
        }
        return {};
    };
    replica::LocalEdits local(parts_.db, parts_.catalogues);
    auto done = local.apply(edits, parts_.actor, steps);
    if (!done) return pass(done);
    return static_cast<std::int64_t>(done->ids.size());
}

Result<bool> Invitations::somebody_was_first(const Survey& survey,
                                             const Invitation& invitation) const {
    // The remote's own stamps are the one order that all devices share. Where it gives none,
    // whoever sees another's invitation gives way: rather nobody asks than two.
    auto query = parts_.db.prepare(
        "SELECT count(*) FROM survey_invitation o, survey_invitation m WHERE m.id=?1 AND o.id<>m.id"
        " AND o.person=m.person AND o.device IS NOT m.device AND o.reserved_at>=?2"
        " AND coalesce(o.state,'')<>'withdrawn' AND (m.remote_created_at IS NULL"
        " OR o.remote_created_at<m.remote_created_at"
        " OR (o.remote_created_at=m.remote_created_at AND o.ask_key<=m.ask_key))");
    if (!query) return pass(query);
    query->bind(1, invitation.id);
    query->bind(
        2, format_instant(invitation.reserved.value_or(parts_.now) - survey.limits.any_survey));
    auto row = query->step();
    if (!row) return pass(row);
    return query->integer(0) > 0;
}

// "" if every remote that invitations go to has it and nobody was first; else why not. `lost`: it
// is another's; `refused`: there must be no invitation of ours at all.
Result<std::string> Invitations::standing(const Survey& survey, const Invitation& invitation,
                                          bool& lost, bool& refused) const {
    auto query = parts_.db.prepare(
        "SELECT l.ext_id,b.status,c.push_enabled FROM kontor_stream s"
        " JOIN kontor_connection c ON c.id=s.connection"
        " JOIN kontor_entity e ON e.id=s.entity AND e.name=?2"
        " LEFT JOIN kontor_link l ON l.stream=s.id AND l.record=?1"
        " LEFT JOIN kontor_blocked b ON b.link=l.id");
    if (!query) return pass(query);
    query->bind(1, invitation.id);
    query->bind(2, kEntity);
    std::string reason;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) break;
        if (query->text(1) == "duplicate") {
            refused = true;
            return std::string("duplicate");
        }
        if (!query->is_null(1))
            reason = "refused_there";
        else if (query->is_null(0) && reason.empty())
            reason = query->integer(2) != 0 ? "not_sent" : "push_off";
    }
    if (!reason.empty()) return reason;
    auto first = somebody_was_first(survey, invitation);
    if (!first) return pass(first);
    lost = *first;
    return std::string(lost ? "asked_elsewhere" : "");
}

std::map<std::string, Value> Invitations::sent_fields(const Due& due) const {
    if (due.reminder > 0) return {{"reminders", Value(due.reminder)}};
    return {{"state", Value("sent")}, {"sent_at", instant(parts_.now)}};
}

Result<Sending> Invitations::hand_out(const Survey& survey, Delivery delivery) {
    const auto& db = parts_.db;
    auto device = device_of(db);
    if (!device) return pass(device);
    auto catalogue = parts_.catalogues.get(db);
    if (!catalogue) return pass(catalogue);
    auto people = People::open(db, **catalogue, survey);
    if (!people) return pass(people);
    auto made = in_states(db, survey, "reserved", "ready");
    if (!made) return pass(made);
    auto sent = in_states(db, survey, "sent", "sent");
    if (!sent) return pass(sent);
    made->insert(made->end(), sent->begin(), sent->end());

    Sending out;
    std::vector<Edit> edits;
    const auto withdraw = [&](const Invitation& invitation, const std::string& reason) {
        edits.push_back(
            edit_of(invitation, {{"state", Value("withdrawn")}, {"reason", Value(reason)}}));
        out.withdrawn.push_back({invitation, reason});
    };
    const auto look_again = [&](std::optional<Instant> at) {
        if (at && (!out.next || *at < *out.next)) out.next = at;
    };
    std::map<std::string, Instant> awake;
    const auto awake_at = [&](const std::string& zone) {
        const auto [at, fresh] = awake.try_emplace(zone);
        if (fresh) at->second = quiet_until(survey.limits.quiet, parts_.now, zone);
        return at->second;
    };
    for (auto& invitation : *made) {
        // Each device looks after its own.
        if (invitation.device != *device) continue;
        if (invitation.expires && *invitation.expires <= parts_.now) {
            if (invitation.state != "sent") withdraw(invitation, "expired");
            continue;
        }
        Candidate person;
        const auto who = replica::parse_any_reference(invitation.who);
        Result<bool> there = false;
        if (who && who->entity == people->entity().name) there = people->read(who->id, person);
        if (!there) return pass(there);
        if (!*there || person.opted_out || !person.consents ||
            person.person(survey) != invitation.person) {
            withdraw(invitation, !*there            ? "person_gone"
                                 : person.opted_out ? "opted_out"
                                 : !person.consents ? "no_consent"
                                                    : "address_changed");
            continue;
        }
        if (person.bounced && invitation.channel == "link") {
            withdraw(invitation, "bounced");
            continue;
        }
        std::map<std::string, Value> fields;
        if (invitation.state == "reserved") {
            bool lost = false;
            bool refused = false;
            auto why = standing(survey, invitation, lost, refused);
            if (!why) return pass(why);
            if (refused) {
                edits.push_back({Edit::Kind::kRemove, kEntity, invitation.id});
                out.withdrawn.push_back({invitation, *why});
                continue;
            }
            if (lost) {
                withdraw(invitation, *why);
                continue;
            }
            if (!why->empty()) {
                out.waiting.push_back({invitation, *why});
                look_again(asks_remote_again(invitation, parts_.now));
                continue;
            }
            fields["state"] = Value("ready");
        }
        const bool first = invitation.state != "sent";
        const auto reminder = first ? 0 : reminders_due(survey, invitation, parts_.now);
        const bool link =
            invitation.channel == "link" && (first || reminder > invitation.reminders);
        if (link && is_quiet(survey.limits.quiet, parts_.now, person.zone)) {
            out.waiting.push_back({invitation, "quiet"});
            look_again(awake_at(person.zone));
        } else if (link && delivery == Delivery::kNone) {
            out.waiting.push_back({invitation, "no_mail"});
        } else if (link) {
            out.due.push_back({invitation, person, reminder});
            if (delivery == Delivery::kShown)
                for (auto& [field, value] : sent_fields(out.due.back()))
                    fields.insert_or_assign(field, std::move(value));
        }
        if (invitation.channel == "link") look_again(next_reminder(survey, invitation, parts_.now));
        if (!fields.empty()) edits.push_back(edit_of(invitation, std::move(fields)));
    }
    if (edits.empty()) return out;
    replica::LocalEdits local(db, parts_.catalogues);
    if (auto done = local.apply(edits, parts_.actor); !done) return pass(done);
    return out;
}

Result<bool> Invitations::about_to_send(const Due& due) {
    auto now = find_invitation(parts_.db, due.invitation.id);
    if (!now) return pass(now);
    if (!*now || (**now).reminders != due.invitation.reminders ||
        (**now).state != (due.reminder > 0 ? "sent" : "ready"))
        return false;
    if (auto done = edit(due.invitation, sent_fields(due)); !done) return pass(done);
    return true;
}

Result<> Invitations::not_sent(const Due& due, bool for_good) {
    std::map<std::string, Value> fields;
    if (for_good)
        fields = {{"state", Value("unreachable")}, {"reason", Value("mail_refused")}};
    else if (due.reminder > 0)
        fields = {{"reminders", Value(due.reminder - 1)}};
    else
        fields = {{"state", Value("ready")}, {"sent_at", Value::null()}};
    return edit(due.invitation, std::move(fields));
}

Result<> Invitations::edit(const Invitation& invitation, std::map<std::string, Value> fields) {
    const auto edit = edit_of(invitation, std::move(fields));
    replica::LocalEdits local(parts_.db, parts_.catalogues);
    if (auto done = local.apply({&edit, 1}, parts_.actor); !done) return pass(done);
    return {};
}

Result<std::vector<Due>> Invitations::handed_out(const Survey& survey) const {
    auto catalogue = parts_.catalogues.get(parts_.db);
    if (!catalogue) return pass(catalogue);
    auto people = People::open(parts_.db, **catalogue, survey);
    if (!people) return pass(people);
    auto sent = in_states(parts_.db, survey, "sent", "sent");
    if (!sent) return pass(sent);
    std::vector<Due> out;
    for (auto& invitation : *sent) {
        Due due{std::move(invitation), {}, 0};
        due.reminder = due.invitation.reminders;
        if (due.invitation.channel != "link") continue;
        if (due.invitation.expires && *due.invitation.expires <= parts_.now) continue;
        const auto who = replica::parse_any_reference(due.invitation.who);
        if (!who || who->entity != people->entity().name) continue;
        auto there = people->read(who->id, due.person);
        if (!there) return pass(there);
        if (*there && !due.person.opted_out) out.push_back(std::move(due));
    }
    return out;
}

Result<std::vector<Due>> Invitations::calls(const Survey& survey) const {
    auto catalogue = parts_.catalogues.get(parts_.db);
    if (!catalogue) return pass(catalogue);
    auto people = People::open(parts_.db, **catalogue, survey);
    if (!people) return pass(people);
    auto ready = in_states(parts_.db, survey, "ready", "ready");
    if (!ready) return pass(ready);
    std::vector<Due> out;
    for (auto& invitation : *ready) {
        if (invitation.channel != "phone") continue;
        if (invitation.expires && *invitation.expires <= parts_.now) continue;
        if (invitation.next_attempt && *invitation.next_attempt > parts_.now) continue;
        Due due{std::move(invitation), {}, 0};
        const auto who = replica::parse_any_reference(due.invitation.who);
        if (!who || who->entity != people->entity().name) continue;
        auto there = people->read(who->id, due.person);
        if (!there) return pass(there);
        if (!*there || due.person.opted_out || !due.person.consents) continue;
        if (is_quiet(survey.limits.quiet, parts_.now, due.person.zone)) continue;
        out.push_back(std::move(due));
    }
    return out;
}

Result<> Invitations::note_call(const Invitation& invitation, const std::string& outcome) {
    const auto again = again_after(outcome);
    if (!again)
        return fail(Errc::kInvalid, outcome + " is no outcome of a call", {{"key", "outcome"}});
    std::map<std::string, Value> fields{{"attempts", Value(invitation.attempts + 1)},
                                        {"reason", Value(outcome)}};
    if (again->count() > 0)
        fields["next_attempt_at"] = instant(parts_.now + *again);
    else
        fields["state"] = Value(outcome == "refused" ? "refused" : "unreachable");
    const Edit edit = edit_of(invitation, std::move(fields));
    replica::EditSteps steps;
    steps.before = [&](const replica::Catalogue&) -> Result<> {
        auto now = find_invitation(parts_.db, invitation.id);
        if (!now) return pass(now);
        if (*now && (*now)->state == "answered")
            return fail(
                Errc::kConflict, "the invitation is answered",
                {{"reason", "survey_answered"}, {"invitation", std::to_string(invitation.id)}});
        return {};
    };
    replica::LocalEdits local(parts_.db, parts_.catalogues);
    if (auto done = local.apply({&edit, 1}, parts_.actor, steps); !done) return pass(done);
    return {};
}

}  // namespace kontor::feedback
