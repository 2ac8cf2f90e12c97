#include "daemon/feedback/survey_file.hpp"

#include <algorithm>
#include <filesystem>
#include <regex>

#include "config/schedule.hpp"
#include "config/table_reader.hpp"
#include "daemon/feedback/action_file.hpp"
#include "daemon/feedback/conditions.hpp"
#include "daemon/feedback/source_file.hpp"
#include "daemon/feedback/zone.hpp"

namespace kontor::feedback {
namespace {

using config::Node;
using config::TableReader;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::size_t kQuestionsMax = 50;
constexpr std::size_t kChoicesMax = 50;
constexpr std::int64_t kTextMax = 4'000;
constexpr hours kYear{24 * 366};

// Reads one file; what is wrong goes to `problems`.
class Reader {
public:
    Reader(const std::string& file, config::Problems& problems) : into_{file, problems, nullptr} {}

    Survey read(const Node& document) {
        Survey out;
        TableReader in(document, "", into_);
        in.text("id", out.id, check_id);
        if (out.id.empty() && document.member("id") == nullptr)
            in.problem(document, "id", "is missing: what is the survey called?");
        out.title = words(in, "title", true);
        out.intro = words(in, "intro", false);
        out.thanks = words(in, "thanks", false);
        out.privacy = words(in, "privacy", false);
        out.channels = {"link"};
        in.texts("channels", out.channels);
        const auto known = [](const auto& c) { return c == "link" || c == "phone"; };
        if (out.channels.empty() || !std::ranges::all_of(out.channels, known))
            in.problem(place(document, "channels"), "channels", "must name link, phone or both");
        if (const auto* node = in.table("audience")) read_audience(*node, out.audience);
        if (const auto* node = in.table("timing")) read_timing(*node, out.timing);
        if (const auto* node = in.table("limits")) read_limits(*node, out.limits);
        read_questions(in, document, out.questions);
        out.actions = read_actions(in, out.questions, into_);
        out.sources = read_sources(in, out.questions, into_);
        in.finish();
        return out;
    }

private:
    static std::string check_id(const std::string& text) {
        return is_id(text) ? "" : "must be 1 to 32 of the letters a-z, digits, _ and -";
    }
    // Where a key stands, or else its table.
    static const Node& place(const Node& table, std::string_view key) {
        const auto* member = table.member(key);
        return member != nullptr ? *member : table;
    }

    Words words(TableReader& in, std::string_view key, bool needed) {
        Words out;
        const auto* node = in.any(key);
        if (node == nullptr) {
            if (needed) in.problem(in.node(), key, R"(is missing: { en = "…", zh = "…" })");
            return out;
        }
        if (node->kind == Node::Kind::kText) {
            out.en = node->text;
        } else if (node->kind == Node::Kind::kTable) {
            TableReader texts(*node, in.dotted(key), into_);
            texts.text("en", out.en);
            texts.text("zh", out.zh);
            texts.finish();
        }
        if (out.empty()) in.problem(*node, key, R"(must be a text or { en = "…", zh = "…" })");
        if (out.en.size() > kTextMax || out.zh.size() > kTextMax)
            in.problem(*node, key, "must be at most 4000 bytes");
        return out;
    }

    void read_audience(const Node& node, Audience& out) {
        TableReader in(node, "audience", into_);
        out.line = node.line;
        in.text("entity", out.entity);
        in.text("person", out.person);
        out.where = read_clauses(in, "where");
        in.text("address", out.address);
        in.text("phone", out.phone);
        in.text("consent", out.consent);
        in.text("opt_out", out.opt_out);
        in.text("bounced", out.bounced);
        in.text("language", out.language);
        in.one_of("default_language", out.default_language, {"en", "zh"});
        in.text("time_zone", out.time_zone);
        in.text("default_time_zone", out.default_time_zone, [](const std::string& text) {
            return is_zone(text) ? "" : "is no time zone of the IANA database, as Asia/Shanghai is";
        });
        in.finish();
    }

    void read_timing(const Node& node, Timing& out) {
        TableReader in(node, "timing", into_);
        in.text("schedule", out.schedule, [](const std::string& text) {
            const auto times = config::Schedule::parse(text);
            return times ? "" : times.error().message;
        });
        if (const auto* event = in.any("becomes")) out.becomes = read_clause(in, *event, "becomes");
        in.duration("delay", out.delay, minutes(0), kYear);
        if (!out.schedule.empty() && out.becomes)
            in.problem(place(node, "becomes"), "becomes", "give either a schedule or an event");
        if (node.member("delay") != nullptr && !out.becomes)
            in.problem(place(node, "delay"), "delay", "is counted from an event: give becomes");
        in.finish();
    }

