#include "daemon/feedback/responses.hpp"

#include <nlohmann/json.hpp>

#include "daemon/feedback/people.hpp"
#include "sync/replica/values.hpp"

namespace kontor::feedback {
namespace {

using replica::Database;
using replica::Edit;

bool is_final(const std::string& state) {
    return state == "withdrawn" || state == "refused" || state == "unreachable";
}

Value text_or_null(const std::string& text) {
    return text.empty() ? Value::null() : Value(text);
}

/// What follows from the answers.
std::map<std::string, Value> answer_fields(const Survey& survey, const Response& response) {
    std::map<std::string, Value> fields{
        {"answers", Value(answers_json(survey, response.answers).dump())},
        {"measure", Value::null()},
        {"score", Value::null()}};
    if (const auto* main = survey.main_question(); main != nullptr)
        if (const auto answer = response.answers.find(main->id); answer != response.answers.end()) {
            fields["measure"] = Value(to_string(main->kind));
            fields["score"] = Value(std::int64_t{std::stoll(answer->second.front())});
        }
    std::string comment;
    for (const auto& question : survey.questions)
        if (question.kind == QuestionKind::kText)
            if (const auto answer = response.answers.find(question.id);
                answer != response.answers.end())
                comment += (comment.empty() ? "" : "\n\n") + answer->second.front();
    if (!response.comment.empty()) comment += (comment.empty() ? "" : "\n\n") + response.comment;
    fields["comment"] = text_or_null(comment);
    return fields;
}

Edit response_edit(const Survey& survey, const Response& response) {
    Edit edit{Edit::Kind::kCreate, "survey_response", 0, answer_fields(survey, response),
              response.uid};
    edit.fields.insert({{"survey", Value(survey.id)},
                        {"channel", Value(response.channel)},
                        {"language", text_or_null(response.language)},
                        {"submission", text_or_null(response.submission)},
                        {"answered_at", Value(format_instant(response.answered))}});
    return edit;
}

/// The edits that end the invitations of a person which are still open: `where` is more SQL.
Result<> end_open(const Database& db, const Invitation& invitation, const std::string& where,
                  const char* state, const char* reason, std::vector<Edit>& edits) {
    auto open = db.prepare(
        "SELECT id FROM survey_invitation WHERE person=?1 AND state IN('reserved','ready','sent')" +
        where);
    if (!open) return pass(open);
    open->bind(1, invitation.person);
    while (true) {
        auto row = open->step();
        if (!row) return pass(row);
        if (!*row) return {};
        Invitation one;
        one.id = open->integer(0);
        edits.push_back(edit_of(one, {{"state", Value(state)}, {"reason", Value(reason)}}));
    }
}

/// The invitation's person as they are now, and the edit that sets `column`; nullopt if there is no
/// such column, or nobody.
struct Mark {
    Candidate person;
    Edit edit;
};
using ColumnOf = std::string (*)(const People&, const Survey&);

Result<std::optional<Mark>> mark_person(const Database& db, replica::CatalogueCache& catalogues,
                                        const Survey& survey, const Invitation& invitation,
                                        ColumnOf column_of) {
    auto catalogue = catalogues.get(db);
    if (!catalogue) return pass(catalogue);
    auto people = People::open(db, **catalogue, survey);
    if (!people) return pass(people);
    const auto column = column_of(*people, survey);
    const auto who = replica::parse_any_reference(invitation.who);
    if (column.empty() || !who || who->entity != people->entity().name) return std::nullopt;
    Mark out{{}, {Edit::Kind::kUpdate, std::string(who->entity), who->id}};
    auto there = people->read(who->id, out.person);
    if (!there) return pass(there);
    if (!*there) return std::nullopt;
    out.edit.fields[column] = Value(std::int64_t{1});
    return out;
}

Result<> apply_all(const Database& db, replica::CatalogueCache& catalogues,
                   const std::vector<Edit>& edits, const std::string& actor) {
    if (edits.empty()) return {};
    replica::LocalEdits local(db, catalogues);
    if (auto done = local.apply(edits, actor); !done) return pass(done);
    return {};
}

}  // namespace

std::string_view to_string(Door door) {
    constexpr std::string_view kNames[] = {"open",     "forged",    "expired",
                                           "answered", "withdrawn", "unknown"};
    return kNames[static_cast<std::size_t>(door)];
}

Door door_of(const Invitation& invitation, std::optional<Instant> expires, Instant now) {
    if (invitation.state == "answered") return Door::kAnswered;
    if (is_final(invitation.state)) return Door::kWithdrawn;
    return expires && *expires <= now ? Door::kExpired : Door::kOpen;
}

Result<Opened> open_link(const Database& db, std::string_view token, Purpose purpose,
                         const host::Secret& secret, Instant now) {
    Opened out;
    const auto ticket = read_ticket(token, secret);
    if (!ticket || ticket->purpose != purpose) return out;
    auto found = find_invitation(db, ticket->key);
    if (!found) return pass(found);
    if (!*found) {
        out.door = Door::kUnknown;
        return out;
    }
    out.invitation = std::move(**found);
    out.door = purpose == Purpose::kUnsubscribe ? Door::kOpen
                                                : door_of(out.invitation, ticket->expires, now);
    return out;
}

Result<std::int64_t> record_response(const Database& db, replica::CatalogueCache& catalogues,
                                     const Survey& survey, const Invitation& invitation,
                                     const Response& response, const std::string& actor) {
    auto edit = response_edit(survey, response);
    edit.fields["invitation_id"] = Value(invitation.id);
    edit.fields["who"] = text_or_null(invitation.who);
    edit.fields["what"] = text_or_null(invitation.what);
    if (invitation.account != 0) edit.fields["account_id"] = Value(invitation.account);
    if (invitation.owner != 0) edit.fields["owner_id"] = Value(invitation.owner);
    const Edit edits[] = {
        std::move(edit),
        edit_of(invitation, {{"state", Value("answered")},
                             {"answered_at", Value(format_instant(response.answered))}})};
    replica::EditSteps steps;
    steps.before = [&](const replica::Catalogue&) -> Result<> {
        auto now = find_invitation(db, invitation.id);
        if (!now) return pass(now);
        const auto state = *now ? (*now)->state : "withdrawn";
        if (state == "answered" || is_final(state))
            return fail(Errc::kConflict, "the invitation is " + state,
                        {{"reason", state == "answered" ? "survey_answered" : "survey_withdrawn"},
                         {"invitation", std::to_string(invitation.id)}});
        return {};
    };
    replica::LocalEdits local(db, catalogues);
    auto done = local.apply(edits, actor, steps);
    if (!done) return pass(done);
    return done->ids.front();
}

Result<std::int64_t> record_import(const Database& db, replica::CatalogueCache& catalogues,
                                   const Survey& survey, const std::string& who,
                                   const Response& response, const std::string& actor) {
    auto edit = response_edit(survey, response);
    edit.fields["who"] = text_or_null(who);
    if (const auto person = replica::parse_any_reference(who);
        person && person->entity == "contact") {
        auto query = db.prepare("SELECT account_id,owner_id FROM contact WHERE id=?1");
        if (!query) return pass(query);
        query->bind(1, person->id);
        auto row = query->step();
        if (!row) return pass(row);
        if (*row && !query->is_null(0)) edit.fields["account_id"] = Value(query->integer(0));
        if (*row && !query->is_null(1)) edit.fields["owner_id"] = Value(query->integer(1));
    }
    replica::EditSteps steps;
    steps.before = [&](const replica::Catalogue&) -> Result<> {
        auto query = db.prepare("SELECT 1 FROM survey_response WHERE survey=?1 AND submission=?2");
        if (!query) return pass(query);
        query->bind(1, survey.id);
        query->bind(2, response.submission);
        auto row = query->step();
        if (!row) return pass(row);
        if (*row)
            return fail(Errc::kConflict, "this submission was imported before",
                        {{"reason", "survey_imported"}, {"submission", response.submission}});
        return {};
    };
    replica::LocalEdits local(db, catalogues);
    auto done = local.apply({&edit, 1}, actor, steps);
    if (!done) return pass(done);
    return done->ids.front();
}

Result<bool> correct_response(const Database& db, replica::CatalogueCache& catalogues,
                              const Survey& survey, std::int64_t id, const Response& response,
                              const std::string& actor) {
    Edit edit{Edit::Kind::kUpdate, "survey_response", id, answer_fields(survey, response)};
    std::string sql = "SELECT 1";
    for (const auto& field : edit.fields) sql += "," + field.first;
    auto query = db.prepare(sql + " FROM survey_response WHERE id=?1");
    if (!query) return pass(query);
    query->bind(1, id);
    auto row = query->step();
    if (!row || !*row) return row;
    int column = 1;
    bool same = true;
    for (const auto& [name, value] : edit.fields) {
        const bool blank = query->is_null(column);
        if (name == "score")
            same = same && (blank ? value.is_null() : value == Value(query->integer(column)));
        else
            same = same && (blank ? value.is_null() : value == Value(query->text(column)));
        ++column;
    }
    query->reset();
    if (same) return false;
    edit.fields["acted_at"] = Value::null();
    replica::LocalEdits local(db, catalogues);
    if (auto done = local.apply({&edit, 1}, actor); !done) return pass(done);
    return true;
}

Result<> unsubscribe(const Database& db, replica::CatalogueCache& catalogues, const Survey& survey,
                     const Invitation& invitation, const std::string& actor) {
    auto mark = mark_person(db, catalogues, survey, invitation,
                            [](const People& people, const Survey&) { return people.opt_out(); });
    if (!mark) return pass(mark);
    std::vector<Edit> edits;
    if (*mark && !(*mark)->person.opted_out) edits.push_back(std::move((*mark)->edit));
    auto ended = end_open(db, invitation, "", "withdrawn", "opted_out", edits);
    return ended ? apply_all(db, catalogues, edits, actor) : ended;
}

Result<> note_bounce(const Database& db, replica::CatalogueCache& catalogues, const Survey& survey,
                     const Invitation& invitation, bool nobody, const std::string& actor) {
    std::vector<Edit> edits;
    if (nobody) {
        auto mark = mark_person(db, catalogues, survey, invitation,
                                [](const People&, const Survey& s) { return s.audience.bounced; });
        if (!mark) return pass(mark);
        if (*mark && !(*mark)->person.bounced &&
            (*mark)->person.person(survey) == invitation.person)
            edits.push_back(std::move((*mark)->edit));
    }
    const auto which =
        nobody ? std::string(" AND channel='link'") : " AND id=" + std::to_string(invitation.id);
    auto ended =
        end_open(db, invitation, which, "unreachable", nobody ? "bounced" : "mail_refused", edits);
    return ended ? apply_all(db, catalogues, edits, actor) : ended;
}

}  // namespace kontor::feedback
