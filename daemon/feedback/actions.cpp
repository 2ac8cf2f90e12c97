#include "daemon/feedback/actions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/feedback/action_file.hpp"
#include "daemon/feedback/answers.hpp"
#include "daemon/feedback/people.hpp"
#include "daemon/feedback/token.hpp"
#include "daemon/feedback/zone.hpp"
#include "sync/replica/values.hpp"

namespace kontor::feedback {
namespace {

using replica::Database;
using replica::Edit;

constexpr std::size_t kTextBytesMax = 30'000;  // of all answers together in one field

/// A row of survey_response with what names it wherever it is: the invitation's key, or the
/// submission.
struct Answer {
    std::int64_t id = 0, account = 0, owner = 0;
    std::string name, who, what, channel, language, comment, answered_at;
    std::optional<std::int64_t> score;
    Answers answers;
};

constexpr const char* kOpen =
    "SELECT r.id FROM survey_response r LEFT JOIN survey_invitation i ON i.id=r.invitation_id"
    " WHERE r.survey=?1 AND r.acted_at IS NULL AND CASE WHEN i.id IS NOT NULL THEN i.device=?2"
    " ELSE r.uid IS NOT NULL OR ?3 END ORDER BY r.id";
constexpr const char* kAnswer =
    "SELECT r.id,r.account_id,r.owner_id,coalesce(i.ask_key,r.submission,r.uid),r.who,r.what,"
    "r.channel,r.language,r.comment,r.answered_at,r.score,r.answers FROM survey_response r"
    " LEFT JOIN survey_invitation i ON i.id=r.invitation_id"
    " WHERE r.id=?1 AND r.acted_at IS NULL";

Result<std::vector<std::int64_t>> open_answers(const Database& db, const Survey& survey,
                                               bool pulled) {
    auto device = device_of(db);
    if (!device) return pass(device);
    auto query = db.prepare(kOpen);
    if (!query) return pass(query);
    query->bind(1, survey.id);
    query->bind(2, *device);
    query->bind(3, std::int64_t{pulled ? 1 : 0});
    std::vector<std::int64_t> out;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.push_back(query->integer(0));
    }
}

/// nullopt: somebody has acted on it meanwhile.
Result<std::optional<Answer>> read_answer(const Database& db, const Survey& survey,
                                          std::int64_t id) {
    auto query = db.prepare(kAnswer);
    if (!query) return pass(query);
    query->bind(1, id);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row) return std::optional<Answer>();
    Answer out;
    out.id = id;
    out.account = query->integer(1);
    out.owner = query->integer(2);
    std::string Answer::*const texts[] = {&Answer::name,       &Answer::who,      &Answer::what,
                                          &Answer::channel,    &Answer::language, &Answer::comment,
                                          &Answer::answered_at};
    int column = 3;
    for (const auto text : texts) out.*text = query->text(column++);
    if (!query->is_null(10)) out.score = query->integer(10);
    const auto json = nlohmann::json::parse(query->text(11), nullptr, false);
    if (json.is_object())
        out.answers = check_answers(survey, answers_from(json), Unasked::kDrop).answers;
    return std::optional(std::move(out));
}

std::string reference_to(const char* entity, std::int64_t id) {
    return id == 0 ? std::string() : entity + (":" + std::to_string(id));
}

/// The record that an action's `on` means; "" if the answer has none.
std::string target_of(const std::string& on, const Answer& answer) {
    if (on == "account") return reference_to("account", answer.account);
    return on == "person" || answer.what.empty() ? answer.who : answer.what;
}

/// Fills in the texts of actions for one answer.
class Wording {
public:
    Wording(const Survey& survey, const Answer& answer, const Opinion& opinion)
        : survey_(survey), answer_(answer), opinion_(opinion) {}

    /// What the text comes to: a placeholder alone keeps its type. Absent if there is nothing.
    [[nodiscard]] Value fill(const std::string& text) const {
        const auto pieces = split_placeholders(text);
        if (pieces.size() == 1 && pieces[0].is_name) return value_of(pieces[0].text);
        std::string out;
        for (const auto& piece : pieces) {
            const auto value = piece.is_name ? value_of(piece.text) : Value(piece.text);
            if (value.kind() == Kind::kInteger)
                out += std::to_string(value.integer());
            else if (!value.is_absent())
                out += value.text();
        }
        return text_value(out);
    }

private:
    static Value text_value(const std::string& text) {
        return text.empty() ? Value() : Value(text);
    }

