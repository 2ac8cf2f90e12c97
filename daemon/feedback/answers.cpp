#include "daemon/feedback/answers.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace kontor::feedback {
namespace {

/// Length in characters; nullopt if it is not UTF-8.
std::optional<std::int64_t> characters(std::string_view text) {
    // The JSON library refuses what is not UTF-8 when it writes; that is the check.
    try {
        (void)nlohmann::json(text).dump();
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
    return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

/// Line breaks as one character, no other control characters, no blanks around.
std::string tidy(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\r') {
            if (i + 1 == text.size() || text[i + 1] != '\n') out += '\n';
        } else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') {
            if (c != 0x7F) out += c;
        }
    }
    constexpr std::string_view kBlank = " \n\t";
    const auto first = out.find_first_not_of(kBlank);
    if (first == std::string::npos) return "";
    return out.substr(first, out.find_last_not_of(kBlank) - first + 1);
}

std::optional<Flaw> check_one(const Question& question, std::vector<std::string>& values) {
    if (question.kind == QuestionKind::kText)
        for (auto& value : values) value = tidy(value);
    std::erase(values, "");
    if (values.empty()) return question.required ? std::optional(Flaw::kRequired) : std::nullopt;
    if (values.size() > 1 && !question.multiple) return Flaw::kOneOnly;
    if (question.is_number()) {
        const auto number = whole_number(values[0]);
        if (!number || *number < question.min || *number > question.max) return Flaw::kNoNumber;
        values[0] = std::to_string(*number);
        return std::nullopt;
    }
    if (question.kind == QuestionKind::kText) {
        const auto length = characters(values[0]);
        if (!length) return Flaw::kNoText;
        return *length > question.max_length ? std::optional(Flaw::kTooLong) : std::nullopt;
    }
    // In the definition's order, each once.
    std::vector<std::string> taken;
    for (const auto& choice : question.choices)
        if (std::ranges::find(values, choice.id) != values.end()) taken.push_back(choice.id);
    const std::set<std::string> distinct(values.begin(), values.end());
    if (taken.size() != distinct.size()) return Flaw::kNoChoice;
    values = std::move(taken);
    return std::nullopt;
}

bool holds(const api::Where& where, const Survey& survey, const Answers& answers) {
    const auto found = answers.find(where.field);
    const bool given = found != answers.end();
    if (where.compare == "isnull") return !given;
    if (where.compare == "notnull") return given;
    if (where.compare == "!=")
        return !given || std::ranges::find(found->second, where.value) == found->second.end();
    if (!given) return false;
    if (where.compare == "=")
        return std::ranges::find(found->second, where.value) != found->second.end();
    const auto* question = survey.question(where.field);
    const auto answer = whole_number(found->second.front());
    const auto bound = whole_number(where.value);
    if (question == nullptr || !answer || !bound) return false;
    if (where.compare == "<") return *answer < *bound;
    if (where.compare == "<=") return *answer <= *bound;
    if (where.compare == ">") return *answer > *bound;
    return where.compare == ">=" && *answer >= *bound;
}

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [at, failed] = std::from_chars(text.data(), end, number);
    if (failed != std::errc() || at != end) return std::nullopt;
    return number;
}

std::string_view to_string(Flaw flaw) {
    switch (flaw) {
        case Flaw::kRequired:
            return "required";
        case Flaw::kNoNumber:
            return "no_number";
        case Flaw::kNoChoice:
            return "no_choice";
        case Flaw::kOneOnly:
            return "one_only";
        case Flaw::kTooLong:
            return "too_long";
        case Flaw::kNoText:
            return "no_text";
        case Flaw::kNoQuestion:
            return "no_question";
        case Flaw::kNotAsked:
            break;
    }
    return "not_asked";
}

bool all_hold(const std::vector<api::Where>& conditions, const Survey& survey,
              const Answers& answers) {
    return std::ranges::all_of(
        conditions, [&](const auto& condition) { return holds(condition, survey, answers); });
}

bool is_shown(const Question& question, const Survey& survey, const Answers& answers) {
    return all_hold(question.show_if, survey, answers);
}

Checked check_answers(const Survey& survey, const Answers& given, Unasked unasked) {
    Checked out;
    for (const auto& [id, values] : given)
        if (survey.question(id) == nullptr) out.flaws[id] = Flaw::kNoQuestion;
    for (const auto& question : survey.questions) {
        const auto found = given.find(question.id);
        auto values = found == given.end() ? std::vector<std::string>() : found->second;
        if (!is_shown(question, survey, out.answers)) {
            std::erase(values, "");
            if (!values.empty() && unasked == Unasked::kRefuse)
                out.flaws[question.id] = Flaw::kNotAsked;
            continue;
        }
        if (const auto flaw = check_one(question, values))
            out.flaws[question.id] = *flaw;
        else if (!values.empty())
            out.answers[question.id] = std::move(values);
    }
    return out;
}

nlohmann::json answers_json(const Survey& survey, const Answers& answers) {
    auto out = nlohmann::json::object();
    for (const auto& [id, values] : answers) {
        const auto* question = survey.question(id);
        if (question == nullptr || values.empty()) continue;
        if (question->is_number())
            out[id] = whole_number(values[0]).value_or(0);
        else if (question->multiple)
            out[id] = values;
        else
            out[id] = values[0];
    }
    return out;
}

Answers answers_from(const nlohmann::json& json) {
    Answers out;
    const auto text_of = [](const nlohmann::json& value) {
        return value.is_string()
                   ? value.get<std::string>()
                   : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    };
    for (const auto& [id, value] : json.items()) {
        if (value.is_null()) continue;
        auto& values = out[id];
        if (value.is_array())
            for (const auto& one : value) values.push_back(text_of(one));
        else
            values.push_back(text_of(value));
    }
    return out;
}

}  // namespace kontor::feedback
