#include <nlohmann/json.hpp>

#include "connectors/declarative/read.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/files.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

json streams_of(const declarative::Description& description) {
    json out = json::array();
    for (const auto& stream : description.streams) {
        json requests = json::array();
        for (const auto& each : stream.requests) requests.push_back(each.first);
        out.push_back(
            {{"name", stream.name}, {"fields", stream.fields.size()}, {"requests", requests}});
    }
    return out;
}

}  // namespace

Outcome<Exit> run_connector_check(Context& context) {
    const auto path = context.args().argument("FILE");
    const auto text = read_small_file(context.language(), path);
    if (!text) return tl::unexpected<Failure>(text.error());
    config::Problems problems;
    const auto description = declarative::read_description(*text, path, problems);
    json list = json::array();
    for (const auto& problem : problems) {
        list.push_back({{"file", problem.file},
                        {"line", problem.line},
                        {"column", problem.column},
                        {"key", problem.key},
                        {"reason", problem.reason},
                        {"nearest", problem.nearest}});
        if (!context.json()) context.print(one_line(context.said(problem.text())));
    }
    const auto streams = description ? streams_of(*description) : json::array();
    if (context.json())
        context.print_json({{"ok", problems.empty()}, {"problems", list}, {"streams", streams}});
    if (!description)
        return tl::unexpected<Failure>(failed(context.language(), Exit::kConfig, "config",
                                              "cli.connector.check.errors",
                                              {{"count", std::to_string(problems.size())}}));
    context.note(
        context.text("cli.connector.check.ok", {{"count", std::to_string(streams.size())}}));
    return Exit::kOk;
}

}  // namespace kontor::cli