    [[nodiscard]] messages::Language language() const {
        return messages::language_from(survey_.audience.default_language);
    }

    [[nodiscard]] std::string label(const Question& question, const std::string& id) const {
        for (const auto& choice : question.choices)
            if (choice.id == id) return choice.label.in(language());
        return id;
    }

    [[nodiscard]] std::string said(const Question& question) const {
        std::string out;
        const auto given = answer_.answers.find(question.id);
        if (given == answer_.answers.end()) return out;
        for (const auto& value : given->second)
            out += (out.empty() ? "" : ", ") + label(question, value);
        return out;
    }

    [[nodiscard]] std::string all_said() const {
        std::string out;
        for (const auto& question : survey_.questions)
            if (const auto text = said(question); !text.empty())
                out += (out.empty() ? "" : "\n") + question.text.in(language()) + " " + text;
        if (out.size() <= kTextBytesMax) return out;
        auto end = kTextBytesMax;
        while ((out[end] & 0xC0) == 0x80) --end;  // not within a character
        return out.substr(0, end) + "…";
    }

    [[nodiscard]] Value value_of(const std::string& name) const {
        if (name == "score") return answer_.score ? Value(*answer_.score) : Value();
        if (name.starts_with("answer.")) {
            const auto* question = survey_.question(name.substr(7));
            if (question == nullptr) return Value();
            const auto text = said(*question);
            if (!question->is_number() || text.empty()) return text_value(text);
            return Value(std::int64_t{std::stoll(text)});
        }
        if (name == "answered_on") {
            const auto at = parse_instant(answer_.answered_at);
            return at ? Value(local_date(*at, survey_.audience.default_time_zone)) : Value();
        }
        const std::map<std::string, std::string> texts{
            {"comment", answer_.comment},
            {"answers", all_said()},
            {"survey", survey_.title.in(language())},
            {"survey.id", survey_.id},
            {"channel", answer_.channel},
            {"language", answer_.language},
            {"answered_at", answer_.answered_at},
            {"person", answer_.who},
            {"account", reference_to("account", answer_.account)},
            {"record", answer_.what},
            {"owner", reference_to("user", answer_.owner)},
            {"sentiment", opinion_.words.empty() ? "" : std::string(to_string(opinion_.mood))},
            {"themes", theme_names(opinion_, language())},
        };
        const auto found = texts.find(name);
        return found == texts.end() ? Value() : text_value(found->second);
    }

    const Survey& survey_;
    const Answer& answer_;
    const Opinion& opinion_;
};

/// What a note or a task says where the action does not.
std::map<std::string, std::string> usual_fields(const Action& action) {
    if (action.create == "note") return {{"title", "{survey}: {score}"}, {"content", "{answers}"}};
    if (action.create == "task")
        return {{"subject", "{survey}: {score}"},
                {"description", "{answers}"},
                {"owner_id", "{owner}"}};
    return {};
}

std::string due_date(const Action& action, const Survey& survey, Instant now) {
    const auto& zone = survey.audience.default_time_zone;
    const auto weekday = (local_time(now, zone).weekday + action.due_days) % 7;
    const int wait = weekday == 6 ? 2 : weekday == 0 ? 1 : 0;
    return local_date(now, zone, action.due_days + wait);
}

/// A number for a column of text is its digits.
Value as_column(const replica::Entity* entity, const std::string& column, Value value) {
    const auto* field = entity == nullptr ? nullptr : entity->field(column);
    if (field == nullptr || value.kind() != Kind::kInteger || replica::check_value(*field, value))
        return value;
    return Value(std::to_string(value.integer()));
}

/// Whom and what a task is about. Some remotes have a column of their own that leads to people of
/// one kind; that is filled in as well.
void point(const replica::Catalogue& catalogue, const Answer& answer,
           std::map<std::string, Value>& out) {
    // A lead's task has no second record.
    const bool is_contact = answer.who.starts_with("contact:");
    if (is_contact || answer.who.starts_with("lead:")) {
        out["who"] = Value(answer.who);
        const auto kind = answer.who.substr(0, answer.who.find(':'));
        if (const auto* task = catalogue.entity("task"))
            for (const auto& field : task->fields)
                if (field.type == remote::FieldType::kReference && field.target == kind &&
                    !field.read_only)
                    out[field.name] = Value(answer.who);
    }
    const auto what = !answer.what.empty() ? answer.what : target_of("account", answer);
    if (!what.empty() && (is_contact || !out.contains("who"))) out["what"] = Value(what);
}

