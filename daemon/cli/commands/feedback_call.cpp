// kontor feedback call and import: answers that staff and files bring.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/csv_file.hpp"
#include "daemon/cli/files.hpp"
#include "daemon/cli/http.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/rows.hpp"
#include "daemon/cli/survey_path.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/feedback/answers.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

std::string words(const json& texts, const std::string& language) {
    return one_line(text_at(texts, language));
}

/// As much of the survey as decides which question comes next.
feedback::Survey survey_from(const json& script) {
    feedback::Survey out;
    for (const auto& item : script) {
        feedback::Question question;
        question.id = text_at(item, "id");
        for (const auto& w : list_at(item, "show_if"))
            question.show_if.push_back(
                {text_at(w, "question"), text_at(w, "compare"), text_at(w, "value")});
        out.questions.push_back(std::move(question));
    }
    return out;
}

/// The script with its choices, for a person on the telephone.
Outcome<json> talk(Context& context, const json& answer, const json& call) {
    const auto language = text_at(call, "language");
    context.note(words(object_at(answer, "intro"), language));
    const auto& script = list_at(answer, "script");
    const auto survey = survey_from(script);
    json answers = json::object();
    for (std::size_t i = 0; i < script.size(); ++i) {
        const auto& question = script[i];
        if (!feedback::is_shown(survey.questions[i], survey, feedback::answers_from(answers)))
            continue;
        std::string text = words(object_at(question, "text"), language);
        if (has(question, "min"))
            text += " (" + text_at(question, "min") + "–" + text_at(question, "max") + ")";
        for (const auto& choice : list_at(question, "choices"))
            context.note("  " + text_at(choice, "id") + "  " +
                         words(object_at(choice, "label"), language));
        auto said = context.ask(text, "answer");
        if (!said) return tl::unexpected<Failure>(said.error());
        if (said->empty()) continue;
        if (flag_at(question, "multiple"))
            answers[text_at(question, "id")] = split_list(*said);
        else
            answers[text_at(question, "id")] = *said;
    }
    context.note(words(object_at(answer, "thanks"), language));
    return answers;
}

/// One line of an import as the API takes it.
json submission(const json& row) {
    json body{{"channel", "import"}, {"answers", json::object()}};
    for (const auto& [name, value] : row.items()) {
        if (value.is_null() || (value.is_string() && value.get<std::string>().empty())) continue;
        const bool own = name == "who" || name == "submission" || name == "answered_at" ||
                         name == "channel" || name == "language";
        if (own)
            body[name] = value.is_string() ? value : json(value.dump());
        else if (name == "answers" && value.is_object())
            body["answers"].update(value);
        else if (value.is_string() && value.get<std::string>().find('|') != std::string::npos) {
            // Several choices in one cell.
            auto& list = body["answers"][name] = json::array();
            const auto text = value.get<std::string>();
            for (std::size_t at = 0; at <= text.size();) {
                const auto end = std::min(text.find('|', at), text.size());
                list.push_back(text.substr(at, end - at));
                at = end + 1;
            }
        } else
            body["answers"][name] = value;
    }
    return body;
}

}  // namespace

Outcome<Exit> run_feedback_call(Context& context) {
    const auto answer = context.api().get(survey_path(context, "/calls"));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    const auto& calls = list_at(*answer, "calls");
    const auto wanted = context.args().argument("INVITATION");
    if (wanted.empty()) {
        if (auto shown =
                print_rows(context, *answer, calls,
                           {"invitation", "who", "what", "phone", "language", "attempts"}, true);
            !shown)
            return tl::unexpected<Failure>(shown.error());
        if (calls.empty()) context.note(context.text("feedback.no_calls"));
        return Exit::kOk;
    }
    const auto id = whole_number(context.language(), "INVITATION", wanted);
    if (!id) return tl::unexpected<Failure>(id.error());
    json body{{"invitation", *id}};
    if (context.args().has("outcome")) {
        body["outcome"] = context.args().option("outcome");
    } else if (context.args().has("answer")) {
        auto answers = parse_values(context.language(), context.args().all("answer"));
        if (!answers) return tl::unexpected<Failure>(answers.error());
        body["answers"] = std::move(*answers);
    } else {
        const auto call = std::ranges::find_if(
            calls, [&](const json& c) { return integer_at(c, "invitation") == *id; });
        if (call == calls.end())
            return tl::unexpected<Failure>(failed(context.language(), Exit::kNotFound, "not_found",
                                                  "feedback.no_such_call", {{"id", wanted}}));
        context.note(text_at(*call, "who") + "  " + text_at(*call, "phone"));
        auto answers = talk(context, *answer, *call);
        if (!answers) return tl::unexpected<Failure>(answers.error());
        body["answers"] = std::move(*answers);
        body["language"] = text_at(*call, "language");
    }
    const auto done = context.api().post(survey_path(context, "/responses"), body);
    if (!done) return tl::unexpected<Failure>(done.error());
    if (context.json())
        context.print_json(*done);
    else
        context.note(context.text("feedback.recorded"));
    return Exit::kOk;
}

Outcome<Exit> run_feedback_import(Context& context) {
    const auto file = context.args().argument("FILE");
    auto bytes = read_small_file(context.language(), file);
    if (!bytes) return tl::unexpected<Failure>(bytes.error());
    const bool csv = !file.ends_with(".json");
    const auto rows = csv ? csv_rows(*bytes).value_or(json()) : json::parse(*bytes, nullptr, false);
    if (!rows.is_array())
        return tl::unexpected<Failure>(failed(context.language(), Exit::kUsage, "invalid",
                                              "feedback.no_rows", {{"file", file}}));
    // What is not found by a row of a survey that is there is the row's own affair.
    const auto surveys = context.api().get("/surveys");
    if (!surveys) return tl::unexpected<Failure>(surveys.error());
    const auto& all = list_at(*surveys, "surveys");
    const bool there = std::ranges::any_of(all, [&](const json& survey) {
        return text_at(survey, "survey") == context.args().argument("SURVEY");
    });
    std::int64_t taken = 0;
    std::int64_t known = 0;
    json refused = json::array();
    const auto refuse = [&](std::size_t row, const std::string& reason) {
        refused.push_back({{"row", row + 1}, {"message", reason}});
        if (!context.json())
            context.warn(context.text("feedback.row_refused",
                                      {{"row", std::to_string(row + 1)}, {"reason", reason}}));
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (csv && rows[i].is_null()) {
            refuse(i, context.text("feedback.row_cells"));
            continue;
        }
        const auto done =
            context.api().post(survey_path(context, "/responses"),
                               submission(rows[i].is_object() ? rows[i] : json::object()));
        if (context.cancel().requested()) return context.interrupted();
        if (done) {
            ++taken;
            continue;
        }
        const auto& failure = done.error();
        if (failure.code == "conflict") {
            ++known;
            continue;
        }
        if (failure.exit != Exit::kUsage && !(there && failure.exit == Exit::kNotFound))
            return tl::unexpected<Failure>(failure);
        refuse(i, failure.message);
    }
    if (context.json())
        context.print_json({{"taken", taken}, {"known", known}, {"refused", refused}});
    context.note(
        context.text("feedback.imported", {{"taken", grouped(taken)}, {"known", grouped(known)}}));
    return refused.empty() ? Exit::kOk : Exit::kPartly;
}

}  // namespace kontor::cli
