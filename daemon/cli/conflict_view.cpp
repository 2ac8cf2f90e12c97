#include "daemon/cli/conflict_view.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/actor.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/names.hpp"
#include "daemon/cli/width.hpp"
#include "sync/base/clock.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// What a column of times keeps: the day.
constexpr std::size_t kDay = 11;

bool is_decided(const json& conflict) {
    return text_at(conflict, "state") == "decided";
}

/// What was taken: ours, theirs, who it is; or that it was not decided but has become moot.
std::string taken_text(Context& context, const json& conflict) {
    const auto chosen = text_at(conflict, "chosen");
    if (chosen.empty()) return context.text("cli.conflict.moot");
    return context.text_or("cli.taken." + chosen, chosen);
}

std::string decider_text(Context& context, const json& conflict) {
    const auto who = text_at(conflict, "decided_by");
    return context.text_or("cli.decider." + who, actor_text(who));
}

/// One side of a field; of a side that has deleted the record, that.
std::string side_cell(Context& context, const json& conflict, const json& field,
                      const std::string& side) {
    return text_at(conflict, "deleted") == side ? context.text("cli.conflict.deleted")
                                                : side_text(field, side);
}

/// When they changed the record, as the times here are written; "" where its version is no time.
std::string theirs_at(const json& conflict) {
    const auto at = parse_instant(text_at(conflict, "theirs_version"));
    return at ? format_instant(*at) : std::string();
}

/// The values of one side, "column value" each.
std::string values_of(Context& context, const json& conflict, const char* side) {
    if (text_at(conflict, "deleted") == side) return context.text("cli.conflict.deleted");
    std::string out;
    for (const auto& field : list_at(conflict, "fields")) {
        const auto value = side_text(field, side);
        out += (out.empty() ? "" : ", ") + text_at(field, "column") + " " +
               (value.empty() ? "–" : one_line(value));
    }
    return out;
}

/// Who decided what, when and by which rule, and the value that was not taken.
std::string decision_text(Context& context, const json& conflict) {
    const auto chosen = text_at(conflict, "chosen");
    auto line = context.text(
        "cli.conflict.decided",
        {{"who", decider_text(context, conflict)},
         {"when", text_at(conflict, "decided_at")},
         {"taken", taken_text(context, conflict)},
         {"rule", messages::rule_words(context.language(), text_at(conflict, "rule"))}});
    const bool sides = chosen == "ours" || chosen == "theirs";
    if (sides && !list_at(conflict, "fields").empty())
        line += context.text(
            "cli.conflict.dropped",
            {{"taken", values_of(context, conflict, chosen.c_str())},
             {"dropped", values_of(context, conflict, chosen == "ours" ? "theirs" : "ours")}});
    return line;
}

}  // namespace

std::string record_text(const json& object) {
    const auto name = text_at(object, "name");
    return text_at(object, "entity") + " " + text_at(object, "record") +
           (name.empty() ? "" : " (" + one_line(name) + ")");
}

void print_conflict_list(Context& context, const json& conflicts) {
    Table table{
        .columns = {{.title = context.text("cli.column.id"), .right = true, .min = 4},
                    {.title = context.text("cli.column.record"), .min = 10},
                    {.title = context.text("cli.column.connection"), .spare = 2},
                    {.title = context.text("cli.column.kind"), .min = 6},
                    {.title = context.text("cli.column.field")},
                    {.title = context.text("cli.column.base")},
                    {.title = context.text("cli.column.ours")},
                    {.title = context.text("cli.column.theirs")},
                    {.title = context.text("cli.column.ours_by"), .min = 6, .spare = 1},
                    {.title = context.text("cli.column.theirs_by"), .min = 6, .spare = 1},
                    {.title = context.text("cli.column.ours_at"), .min = kDay, .spare = 3},
                    {.title = context.text("cli.column.theirs_at"), .min = kDay, .spare = 3},
                    {.title = context.text("cli.column.since"), .min = kDay, .spare = 4}},
        .rows = {}};
    for (const auto& conflict : conflicts) {
        std::vector<std::string> row{
            text_at(conflict, "id"),
            record_text(conflict),
            text_at(conflict, "connection"),
            context.word(text_at(conflict, "kind")),
            "",
            "",
            side_cell(context, conflict, {}, "ours"),
            side_cell(context, conflict, {}, "theirs"),
            actor_name(text_at(conflict, "ours_by")),
            actor_name(text_at(conflict, "theirs_by"), text_at(conflict, "theirs_by_name")),
            text_at(conflict, "ours_at"),
            theirs_at(conflict),
            text_at(conflict, "opened_at")};
        const auto& fields = list_at(conflict, "fields");
        if (fields.empty()) table.add(row);
        for (const auto& field : fields) {
            row[4] = text_at(field, "column");
            row[5] = side_text(field, "base");
            row[6] = side_cell(context, conflict, field, "ours");
            row[7] = side_cell(context, conflict, field, "theirs");
            table.add(row);
        }
    }
    context.print(table);
}

