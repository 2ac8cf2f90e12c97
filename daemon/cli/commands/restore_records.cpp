// Records as they were, and what differs between two moments.
#include <nlohmann/json.hpp>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/http.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/times.hpp"
#include "daemon/cli/undo_view.hpp"
#include "daemon/cli/values.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

constexpr PutBackWords kRestoreWords{.preview = "cli.restore.preview",
                                     .done = "cli.restore.records",
                                     .ask = "cli.restore.ask",
                                     .none = "cli.restore.none"};

void print_differences(Context& context, const json& records) {
    Table table{.columns = {{.title = context.text("cli.column.record"), .min = 10},
                            {.title = context.text("cli.column.op")},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.then")},
                            {.title = context.text("cli.column.now")}},
                .rows = {}};
    for (const auto& record : records) {
        const auto name = text_at(record, "entity") + " " + text_at(record, "record");
        const auto kind = context.word(text_at(record, "kind"));
        for (const auto& field : list_at(record, "fields"))
            table.add({name, kind, text_at(field, "field"), text_at(field, "then"),
                       text_at(field, "now")});
        if (list_at(record, "fields").empty()) table.add({name, kind, "", "", ""});
    }
    if (!table.rows.empty()) context.print(table);
}

void print_diff(Context& context, const json& answer) {
    const auto& records = list_at(answer, "records");
    print_differences(context, records);
    std::int64_t total = 0;
    for (const auto& entity : list_at(answer, "entities")) {
        messages::Args args{{"entity", text_at(entity, "entity")}};
        for (const char* kind : {"created", "changed", "deleted"}) {
            total += integer_at(entity, kind);
            args[kind] = text_at(entity, kind);
        }
        context.note(context.text("cli.backup.diff.entity", args));
    }
    const auto shown = static_cast<std::int64_t>(records.size());
    if (shown < total)
        context.note(
            context.text("cli.verify.cut", {{"shown", grouped(shown)}, {"count", grouped(total)}}));
    if (total == 0)
        context.note(context.text("cli.backup.diff.same", {{"from", text_at(answer, "from")},
                                                           {"to", text_at(answer, "to")}}));
}

}  // namespace

Outcome<Exit> run_restore_records(Context& context) {
    const auto& args = context.args();
    const auto entity = args.argument("ENTITY");
    if (!args.has("at") || args.has("to"))
        return usage(context.language(), "cli.usage.restore_at", {{"entity", entity}});
    const auto at = time_of(context, args.option("at"), SystemClock());
    if (!at) return tl::unexpected<Failure>(at.error());
    json target{{"entity", entity}, {"at", format_instant(*at)}};
    for (const auto& word : args.arguments_of("ID")) {
        const auto id = whole_number(context.language(), word, word);
        if (!id) return tl::unexpected<Failure>(id.error());
        target["records"].push_back(*id);
    }
    for (const auto& word : args.all("where")) {
        const auto where = parse_where(context.language(), word);
        if (!where) return tl::unexpected<Failure>(where.error());
        target["where"].push_back(word);
    }
    if (target.contains("records") == target.contains("where"))
        return usage(context.language(), "cli.usage.restore_which", {{"entity", entity}});
    if (args.has("from")) target["backup"] = args.option("from");
    return preview_and_do(context, "/restore", std::move(target), kRestoreWords);
}

Outcome<Exit> run_backup_diff(Context& context) {
    const auto& args = context.args();
    const SystemClock clock;
    const auto first = time_of(context, args.argument("FROM"), clock);
    if (!first) return tl::unexpected<Failure>(first.error());
    const auto to = args.argument("TO");
    const auto last = to.empty() ? Outcome<Instant>(clock.now()) : time_of(context, to, clock);
    if (!last) return tl::unexpected<Failure>(last.error());
    auto query = "?from=" + format_instant(*first) + "&to=" + format_instant(*last);
    if (args.has("entity")) query += "&entity=" + url_encode(args.option("entity"));
    if (args.has("from")) query += "&backup=" + url_encode(args.option("from"));
    const auto limit = count_option(context, "limit");
    if (!limit) return tl::unexpected<Failure>(limit.error());
    if (*limit) query += "&limit=" + std::to_string(**limit);
    const auto answer = context.api().get("/diff" + query);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else
        print_diff(context, *answer);
    return Exit::kOk;
}

}  // namespace kontor::cli
