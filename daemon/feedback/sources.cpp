#include "daemon/feedback/sources.hpp"

#include <nlohmann/json.hpp>

#include "daemon/feedback/respondents.hpp"
#include "daemon/feedback/responses.hpp"
#include "daemon/feedback/source_answers.hpp"
#include "daemon/feedback/token.hpp"

namespace kontor::feedback {
namespace {

using nlohmann::json;
using replica::Database;
using replica::Edit;

constexpr std::int64_t kTakenAtOnce = 5'000;
constexpr int kUntakenShown = 100;

/// A row of survey_submission.
struct Submission {
    std::int64_t id = 0, response = 0;
    std::string number, submitted, language, email, phone, token, hidden, answers, taken, problem;
    bool complete = false;

    /// What its response depends on.
    [[nodiscard]] std::string content() const {
        std::string out;
        for (const auto* text :
             {&number, &submitted, &language, &email, &phone, &token, &hidden, &answers})
            out += std::to_string(text->size()) + ":" + *text;
        return out;
    }
};

constexpr const char* kRows =
    "SELECT s.id,s.submission,s.submitted_at,s.language,s.email,s.phone,s.token,s.hidden,s.answers,"
    "s.taken,s.problem,s.complete,s.response_id FROM survey_submission s WHERE s.survey=?1 AND "
    "EXISTS("
    "SELECT 1 FROM kontor_stream t JOIN kontor_connection c ON c.id=t.connection"
    " JOIN kontor_link l ON l.stream=t.id AND l.record=s.id"
    " WHERE c.name=?2 AND t.entity=(SELECT id FROM kontor_entity WHERE name='survey_submission'))"
    " ORDER BY s.submitted_at,s.id";

Submission submission_of(replica::Statement& row) {
    Submission out;
    out.id = row.integer(0);
    int column = 1;
    for (auto* text : {&out.number, &out.submitted, &out.language, &out.email, &out.phone,
                       &out.token, &out.hidden, &out.answers, &out.taken, &out.problem}) {
        if (!row.is_null(column)) *text = row.text(column);
        ++column;
    }
    // Services that only have finished ones do not say so.
    out.complete = row.is_null(column) || row.integer(column) == 1;
    out.response = row.integer(column + 1);
    return out;
}

Result<bool> reads(const Database& db, const Source& source) {
    auto query = db.prepare(
        "SELECT 1 FROM kontor_stream t JOIN kontor_connection c ON c.id=t.connection WHERE "
        "c.name=?1"
        " AND t.entity=(SELECT id FROM kontor_entity WHERE name='survey_submission')");
    if (!query) return pass(query);
    query->bind(1, source.connection);
    return query->step();
}

/// One source of a survey.
class Taking {
public:
    Taking(const Invitations::Parts& parts, const Survey& survey, const Source& source,
           const Respondents& respondents, Taken& out)
        : parts_(parts),
          survey_(survey),
          source_(source),
          respondents_(respondents),
          mapping_(mapping_text(survey, source)),
          out_(out) {}

    Result<> run(bool ours) {
        auto open = open_rows();
        if (!open) return pass(open);
        for (auto& row : *open) {
            if (!ours)
                ++out_.open;
            else if (auto done = take(row); !done)
                return done;
        }
        return {};
    }

private:
    [[nodiscard]] std::string mark_of(const Submission& row) const {
        return short_hash(mapping_ + row.content());
    }

    /// Those that have not been looked at as they are now, and as the survey is now.
    Result<std::vector<Submission>> open_rows() {
        auto query = parts_.db.prepare(kRows);
        if (!query) return pass(query);
        query->bind(1, source_.survey);
        query->bind(2, source_.connection);
        std::vector<Submission> out;
        while (true) {
            auto row = query->step();
            if (!row) return pass(row);
            if (!*row) return out;
            auto submission = submission_of(*query);
            if (!submission.complete) continue;
            if (submission.taken != mark_of(submission)) {
                if (static_cast<std::int64_t>(out.size()) < kTakenAtOnce)
                    out.push_back(std::move(submission));
                else
                    ++out_.open;
            } else if (!submission.problem.empty())
                refused(submission, submission.problem);
        }
    }

    /// `problem`: "question:reason", as the column has it.
    void refused(const Submission& row, const std::string& problem) {
        if (out_.untaken.size() >= kUntakenShown) return;
        const auto colon = problem.find(':');
        out_.untaken.push_back(
            {row.id, row.number, problem.substr(0, colon), problem.substr(colon + 1)});
    }

