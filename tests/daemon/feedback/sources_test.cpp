// Submissions of survey services become responses: whose they are, each once, corrected when they
// change there.
#include "daemon/feedback/sources.hpp"

#include <nlohmann/json.hpp>

#include "daemon/feedback/actions.hpp"
#include "daemon/feedback/lexicon_file.hpp"
#include "daemon/feedback/source_answers.hpp"
#include "daemon/feedback/token.hpp"
#include "tests/daemon/feedback/office.hpp"

using namespace kontor;
using namespace kontor::feedback;
using namespace kontor::feedback::test;

namespace {

const Instant kTakenAt = at("2026-05-22T04:00:00Z");

constexpr const char* kSource = R"toml(
[audience]
phone = "phone"

[[source]]
connection = "lime"
survey = "7"
channel = "limesurvey"
invitation = "token"
phone = "Q9"
match = { uid = "department" }
[source.questions]
score = { from = "Q1", add = -1 }
why = "Q2"
about = { from = "Q3", values = { A1 = "price", A9 = "", "*" = "other" } }

[[action]]
create = "task"
when = "score<=6"

[[question]]
id = "about"
kind = "choice"
multiple = true
text = "About?"
choices = [{ id = "price", en = "Price", zh = "价格" }, { id = "time", en = "Time" }, { id = "other", en = "Other" }]
)toml";

Survey survey_of(const std::string& text, config::Problems& problems) {
    auto survey = parse_survey("id = \"s\"\ntitle = \"T\"\n" + text +
                                   "\n[[question]]\nid = \"score\"\nkind = \"nps\"\n"
                                   "required = true\ntext = \"Q\"\n"
                                   "[[question]]\nid = \"why\"\nkind = \"text\"\ntext = \"W\"\n",
                               "s.toml", problems);
    return survey ? std::move(*survey) : Survey{};
}

/// A replica that a connection "lime" has filled.
struct Inbox : Office {
    Inbox() {
        sql("INSERT INTO kontor_connection(id,name,plugin) VALUES(1,'lime','limesurvey');"
            "INSERT INTO kontor_stream(id,connection,name,entity) VALUES(1,1,'responses',"
            "(SELECT id FROM kontor_entity WHERE name='survey_submission'));"
            "INSERT INTO account(name) VALUES('Z');"
            "INSERT INTO contact(last_name,email,phone,department,account_id)"
            " VALUES('Li','Li@x.cn','+86 138-0000-1111','D1',1),('Wu','wu@x.cn',NULL,'D2',1),"
            "('Wu','wu2@x.cn',NULL,'D2',1)");
        config::Problems problems;
        survey = survey_of(kSource, problems);
        for (const auto& p : problems) FAIL(p.text());
    }
    /// `more`: further columns, as SET takes them.
    void submit(int number, const std::string& answers, const std::string& more = "complete=1") {
        const auto id = std::to_string(number);
        sql("INSERT INTO survey_submission(id,survey,submission,submitted_at,complete,answers)"
            " VALUES(" +
            id + ",'7','" + id + "','2026-05-20T00:00:0" + id + ".000Z',1,'" + answers +
            "');INSERT INTO kontor_link(stream,record,ext_id) VALUES(1," + id + ",'7-" + id +
            "');UPDATE survey_submission SET " + more + " WHERE id=" + id);
    }
    Taken take(bool ours = true) {
        auto taken =
            take_submissions({db, catalogues, kTakenAt, "job:feedback"}, survey, ours, &secret);
        if (!taken) FAIL(taken.error().message);
        return std::move(*taken);
    }
    Acted act() {
        auto acted =
            act_on_answers({db, catalogues, kTakenAt, "job:feedback"}, survey, {lexicon, true});
        REQUIRE(acted);
        return std::move(*acted);
    }
    Survey survey;
    host::Secret secret{std::string("secret")};
    Lexicon lexicon = *load_lexicon("");
};

}  // namespace

