#include "daemon/feedback/conditions.hpp"

#include <algorithm>
#include <charconv>

namespace kontor::feedback {
namespace {

using config::Node;
using config::TableReader;

void check_condition(const TableReader& in, const Node& at, std::string_view key,
                     const api::Where& where, const std::vector<Question>& questions) {
    const auto found = std::ranges::find(questions, where.field, &Question::id);
    if (found == questions.end()) {
        std::vector<std::string> ids;
        for (const auto& q : questions) ids.push_back(q.id);
        in.problem(at, key, "'" + where.field + "' is no earlier question",
                   config::nearest(where.field, ids));
        return;
    }
    const bool blank = where.compare == "isnull" || where.compare == "notnull";
    const bool equal = where.compare == "=" || where.compare == "!=";
    if (!blank && found->is_number()) {
        std::int64_t number = 0;
        const auto& text = where.value;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool orders = equal || where.compare[0] == '<' || where.compare[0] == '>';
        if (failed != std::errc() || end != text.data() + text.size() || !orders)
            in.problem(at, key, "'" + where.field + "' is compared with a whole number");
        else if (number < found->min || number > found->max)
            in.problem(at, key, where.value + " is no answer to '" + where.field + "'");
    } else if (!blank && found->kind == QuestionKind::kChoice) {
        const bool known =
            std::ranges::any_of(found->choices, [&](const auto& c) { return c.id == where.value; });
        if (!equal || !known)
            in.problem(at, key, "'" + where.value + "' is no choice of '" + where.field + "'");
    } else if (!blank) {
        in.problem(at, key, "of a text only blank or not can be asked: '" + where.field + "!='");
    }
}

}  // namespace

std::optional<Clause> read_clause(const TableReader& in, const Node& node, std::string_view key) {
    const auto where = node.kind == Node::Kind::kText ? api::split_where(node.text) : std::nullopt;
    if (where) return Clause{*where, node.line, node.column};
    in.problem(node, key, R"(must be a filter as `kontor list --where` takes it: "stage=Won")");
    return std::nullopt;
}

std::vector<Clause> read_clauses(TableReader& in, std::string_view key) {
    std::vector<Clause> out;
    const auto* node = in.any(key);
    if (node == nullptr) return out;
    if (node->kind != Node::Kind::kArray) {
        if (auto one = read_clause(in, *node, key)) out.push_back(std::move(*one));
        return out;
    }
    for (const auto& item : node->items)
        if (auto one = read_clause(in, item, key)) out.push_back(std::move(*one));
    return out;
}

std::vector<api::Where> read_conditions(TableReader& in, std::string_view key,
                                        const std::vector<Question>& questions) {
    std::vector<api::Where> out;
    for (auto& clause : read_clauses(in, key)) {
        check_condition(in, *in.node().member(key), key, clause.where, questions);
        out.push_back(std::move(clause.where));
    }
    return out;
}

}  // namespace kontor::feedback
