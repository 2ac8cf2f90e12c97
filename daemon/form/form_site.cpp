#include "daemon/form/form_site.hpp"

#include <algorithm>
#include <set>

#include "daemon/form/form_body.hpp"
#include "daemon/form/form_page.hpp"

namespace kontor::form {
namespace {

using api::ApiRequest;
using api::ApiResponse;
using feedback::Door;
using messages::Language;

constexpr const char* kActor = "form";
constexpr const char* kFormType = "application/x-www-form-urlencoded";

ApiResponse page(int status, std::string html) {
    ApiResponse out;
    out.status = status;
    out.content_type = "text/html; charset=utf-8";
    out.headers = {{"Content-Security-Policy", content_policy()},
                   {"Referrer-Policy", "no-referrer"},
                   {"X-Robots-Tag", "noindex, nofollow"}};
    out.body = std::move(html);
    return out;
}

ApiResponse notice(int status, Language language, const std::string& key,
                   const std::string& more = "") {
    return page(status, notice_page(language, key, more));
}

ApiResponse refused(Door door, Language language) {
    const int status = door == Door::kAnswered                              ? 200
                       : door == Door::kExpired || door == Door::kWithdrawn ? 410
                                                                            : 404;
    return notice(status, language, "form.door." + std::string(feedback::to_string(door)));
}

ApiResponse trouble(Language language) {
    auto out = notice(503, language, "form.trouble");
    out.headers.emplace_back("Retry-After", "60");
    return out;
}

Language language_of(const ApiRequest& request, const feedback::Invitation& invitation) {
    const auto wanted = request.get("lang");
    if (wanted == "zh" || wanted == "en") return messages::language_from(wanted);
    return invitation.language.empty() ? request.language
                                       : messages::language_from(invitation.language);
}

/// Answers of fields or of a link's query.
feedback::Answers answers_in(const Fields& fields, const feedback::Survey& survey) {
    feedback::Answers out;
    for (const auto& [name, value] : fields)
        if (name.starts_with("q.") && survey.question(name.substr(2)) != nullptr)
            out[name.substr(2)].push_back(value);
    return out;
}

std::set<std::string> shown(const feedback::Survey& survey, const feedback::Answers& answers) {
    std::set<std::string> out;
    for (const auto& question : survey.questions)
        if (feedback::is_shown(question, survey, answers)) out.insert(question.id);
    return out;
}

std::set<std::string> asked_in(const Fields& fields) {
    std::set<std::string> out;
    const auto list = field_of(fields, kAskedField);
    for (std::size_t at = 0; at < list.size();) {
        const auto end = std::min(list.find(' ', at), list.size());
        if (end > at) out.insert(list.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

}  // namespace

ApiResponse FormSite::answer(const ApiRequest& request) const {
    if (request.path == "/robots.txt") {
        ApiResponse out;
        out.content_type = "text/plain";
        out.body = "User-agent: *\nDisallow: /\n";
        return out;
    }
    const bool known = request.method == "GET" || request.method == "POST";
    const auto token = request.path.size() > 3 ? request.path.substr(3) : std::string();
    if (!known) {
        auto out = notice(405, request.language, "form.door.forged");
        out.headers.emplace_back("Allow", "GET, POST");
        return out;
    }
    if (request.path.starts_with("/s/")) return ask(request, token);
    if (request.path.starts_with("/u/")) return unsubscribe(request, token);
    return refused(Door::kUnknown, request.language);
}

ApiResponse FormSite::ask(const ApiRequest& request, const std::string& token) const {
    auto opened = surveys_.open(token, feedback::Purpose::kAnswer);
    if (!opened) return trouble(request.language);
    const auto language = language_of(request, opened->invitation);
    if (opened->door != Door::kOpen) return refused(opened->door, language);
    auto survey = surveys_.survey(opened->invitation.survey);
    if (!survey) {
        services_.log.warning("form.no_survey", {{"survey", opened->invitation.survey}});
        return survey.error().code == Errc::kNotFound ? refused(Door::kUnknown, language)
                                                      : trouble(language);
    }
    if (request.method == "POST") return take(request, *survey, opened->invitation, language);
    const auto answers = answers_in(request.query, *survey);
    return page(200, form_page({*survey, language, answers, {}, shown(*survey, answers)}));
}

ApiResponse FormSite::take(const ApiRequest& request, const feedback::Survey& survey,
                           const feedback::Invitation& invitation, Language language) const {
    const auto fields =
        request.content_type == kFormType ? parse_fields(request.body) : std::nullopt;
    if (!fields) return notice(400, language, "form.malformed");
    if (!field_of(*fields, kTrap).empty()) {
        // Told like anybody else: whoever fills it in should learn nothing.
        services_.log.info("form.trapped", {{"survey", survey.id}});
        return notice(200, language, "form.thanks");
    }
    const auto given = answers_in(*fields, survey);
    auto checked = feedback::check_answers(survey, given, feedback::Unasked::kDrop);
    // What these answers lead to and nobody has been asked yet comes on the next page.
    const auto asked = asked_in(*fields);
    std::set<std::string> next;
    for (const auto& id : shown(survey, checked.answers))
        if (!asked.contains(id) && !given.contains(id)) next.insert(id);
    std::set<std::string> wrong;
    for (const auto& [id, flaw] : checked.flaws)
        if (!next.contains(id)) wrong.insert(id);
    std::erase_if(checked.flaws, [&](const auto& flaw) { return next.contains(flaw.first); });
    if (!wrong.empty())
        return page(422, form_page({survey, language, given, checked.flaws, asked}));
    if (!next.empty()) return page(200, form_page({survey, language, checked.answers, {}, next}));

    const feedback::Response response{std::move(checked.answers), "link",
                                      std::string(messages::to_string(language)), "",
                                      services_.clock.now()};
    const auto recorded = surveys_.record(survey, invitation, "", response, kActor);
    if (recorded) return notice(200, language, "form.thanks", survey.thanks.in(language));
    const auto& error = recorded.error();
    if (error.code == Errc::kConflict) {
        const bool was =
            error.args.contains("reason") && error.args.at("reason") == "survey_answered";
        return refused(was ? Door::kAnswered : Door::kWithdrawn, language);
    }
    services_.log.error("form.not_recorded", {{"survey", survey.id}, {"reason", error.message}});
    auto out = page(
        503,
        form_page({survey, language, response.answers, {}, shown(survey, response.answers), true}));
    out.headers.emplace_back("Retry-After", "60");
    return out;
}

ApiResponse FormSite::unsubscribe(const ApiRequest& request, const std::string& token) const {
    auto opened = surveys_.open(token, feedback::Purpose::kUnsubscribe);
    if (!opened) return trouble(request.language);
    const auto language = language_of(request, opened->invitation);
    if (opened->door != Door::kOpen) return refused(opened->door, language);
    if (request.method == "GET") return page(200, unsubscribe_page(language));
    const auto done = surveys_.unsubscribe(opened->invitation, kActor);
    if (done) return notice(200, language, "form.unsubscribed");
    services_.log.error("form.not_unsubscribed", {{"reason", done.error().message}});
    return trouble(language);
}

}  // namespace kontor::form
