// Survey files, and answers to them: every mistake is told with a place, nothing else happens, and
// what was taken once is taken again as it is. An input that begins with a brace is answers alone,
// to a survey that is always the same: many times as many of them are tried.
#include <nlohmann/json.hpp>

#include "daemon/feedback/answers.hpp"
#include "daemon/feedback/source_answers.hpp"
#include "daemon/feedback/survey_file.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;

constexpr const char* kSurvey = R"(id = "s"
title = "T"
[[source]]
connection = "lime"
survey = "7"
[source.questions]
score = { from = "Q1", add = -1 }
more = "Q2"
why = { from = "Q3", values = { A1 = "price", "*" = "time" } }
[[question]]
id = "score"
kind = "nps"
required = true
text = "Q"
[[question]]
id = "why"
kind = "choice"
multiple = true
text = "W"
choices = [{ id = "price", en = "Price" }, { id = "time", en = "Time" }]
show_if = ["score<=6"]
[[question]]
id = "more"
kind = "text"
text = "M"
show_if = "why=price"
)";

std::optional<feedback::Survey> survey_in(std::string_view text) {
    config::Problems problems;
    auto out = feedback::parse_survey(text, "/etc/kontor/surveys/s.toml", problems);
    must_hold(out.has_value() == problems.empty());
    for (const auto& problem : problems) must_hold(!problem.reason.empty());
    return out;
}

void answer(const feedback::Survey& survey, std::string_view text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return;
    for (const auto& source : survey.sources) {
        const auto mapped = feedback::mapped_answers(survey, source, json);
        for (const auto& [question, values] : mapped)
            must_hold(survey.question(question) != nullptr && !values.empty());
        (void)feedback::check_answers(survey, mapped, feedback::Unasked::kDrop);
    }
    const auto checked =
        feedback::check_answers(survey, feedback::answers_from(json), feedback::Unasked::kDrop);
    if (!checked.flaws.empty()) return;
    const auto again = feedback::check_answers(
        survey, feedback::answers_from(feedback::answers_json(survey, checked.answers)),
        feedback::Unasked::kRefuse);
    must_hold(again.flaws.empty() && again.answers == checked.answers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(data, size);
    if (text.starts_with('{')) {
        static const auto survey = survey_in(kSurvey);
        must_hold(survey.has_value());
        answer(*survey, text);
        return 0;
    }
    // The survey, a zero byte, answers as JSON.
    const auto end = text.find('\0');
    const auto survey = survey_in(text.substr(0, end));
    if (survey && end != std::string_view::npos) answer(*survey, text.substr(end + 1));
    return 0;
}
