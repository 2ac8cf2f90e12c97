// Surveys: who would be asked, sending, calls, answers by staff and files, and what came of it.
#include <algorithm>
#include <filesystem>
#include <mutex>

#include "daemon/api/feedback_routes.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/api/services.hpp"
#include "daemon/feedback/report_json.hpp"
#include "daemon/feedback/responses.hpp"
#include "daemon/feedback/send.hpp"
#include "daemon/feedback/surveys.hpp"
#include "sync/replica/values.hpp"

namespace kontor::api {
namespace {

using namespace feedback;
using replica::Access;

/// Beside the configuration.
std::string surveys_folder(Services& services) {
    return (std::filesystem::path(services.configuration().folder) / "surveys").string();
}

Result<Survey> survey_of(Services& services, const ApiRequest& request) {
    return load_survey(surveys_folder(services), request.param("survey"));
}

json words_json(const Words& words) {
    return {{"en", words.in(messages::Language::kEnglish)},
            {"zh", words.in(messages::Language::kChinese)}};
}

Result<ApiResponse> list_surveys(Services& services) {
    const auto folder = surveys_folder(services);
    const auto loaded = load_surveys(folder);
    json out{{"folder", folder}, {"surveys", json::array()}, {"problems", json::array()}};
    for (const auto& survey : loaded.surveys)
        out["surveys"].push_back({{"survey", survey.id},
                                  {"title", words_json(survey.title)},
                                  {"channels", survey.channels},
                                  {"entity", survey.audience.entity},
                                  {"questions", survey.questions.size()}});
    for (const auto& problem : loaded.problems) out["problems"].push_back(problem.text());
    return json_response(out);
}

json selection_json(const Selection& selection) {
    json counts = json::object();
    std::int64_t looked_at = 0;
    for (const auto& [verdict, count] : selection.counts) {
        looked_at += count;
        if (verdict != Verdict::kAsk) counts[std::string(to_string(verdict))] = count;
    }
    json people = json::array();
    for (const auto& chosen : selection.chosen)
        people.push_back({{"who", chosen.candidate.who},
                          {"what", or_null(chosen.candidate.what)},
                          {"channel", chosen.channel}});
    return {{"looked_at", looked_at},
            {"asked", selection.chosen.size()},
            {"beyond_batch", selection.beyond_batch},
            {"not_asked", counts},
            {"people", people}};
}

json held_json(const std::vector<Held>& held) {
    json out = json::array();
    for (const auto& h : held)
        out.push_back(
            {{"invitation", h.invitation.id}, {"who", h.invitation.who}, {"reason", h.reason}});
    return out;
}

Invitations::Parts parts_of(Services& services, const replica::Database& db,
                            const ApiRequest& request) {
    return {db, services.databases.catalogues(), services.clock.now(), request.actor};
}

Result<ApiResponse> send_survey(Services& services, std::mutex& one_at_a_time,
                                const ApiRequest& request) {
    auto body = parse_body(request, {"dry_run"});
    if (!body) return pass(body);
    auto dry_run = flag_in(*body, "dry_run", false);
    if (!dry_run) return pass(dry_run);
    auto survey = survey_of(services, request);
    if (!survey) return pass(survey);
    const bool by_link = std::ranges::find(survey->channels, "link") != survey->channels.end();
    if (!*dry_run && by_link)
        return fail(Errc::kUnsupported, "links cannot be sent yet",
                    {{"reason", "survey_links"}, {"survey", survey->id}});
    const std::lock_guard lock(one_at_a_time);
    auto db = services.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    auto sent = feedback::send(parts_of(services, **db, request), *survey, *dry_run);
    if (!sent) return pass(sent);
    if (!*dry_run) services.edited();
    auto out = selection_json(sent->selection);
    out["survey"] = survey->id;
    out["dry_run"] = *dry_run;
    out["reserved"] = sent->reserved;
    out["waiting"] = held_json(sent->sending.waiting);
    out["withdrawn"] = held_json(sent->sending.withdrawn);
    return json_response(out);
}

Result<ApiResponse> list_calls(Services& services, const ApiRequest& request) {
    auto survey = survey_of(services, request);
    if (!survey) return pass(survey);
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto calls = Invitations(parts_of(services, **db, request)).calls(*survey);
    if (!calls) return pass(calls);
    json out{{"survey", survey->id},
             {"intro", words_json(survey->intro)},
             {"thanks", words_json(survey->thanks)},
             {"calls", json::array()},
             {"script", script_json(*survey)}};
    for (const auto& call : *calls)
        out["calls"].push_back({{"invitation", call.invitation.id},
                                {"who", call.invitation.who},
                                {"what", or_null(call.invitation.what)},
                                {"phone", call.person.phone},
                                {"language", call.invitation.language},
                                {"attempts", call.invitation.attempts}});
    return json_response(out);
}

Result<ApiResponse> show_report(Services& services, const ApiRequest& request) {
    auto survey = survey_of(services, request);
    if (!survey) return pass(survey);
    std::optional<Instant> since;
    if (const auto text = request.get("since"); !text.empty()) {
        since = parse_instant(text.size() == 10 ? text + "T00:00:00Z" : text);
        if (!since)
            return fail(Errc::kInvalid, "since must be a day as 2026-01-31", {{"key", "since"}});
    }
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto report = make_report(**db, *survey, services.clock.now(), since);
    if (!report) return pass(report);
    return json_response(report_json(*survey, *report));
}

Result<Answers> checked(const Survey& survey, const json& body) {
    const auto given = body.find("answers");
    if (given == body.end() || !given->is_object())
        return fail(Errc::kInvalid, "answers must be an object", {{"key", "answers"}});
    auto checked = check_answers(survey, answers_from(*given), Unasked::kRefuse);
    if (checked.flaws.empty()) return std::move(checked.answers);
    const auto& [question, flaw] = *checked.flaws.begin();
    return fail(Errc::kInvalid, question + ": " + std::string(to_string(flaw)),
                {{"reason", "survey_answer"},
                 {"question", question},
                 {"flaw", std::string(to_string(flaw))}});
}

// What a call came to, without answers.
Result<ApiResponse> record_outcome(Services& services, const ApiRequest& request,
                                   const Invitation& invitation, const std::string& outcome) {
    auto db = services.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    auto noted = Invitations(parts_of(services, **db, request)).note_call(invitation, outcome);
    if (!noted) return pass(noted);
    services.edited();
    return json_response({{"invitation", invitation.id}, {"response", nullptr}}, 201);
}

Result<ApiResponse> post_response(Services& services, const ApiRequest& request) {
    auto survey = survey_of(services, request);
    if (!survey) return pass(survey);
    auto body = parse_body(request, {"invitation", "outcome", "who", "submission", "answers",
                                     "answered_at", "channel", "language"});
    if (!body) return pass(body);
    auto id = integer_in(*body, "invitation");
    if (!id) return pass(id);
    auto db = services.databases.lend(Access::kLocal);
    if (!db) return pass(db);
    std::optional<Invitation> invitation;
    if (*id) {
        auto found = find_invitation(**db, **id);
        if (!found) return pass(found);
        if (!*found || (*found)->survey != survey->id)
            return fail(Errc::kNotFound, "there is no such invitation",
                        {{"entity", "survey_invitation"}, {"record", std::to_string(**id)}});
        invitation = std::move(**found);
        auto outcome = text_in(*body, "outcome");
        if (!outcome) return pass(outcome);
        if (!outcome->empty()) return record_outcome(services, request, *invitation, *outcome);
    }
    auto answers = checked(*survey, *body);
    if (!answers) return pass(answers);
    Response response{std::move(*answers), "phone", "", "", services.clock.now()};
    for (const auto& [key, place] :
         {std::pair("channel", &response.channel), std::pair("language", &response.language),
          std::pair("submission", &response.submission)}) {
        auto text = text_in(*body, key, *place);
        if (!text) return pass(text);
        *place = std::move(*text);
    }
    auto at = text_in(*body, "answered_at");
    if (!at) return pass(at);
    if (!at->empty()) {
        const auto read = parse_instant(*at);
        if (!read)
            return fail(Errc::kInvalid, "answered_at must be a time as 2026-01-31T12:00:00Z",
                        {{"key", "answered_at"}});
        response.answered = *read;
    }
    auto who = text_in(*body, "who");
    if (!who) return pass(who);
    if (!invitation && response.submission.empty())
        return fail(Errc::kInvalid, "give an invitation or a submission", {{"key", "submission"}});
    auto& catalogues = services.databases.catalogues();
    auto made =
        invitation
            ? record_response(**db, catalogues, *survey, *invitation, response, request.actor)
            : record_import(**db, catalogues, *survey, *who, response, request.actor);
    if (!made) return pass(made);
    services.edited();
    return json_response(
        {{"invitation", invitation ? json(invitation->id) : json()}, {"response", *made}}, 201);
}

}  // namespace

void add_feedback_routes(Router& router, Services& s) {
    const std::string all = "/api/v1/surveys";
    const std::string one = all + "/{survey}";
    const auto sending = std::make_shared<std::mutex>();
    router.add("GET", all, [&s](const ApiRequest&) { return list_surveys(s); });
    router.add("POST", one + "/send",
               [&s, sending](const ApiRequest& r) { return send_survey(s, *sending, r); });
    router.add("GET", one + "/calls", [&s](const ApiRequest& r) { return list_calls(s, r); });
    router.add("GET", one + "/report", [&s](const ApiRequest& r) { return show_report(s, r); });
    router.add("POST", one + "/responses",
               [&s](const ApiRequest& r) { return post_response(s, r); });
}

}  // namespace kontor::api
