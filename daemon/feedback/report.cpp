#include "daemon/feedback/report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/feedback/answers.hpp"

namespace kontor::feedback {
namespace {

using replica::Database;

constexpr const char* kSegments[] = {"type", "industry", "region", "stage", "owner"};

// A deal tells its stage; a response's own account tells the rest.
constexpr const char* kResponses =
    "SELECT r.answers,substr(r.answered_at,1,7),r.channel,r.invitation_id IS NULL,"
    "a.type,a.industry,coalesce(nullif(a.billing_state,''),a.billing_country),d.stage,"
    "coalesce(u.full_name,u.last_name),r.comment,t.id IS NOT NULL,t.closed_at IS NOT NULL OR"
    " lower(t.status) IN('completed','closed','已完成','已关闭') FROM survey_response r"
    " LEFT JOIN account a ON a.id=r.account_id"
    " LEFT JOIN deal d ON r.what='deal:'||d.id"
    " LEFT JOIN user u ON u.id=r.owner_id"
    " LEFT JOIN task t ON r.follow_up='task:'||t.id"
    " WHERE r.survey=?1 AND coalesce(r.answered_at,'')>=?2 ORDER BY r.answered_at,r.id";

void add(Score& score, const Question& question, std::int64_t answer) {
    ++score.n;
    ++score.counts[answer];
    if (question.kind == QuestionKind::kNps) score.promoters.add(answer);
    if (question.kind == QuestionKind::kCsat && answer >= 4) ++score.hits;
    if (question.kind == QuestionKind::kCes && answer >= 5) ++score.hits;
    if (question.kind == QuestionKind::kCes || question.kind == QuestionKind::kScale)
        score.values.push_back(static_cast<double>(answer));
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return text;
}

void add_text(TextResult& out, const Opinion& opinion, const Question* main, const Answers& given) {
    ++out.texts;
    ++out.moods[std::string(to_string(opinion.mood))];
    ++out.languages[opinion.language];
    for (const auto& hit : opinion.words)
        ++(hit.weight > 0
               ? out.praise
               : out.blame)[(hit.turned.empty() ? "" : hit.turned + " ") + lower(hit.word)];
    for (const auto& hit : opinion.themes) {
        auto theme = std::ranges::find(out.themes, hit.theme, &ThemeResult::id);
        if (theme == out.themes.end()) {
            out.themes.emplace_back();
            out.themes.back().id = hit.theme;
            out.themes.back().label = hit.label;
            theme = out.themes.end() - 1;
        }
        ++theme->texts;
        theme->praise += hit.weight > 0 ? 1 : 0;
        theme->blame += hit.weight < 0 ? 1 : 0;
        for (const auto& word : hit.words) ++theme->words[lower(word)];
        if (main == nullptr) continue;
        if (const auto answer = given.find(main->id); answer != given.end())
            add(theme->score, *main, std::stoll(answer->second.front()));
    }
}

std::vector<Group> groups_of(std::map<std::string, Score>& scores) {
    std::vector<Group> out;
    out.reserve(scores.size());
    for (auto& [name, score] : scores) out.push_back({name, std::move(score)});
    return out;
}

Result<> count_invitations(const Database& db, const Survey& survey, const std::string& since,
                           Report& out) {
    auto query = db.prepare(
        "SELECT coalesce(sum(state IN('sent','answered','refused','unreachable')),0),"
        "coalesce(sum(state='answered'),0),coalesce(sum(state='withdrawn'),0)"
        " FROM survey_invitation WHERE survey=?1 AND coalesce(reserved_at,'')>=?2");
    if (!query) return pass(query);
    query->bind(1, survey.id);
    query->bind(2, since);
    auto row = query->step();
    if (!row) return pass(row);
    out.invited = query->integer(0);
    out.answered = query->integer(1);
    out.withdrawn = query->integer(2);
    return {};
}

}  // namespace

Result<Report> make_report(const Database& db, const Survey& survey, const Lexicon& lexicon,
                           Instant now, std::optional<Instant> since) {
    Report out;
    out.survey = survey.id;
    out.made = now;
    const auto* main = survey.main_question();
    if (main != nullptr) out.measure = to_string(main->kind);
    for (const auto& question : survey.questions)
        out.questions.push_back({question.id, question.kind, {}, {}, 0});
    const auto from = since ? format_instant(*since) : std::string();
    // All of one moment.
    auto moment = replica::Snapshot::begin(db);
    if (!moment) return pass(moment);
    if (auto done = count_invitations(db, survey, from, out); !done) return pass(done);

    std::map<std::string, Score> months;
    std::map<std::string, std::map<std::string, Score>> segments;
    auto query = db.prepare(kResponses);
    if (!query) return pass(query);
    query->bind(1, survey.id);
    query->bind(2, from);
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) break;
        const auto json = nlohmann::json::parse(query->text(0), nullptr, false);
        if (!json.is_object()) continue;
        ++out.channels[std::string(query->text(2))];
        out.imported += query->integer(3);
        out.follow_ups.made += query->integer(10);
        out.follow_ups.closed += query->integer(11);
        // Edited by hand or of an older definition: what does not fit is left out.
        const auto answers = check_answers(survey, answers_from(json), Unasked::kDrop).answers;
        if (!query->text(9).empty())
            add_text(out.texts, lexicon.read(query->text(9)), main, answers);
        for (std::size_t i = 0; i < survey.questions.size(); ++i) {
            const auto& question = survey.questions[i];
            const auto given = answers.find(question.id);
            if (given == answers.end()) continue;
            auto& result = out.questions[i];
            if (question.kind == QuestionKind::kText) {
                ++result.texts;
            } else if (question.kind == QuestionKind::kChoice) {
                ++result.score.n;
                for (const auto& choice : given->second) ++result.choices[choice];
            } else {
                const auto answer = std::stoll(given->second.front());
                add(result.score, question, answer);
                if (&question != main) continue;
                add(months[std::string(query->text(1))], question, answer);
                for (int s = 0; s < 5; ++s)
                    add(segments[kSegments[s]][std::string(query->text(4 + s))], question, answer);
            }
        }
    }
    for (const auto& result : out.questions)
        if (main != nullptr && result.id == main->id) out.score = result.score;
    std::ranges::stable_sort(out.texts.themes, std::greater(), &ThemeResult::texts);
    out.months = groups_of(months);
    for (auto& [segment, scores] : segments) {
        // Nobody is told that everybody is of the same unknown kind.
        if (scores.size() == 1 && scores.begin()->first.empty()) continue;
        out.segments[segment] = groups_of(scores);
    }
    return out;
}

}  // namespace kontor::feedback