    static int minute_of(const std::string& text) {
        static const std::regex form("([01][0-9]|2[0-3]):[0-5][0-9]");
        if (!std::regex_match(text, form)) return -1;
        return std::stoi(text.substr(0, 2)) * 60 + std::stoi(text.substr(3));
    }

    void read_quiet(const Node& node, QuietHours& out) {
        TableReader in(node, "limits.quiet", into_);
        const auto time = [&](const char* key, int& minute) {
            std::string text;
            in.text(key, text, [](const std::string& value) {
                return minute_of(value) >= 0 ? "" : "must be a time of day as 20:00";
            });
            if (!text.empty()) minute = minute_of(text);
        };
        time("from", out.from);
        time("until", out.until);
        if ((node.member("from") == nullptr) != (node.member("until") == nullptr))
            in.problem(node, "from", "give both from and until");
        const std::vector<std::string> names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
        std::vector<std::string> days;
        in.texts("days", days);
        for (const auto& day : days) {
            const auto at = std::ranges::find(names, day);
            if (at == names.end())
                in.problem(place(node, "days"), "days", "must hold sun mon tue wed thu fri sat");
            else
                out.days[static_cast<std::size_t>(at - names.begin())] = true;
        }
        if (std::ranges::all_of(out.days, [](bool quiet) { return quiet; }))
            in.problem(node, "days", "leaves no day on which anybody could be asked");
        in.finish();
    }