std::map<std::string, Value> fields_of(const replica::Catalogue& catalogue,
                                       const std::string& entity, const Action& action,
                                       const Survey& survey, const Answer& answer,
                                       const Opinion& opinion, Instant now) {
    auto texts = usual_fields(action);
    for (const auto& [column, text] : action.set) texts[column] = text;
    std::map<std::string, Value> out;
    if (action.create == "note") out["parent"] = Value(target_of(action.on, answer));
    if (action.create == "task") {
        out["due_date"] = Value(due_date(action, survey, now));
        point(catalogue, answer, out);
    }
    const Wording words(survey, answer, opinion);
    for (const auto& [column, text] : texts)
        if (auto value = words.fill(text); !value.is_absent())
            out[column] = as_column(catalogue.entity(entity), column, std::move(value));
    return out;
}

/// Whether a later answer to this survey says more of the record that an action edits.
Result<bool> outdated(const Database& db, const Survey& survey, const Action& action,
                      const Answer& answer) {
    const bool is_person = action.on == "person" || answer.what.empty();
    const std::string column = action.on == "account" ? "account_id" : is_person ? "who" : "what";
    auto query =
        db.prepare("SELECT 1 FROM survey_response a JOIN survey_response b ON b." + column + "=a." +
                   column + " WHERE a.id=?1 AND b.survey=?2 AND b.answered_at>a.answered_at");
    if (!query) return pass(query);
    query->bind(1, answer.id);
    query->bind(2, survey.id);
    return query->step();
}

/// The edits of one answer; `task`: index of the first task among them.
struct Plan {
    std::vector<Edit> edits;
    std::vector<int> lines;  ///< of each edit's action
    std::optional<std::size_t> task;
};

Result<bool> is_there(const Database& db, const std::string& entity, std::string_view column,
                      const Value& value) {
    auto query = db.prepare("SELECT 1 FROM " + replica::sql_name(entity) + " WHERE " +
                            std::string(column) + "=?1");
    if (!query) return pass(query);
    query->bind(1, value);
    return query->step();
}

Result<> plan_action(const Database& db, const replica::Catalogue& catalogue, const Survey& survey,
                     const Action& action, const Answer& answer, const Opinion& opinion,
                     Instant now, Plan& out) {
    const auto at = parse_instant(answer.answered_at);
    if (!at || *at < now - action.within || !all_hold(action.when, survey, answer.answers))
        return {};
    Edit edit;
    if (action.create.empty() || action.create == "note") {
        const auto named = target_of(action.on, answer);
        const auto target = replica::parse_any_reference(named);
        if (!target) return {};
        auto there = is_there(db, std::string(target->entity), "id", Value(target->id));
        if (!there) return pass(there);
        if (!*there) return {};
        edit = {Edit::Kind::kUpdate, std::string(target->entity), target->id};
    }
    if (action.create.empty()) {
        auto late = outdated(db, survey, action, answer);
        if (!late) return pass(late);
        if (*late) return {};
    } else {
        // By the count among its kind, not by its line: files are edited.
        const auto same = std::ranges::count_if(out.edits, [&](const Edit& other) {
            return other.kind == Edit::Kind::kCreate && other.entity == action.create;
        });
        edit = {Edit::Kind::kCreate, action.create};
        edit.uid = short_hash("answer\n" + survey.id + "\n" + answer.name + "\n" + action.create +
                              "\n" + std::to_string(same));
    }
    edit.fields = fields_of(catalogue, edit.entity, action, survey, answer, opinion, now);
    if (edit.kind == Edit::Kind::kCreate) {
        auto there = is_there(db, edit.entity, "uid", Value(edit.uid));
        if (!there) return pass(there);
        if (*there) return {};
        if (edit.entity == "task" && !out.task) out.task = out.edits.size();
    }
    out.edits.push_back(std::move(edit));
    out.lines.push_back(action.line);
    return {};
}

