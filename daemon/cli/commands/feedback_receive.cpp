// kontor feedback receive: replies and bounces.
#include <chrono>
#include <nlohmann/json.hpp>

#include "daemon/cli/cancel.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// So much with each request: what is done is seen, and Ctrl-C ends it soon.
constexpr int kAtOnce = 100;

std::int64_t messages_in(const json& counts) {
    std::int64_t out = 0;
    for (const auto& [kind, count] : counts.items()) out += count.get<std::int64_t>();
    return out;
}

/// Adds what one request brought to all before it.
void add(json& all, const json& part) {
    for (const auto& [kind, count] : object_at(part, "counts").items())
        all["counts"][kind] = integer_at(all["counts"], kind) + count.get<std::int64_t>();
    for (const auto& one : list_at(part, "noted")) all["noted"].push_back(one);
    all["left"] = integer_at(part, "left");
    all["problem"] = part.contains("problem") ? part["problem"] : json();
}

void show(Context& context, const json& all) {
    Table table{.columns = {{.title = context.text("cli.column.mail"), .min = 20},
                            {.title = context.text("cli.column.number"), .right = true}},
                .rows = {}};
    for (const auto& [kind, count] : object_at(all, "counts").items())
        if (count.get<std::int64_t>() > 0)
            table.add({context.text_or("mailbox.kind." + kind, kind),
                       grouped(count.get<std::int64_t>())});
    if (table.rows.empty())
        context.note(context.text("mailbox.nothing"));
    else
        context.print(table);
}

}  // namespace

Outcome<Exit> run_feedback_receive(Context& context) {
    json all{{"counts", json::object()}, {"noted", json::array()}};
    Progress progress(context);
    while (true) {
        const auto part = context.api().post("/mailbox/receive", {{"most", kAtOnce}});
        if (!part) {
            progress.clear();
            return tl::unexpected<Failure>(part.error());
        }
        add(all, *part);
        const auto read = messages_in(all["counts"]);
        const auto left = integer_at(all, "left");
        if (left == 0 || !text_at(all, "problem").empty()) break;
        if (!context.json())
            progress.show({"", "mail", "", read, read + left}, std::chrono::steady_clock::now());
        if (messages_in(object_at(*part, "counts")) + std::ssize(list_at(*part, "noted")) == 0)
            break;
    }
    progress.clear();
    if (context.json())
        context.print_json(all);
    else
        show(context, all);
    for (const auto& one : all["noted"])
        context.warn(context.text(flag_at(one, "open") ? "mailbox.open" : "mailbox.unclear",
                                  {{"uid", text_at(one, "uid")},
                                   {"who", text_at(one, "who")},
                                   {"reason", one_line(context.said(text_at(one, "reason")))}}));
    const auto problem = text_at(all, "problem");
    if (!problem.empty())
        context.warn(
            context.text("mailbox.problem", {{"reason", one_line(context.said(problem))}}));
    return !problem.empty() || !all["noted"].empty() ? Exit::kPartly : Exit::kOk;
}

}  // namespace kontor::cli
