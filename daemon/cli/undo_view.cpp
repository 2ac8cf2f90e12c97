#include "daemon/cli/undo_view.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/cli/followed.hpp"
#include "daemon/cli/json_view.hpp"
#include "daemon/cli/names.hpp"
#include "daemon/cli/numbers.hpp"
#include "daemon/cli/progress.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

/// Why something stays.
std::string reason_words(Context& context, const json& item) {
    const auto connection = text_at(item, "connection");
    if (connection.empty()) return context.word(text_at(item, "reason"));
    return context.text("cli.undo.only_read", {{"connection", connection}});
}

/// Records that a remote made stay: what to type if they are to go.
void print_from_remote(Context& context, const json& answer) {
    constexpr std::size_t kIdsMax = 10;
    std::map<std::string, std::vector<std::string>> ids;
    for (const auto& item : list_at(answer, "changes"))
        if (text_at(item, "reason") == "from_remote" && text_at(item, "field").empty())
            ids[text_at(item, "entity")].push_back(text_at(item, "record"));
    for (const auto& [entity, records] : ids) {
        auto command = "kontor delete " + entity;
        for (std::size_t i = 0; i < std::min(records.size(), kIdsMax); ++i)
            command += " " + records[i];
        if (records.size() > kIdsMax) command += " …";
        context.note(context.text("cli.undo.from_remote", {{"command", command}}));
    }
}

/// "contact 7"; of a first load all that came with it: "contact 1–10000".
std::string records_text(const json& item) {
    auto out = text_at(item, "entity") + " " + text_at(item, "record");
    if (const auto last = integer_at(item, "last_record"); last > integer_at(item, "record"))
        out += "–" + std::to_string(last);
    return out;
}

/// Of a whole record the answer has its uid, which tells a person nothing.
std::string value_text(const json& item, const std::string& side) {
    return text_at(item, "field").empty() ? std::string() : side_text(item, side);
}

void print_put_back(Context& context, const json& answer, std::string_view key) {
    Table table{.columns = {{.title = context.text("cli.column.record"), .min = 10},
                            {.title = context.text("cli.column.field")},
                            {.title = context.text("cli.column.now")},
                            {.title = context.text("cli.column.then")},
                            {.title = context.text("cli.column.op")}},
                .rows = {}};
    std::int64_t shown = 0;
    for (const auto& item : list_at(answer, "changes")) {
        auto step = context.word(text_at(item, "step"));
        if (!text_at(item, "reason").empty()) step += ": " + reason_words(context, item);
        table.add({records_text(item), text_at(item, "field"), value_text(item, "now"),
                   value_text(item, "then"), step});
        if (text_at(item, "reason") != "loaded") ++shown;
    }
    if (!table.rows.empty()) context.print(table);
    const auto total = integer_at(answer, "undone") + integer_at(answer, "skipped");
    if (shown < total)
        context.note(
            context.text("cli.verify.cut", {{"shown", grouped(shown)}, {"count", grouped(total)}}));
    context.note(context.text(
        key, {{"count", text_at(answer, "undone")}, {"kept", text_at(answer, "skipped")}}));
    if (const auto loaded = integer_at(answer, "loaded"); loaded > 0)
        context.note(context.text("cli.undo.loaded", {{"count", grouped(loaded)}}));
    if (const auto decisions = integer_at(answer, "decisions"); decisions > 0)
        context.note(context.text("cli.undo.decisions", {{"count", grouped(decisions)}}));
    print_from_remote(context, answer);
}

/// Whether an undo has to be agreed to: it deletes, or takes more than one change back. A person at
/// a terminal is asked about one as well.
bool to_be_agreed(Context& context, const json& plan) {
    if (integer_at(plan, "deleted") > 0 || integer_at(plan, "undone") > 1) return true;
    return integer_at(plan, "undone") == 1 && !context.json() && context.may_ask();
}

Outcome<bool> agree(Context& context, const json& plan, const PutBackWords& words) {
    auto question = context.text(words.ask, {{"count", text_at(plan, "undone")}});
    if (integer_at(plan, "deleted") > 0)
        question = context.text("cli.undo.deletes", {{"count", text_at(plan, "deleted")}}) + " " +
                   question;
    return context.confirm(question, "--force", false);
}

}  // namespace

Outcome<Exit> preview_and_do(Context& context, const std::string& path, json target,
                             const PutBackWords& words) {
    const bool preview_only = context.args().has("preview") || context.args().has("dry-run");
    const bool forced = context.args().has("force") || context.args().has("yes");
    bool shown = false;
    if (preview_only || !forced) {
        auto body = target;
        body["preview"] = true;
        const auto plan = context.api().post(path, body);
        if (!plan) return tl::unexpected<Failure>(plan.error());
        const bool ask = !preview_only && to_be_agreed(context, *plan);
        shown = (preview_only || ask) && !context.json();
        if (shown) print_put_back(context, *plan, words.preview);
        if (preview_only) {
            if (context.json()) context.print_json(*plan);
            return Exit::kOk;
        }
        if (ask) {
            const auto sure = agree(context, *plan, words);
            if (!sure) return tl::unexpected<Failure>(sure.error());
            if (!*sure) {
                context.note(context.text(words.none));
                return Exit::kOk;
            }
        }
    }
    target["preview"] = false;
    const auto answer = words.followed ? post_followed(context, path, std::move(target))
                                       : context.api().post(path, target);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    if (context.json())
        context.print_json(*answer);
    else if (shown)
        context.note(context.text(words.done, {{"count", text_at(*answer, "undone")},
                                               {"kept", text_at(*answer, "skipped")}}));
    else
        print_put_back(context, *answer, words.done);
    if (const auto run = text_at(*answer, "run"); !context.json() && !run.empty())
        context.note(context.text("cli.restore.undo", {{"run", run}}));
    const bool stays = integer_at(*answer, "skipped") + integer_at(*answer, "loaded") > 0;
    return stays ? Exit::kPartly : Exit::kOk;
}

}  // namespace kontor::cli
