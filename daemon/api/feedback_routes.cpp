// Surveys: who would be asked, sending, calls, answers by staff and files, and what came of it.
#include <algorithm>

#include "daemon/api/feedback_routes.hpp"
#include "daemon/api/json_io.hpp"
#include "daemon/api/services.hpp"
#include "daemon/feedback/report_json.hpp"
#include "sync/replica/values.hpp"

namespace kontor::api {
namespace {

using namespace feedback;
using replica::Access;

/// The services of a request's functions.
struct Desk {
    Services& services;
    FeedbackService& surveys;
};

Result<Survey> survey_of(const Desk& desk, const ApiRequest& request) {
    return desk.surveys.survey(request.param("survey"));
}

json words_json(const Words& words) {
    return {{"en", words.in(messages::Language::kEnglish)},
            {"zh", words.in(messages::Language::kChinese)}};
}

Result<ApiResponse> list_surveys(const Desk& desk) {
    const auto folder = desk.surveys.folder();
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

Result<json> due_json(const std::vector<Due>& due, const Links& links) {
    json out = json::array();
    for (const auto& d : due) {
        auto link = links.answer(d.invitation);
        if (!link) return pass(link);
        auto unsubscribe = links.unsubscribe(d.invitation);
        if (!unsubscribe) return pass(unsubscribe);
        out.push_back({{"invitation", d.invitation.id},
                       {"who", d.invitation.who},
                       {"address", d.person.address},
                       {"language", d.invitation.language},
                       {"reminder", d.reminder},
                       {"link", *link},
                       {"unsubscribe", *unsubscribe}});
    }
    return out;
}

json acted_json(const Acted& acted) {
    json open = json::array();
    for (const auto& answer : acted.open)
        open.push_back({{"response", answer.response},
                        {"line", answer.line},
                        {"message", answer.error.message}});
    return {{"answers", acted.answers},
            {"made", acted.made},
            {"edited", acted.edited},
            {"open", std::move(open)}};
}

json taken_json(const Taken& taken) {
    json untaken = json::array(), broken = json::array();
    for (const auto& one : taken.untaken)
        untaken.push_back({{"submission", one.submission},
                           {"number", one.number},
                           {"question", or_null(one.question)},
                           {"reason", one.reason}});
    for (const auto& one : taken.broken)
        broken.push_back({{"line", one.line}, {"message", one.error.message}});
    return {{"answers", taken.answers}, {"nobody", taken.nobody}, {"changed", taken.changed},
            {"open", taken.open},       {"untaken", untaken},     {"broken", broken}};
}

Result<ApiResponse> send_survey(const Desk& desk, const ApiRequest& request) {
    auto body = parse_body(request, {"dry_run"});
    if (!body) return pass(body);
    auto dry_run = flag_in(*body, "dry_run", false);
    if (!dry_run) return pass(dry_run);
    auto survey = survey_of(desk, request);
    if (!survey) return pass(survey);
    // Before anything is reserved: an invitation without a link would be one that nobody gets.
    std::optional<Links> links;
    const bool by_link = std::ranges::find(survey->channels, "link") != survey->channels.end();
    if (!*dry_run && by_link) {
        auto made = desk.surveys.links(*survey);
        if (!made) return pass(made);
        links = std::move(*made);
    }
    auto sent = desk.surveys.send(*survey, request.actor, *dry_run);
    if (!sent) return pass(sent);
    auto out = selection_json(sent->selection);
    out["survey"] = survey->id;
    out["dry_run"] = *dry_run;
    out["reserved"] = sent->reserved;
    out["waiting"] = held_json(sent->sending.waiting);
    out["withdrawn"] = held_json(sent->sending.withdrawn);
    out["acted"] = acted_json(sent->acted);
    out["taken"] = taken_json(sent->taken);
    out["due"] = json::array();
    const auto& mailed = sent->mailed;
    out["mailed"] = nullptr;
    if (mailed.on)
        out["mailed"] = {{"sent", mailed.sent},
                         {"refused", mailed.refused},
                         {"failed", mailed.failed},
                         {"problem", mailed.problem ? json(mailed.problem->message) : json()}};
    // Who gets an e-mail needs no list.
    if (links && !mailed.on) {
        auto due = due_json(sent->sending.due, *links);
        if (!due) return pass(due);
        out["due"] = std::move(*due);
    }
    return json_response(out);
}

Result<ApiResponse> list_links(const Desk& desk, const ApiRequest& request) {
    auto survey = survey_of(desk, request);
    if (!survey) return pass(survey);
    auto links = desk.surveys.links(*survey);
    if (!links) return pass(links);
    auto due = desk.surveys.handed_out(*survey);
    if (!due) return pass(due);
    auto shown = due_json(*due, *links);
    if (!shown) return pass(shown);
    return json_response({{"survey", survey->id}, {"links", *shown}});
}

Result<ApiResponse> act(const Desk& desk, const ApiRequest& request) {
    auto survey = survey_of(desk, request);
    if (!survey) return pass(survey);
    auto taken = desk.surveys.take(*survey, request.actor);
    if (!taken) return pass(taken);
    auto acted = desk.surveys.act(*survey, request.actor);
    if (!acted) return pass(acted);
    auto out = acted_json(*acted);
    out["taken"] = taken_json(*taken);
    out["survey"] = survey->id;
    return json_response(out);
}

Result<ApiResponse> list_calls(const Desk& desk, const ApiRequest& request) {
    auto& services = desk.services;
    auto survey = survey_of(desk, request);
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

Result<ApiResponse> show_report(const Desk& desk, const ApiRequest& request) {
    auto& services = desk.services;
    auto survey = survey_of(desk, request);
    if (!survey) return pass(survey);
    std::optional<Instant> since;
    if (const auto text = request.get("since"); !text.empty()) {
        since = parse_instant(text.size() == 10 ? text + "T00:00:00Z" : text);
        if (!since)
            return fail(Errc::kInvalid, "since must be a day as 2026-01-31", {{"key", "since"}});
    }
    auto db = services.databases.lend(Access::kReadOnly);
    if (!db) return pass(db);
    auto words = desk.surveys.lexicon();
    if (!words) return pass(words);
    auto report = make_report(**db, *survey, *words, services.clock.now(), since);
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

Result<ApiResponse> post_response(const Desk& desk, const ApiRequest& request) {
    auto& services = desk.services;
    auto survey = survey_of(desk, request);
    if (!survey) return pass(survey);
    auto body = parse_body(request, {"invitation", "outcome", "who", "submission", "answers",
                                     "answered_at", "channel", "language"});
    if (!body) return pass(body);
    auto id = integer_in(*body, "invitation");
    if (!id) return pass(id);
    std::optional<Invitation> invitation;
    if (*id) {
        auto db = services.databases.lend(Access::kReadOnly);
        if (!db) return pass(db);
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
    auto made = desk.surveys.record(*survey, invitation, *who, response, request.actor);
    if (!made) return pass(made);
    return json_response({{"invitation", invitation ? json(invitation->id) : json()},
                          {"response", made->response},
                          {"acted", acted_json(made->acted)}},
                         201);
}

}  // namespace

void add_feedback_routes(Router& router, Services& s, FeedbackService& surveys) {
    const std::string all = "/api/v1/surveys";
    const std::string one = all + "/{survey}";
    const Desk desk{s, surveys};
    router.add("GET", all, [desk](const ApiRequest&) { return list_surveys(desk); });
    router.add("POST", one + "/send", [desk](const ApiRequest& r) { return send_survey(desk, r); });
    router.add("POST", one + "/act", [desk](const ApiRequest& r) { return act(desk, r); });
    router.add("GET", one + "/links", [desk](const ApiRequest& r) { return list_links(desk, r); });
    router.add("GET", one + "/calls", [desk](const ApiRequest& r) { return list_calls(desk, r); });
    router.add("GET", one + "/report?since",
               [desk](const ApiRequest& r) { return show_report(desk, r); });
    router.add("POST", one + "/responses",
               [desk](const ApiRequest& r) { return post_response(desk, r); });
}

}  // namespace kontor::api
