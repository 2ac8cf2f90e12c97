// kontor feedback report: figures in the terminal, as JSON, CSV or a page.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/http.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/survey_page.hpp"
#include "daemon/cli/survey_path.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

constexpr int kBarWidth = 24;

std::string bar_of(double share) {
    const auto cells = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kBarWidth));
    std::string out;
    for (int i = 0; i < kBarWidth; ++i) out += i < cells ? "█" : "░";
    return out;
}

double share_of(const json& score) {
    const auto& value = figure_in(score);
    if (!value.is_number()) return 0;
    return score.contains("nps") ? (value.get<double>() + 100) / 200 : value.get<double>() / 100;
}

void add_groups(Context& context, const std::string& title, const json& groups, Table& table) {
    bool first = true;
    for (const auto& group : groups) {
        const auto& score = object_at(group, "score");
        auto name = text_at(group, "name");
        if (name.empty()) name = context.text("feedback.page.unknown");
        table.add({first ? title : "", name, text_at(score, "n"), figure_text(score),
                   figure_in(score).is_number() ? bar_of(share_of(score)) : ""});
        first = false;
    }
}

/// One row a figure, for spreadsheets.
Table as_csv(const json& report) {
    Table out{.columns = {{.title = "part"},
                          {.title = "name"},
                          {.title = "n"},
                          {.title = "value"},
                          {.title = "low"},
                          {.title = "high"}},
              .rows = {}};
    const auto add = [&](const std::string& part, const std::string& name, const json& score,
                         const std::string& n = "") {
        json figure = json::object();
        for (const auto* kind : {"nps", "csat", "easy"})
            if (score.contains(kind)) figure = score[kind];
        out.add({part, name, n.empty() ? text_at(score, "n") : n, text_at(figure, "value"),
                 text_at(figure, "low"), text_at(figure, "high")});
    };
    add("all", text_at(report, "measure"), object_at(report, "score"));
    for (const auto& g : list_at(report, "months"))
        add("month", text_at(g, "name"), object_at(g, "score"));
    for (const auto& [segment, groups] : object_at(report, "segments").items())
        for (const auto& g : groups) add(segment, text_at(g, "name"), object_at(g, "score"));
    for (const auto& theme : list_at(object_at(report, "texts"), "themes"))
        add("theme", text_at(theme, "theme"), object_at(theme, "score"), text_at(theme, "n"));
    for (const auto& q : list_at(report, "questions")) {
        for (const auto& [value, count] : object_at(q, "counts").items())
            out.add({"question " + text_at(q, "id"), value, count.dump()});
        for (const auto& choice : list_at(q, "choices"))
            out.add(
                {"question " + text_at(q, "id"), text_at(choice, "id"), text_at(choice, "count")});
    }
    return out;
}

std::string words_of(const json& words) {
    std::string out;
    for (const auto& word : words)
        out += (out.empty() ? "" : ", ") + one_line(text_at(word, "word")) + " " +
               text_at(word, "count");
    return out;
}

/// What people wrote: moods, the words behind them, and themes.
void print_texts(Context& context, const json& texts) {
    if (integer_at(texts, "n") == 0) return;
    std::string moods;
    for (const auto& [mood, count] : object_at(texts, "moods").items())
        moods += (moods.empty() ? "" : ", ") + context.text("feedback.mood." + mood) + " " +
                 count.dump();
    context.print(context.text("feedback.page.texts", {{"count", text_at(texts, "n")}}) + " " +
                  moods);
    for (const auto* side : {"praise", "blame"})
        if (const auto words = words_of(list_at(texts, side)); !words.empty())
            context.print(context.text(
                "feedback.line",
                {{"name", context.text(std::string("feedback.") + side)}, {"value", words}}));
    Table table{.columns = {{.title = context.text("cli.column.theme"), .min = 6},
                            {.title = "n", .right = true, .min = 3},
                            {.title = "+", .right = true, .min = 3},
                            {.title = "−", .right = true, .min = 3},
                            {.title = context.text("cli.column.score"), .right = true, .min = 5},
                            {.title = context.text("cli.column.words")}},
                .rows = {}};
    for (const auto& theme : list_at(texts, "themes"))
        table.add({text_at(object_at(theme, "label"), messages::to_string(context.language())),
                   text_at(theme, "n"), text_at(theme, "praise"), text_at(theme, "blame"),
                   figure_text(object_at(theme, "score")), words_of(list_at(theme, "words"))});
    if (!table.rows.empty()) context.print(table);
}

void print_report(Context& context, const json& report) {
    context.print(context.paint(Paint::kBold, text_at(object_at(report, "title"),
                                                      messages::to_string(context.language()))));
    json rate{{"n", integer_at(report, "invited")}};
    if (has(report, "response_rate")) rate["csat"] = report["response_rate"];
    context.print(context.text("feedback.rate", {{"answered", text_at(report, "answered")},
                                                 {"invited", text_at(report, "invited")},
                                                 {"rate", figure_text(rate)}}));
    const auto& score = object_at(report, "score");
    if (const auto measure = text_at(report, "measure"); !measure.empty())
        context.print(context.text(
            "feedback.line", {{"name", context.text("feedback.measure." + measure)},
                              {"value", figure_text(score) + ", n = " + text_at(score, "n")}}));
    Table table{.columns = {{.title = "", .min = 4},
                            {.title = ""},
                            {.title = "n", .right = true, .min = 3},
                            {.title = text_at(report, "measure")},
                            {.title = ""}},
                .rows = {}};
    add_groups(context, context.text("feedback.page.months"), list_at(report, "months"), table);
    for (const auto& [name, groups] : object_at(report, "segments").items())
        add_groups(context, context.text("feedback.segment." + name), groups, table);
    if (!table.rows.empty()) context.print(table);
    std::string channels;
    for (const auto& [channel, count] : object_at(report, "channels").items())
        channels += (channels.empty() ? "" : ", ") +
                    one_line(channel_name(context.language(), channel)) + " " + count.dump();
    if (!channels.empty())
        context.print(context.text("feedback.channels", {{"channels", channels}}));
    print_texts(context, object_at(report, "texts"));
    if (const auto& follow = object_at(report, "follow_ups"); integer_at(follow, "made") > 0)
        context.print(context.text("feedback.closed", {{"made", text_at(follow, "made")},
                                                       {"closed", text_at(follow, "closed")}}));
    if (flag_at(score, "few")) context.note(context.text("feedback.few"));
}

}  // namespace

Outcome<Exit> run_feedback_report(Context& context) {
    const auto& args = context.args();
    const auto format = args.option("format", "table");
    if (context.json() && args.has("format") && format != "json")
        return usage(context.language(), "cli.usage.formats");
    std::string path = survey_path(context, "/report");
    if (args.has("since")) path += "?since=" + url_encode(args.option("since"));
    const auto report = context.api().get(path);
    if (!report) return tl::unexpected<Failure>(report.error());
    if (context.json() || format == "json")
        context.print_json(*report);
    else if (format == "html")
        context.write(survey_page(context.language(), *report));
    else if (format == "csv")
        context.write(render_csv(as_csv(*report), args.has("bom")));
    else
        print_report(context, *report);
    return Exit::kOk;
}

}  // namespace kontor::cli
