// kontor feedback: surveys from their file to their report.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/http.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/rows.hpp"
#include "daemon/cli/survey_path.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/feedback/settings.hpp"
#include "daemon/feedback/survey_file.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

std::string in_language(Context& context, const json& words) {
    return text_at(words, messages::to_string(context.language()));
}

void print_selection(Context& context, const json& answer) {
    Table table{.columns = {{.title = context.text("cli.column.reason"), .min = 20},
                            {.title = context.text("cli.column.records"), .right = true}},
                .rows = {}};
    const auto asked = integer_at(answer, "asked") + integer_at(answer, "beyond_batch");
    table.add({context.text("feedback.reason.ask"), grouped(asked)});
    for (const auto& [reason, count] : object_at(answer, "not_asked").items())
        table.add({context.text_or("feedback.reason." + reason, reason),
                   grouped(count.get<std::int64_t>())});
    context.print(table);
    if (const auto beyond = integer_at(answer, "beyond_batch"); beyond > 0)
        context.note(context.text("feedback.beyond", {{"count", grouped(beyond)}}));
}

void print_held(Context& context, const json& held, std::string_view key) {
    std::map<std::string, std::int64_t> counts;
    for (const auto& h : held) ++counts[text_at(h, "reason")];
    for (const auto& [reason, count] : counts)
        context.note(
            context.text(key, {{"count", grouped(count)},
                               {"reason", context.text_or("feedback.held." + reason, reason)}}));
}

/// One row a link; nothing if there are none.
Outcome<Exit> print_links(Context& context, const json& answer, const json& links) {
    if (auto shown = print_rows(context, answer, links,
                                {"who", "address", "language", "reminder", "link", "unsubscribe"});
        !shown)
        return tl::unexpected<Failure>(shown.error());
    return Exit::kOk;
}

/// What answers came to in the CRM. Whether all could be acted upon.
bool print_acted(Context& context, const json& acted) {
    if (integer_at(acted, "answers") > 0)
        context.note(context.text("feedback.acted", {{"answers", text_at(acted, "answers")},
                                                     {"made", text_at(acted, "made")},
                                                     {"edited", text_at(acted, "edited")}}));
    const auto& open = list_at(acted, "open");
    for (const auto& answer : open)
        context.warn(context.text(
            "feedback.open", {{"response", text_at(answer, "response")},
                              {"line", text_at(answer, "line")},
                              {"reason", one_line(context.said(text_at(answer, "message")))}}));
    return open.empty();
}

/// What came from survey services. Whether all of it could be taken.
bool print_taken(Context& context, const json& taken) {
    const auto count = [&](const char* key) { return integer_at(taken, key); };
    if (count("answers") > 0)
        context.note(context.text("feedback.taken", {{"answers", grouped(count("answers"))},
                                                     {"nobody", grouped(count("nobody"))}}));
    if (count("changed") > 0)
        context.note(context.text("feedback.corrected", {{"count", grouped(count("changed"))}}));
    if (count("open") > 0)
        context.note(context.text("feedback.not_ours", {{"count", grouped(count("open"))}}));
    const auto& untaken = list_at(taken, "untaken");
    for (const auto& one : untaken)
        context.warn(
            context.text("feedback.untaken",
                         {{"submission", text_at(one, "submission")},
                          {"number", one_line(text_at(one, "number"))},
                          {"question", text_at(one, "question")},
                          {"reason", context.text_or("feedback.flaw." + text_at(one, "reason"),
                                                     text_at(one, "reason"))}}));
    const auto& broken = list_at(taken, "broken");
    for (const auto& one : broken)
        context.warn(context.text("feedback.broken_source",
                                  {{"line", text_at(one, "line")},
                                   {"reason", one_line(context.said(text_at(one, "message")))}}));
    return untaken.empty() && broken.empty();
}

}  // namespace

