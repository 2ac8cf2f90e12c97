#include "daemon/feedback/action_file.hpp"

#include <algorithm>
#include <array>

#include "daemon/feedback/conditions.hpp"

namespace kontor::feedback {
namespace {

using config::Node;
using config::TableReader;

constexpr std::size_t kActionsMax = 20;
constexpr std::string_view kAnswer = "answer.";
constexpr std::array kNames{"score",   "comment",  "answers",     "survey",      "survey.id",
                            "channel", "language", "answered_at", "answered_on", "person",
                            "account", "record",   "owner",       "sentiment",   "themes"};

void check_names(const TableReader& in, const Node& at, const std::string& column,
                 const std::vector<Question>& questions) {
    for (const auto& piece : split_placeholders(at.text)) {
        if (!piece.is_name) continue;
        const auto& name = piece.text;
        if (std::ranges::find(kNames, name) != kNames.end()) continue;
        if (name.starts_with(kAnswer) && std::ranges::find(questions, name.substr(kAnswer.size()),
                                                           &Question::id) != questions.end())
            continue;
        std::vector<std::string> known(kNames.begin(), kNames.end());
        for (const auto& q : questions) known.push_back(std::string(kAnswer) + q.id);
        in.problem(at, column, "there is nothing called {" + name + "}",
                   config::nearest(name, known));
    }
}

void read_set(TableReader& in, Action& out, const std::vector<Question>& questions,
              TableReader::Into into) {
    const auto* node = in.table("set");
    if (node == nullptr) return;
    TableReader set(*node, "action.set", into);
    for (const auto& member : node->members) {
        auto& text = out.set[member.name];
        set.text(member.name, text);
        if (member.value.kind == Node::Kind::kText)
            check_names(set, member.value, member.name, questions);
    }
    set.finish();
}

Action read_action(const Node& node, const std::vector<Question>& questions,
                   TableReader::Into into) {
    Action out;
    TableReader in(node, "action", into);
    out.line = node.line;
    out.when = read_conditions(in, "when", questions);
    in.text("create", out.create);
    in.one_of("on", out.on, {"person", "account", "record"});
    read_set(in, out, questions, into);
    in.duration("within", out.within, std::chrono::hours(1), std::chrono::hours(24 * 3660));
    std::chrono::milliseconds due{0};
    constexpr std::chrono::hours kDay{24};
    in.duration("due", due, kDay, 366 * kDay);
    if (due.count() > 0) out.due_days = static_cast<int>(due / kDay);
    if (due.count() > 0 && out.create != "task")
        in.problem(*node.member("due"), "due", "is of tasks alone: create = \"task\"");
    if (out.create.empty() && out.set.empty())
        in.problem(node, "set", "is missing: which fields does it edit?");
    else if (out.create.empty() && out.on.empty())
        in.problem(node, "on", "is missing: person, account or record");
    else if (!out.on.empty() && !out.create.empty() && out.create != "note")
        in.problem(*node.member("on"), "on", "is of edits and notes alone");
    in.finish();
    return out;
}

}  // namespace

std::vector<Piece> split_placeholders(const std::string& text) {
    std::vector<Piece> out;
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto end = text[at] == '{' ? text.find('}', at) : std::string::npos;
        if (end == std::string::npos) {
            plain += text[at];
            continue;
        }
        if (!plain.empty()) out.push_back({std::move(plain)});
        plain.clear();
        out.push_back({text.substr(at + 1, end - at - 1), true});
        at = end;
    }
    if (!plain.empty()) out.push_back({std::move(plain)});
    return out;
}

std::vector<Action> read_actions(TableReader& in, const std::vector<Question>& questions,
                                 TableReader::Into into) {
    std::vector<Action> out;
    const auto* list = in.array("action");
    if (list == nullptr) return out;
    if (list->items.size() > kActionsMax)
        in.problem(*list, "action", "there are more than 20 actions");
    for (const auto& item : list->items) {
        if (item.kind == Node::Kind::kTable)
            out.push_back(read_action(item, questions, into));
        else
            in.problem(item, "action", "must be a table: [[action]]");
    }
    return out;
}

}  // namespace kontor::feedback
