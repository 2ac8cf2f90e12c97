#include "daemon/feedback/source_answers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace kontor::feedback {
namespace {

using nlohmann::json;

constexpr std::int64_t kSumMax = 1'000'000'000;  // nothing is added to what is larger
constexpr double kWholeMax = 1e15;               // beyond it doubles skip whole numbers

std::string value_text(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    // 9.0 is 9.
    if (value.is_number_float()) {
        const auto number = value.get<double>();
        if (std::abs(number) < kWholeMax && number == std::trunc(number))
            return std::to_string(static_cast<std::int64_t>(number));
    }
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<std::string> value_texts(const json& value) {
    std::vector<std::string> out;
    if (value.is_array())
        for (const auto& item : value) out.push_back(value_text(item));
    else if (!value.is_null())
        out.push_back(value_text(value));
    return out;
}

std::string choice_of(const Question& question, const std::string& text) {
    for (const auto& choice : question.choices)
        if (text == choice.id || text == choice.label.en || text == choice.label.zh)
            return choice.id;
    return text;
}

std::string mapped_value(const Question& question, const Feed& feed, const std::string& text) {
    if (const auto known = feed.values.find(text); known != feed.values.end()) return known->second;
    auto out = question.kind == QuestionKind::kChoice ? choice_of(question, text) : text;
    if (question.is_number())
        if (const auto number = whole_number(text);
            number && *number > -kSumMax && *number < kSumMax)
            return std::to_string(*number + feed.add);
    const auto other = feed.values.find("*");
    const bool is_choice =
        std::ranges::find(question.choices, out, &Choice::id) != question.choices.end();
    return other == feed.values.end() || is_choice ? out : other->second;
}

}  // namespace

Answers mapped_answers(const Survey& survey, const Source& source, const json& given) {
    Answers out;
    if (!given.is_object()) return out;
    for (const auto& [id, feed] : source.questions) {
        const auto* question = survey.question(id);
        const auto found = given.find(feed.from);
        if (question == nullptr || found == given.end()) continue;
        auto& values = out[id];
        for (const auto& text : value_texts(*found))
            if (auto value = mapped_value(*question, feed, text); !value.empty())
                values.push_back(std::move(value));
        // A text is one, in however many pieces a service has it.
        if (question->kind == QuestionKind::kText && values.size() > 1) {
            std::string joined;
            for (const auto& value : values) joined += (joined.empty() ? "" : ", ") + value;
            values = {std::move(joined)};
        }
        if (values.empty()) out.erase(id);
    }
    return out;
}

std::string mapping_text(const Survey& survey, const Source& source) {
    auto out = json::array({source.survey, source.channel, source.invitation, source.email,
                            source.phone, source.match});
    for (const auto& question : survey.questions) {
        auto one = json::array({question.id, static_cast<int>(question.kind), question.multiple,
                                question.min, question.max, question.max_length});
        for (const auto& choice : question.choices)
            one.push_back({choice.id, choice.label.en, choice.label.zh});
        for (const auto& shown : question.show_if)
            one.push_back({shown.field, shown.compare, shown.value});
        if (const auto feed = source.questions.find(question.id); feed != source.questions.end())
            one.push_back({feed->second.from, feed->second.values, feed->second.add});
        out.push_back(std::move(one));
    }
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace kontor::feedback
