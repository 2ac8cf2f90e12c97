#include "daemon/cli/help.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/completion.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

/// A shell waits for this answer at every press of Tab.
constexpr std::chrono::milliseconds kCompleteTime{200};

}  // namespace

Outcome<Exit> run_help(Context& context) {
    std::string path;
    for (const auto& word : context.args().arguments_of("COMMAND"))
        path += (path.empty() ? "" : " ") + word;
    const auto* command = path.empty() ? nullptr : find_command(path);
    if (!path.empty() && command == nullptr)
        return usage(context.language(), "cli.usage.unknown_command", {{"word", path}});
    const bool bold =
        shows_colour(context.io(), context.io().out_terminal, context.args().has("no-color"));
    context.write(help_text(command, context.language(), bold));
    return Exit::kOk;
}

Outcome<Exit> run_completion(Context& context) {
    context.write(completion_script(context.args().argument("SHELL")));
    return Exit::kOk;
}

Outcome<Exit> run_complete(Context& context) {
    const bool entities = context.args().argument("KIND") == "entity";
    const auto answer =
        context.api().get_within(entities ? "/entities" : "/connections", kCompleteTime);
    // A completion that cannot be offered is no failure to talk about.
    if (!answer) return Exit::kFailed;
    for (const auto& item : list_at(*answer, entities ? "entities" : "connections"))
        context.print(one_line(text_at(item, "name")));
    return Exit::kOk;
}

}  // namespace kontor::cli
