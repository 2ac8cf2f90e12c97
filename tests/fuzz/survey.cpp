// Survey files, and answers to them: every mistake is told with a place, nothing else happens, and
// what was taken once is taken again as it is.
#include <nlohmann/json.hpp>

#include "daemon/feedback/answers.hpp"
#include "daemon/feedback/source_answers.hpp"
#include "daemon/feedback/survey_file.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor;
    // The survey, a zero byte, answers as JSON.
    const auto text = as_text(data, size);
    const auto end = text.find('\0');
    config::Problems problems;
    const auto survey =
        feedback::parse_survey(text.substr(0, end), "/etc/kontor/surveys/s.toml", problems);
    must_hold(survey.has_value() == problems.empty());
    for (const auto& problem : problems) must_hold(!problem.reason.empty());
    if (!survey || end == std::string_view::npos) return 0;
    const auto json = nlohmann::json::parse(text.substr(end + 1), nullptr, false);
    if (!json.is_object()) return 0;
    for (const auto& source : survey->sources) {
        const auto mapped = feedback::mapped_answers(*survey, source, json);
        for (const auto& [question, values] : mapped)
            must_hold(survey->question(question) != nullptr && !values.empty());
        (void)feedback::check_answers(*survey, mapped, feedback::Unasked::kDrop);
    }
    const auto checked =
        feedback::check_answers(*survey, feedback::answers_from(json), feedback::Unasked::kDrop);
    if (!checked.flaws.empty()) return 0;
    const auto again = feedback::check_answers(
        *survey, feedback::answers_from(feedback::answers_json(*survey, checked.answers)),
        feedback::Unasked::kRefuse);
    must_hold(again.flaws.empty() && again.answers == checked.answers);
    return 0;
}