TEST_CASE("a submission becomes a response by the survey's definition, once",
          "[feedback][sources]") {
    Inbox inbox;
    inbox.submit(1, R"({"Q1":"4","Q2":"太慢","Q3":["A1","A9","B7"]})",
                 "email=' LI@X.cn ',language='zh'");
    inbox.submit(2, R"({"Q1":"9"})", "complete=0");
    auto taken = inbox.take();
    CHECK(taken.answers == 1);
    CHECK(taken.nobody == 0);
    CHECK(inbox.one("SELECT survey||submission||score||measure||comment||channel||language||who||"
                    "account_id||answered_at FROM survey_response") ==
          "s7/13nps太慢limesurveyzhcontact:112026-05-20T00:00:01.000Z");
    CHECK(inbox.one("SELECT answers FROM survey_response") ==
          R"({"about":["price","other"],"score":3,"why":"太慢"})");
    CHECK(inbox.act().made == 1);
    CHECK(inbox.take().answers == 0);
    CHECK(inbox.one("SELECT count(*) FROM survey_response") == "1");

    // It is finished later.
    inbox.sql("UPDATE survey_submission SET complete=1 WHERE id=2");
    CHECK(inbox.take().answers == 1);
    CHECK(inbox.take().nobody == 0);
    CHECK(inbox.one("SELECT count(*) FROM survey_response WHERE who IS NULL") == "1");
}

TEST_CASE("an answer edited there corrects the response, acts anew and makes nothing twice",
          "[feedback][sources]") {
    Inbox inbox;
    inbox.submit(1, R"({"Q1":"10"})", "email='li@x.cn'");
    inbox.take();
    CHECK(inbox.act().made == 0);
    inbox.sql("UPDATE survey_submission SET answers='{\"Q1\":3,\"Q2\":\"broken\"}'");
    auto taken = inbox.take();
    CHECK(taken.answers == 0);
    CHECK(taken.changed == 1);
    CHECK(inbox.one("SELECT score||comment FROM survey_response") == "2broken");
    CHECK(inbox.act().made == 1);
    inbox.sql("UPDATE survey_submission SET answers='{\"Q1\":4.0}'");
    CHECK(inbox.take().changed == 1);
    CHECK(inbox.act().made == 0);
    CHECK(inbox.one("SELECT score||' '||(SELECT count(*) FROM task) FROM survey_response") ==
          "3 1");
    // What it was is in history.
    CHECK(inbox.one("SELECT count(*) FROM kontor_history h JOIN kontor_field f ON f.id=h.field"
                    " WHERE f.name='score' AND h.actor='job:feedback' AND h.old IN (2,9)") == "2");
    // Deleted here, it stays away.
    inbox.sql("DELETE FROM survey_response");
    inbox.sql("UPDATE survey_submission SET answers='{\"Q1\":5}'");
    CHECK(inbox.take().answers == 0);
    CHECK(inbox.one("SELECT count(*) FROM survey_response") == "0");
}

TEST_CASE("what does not fit is told each time, and taken once the definition is corrected",
          "[feedback][sources]") {
    Inbox inbox;
    inbox.submit(1, R"({"Q1":"N9"})");
    inbox.submit(2, R"({"other":"1"})");
    inbox.submit(3, R"({"Q1":"12"})");
    for (int again = 0; again < 2; ++again) {
        const auto taken = inbox.take();
        CHECK(taken.answers == 0);
        REQUIRE(taken.untaken.size() == 3);
        CHECK(taken.untaken[0].number == "1");
        CHECK(taken.untaken[0].question + taken.untaken[0].reason == "scoreno_number");
        CHECK(taken.untaken[1].question + taken.untaken[1].reason == "no_answers");
        CHECK(taken.untaken[2].reason == "no_number");
    }
    inbox.survey.sources[0].questions["score"].values["N9"] = "9";
    const auto taken = inbox.take();
    CHECK(taken.answers == 1);
    CHECK(taken.untaken.size() == 2);
    CHECK(inbox.one("SELECT score||problem FROM survey_response,survey_submission WHERE "
                    "survey_submission.id=3") == "9score:no_number");
}

TEST_CASE("who answered: by our token, by a column, by telephone; nobody where it is not clear",
          "[feedback][sources]") {
    Inbox inbox;
    const std::string key(32, 'a');
    inbox.sql("INSERT INTO survey_invitation(ask_key,survey,who,account_id,state,device) VALUES('" +
              key + "','s','contact:2',1,'sent','d'),('" + std::string(32, 'b') +
              "','s','contact:1',1,'sent','d')");
    const auto token = *sign_ticket({key, Purpose::kAnswer, kTakenAt}, inbox.secret);
    inbox.submit(1, R"({"Q1":"9"})", "token='" + token + "'");
    inbox.submit(2, R"({"Q1":"9"})", R"(hidden='{"uid":"D1"}')");
    inbox.submit(3, R"({"Q1":"9"})", R"(hidden='{"uid":"D2"}')");
    inbox.submit(4, R"({"Q1":"9","Q9":"0138 0000 1111"})");
    inbox.submit(5, R"({"Q1":"9"})", "token='" + token.substr(0, token.size() - 2) + "AA'");
    inbox.submit(6, R"({"Q1":"8"})", "token='" + token + "'");
    const auto taken = inbox.take();
    CHECK(taken.answers == 5);
    CHECK(taken.nobody == 2);
    REQUIRE(taken.untaken.size() == 1);
    CHECK(taken.untaken[0].reason == "answered");
    CHECK(inbox.one("SELECT group_concat(coalesce(who,'-')||coalesce(invitation_id,'')) FROM"
                    " survey_response") == "contact:21,contact:12,-,contact:1,-");
    CHECK(inbox.one("SELECT group_concat(state) FROM survey_invitation") == "answered,answered");
}