    void read_limits(const Node& node, Limits& out) {
        TableReader in(node, "limits", into_);
        in.duration("same_survey", out.same_survey, hours(0), 10 * kYear);
        // A floor: nobody should be asked by two surveys within a week.
        in.duration("any_survey", out.any_survey, hours(24 * 7), 10 * kYear);
        in.duration("account", out.account, hours(0), 10 * kYear);
        in.duration("expires", out.expires, hours(1), kYear);
        in.number("sample", out.sample, 0, 1);
        in.text("seed", out.seed);
        in.integer("batch", out.batch, 1, 100'000);
        std::vector<std::string> reminders;
        in.texts("reminders", reminders);
        for (const auto& text : reminders) {
            const auto after = config::parse_duration(text);
            const auto least = out.reminders.empty() ? milliseconds(0) : out.reminders.back();
            if (!after || *after <= least || *after >= out.expires)
                in.problem(place(node, "reminders"), "reminders",
                           "must be rising times, all before the link expires");
            else
                out.reminders.push_back(*after);
        }
        if (const auto* quiet = in.table("quiet")) read_quiet(*quiet, out.quiet);
        in.finish();
    }

    void read_questions(TableReader& in, const Node& document, std::vector<Question>& out) {
        const auto* list = in.array("question");
        if (list == nullptr || list->items.empty()) {
            in.problem(document, "question", "is missing: a survey asks something");
            return;
        }
        if (list->items.size() > kQuestionsMax)
            in.problem(*list, "question", "there are more than 50 questions");
        for (const auto& item : list->items) {
            if (item.kind != Node::Kind::kTable) {
                in.problem(item, "question", "must be a table: [[question]]");
                continue;
            }
            out.push_back(read_question(item, out));
        }
    }

    Question read_question(const Node& node, const std::vector<Question>& earlier) {
        Question out;
        TableReader in(node, "question", into_);
        in.text("id", out.id, check_id);
        if (node.member("id") == nullptr) in.problem(node, "id", "is missing");
        if (std::ranges::any_of(earlier, [&](const auto& q) { return q.id == out.id; }))
            in.problem(place(node, "id"), "id", "there is another question of that id");
        read_kind(in, node, out);
        out.text = words(in, "text", true);
        out.low = words(in, "low", false);
        out.high = words(in, "high", false);
        in.boolean("required", out.required);
        out.show_if = read_conditions(in, "show_if", earlier);
        in.finish();
        return out;
    }

    void read_kind(TableReader& in, const Node& node, Question& out) {
        std::string kind;
        in.one_of("kind", kind, {"nps", "csat", "ces", "scale", "choice", "text"});
        if (node.member("kind") == nullptr) in.problem(node, "kind", "is missing");
        for (const auto k : {QuestionKind::kNps, QuestionKind::kCsat, QuestionKind::kCes,
                             QuestionKind::kScale, QuestionKind::kChoice, QuestionKind::kText})
            if (kind == to_string(k)) out.kind = k;
        switch (out.kind) {
            case QuestionKind::kNps:
                out.max = 10;
                break;
            case QuestionKind::kCsat:
                out.min = 1;
                out.max = 5;
                break;
            case QuestionKind::kCes:
                out.min = 1;
                out.max = 7;
                break;
            case QuestionKind::kScale:
                out.min = 1;
                out.max = 5;
                in.integer("min", out.min, 0, 10);
                in.integer("max", out.max, 1, 10);
                if (out.min >= out.max)
                    in.problem(place(node, "max"), "max", "must be more than min");
                break;
            case QuestionKind::kText:
                out.max_length = 2'000;
                in.integer("max_length", out.max_length, 1, 10'000);
                break;
            case QuestionKind::kChoice:
                in.boolean("multiple", out.multiple);
                read_choices(in, node, out.choices);
                break;
        }
    }

    void read_choices(TableReader& in, const Node& node, std::vector<Choice>& out) {
        const auto* list = in.array("choices");
        if (list == nullptr || list->items.size() < 2 || list->items.size() > kChoicesMax) {
            in.problem(place(node, "choices"), "choices", "must be a list of 2 to 50 choices");
            return;
        }
        for (const auto& item : list->items) {
            Choice choice;
            if (item.kind != Node::Kind::kTable) {
                in.problem(item, "choices", R"(must hold { id = "price", en = "…", zh = "…" })");
                continue;
            }
            TableReader one(item, "question.choices", into_);
            one.text("id", choice.id, check_id);
            one.text("en", choice.label.en);
            one.text("zh", choice.label.zh);
            one.finish();
            if (choice.id.empty() || choice.label.empty())
                one.problem(item, "id", "a choice needs an id and a text");
            if (std::ranges::any_of(out, [&](const auto& c) { return c.id == choice.id; }))
                one.problem(item, "id", "there is another choice of that id");
            out.push_back(std::move(choice));
        }
    }

    TableReader::Into into_;
};

}  // namespace

std::string_view to_string(QuestionKind kind) {
    switch (kind) {
        case QuestionKind::kNps:
            return "nps";
        case QuestionKind::kCsat:
            return "csat";
        case QuestionKind::kCes:
            return "ces";
        case QuestionKind::kScale:
            return "scale";
        case QuestionKind::kChoice:
            return "choice";
        case QuestionKind::kText:
            break;
    }
    return "text";
}

const Question* Survey::question(std::string_view question_id) const {
    const auto found = std::ranges::find(questions, question_id, &Question::id);
    return found == questions.end() ? nullptr : &*found;
}

const Question* Survey::main_question() const {
    const auto found = std::ranges::find_if(questions, [](const auto& q) { return q.is_score(); });
    return found == questions.end() ? nullptr : &*found;
}

std::string Survey::link_elsewhere() const {
    const auto found =
        std::ranges::find_if(sources, [](const auto& source) { return !source.link.empty(); });
    return found == sources.end() ? std::string() : found->link;
}

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 32 && text[0] >= 'a' && text[0] <= 'z' &&
           std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
           });
}

std::optional<Survey> parse_survey(std::string_view text, const std::string& file,
                                   config::Problems& problems) {
    const auto before = problems.size();
    const auto document = config::parse_toml(text, file, problems);
    if (!document) return std::nullopt;
    auto survey = Reader(file, problems).read(*document);
    if (problems.size() != before) return std::nullopt;
    return survey;
}

std::optional<Survey> read_survey(const std::string& file, config::Problems& problems) {
    const auto before = problems.size();
    const auto document = config::read_toml(file, problems);
    if (!document) return std::nullopt;
    auto survey = Reader(file, problems).read(*document);
    const auto stem = std::filesystem::path(file).stem().string();
    if (!survey.id.empty() && survey.id != stem)
        problems.push_back(
            {file, document->line, 1, "id", "must be the file's name without .toml: " + stem, ""});
    if (problems.size() != before) return std::nullopt;
    return survey;
}

}  // namespace kontor::feedback