void print_decided_list(Context& context, const json& conflicts) {
    Table table{.columns = {{.title = context.text("cli.column.id"), .right = true, .min = 4},
                            {.title = context.text("cli.column.record"), .min = 10},
                            {.title = context.text("cli.column.connection")},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.taken")},
                            {.title = context.text("cli.column.taken_value")},
                            {.title = context.text("cli.column.dropped")},
                            {.title = context.text("cli.column.decided_by")},
                            {.title = context.text("cli.column.decided_at"), .min = 10},
                            {.title = context.text("cli.column.rule")}},
                .rows = {}};
    for (const auto& conflict : conflicts) {
        const auto chosen = text_at(conflict, "chosen");
        std::vector<std::string> row{
            text_at(conflict, "id"),
            record_text(conflict),
            text_at(conflict, "connection"),
            context.word(text_at(conflict, "kind")),
            taken_text(context, conflict),
            side_cell(context, conflict, {}, chosen),
            side_cell(context, conflict, {}, chosen == "ours" ? "theirs" : "ours"),
            decider_text(context, conflict),
            text_at(conflict, "decided_at"),
            messages::rule_words(context.language(), text_at(conflict, "rule"))};
        const auto& fields = list_at(conflict, "fields");
        if (fields.empty()) table.add(row);
        for (const auto& field : fields) {
            row[3] = text_at(field, "column");
            if (chosen == "ours" || chosen == "theirs") {
                row[5] = side_cell(context, conflict, field, chosen);
                row[6] = side_cell(context, conflict, field, chosen == "ours" ? "theirs" : "ours");
            } else if (chosen.empty()) {  // the record has been deleted, say
                row[6] = side_text(field, "ours") + " / " + side_text(field, "theirs");
            }
            table.add(row);
        }
    }
    context.print(table);
}

void print_conflict(Context& context, const json& conflict) {
    context.print(
        context.text("cli.conflict.title", {{"id", text_at(conflict, "id")},
                                            {"record", record_text(conflict)},
                                            {"connection", text_at(conflict, "connection")},
                                            {"kind", context.word(text_at(conflict, "kind"))}}));
    Table table{.columns = {{.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.base")},
                            {.title = context.text("cli.column.ours")},
                            {.title = context.text("cli.column.theirs")}},
                .rows = {}};
    const auto deleted = text_at(conflict, "deleted");
    for (const auto& field : list_at(conflict, "fields"))
        table.add({text_at(field, "column"), side_text(field, "base"),
                   side_cell(context, conflict, field, "ours"),
                   side_cell(context, conflict, field, "theirs")});
    if (!table.rows.empty() || deleted.empty()) context.print(table);
    if (!deleted.empty()) context.print(context.text("cli.conflict.deleted_by_" + deleted));
    for (const char* side : {"ours", "theirs"}) {
        const std::string name(side);
        const auto who = text_at(conflict, name + "_by");
        const auto when = text_at(conflict, name == "ours" ? "ours_at" : "theirs_version");
        if (who.empty() && when.empty()) continue;
        context.print(context.text(
            "cli.conflict.who",
            {{"side", context.text("cli." + name)},
             {"who", who.empty() ? context.text("cli.somebody")
                                 : actor_text(who, text_at(conflict, name + "_by_name"))},
             {"when", when}}));
    }
    context.print(context.text(
        "cli.conflict.since",
        {{"when", text_at(conflict, "opened_at")},
         {"rule", messages::rule_words(context.language(), text_at(conflict, "rule"))}}));
    if (is_decided(conflict)) context.print(decision_text(context, conflict));
}

std::string conflict_line(Context& context, const json& conflict) {
    const auto text = is_decided(conflict) ? decision_text(context, conflict)
                                           : context.text("cli.conflict.open",
                                                          {{"when", text_at(conflict, "opened_at")},
                                                           {"id", text_at(conflict, "id")}});
    return context.text("cli.why.conflict", {{"id", text_at(conflict, "id")},
                                             {"kind", context.word(text_at(conflict, "kind"))},
                                             {"text", text}});
}

}  // namespace kontor::cli