TEST_CASE("two devices make the same response; one that does not take only counts",
          "[feedback][sources]") {
    Inbox one, two;
    for (auto* inbox : {&one, &two}) inbox->submit(1, R"({"Q1":"9"})");
    CHECK(one.take(false).open == 1);
    CHECK(one.one("SELECT count(*) FROM survey_response") == "0");
    one.take();
    two.take();
    CHECK(one.one("SELECT uid FROM survey_response") == two.one("SELECT uid FROM survey_response"));
}

TEST_CASE("a source that nothing reads is told with its line; others go on",
          "[feedback][sources]") {
    Inbox inbox;
    inbox.submit(1, R"({"Q1":"9"})");
    auto other = inbox.survey.sources[0];
    other.connection = "typeform";
    other.line = 99;
    inbox.survey.sources.insert(inbox.survey.sources.begin(), other);
    other.connection = "lime";
    other.match["uid"] = "no_such_column";
    inbox.survey.sources.push_back(other);
    const auto taken = inbox.take();
    CHECK(taken.answers == 1);
    REQUIRE(taken.broken.size() == 2);
    CHECK(taken.broken[0].line == 99);
    CHECK(taken.broken[0].error.args.at("reason") == "no_source");
    CHECK(taken.broken[1].error.args.at("field") == "no_such_column");
}

TEST_CASE("mistakes in a source are told with their line and what is allowed",
          "[feedback][sources]") {
    const auto told = [](const std::string& source) {
        config::Problems problems;
        (void)survey_of("[[source]]\n" + source, problems);
        std::string out;
        for (const auto& p : problems) out += p.text() + "\n";
        return out;
    };
    const std::string good = "connection = \"c\"\nsurvey = \"1\"\n";
    CHECK(told(good + "[source.questions]\nscore = \"Q1\"\n").empty());
    CHECK(told("questions = { score = \"Q1\" }").find("which connection reads it") !=
          std::string::npos);
    CHECK(told(good).find("which question there") != std::string::npos);
    const auto nearest = told(good + "[source.questions]\nscoer = \"Q1\"\n");
    CHECK(nearest.find("s.toml:7") != std::string::npos);
    CHECK(nearest.find("score") != std::string::npos);
    CHECK(told(good + "questions = { score = { from = \"Q\", values = { a = 11 } } }")
              .find("from 0 to 10") != std::string::npos);
    CHECK(told(good + "questions = { why = { from = \"Q\", add = 1 } }").find("numbers alone") !=
          std::string::npos);
    CHECK(told(good + "link = \"https://x/?t={invitation}\"\nquestions = { why = \"Q\" }")
              .find("give invitation as well") != std::string::npos);
    CHECK(told(good + "link = \"http://x\"\ninvitation = \"t\"\nquestions = { why = \"Q\" }")
              .find("has the token in it") != std::string::npos);
    CHECK(told(good + "questions = { why = \"Q\" }\n[[source]]\n" + good +
               "questions = { why = \"Q\" }")
              .find("already") != std::string::npos);
}

TEST_CASE("answers of any shape are mapped or left out, never more", "[feedback][sources]") {
    config::Problems problems;
    const auto survey = survey_of(kSource, problems);
    const auto mapped = [&](const char* text) {
        return mapped_answers(survey, survey.sources[0], nlohmann::json::parse(text));
    };
    CHECK(mapped("[]").empty());
    CHECK(mapped("null").empty());
    CHECK(mapped(R"({"Q1":null,"Q3":[]})").empty());
    CHECK(mapped(R"({"Q1":{"a":1}})").at("score") == std::vector<std::string>{R"({"a":1})"});
    CHECK(mapped(R"({"Q1":99999999999999999999})").size() == 1);
    CHECK(mapped(R"({"Q1":"-9223372036854775808"})").at("score") ==
          std::vector<std::string>{"-9223372036854775808"});
    CHECK(mapped(R"({"Q3":["价格","Time"]})").at("about") ==
          std::vector<std::string>{"price", "time"});
}
