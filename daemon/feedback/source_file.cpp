#include "daemon/feedback/source_file.hpp"

#include <algorithm>
#include <regex>

#include "daemon/feedback/source_answers.hpp"

namespace kontor::feedback {
namespace {

using config::Node;
using config::TableReader;

constexpr std::size_t kSourcesMax = 20;

const Question* question_of(const std::vector<Question>& questions, const std::string& id) {
    const auto found = std::ranges::find(questions, id, &Question::id);
    return found == questions.end() ? nullptr : &*found;
}

// A value of ours that no question takes is found here, not with the first answer.
void check_value(const TableReader& in, const Node& at, const std::string& key,
                 const Question& question, const std::string& value) {
    if (value.empty() || question.kind == QuestionKind::kText) return;
    if (question.kind == QuestionKind::kChoice) {
        std::vector<std::string> ids;
        for (const auto& choice : question.choices) ids.push_back(choice.id);
        if (std::ranges::find(ids, value) == ids.end())
            in.problem(at, key, "the question " + question.id + " has no choice " + value,
                       config::nearest(value, ids));
        return;
    }
    const auto number = whole_number(value);
    if (!number || *number < question.min || *number > question.max)
        in.problem(at, key,
                   "must be a number from " + std::to_string(question.min) + " to " +
                       std::to_string(question.max) + ", as the question " + question.id +
                       " takes them");
}

Feed read_feed(const Node& node, const std::string& prefix, const Question& question,
               TableReader::Into into) {
    Feed out;
    TableReader in(node, prefix, into);
    in.text("from", out.from);
    if (out.from.empty())
        in.problem(node, "from", "is missing: the service's name of the question");
    in.integer("add", out.add, -100, 100);
    if (out.add != 0 && !question.is_number())
        in.problem(*node.member("add"), "add", "is of numbers alone");
    if (const auto* values = in.table("values")) {
        TableReader each(*values, prefix + ".values", into);
        for (const auto& member : values->members) {
            auto& value = out.values[member.name];
            // A number may be written as one.
            if (member.value.kind == Node::Kind::kInteger) {
                (void)each.any(member.name);
                value = std::to_string(member.value.integer);
            } else {
                each.text(member.name, value);
            }
            check_value(each, member.value, member.name, question, value);
        }
        each.finish();
    }
    in.finish();
    return out;
}

void read_questions(TableReader& in, const std::vector<Question>& questions, TableReader::Into into,
                    Source& out) {
    const auto* node = in.table("questions");
    if (node == nullptr || node->members.empty()) {
        in.problem(in.node(), "questions",
                   R"(is missing: which question there feeds which of ours? score = "Q1")");
        return;
    }
    TableReader table(*node, "source.questions", into);
    for (const auto& member : node->members) {
        const auto* question = question_of(questions, member.name);
        (void)table.any(member.name);
        if (question == nullptr) {
            std::vector<std::string> ids;
            ids.reserve(questions.size());
            for (const auto& each : questions) ids.push_back(each.id);
            table.problem(member.value, member.name, "is none of the survey's questions",
                          config::nearest(member.name, ids));
        } else if (member.value.kind == Node::Kind::kText) {
            out.questions[member.name].from = member.value.text;
        } else if (member.value.kind == Node::Kind::kTable) {
            out.questions[member.name] =
                read_feed(member.value, table.dotted(member.name), *question, into);
        } else {
            table.problem(member.value, member.name, R"(must be "Q1" or { from = "Q1", … })");
        }
    }
    table.finish();
}

std::string check_link(const std::string& text) {
    static const std::regex form(R"(https://[^\s{}]+\{invitation\}[^\s{}]*)");
    return std::regex_match(text, form) ? ""
                                        : "must be an address that has the token in it: "
                                          "https://survey.example.com/123?token={invitation}";
}

Source read_source(const Node& node, const std::vector<Question>& questions,
                   TableReader::Into into) {
    Source out;
    TableReader in(node, "source", into);
    out.line = node.line;
    out.channel = "service";
    in.text("connection", out.connection);
    in.text("survey", out.survey);
    if (out.connection.empty())
        in.problem(node, "connection", "is missing: which connection reads it?");
    if (out.survey.empty())
        in.problem(node, "survey", "is missing: what does the service call the survey?");
    in.text("channel", out.channel);
    in.text("link", out.link, check_link);
    in.text("invitation", out.invitation);
    if (!out.link.empty() && out.invitation.empty())
        in.problem(*node.member("link"), "link",
                   "give invitation as well: the field in which the token comes back");
    in.text("email", out.email);
    in.text("phone", out.phone);
    if (const auto* match = in.table("match")) {
        TableReader each(*match, "source.match", into);
        for (const auto& member : match->members) each.text(member.name, out.match[member.name]);
        each.finish();
    }
    read_questions(in, questions, into, out);
    in.finish();
    return out;
}

}  // namespace

std::vector<Source> read_sources(TableReader& in, const std::vector<Question>& questions,
                                 TableReader::Into into) {
    std::vector<Source> out;
    const auto* list = in.array("source");
    if (list == nullptr) return out;
    if (list->items.size() > kSourcesMax)
        in.problem(*list, "source", "there are more than 20 sources");
    for (const auto& item : list->items) {
        if (item.kind != Node::Kind::kTable) {
            in.problem(item, "source", "must be a table: [[source]]");
            continue;
        }
        auto source = read_source(item, questions, into);
        const bool again = std::ranges::any_of(out, [&](const auto& other) {
            return other.connection == source.connection && other.survey == source.survey;
        });
        if (again) in.problem(item, "survey", "is named by another [[source]] already");
        out.push_back(std::move(source));
    }
    return out;
}

}  // namespace kontor::feedback
