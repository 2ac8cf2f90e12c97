#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/where.hpp"
#include "daemon/messages/messages.hpp"

namespace kontor::feedback {

using std::chrono::milliseconds;

/// A text in both languages; at least one is there.
struct Words {
    std::string en, zh;
    /// In that language, else in the other one.
    [[nodiscard]] const std::string& in(messages::Language language) const {
        const auto& wanted = language == messages::Language::kChinese ? zh : en;
        if (!wanted.empty()) return wanted;
        return language == messages::Language::kChinese ? en : zh;
    }
    [[nodiscard]] bool empty() const { return en.empty() && zh.empty(); }
    bool operator==(const Words&) const = default;
};

/// A filter and where it stands in the file, for what only the replica can check.
struct Clause {
    api::Where where;
    int line = 0;
    int column = 0;
};

enum class QuestionKind {
    kNps,     ///< 0…10, how likely to recommend
    kCsat,    ///< 1…5, how satisfied; 4 and 5 count
    kCes,     ///< 1…7, agreement that it was easy; 5 to 7 count
    kScale,   ///< min…max, no score of its own
    kChoice,  ///< one option, or several
    kText,
};
/// "nps" …, as files and the API name them.
[[nodiscard]] std::string_view to_string(QuestionKind kind);

struct Choice {
    std::string id;  ///< stored in place of the label, so that languages compare
    Words label;
};

struct Question {
    std::string id;
    QuestionKind kind = QuestionKind::kText;
    Words text;
    Words low, high;  ///< what the ends of a scale mean; may be empty
    bool required = false;
    bool multiple = false;          ///< of a choice: several may be taken
    std::int64_t min = 0, max = 0;  ///< of scores and scales
    std::int64_t max_length = 0;    ///< of a text, in characters
    std::vector<Choice> choices;
    std::vector<api::Where> show_if;  ///< all must hold of earlier answers

    [[nodiscard]] bool is_number() const {
        return kind != QuestionKind::kChoice && kind != QuestionKind::kText;
    }
    [[nodiscard]] bool is_score() const {
        return kind == QuestionKind::kNps || kind == QuestionKind::kCsat ||
               kind == QuestionKind::kCes;
    }
};

/// [audience]: whose records are looked at, and where the person of each is found.
struct Audience {
    std::string entity = "contact";
    std::string person;  ///< column that refers to the contact; "" = the record is the person
    std::vector<Clause> where;
    std::string address = "email";          ///< column of the person
    std::string phone = "mobile";           ///< column of the person, for the phone channel
    std::string consent;                    ///< column that must be true; "" = none is needed
    std::string opt_out = "email_opt_out";  ///< column that must not be; unsubscribing sets it
    std::string bounced;   ///< column that is set when nobody has the address; "" = none
    std::string language;  ///< column of the person; "" = default_language
    std::string default_language = "en";
    std::string time_zone;  ///< column of the person; "" = default_time_zone
    std::string default_time_zone = "UTC";
    int line = 0;  ///< of the table, for what only the replica can check
};

/// [timing]: when the scheduler looks. Neither: only when somebody sends it.
struct Timing {
    std::string schedule;           ///< of config::Schedule: "weekdays 09:00"
    std::optional<Clause> becomes;  ///< the event: a record of the audience comes to match this
    milliseconds delay{0};          ///< after the event
};

/// When a person is not asked, in the person's own time.
struct QuietHours {
    int from = 0, until = 0;     ///< minutes of the day; equal: none; from > until: over midnight
    std::array<bool, 7> days{};  ///< whole days, Sunday first
};

/// [limits]
struct Limits {
    milliseconds same_survey = std::chrono::hours(24 * 90);  ///< between two of this survey
    milliseconds any_survey = std::chrono::hours(24 * 30);   ///< between any two
    milliseconds account{0};  ///< between any two people of one account; 0 = no limit
    milliseconds expires = std::chrono::hours(24 * 30);  ///< a link, after it was made
    std::vector<milliseconds> reminders;                 ///< after sending; rising
    double sample = 1;                                   ///< share of people that is asked
    std::string seed;          ///< which people that is; "" = the survey's id
    std::int64_t batch = 500;  ///< invitations made at once
    QuietHours quiet;
};

/// [[action]]: what an answer does in the CRM.
struct Action {
    std::vector<api::Where> when;  ///< all must hold of the answers
    std::string create;            ///< the kind of record that is made; "" = `on` is edited
    std::string on;                ///< person, account or record (what the survey is about)
    std::map<std::string, std::string> set;             ///< by column: a text with {placeholders}
    int due_days = 1;                                   ///< of a task; weekends move to the Monday
    milliseconds within = std::chrono::hours(24 * 30);  ///< older answers do nothing
    int line = 0;
};

/// Which question of a service feeds one of ours, and how.
struct Feed {
    std::string from;                           ///< the service's name of the question
    std::map<std::string, std::string> values;  ///< its value → ours; "*" = any other, "" = none
    std::int64_t add = 0;                       ///< to a number
};

/// [[source]]: a survey at a service whose answers a connection reads.
struct Source {
    std::string connection;
    std::string survey;   ///< the service's name of it
    std::string channel;  ///< of the responses
    std::string link;     ///< where people answer there; {invitation} = a signed token
    /// Fields or questions there: the token that `link` bore, an address, a number. "" = none.
    std::string invitation, email, phone;
    std::map<std::string, std::string> match;  ///< a field there → the person's column
    std::map<std::string, Feed> questions;     ///< by our question's id
    int line = 0;
};

/// A survey as its file defines it. A plain value.
struct Survey {
    std::string id;
    Words title, intro, thanks, privacy;
    std::vector<std::string> channels;  ///< link, phone
    Audience audience;
    Timing timing;
    Limits limits;
    std::vector<Question> questions;
    std::vector<Action> actions;
    std::vector<Source> sources;

    [[nodiscard]] const Question* question(std::string_view question_id) const;
    /// The first question with a score: what the survey is measured by; nullptr if there is none.
    [[nodiscard]] const Question* main_question() const;
    /// Where people answer at a service: the first source's link; "" = at our own form.
    [[nodiscard]] std::string link_elsewhere() const;
};

}  // namespace kontor::feedback
