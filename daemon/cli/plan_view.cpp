#include "daemon/cli/plan_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"
#include "daemon/cli/progress.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// Changes asked for at once.
constexpr std::int64_t kPage = 1000;

Outcome<json> page_of(Context& context, const std::string& connection, std::int64_t offset,
                      std::int64_t limit) {
    return context.api().get("/connections/" + url_encode(connection) +
                             "/plan?limit=" + std::to_string(std::min(limit, kPage)) +
                             "&offset=" + std::to_string(offset));
}

std::string record_of(const json& change) {
    const auto id = integer_at(change, "record");
    return text_at(change, "entity") + (id == 0 ? "" : " " + std::to_string(id));
}

/// Why a record is held up, and where to go from there; "" if it is not.
std::string reason_of(Context& context, const json& change) {
    const auto code = text_at(change, "code");
    if (code.empty()) return {};
    if (text_at(change, "op") == "blocked")
        return code + ": " + context.said(text_at(change, "reason"));
    const auto open = text_at(change, "conflict");
    return open.empty()
               ? context.word(code)
               : context.text("cli.plan.open", {{"why", context.word(code)}, {"id", open}});
}

Table empty_table(Context& context) {
    return {.columns = {{.title = context.text("cli.column.side"), .min = 5},
                        {.title = context.text("cli.column.op"), .min = 8},
                        {.title = context.text("cli.column.record"), .min = 12},
                        {.title = context.text("cli.column.ext_id")},
                        {.title = context.text("cli.column.field"), .min = 10},
                        {.title = context.text("cli.column.old"), .min = 10},
                        {.title = context.text("cli.column.new"), .min = 10},
                        {.title = context.text("cli.column.reason")}},
            .rows = {}};
}

/// A row for each value; one for a change without any.
void add_rows(Context& context, const json& change, Table& table) {
    const bool here = text_at(change, "side") == "here";
    const auto op = text_at(change, "op");
    std::vector<std::string> row{context.text(here ? "cli.here" : "cli.there"),
                                 context.text_or("cli.plan." + op, context.word(op)),
                                 record_of(change),
                                 text_at(change, "ext_id"),
                                 "",
                                 "",
                                 "",
                                 reason_of(context, change)};
    const auto& values = list_at(change, "values");
    if (values.empty()) row[4] = text_at(change, "fields");
    if (values.empty()) table.add(row);
    for (const auto& value : values) {
        row[4] = text_at(value, "column");
        row[5] = text_at(value, "old");
        row[6] = text_at(value, "new");
        table.add(row);
    }
}

/// How much was found, whether all of it was shown, and what stands in a sync's way.
void sum_up(Context& context, const std::string& connection, const json& plan, std::int64_t shown) {
    const auto total = integer_at(plan, "total");
    const auto kept = integer_at(plan, "kept", total);
    const auto held_up = integer_at(plan, "held_up");
    if (shown < std::min(total, kept))
        context.note(context.text("cli.plan.more", {{"name", connection},
                                                    {"shown", grouped(shown)},
                                                    {"count", grouped(total)},
                                                    {"all", std::to_string(kept)}}));
    if (kept < total)
        context.note(context.text(
            "cli.plan.kept",
            {{"name", connection}, {"kept", grouped(kept)}, {"count", grouped(total)}}));
    context.note(total == held_up
                     ? context.text("cli.sync.nothing")
                     : context.text("cli.sync.plan", {{"count", grouped(total - held_up)}}));
    if (held_up > 0) context.note(context.text("cli.plan.held_up", {{"count", grouped(held_up)}}));
    if (const auto& guard = object_at(plan, "guard"); !guard.empty())
        context.warn(
            context.text("cli.plan.guard",
                         {{"name", connection}, {"why", context.said(text_at(guard, "detail"))}}));
}

}  // namespace

Outcome<> print_plan(Context& context, const std::string& connection, std::int64_t limit) {
    auto table = empty_table(context);
    for (std::int64_t shown = 0;;) {
        auto plan = page_of(context, connection, shown, std::max<std::int64_t>(limit - shown, 1));
        if (!plan) return tl::unexpected<Failure>(std::move(plan.error()));
        const auto& changes = list_at(*plan, "changes");
        for (const auto& change : changes) {
            if (shown == limit) break;
            ++shown;
            if (!context.json()) {
                add_rows(context, change, table);
                continue;
            }
            auto line = change;
            line["message_type"] = "change";
            line["connection"] = connection;
            context.print_line(line);
        }
        if (!changes.empty() && shown < limit && shown < integer_at(*plan, "total")) continue;
        if (!table.rows.empty()) context.print(table);
        sum_up(context, connection, *plan, shown);
        return {};
    }
}

}  // namespace kontor::cli