Outcome<Exit> run_feedback_check(Context& context) {
    json problems = json::array();
    json surveys = json::array();
    for (const auto& file : context.args().arguments_of("FILE")) {
        config::Problems found;
        const bool is_settings = std::filesystem::path(file).filename() == "feedback.toml";
        std::optional<feedback::Survey> survey;
        if (is_settings)
            (void)feedback::read_settings(file, found);
        else
            survey = feedback::read_survey(file, found);
        for (const auto& p : found) {
            problems.push_back({{"file", p.file},
                                {"line", p.line},
                                {"column", p.column},
                                {"key", p.key},
                                {"reason", p.reason},
                                {"nearest", p.nearest}});
            if (!context.json()) context.print(one_line(context.said(p.text())));
        }
        if (is_settings && found.empty())
            context.note(context.text("feedback.checked_settings", {{"file", file}}));
        if (!survey) continue;
        surveys.push_back({{"survey", survey->id}, {"questions", survey->questions.size()}});
        context.note(context.text(
            "feedback.checked",
            {{"survey", survey->id}, {"count", std::to_string(survey->questions.size())}}));
    }
    if (context.json())
        context.print_json(
            {{"ok", problems.empty()}, {"surveys", surveys}, {"problems", problems}});
    if (!problems.empty())
        return tl::unexpected<Failure>(failed(context.language(), Exit::kConfig, "config",
                                              "cli.config.errors",
                                              {{"count", std::to_string(problems.size())}}));
    return Exit::kOk;
}

Outcome<Exit> run_feedback_list(Context& context) {
    const auto answer = context.api().get("/surveys");
    if (!answer) return tl::unexpected<Failure>(answer.error());
    json rows = list_at(*answer, "surveys");
    for (auto& row : rows) row["title"] = in_language(context, object_at(row, "title"));
    if (auto shown = print_rows(context, *answer, rows,
                                {"survey", "title", "channels", "entity", "questions"}, true);
        !shown)
        return tl::unexpected<Failure>(shown.error());
    const auto& problems = list_at(*answer, "problems");
    for (const auto& problem : problems)
        context.warn(one_line(context.said(problem.get<std::string>())));
    if (rows.empty())
        context.note(context.text("feedback.none", {{"folder", text_at(*answer, "folder")}}));
    return problems.empty() ? Exit::kOk : Exit::kPartly;
}

Outcome<Exit> run_feedback_preview(Context& context) {
    const auto answer = context.api().post(survey_path(context, "/send"), {{"dry_run", true}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else
        print_selection(context, *answer);
    return Exit::kOk;
}

Outcome<Exit> run_feedback_send(Context& context) {
    const bool dry_run = context.args().has("dry-run");
    const auto answer = context.api().post(survey_path(context, "/send"), {{"dry_run", dry_run}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (dry_run && !context.json()) {
        print_selection(context, *answer);
        return Exit::kOk;
    }
    const auto& due = list_at(*answer, "due");
    if (context.json() || !due.empty())
        if (auto shown = print_links(context, *answer, due); !shown) return shown;
    context.note(
        context.text("feedback.sent", {{"reserved", grouped(integer_at(*answer, "reserved"))}}));
    if (!due.empty())
        context.note(context.text("feedback.due", {{"due", std::to_string(due.size())}}));
    const auto& mailed = object_at(*answer, "mailed");
    const bool all_gone = integer_at(mailed, "failed") == 0;
    if (!mailed.empty())
        context.note(context.text("feedback.mailed", {{"sent", text_at(mailed, "sent")},
                                                      {"refused", text_at(mailed, "refused")}}));
    if (!all_gone)
        context.warn(
            context.text("feedback.not_mailed",
                         {{"count", text_at(mailed, "failed")},
                          {"reason", one_line(context.said(text_at(mailed, "problem")))}}));
    print_held(context, list_at(*answer, "waiting"), "feedback.waiting");
    print_held(context, list_at(*answer, "withdrawn"), "feedback.withdrawn");
    const bool all_taken = print_taken(context, object_at(*answer, "taken"));
    const bool all_done = print_acted(context, object_at(*answer, "acted"));
    return all_taken && all_done && all_gone ? Exit::kOk : Exit::kPartly;
}

Outcome<Exit> run_feedback_links(Context& context) {
    const auto answer = context.api().get(survey_path(context, "/links"));
    if (!answer) return tl::unexpected<Failure>(answer.error());
    return print_links(context, *answer, list_at(*answer, "links"));
}

Outcome<Exit> run_feedback_act(Context& context) {
    const auto acted = context.api().post(survey_path(context, "/act"), json::object());
    if (!acted) return tl::unexpected<Failure>(acted.error());
    if (context.json()) context.print_json(*acted);
    const bool all_taken = print_taken(context, object_at(*acted, "taken"));
    if (integer_at(*acted, "answers") == 0) context.note(context.text("feedback.nothing_open"));
    return print_acted(context, *acted) && all_taken ? Exit::kOk : Exit::kPartly;
}

}  // namespace kontor::cli