    Result<> mark(const Submission& row, const std::string& problem, std::int64_t response) {
        Edit edit{Edit::Kind::kUpdate, "survey_submission", row.id};
        edit.fields["taken"] = Value(mark_of(row));
        edit.fields["problem"] = problem.empty() ? Value::null() : Value(problem);
        if (response != 0) edit.fields["response_id"] = Value(response);
        replica::LocalEdits local(parts_.db, parts_.catalogues);
        auto done = local.apply({&edit, 1}, parts_.actor);
        // Deleted there meanwhile: the answer stays.
        if (!done && done.error().code != Errc::kNotFound) return pass(done);
        if (!problem.empty()) refused(row, problem);
        return {};
    }

    /// The response that was made of it; 0 if none was.
    Result<std::int64_t> known(const std::string& submission) const {
        auto query = parts_.db.prepare(
            "SELECT id FROM survey_response WHERE submission=?1 AND survey=?2 ORDER BY id");
        if (!query) return pass(query);
        query->bind(1, submission);
        query->bind(2, survey_.id);
        auto row = query->step();
        if (!row) return pass(row);
        return *row ? query->integer(0) : 0;
    }

    Result<> take(const Submission& row) {
        const auto answers = json::parse(row.answers, nullptr, false);
        const auto hidden = json::parse(row.hidden, nullptr, false);
        auto checked =
            check_answers(survey_, mapped_answers(survey_, source_, answers), Unasked::kDrop);
        // The service decides what must be answered.
        std::erase_if(checked.flaws,
                      [](const auto& flaw) { return flaw.second == Flaw::kRequired; });
        if (!checked.flaws.empty())
            return mark(row,
                        checked.flaws.begin()->first + ":" +
                            std::string(to_string(checked.flaws.begin()->second)),
                        0);
        if (checked.answers.empty()) return mark(row, ":no_answers", 0);
        Response response;
        response.answers = std::move(checked.answers);
        response.channel = source_.channel;
        response.language = row.language;
        response.submission = source_.survey + "/" + row.number;
        response.uid = short_hash("submission\n" + survey_.id + "\n" + response.submission);
        response.answered = parse_instant(row.submitted).value_or(parts_.now);
        auto response_id = known(response.submission);
        if (!response_id) return pass(response_id);
        if (*response_id != 0) {
            auto corrected = correct_response(parts_.db, parts_.catalogues, survey_, *response_id,
                                              response, parts_.actor);
            if (!corrected) return pass(corrected);
            out_.changed += *corrected ? 1 : 0;
            return mark(row, "", *response_id);
        }
        // It was deleted here: it stays away.
        if (row.response != 0) return mark(row, "", 0);
        auto who = respondents_.find({row.email, row.phone, row.token, hidden, answers});
        if (!who) return pass(who);
        return record(row, response, *who);
    }

    Result<> record(const Submission& row, const Response& response, const Respondent& who) {
        auto made = who.invitation ? record_response(parts_.db, parts_.catalogues, survey_,
                                                     *who.invitation, response, parts_.actor)
                                   : record_import(parts_.db, parts_.catalogues, survey_, who.who,
                                                   response, parts_.actor);
        const auto reason_of = [](const Error& error) {
            const auto found = error.args.find("reason");
            return found == error.args.end() ? std::string() : found->second;
        };
        if (!made && reason_of(made.error()) == "survey_answered") return mark(row, ":answered", 0);
        // Whoever was not to be asked any more has answered all the same.
        if (!made && reason_of(made.error()) == "survey_withdrawn")
            made = record_import(parts_.db, parts_.catalogues, survey_, who.who, response,
                                 parts_.actor);
        if (!made) return pass(made);
        ++out_.answers;
        out_.nobody += who.who.empty() ? 1 : 0;
        return mark(row, "", *made);
    }

    const Invitations::Parts& parts_;
    const Survey& survey_;
    const Source& source_;
    const Respondents& respondents_;
    const std::string mapping_;
    Taken& out_;
};

}  // namespace

Result<Taken> take_submissions(const Invitations::Parts& parts, const Survey& survey, bool ours,
                               const host::Secret* secret) {
    Taken out;
    for (const auto& source : survey.sources) {
        auto there = reads(parts.db, source);
        if (!there) return pass(there);
        if (!*there) {
            out.broken.push_back(
                {source.line, Error{Errc::kNotFound,
                                    "no connection " + source.connection + " reads submissions",
                                    {{"reason", "no_source"}, {"connection", source.connection}}}});
            continue;
        }
        auto catalogue = parts.catalogues.get(parts.db);
        if (!catalogue) return pass(catalogue);
        auto respondents = Respondents::open(parts.db, **catalogue, survey, source, secret);
        if (!respondents) {
            if (respondents.error().code == Errc::kStorage) return pass(respondents);
            out.broken.push_back({source.line, respondents.error()});
            continue;
        }
        if (auto done = Taking(parts, survey, source, *respondents, out).run(ours); !done)
            return pass(done);
    }
    return out;
}

}  // namespace kontor::feedback
