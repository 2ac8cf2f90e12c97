#include "daemon/feedback/report_json.hpp"

#include <cmath>

namespace kontor::feedback {
namespace {

using nlohmann::json;

// One decimal: more would claim what no survey knows.
double rounded(double value) {
    return std::round(value * 10) / 10;
}

json words_json(const Words& words) {
    return {{"en", words.in(messages::Language::kEnglish)},
            {"zh", words.in(messages::Language::kChinese)}};
}

json figure(double value, const std::optional<Interval>& interval) {
    json out{{"value", rounded(value)}, {"low", nullptr}, {"high", nullptr}};
    if (interval) {
        out["low"] = rounded(interval->low);
        out["high"] = rounded(interval->high);
    }
    return out;
}

json share(std::int64_t hits, std::int64_t n) {
    const auto interval = *wilson(hits, n);
    return figure(100 * static_cast<double>(hits) / static_cast<double>(n),
                  Interval{100 * interval.low, 100 * interval.high});
}

constexpr std::size_t kWordsShown = 12;

/// The most frequent first.
json frequent(const std::map<std::string, std::int64_t>& counts) {
    std::vector<std::pair<std::string, std::int64_t>> sorted(counts.begin(), counts.end());
    std::ranges::stable_sort(sorted,
                             [](const auto& a, const auto& b) { return a.second > b.second; });
    if (sorted.size() > kWordsShown) sorted.resize(kWordsShown);
    auto out = json::array();
    for (const auto& [word, count] : sorted) out.push_back({{"word", word}, {"count", count}});
    return out;
}

json texts_json(QuestionKind kind, const TextResult& texts) {
    json out{{"n", texts.texts},
             {"moods", texts.moods},
             {"languages", texts.languages},
             {"praise", frequent(texts.praise)},
             {"blame", frequent(texts.blame)},
             {"themes", json::array()}};
    for (const auto& theme : texts.themes)
        out["themes"].push_back({{"theme", theme.id},
                                 {"label", words_json(theme.label)},
                                 {"n", theme.texts},
                                 {"praise", theme.praise},
                                 {"blame", theme.blame},
                                 {"score", score_json(kind, theme.score, true)},
                                 {"words", frequent(theme.words)}});
    return out;
}

json groups_json(QuestionKind kind, const std::vector<Group>& groups) {
    auto out = json::array();
    for (const auto& group : groups)
        out.push_back({{"name", group.name}, {"score", score_json(kind, group.score, true)}});
    return out;
}

}  // namespace

json score_json(QuestionKind kind, const Score& score, bool is_group) {
    json out{{"n", score.n}, {"few", score.n < kFewAnswers}};
    if (score.n == 0 || (is_group && score.n < kGroupMin)) return out;
    if (kind == QuestionKind::kNps) {
        const auto nps = *net_promoter_score(score.promoters);
        out["nps"] = figure(nps.score, nps.interval);
        out["nps"]["adjusted"] = nps.adjusted;
        out["promoters"] = score.promoters.promoters;
        out["passives"] = score.promoters.passives;
        out["detractors"] = score.promoters.detractors;
    }
    if (kind == QuestionKind::kCsat) out["csat"] = share(score.hits, score.n);
    if (kind == QuestionKind::kCes) out["easy"] = share(score.hits, score.n);
    if (const auto mean = mean_of(score.values)) out["mean"] = figure(mean->mean, mean->interval);
    return out;
}

json script_json(const Survey& survey) {
    auto out = json::array();
    for (const auto& question : survey.questions) {
        json one{{"id", question.id},
                 {"kind", to_string(question.kind)},
                 {"text", words_json(question.text)},
                 {"required", question.required},
                 {"multiple", question.multiple},
                 {"choices", json::array()},
                 {"show_if", json::array()}};
        if (question.is_number()) {
            one["min"] = question.min;
            one["max"] = question.max;
        }
        for (const auto& choice : question.choices)
            one["choices"].push_back({{"id", choice.id}, {"label", words_json(choice.label)}});
        for (const auto& w : question.show_if)
            one["show_if"].push_back(
                {{"question", w.field}, {"compare", w.compare}, {"value", w.value}});
        out.push_back(std::move(one));
    }
    return out;
}

json report_json(const Survey& survey, const Report& report) {
    const auto* main = survey.main_question();
    const auto kind = main != nullptr ? main->kind : QuestionKind::kText;
    json out{{"survey", survey.id},
             {"title", words_json(survey.title)},
             {"made_at", format_instant(report.made)},
             {"invited", report.invited},
             {"answered", report.answered},
             {"withdrawn", report.withdrawn},
             {"imported", report.imported},
             {"response_rate", nullptr},
             {"channels", report.channels},
             {"measure", main != nullptr ? json(report.measure) : json(nullptr)},
             {"score", score_json(kind, report.score, false)},
             {"months", groups_json(kind, report.months)},
             {"segments", json::object()},
             {"questions", json::array()}};
    out["texts"] = texts_json(kind, report.texts);
    out["follow_ups"] = {{"made", report.follow_ups.made}, {"closed", report.follow_ups.closed}};
    if (report.follow_ups.made > 0)
        out["follow_ups"]["closed_rate"] = share(report.follow_ups.closed, report.follow_ups.made);
    if (report.invited > 0) out["response_rate"] = share(report.answered, report.invited);
    for (const auto& [name, groups] : report.segments)
        out["segments"][name] = groups_json(kind, groups);
    for (std::size_t i = 0; i < report.questions.size(); ++i) {
        const auto& result = report.questions[i];
        const auto& question = survey.questions[i];
        json one{{"id", result.id},
                 {"kind", to_string(result.kind)},
                 {"text", words_json(question.text)}};
        if (result.kind == QuestionKind::kText) {
            one["n"] = result.texts;
        } else if (result.kind == QuestionKind::kChoice) {
            one["n"] = result.score.n;
            one["choices"] = json::array();
            for (const auto& choice : question.choices) {
                const auto count = result.choices.find(choice.id);
                one["choices"].push_back(
                    {{"id", choice.id},
                     {"label", words_json(choice.label)},
                     {"count", count == result.choices.end() ? 0 : count->second}});
            }
        } else {
            one["n"] = result.score.n;
            one["score"] = score_json(result.kind, result.score, false);
            one["counts"] = json::object();
            for (auto value = question.min; value <= question.max; ++value) {
                const auto count = result.score.counts.find(value);
                one["counts"][std::to_string(value)] =
                    count == result.score.counts.end() ? 0 : count->second;
            }
        }
        out["questions"].push_back(std::move(one));
    }
    return out;
}

}  // namespace kontor::feedback
