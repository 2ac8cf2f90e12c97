#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/feedback/lexicon.hpp"
#include "daemon/feedback/score.hpp"
#include "daemon/feedback/survey.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::feedback {

/// The scores of some answers to one question, by its kind.
struct Score {
    std::int64_t n = 0;
    Promoters promoters;                          ///< of an NPS question
    std::int64_t hits = 0;                        ///< CSAT 4–5, CES 5–7
    std::map<std::int64_t, std::int64_t> counts;  ///< answers by value
    std::vector<double> values;                   ///< of a CES question or a scale, for its mean
};

/// One line of a trend or of a segment.
struct Group {
    std::string name;  ///< "2026-05", "Retail", "" = not known
    Score score;
};

struct QuestionResult {
    std::string id;
    QuestionKind kind = QuestionKind::kText;
    Score score;                                  ///< of numbers
    std::map<std::string, std::int64_t> choices;  ///< by id
    std::int64_t texts = 0;
};

/// What texts say of one theme, and by which words.
struct ThemeResult {
    std::string id;
    Words label;
    std::int64_t texts = 0;   ///< that name it
    std::int64_t praise = 0;  ///< of these: with more praise than blame beside it
    std::int64_t blame = 0;
    Score score;                                ///< of the main question, of who named it
    std::map<std::string, std::int64_t> words;  ///< as they stand in the texts, in lower case
};

/// What people wrote, all texts of an answer as one.
struct TextResult {
    std::int64_t texts = 0;
    std::map<std::string, std::int64_t> moods, languages;
    std::vector<ThemeResult> themes;                    ///< most named first
    std::map<std::string, std::int64_t> praise, blame;  ///< words that counted, negation included
};

/// Tasks that low scores became.
struct FollowUps {
    std::int64_t made = 0;
    std::int64_t closed = 0;
};

/// What a survey found. Figures only; no names.
struct Report {
    std::string survey;
    Instant made{};
    std::int64_t invited = 0;   ///< sent, or called
    std::int64_t answered = 0;  ///< of these
    std::int64_t withdrawn = 0;
    std::int64_t imported = 0;                     ///< answers without an invitation
    std::map<std::string, std::int64_t> channels;  ///< answers by channel
    std::string measure;  ///< of the main question; "" = the survey has no score
    Score score;
    std::vector<Group> months;  ///< of the main question, by the month of the answer, UTC
    std::map<std::string, std::vector<Group>> segments;  ///< type industry region stage owner
    std::vector<QuestionResult> questions;
    TextResult texts;
    FollowUps follow_ups;
};

/// Reads all responses to a survey. What the definition no longer has is left out. `since`: answers
/// and invitations from then on. kStorage.
[[nodiscard]] Result<Report> make_report(const replica::Database& db, const Survey& survey,
                                         const Lexicon& lexicon, Instant now,
                                         std::optional<Instant> since);

/// Groups smaller than this are shown without a score: a figure of two people tells who said what.
inline constexpr std::int64_t kGroupMin = 5;
/// Scores of fewer answers are marked as uncertain.
inline constexpr std::int64_t kFewAnswers = 10;

}  // namespace kontor::feedback
