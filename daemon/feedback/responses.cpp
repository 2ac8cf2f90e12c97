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

}  // namespace

std::string_view to_string(Door door) {
    constexpr std::string_view kNames[] = {"open",     "forged",    "expired",
                                           "answered", "withdrawn", "unknown"};
    return kNames[static_cast<std::size_t>(door)];
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
    const auto& state = out.invitation.state;
    if (purpose == Purpose::kUnsubscribe)
        out.door = Door::kOpen;
    else if (state == "answered")
        out.door = Door::kAnswered;
    else if (is_final(state))
        out.door = Door::kWithdrawn;
    else if (ticket->expires && *ticket->expires <= now)
        out.door = Door::kExpired;
    else
        out.door = Door::kOpen;
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
    auto catalogue = catalogues.get(db);
    if (!catalogue) return pass(catalogue);
    auto people = People::open(db, **catalogue, survey);
    if (!people) return pass(people);
    std::vector<Edit> edits;
    const auto who = replica::parse_any_reference(invitation.who);
    Candidate person;
    Result<bool> there = false;
    if (who && who->entity == people->entity().name) there = people->read(who->id, person);
    if (!there) return pass(there);
    if (*there && !person.opted_out && !people->opt_out().empty()) {
        Edit opt_out{Edit::Kind::kUpdate, std::string(who->entity), who->id};
        opt_out.fields[people->opt_out()] = Value(std::int64_t{1});
        edits.push_back(std::move(opt_out));
    }
    auto open = db.prepare(
        "SELECT id FROM survey_invitation WHERE person=?1 AND state IN('reserved','ready','sent')");
    if (!open) return pass(open);
    open->bind(1, invitation.person);
    while (true) {
        auto row = open->step();
        if (!row) return pass(row);
        if (!*row) break;
        Invitation other;
        other.id = open->integer(0);
        edits.push_back(
            edit_of(other, {{"state", Value("withdrawn")}, {"reason", Value("opted_out")}}));
    }
    open->reset();
    if (edits.empty()) return {};
    replica::LocalEdits local(db, catalogues);
    if (auto done = local.apply(edits, actor); !done) return pass(done);
    return {};
}

}  // namespace kontor::feedback