/// Acts on one answer. On failure nothing has changed but `line`, the action's.
Result<> act_on_one(const Invitations::Parts& parts, const Survey& survey, const Lexicon& lexicon,
                    std::int64_t id, Acted& out, int& line) {
    auto answer = read_answer(parts.db, survey, id);
    if (!answer) return pass(answer);
    if (!*answer) return {};
    auto catalogue = parts.catalogues.get(parts.db);
    if (!catalogue) return pass(catalogue);
    const auto opinion = lexicon.read((**answer).comment);
    Plan plan;
    for (const auto& action : survey.actions) {
        line = action.line;
        if (auto done = plan_action(parts.db, **catalogue, survey, action, **answer, opinion,
                                    parts.now, plan);
            !done)
            return done;
    }
    Edit mark{Edit::Kind::kUpdate, "survey_response", id};
    mark.fields["acted_at"] = Value(format_instant(parts.now));
    plan.edits.push_back(std::move(mark));
    replica::EditSteps steps;
    steps.before = [&](const replica::Catalogue&) -> Result<> {
        auto still = read_answer(parts.db, survey, id);
        if (!still) return pass(still);
        if (!*still)
            return fail(Errc::kConflict, "somebody has acted on it", {{"reason", "acted"}});
        return {};
    };
    steps.after = [&](const replica::Catalogue&, const replica::EditResult& done) -> Result<> {
        if (!plan.task) return {};
        auto follow = parts.db.prepare("UPDATE survey_response SET follow_up=?2 WHERE id=?1");
        if (!follow) return pass(follow);
        follow->bind(1, id);
        follow->bind(2, reference_to("task", done.ids[*plan.task]));
        if (auto ran = follow->run(); !ran) return ran;
        return replica::stamp_history(parts.db, done.last_seq, parts.actor);
    };
    replica::LocalEdits local(parts.db, parts.catalogues);
    auto done = local.apply(plan.edits, parts.actor, steps);
    if (!done) {
        const auto reason = done.error().args.find("reason");
        if (reason != done.error().args.end() && reason->second == "acted") return {};
        if (const auto at = done.error().args.find("edit"); at != done.error().args.end())
            if (const auto index = std::stoul(at->second); index < plan.lines.size())
                line = plan.lines[index];
        return pass(done);
    }
    ++out.answers;
    for (const auto& edit : plan.edits) {
        out.made += edit.kind == Edit::Kind::kCreate ? 1 : 0;
        out.edited += edit.kind == Edit::Kind::kUpdate && edit.entity != "survey_response" ? 1 : 0;
    }
    return {};
}

/// The kind of record that an action's `on` leads to; nullptr if only the answer tells.
const replica::Entity* entity_of(const replica::Catalogue& catalogue, const Survey& survey,
                                 const Action& action) {
    if (!action.create.empty()) return catalogue.entity(action.create);
    if (action.on == "account") return catalogue.entity("account");
    const auto* audience = catalogue.entity(survey.audience.entity);
    if (audience == nullptr || action.on == "record" || survey.audience.person.empty())
        return audience;
    const auto* field = audience->field(survey.audience.person);
    return field == nullptr ? nullptr : catalogue.entity(field->target);
}

}  // namespace

Result<> check_actions(const replica::Catalogue& catalogue, const Survey& survey) {
    for (const auto& action : survey.actions) {
        const auto* entity = entity_of(catalogue, survey, action);
        if (entity == nullptr)
            return fail(Errc::kNotFound, "there is no entity " + action.create,
                        {{"entity", action.create}, {"line", std::to_string(action.line)}});
        for (const auto& [column, text] : action.set)
            if (entity->field(column) == nullptr) return no_column(*entity, column, action.line);
    }
    return {};
}

Result<Acted> act_on_answers(const Invitations::Parts& parts, const Survey& survey,
                             const Acting& acting) {
    auto open = open_answers(parts.db, survey, acting.pulled_answers);
    if (!open) return pass(open);
    Acted out;
    for (const auto id : *open) {
        int line = 0;
        auto done = act_on_one(parts, survey, acting.lexicon, id, out, line);
        if (done) continue;
        // One answer's mistake holds up no other; a disk that is full stops all.
        if (done.error().code == Errc::kStorage || done.error().code == Errc::kBusy)
            return pass(done);
        out.open.push_back({id, line, done.error()});
    }
    return out;
}

}  // namespace kontor::feedback
