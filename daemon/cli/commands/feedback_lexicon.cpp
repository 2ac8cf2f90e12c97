// kontor feedback lexicon: the words by which texts are read, and what they say of a text.
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/feedback/lexicon_file.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

json opinion_json(const feedback::Opinion& opinion) {
    json out{{"language", opinion.language},
             {"sentiment", feedback::to_string(opinion.mood)},
             {"score", opinion.score},
             {"words", json::array()},
             {"themes", json::array()}};
    for (const auto& hit : opinion.words)
        out["words"].push_back({{"word", hit.word},
                                {"weight", hit.weight},
                                {"turned", hit.turned.empty() ? json() : json(hit.turned)}});
    for (const auto& hit : opinion.themes)
        out["themes"].push_back(
            {{"theme", hit.theme}, {"weight", hit.weight}, {"words", hit.words}});
    return out;
}

void print_opinion(Context& context, const feedback::Opinion& opinion) {
    const std::string mood(feedback::to_string(opinion.mood));
    context.print(context.text("feedback.mood." + mood) + " (" +
                  std::to_string(std::lround(100 * opinion.score)) + ")");
    Table table{.columns = {{.title = context.text("cli.column.word")},
                            {.title = context.text("cli.column.weight"), .right = true},
                            {.title = context.text("cli.column.theme")}},
                .rows = {}};
    for (const auto& hit : opinion.words)
        table.add({one_line((hit.turned.empty() ? "" : hit.turned + " ") + hit.word),
                   json(hit.weight).dump(), ""});
    for (const auto& hit : opinion.themes)
        for (const auto& word : hit.words)
            table.add({one_line(word), "", one_line(hit.label.in(context.language()))});
    if (!table.rows.empty()) context.print(table);
}

}  // namespace

Outcome<Exit> run_feedback_lexicon(Context& context) {
    const auto text = context.args().argument("TEXT");
    if (text.empty()) {
        if (context.json())
            context.print_json({{"toml", feedback::usual_words()}});
        else
            context.write(std::string(feedback::usual_words()));
        return Exit::kOk;
    }
    auto file = context.args().option("file");
    if (file.empty())
        file = feedback::lexicon_path(config::load({}, context.io().env, geteuid() == 0).folder);
    const auto lexicon = feedback::load_lexicon(file);
    if (!lexicon)
        return tl::unexpected<Failure>(failed(context.language(), Exit::kConfig, "config",
                                              "feedback.bad_lexicon",
                                              {{"reason", lexicon.error().message}}));
    const auto opinion = lexicon->read(text);
    if (context.json())
        context.print_json(opinion_json(opinion));
    else
        print_opinion(context, opinion);
    return Exit::kOk;
}

}  // namespace kontor::cli
