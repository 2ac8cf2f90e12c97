// An answer comes back into the CRM: fields, notes, tasks, each once.
#include "daemon/feedback/actions.hpp"

#include "daemon/feedback/lexicon_file.hpp"
#include "daemon/feedback/responses.hpp"
#include "tests/daemon/feedback/office.hpp"

using namespace kontor;
using namespace kontor::feedback;
using namespace kontor::feedback::test;
using std::chrono::hours;

namespace {

const Instant kFriday = at("2026-05-22T04:00:00Z");

constexpr const char* kActions = R"toml(
[audience]
default_language = "en"
default_time_zone = "Asia/Shanghai"

[[action]]
on = "person"
set = { nps_score = "{score}", nps_mood = "{sentiment}: {themes}", description = "{score}" }

[[action]]
create = "note"

[[action]]
create = "task"
when = "score<=6"
due = "1d"
set = { priority = "High", subject = "{survey}: {score} points" }
)toml";

/// An office with a contact, their account and a survey with actions.
struct Shop : Office {
    explicit Shop(const std::string& actions = kActions) {
        sql("INSERT INTO user(full_name) VALUES('Wang');"
            "INSERT INTO account(name) VALUES('Z');"
            "INSERT INTO contact(last_name,email,account_id,owner_id) VALUES('Li','li@x.cn',1,1)");
        auto transaction = replica::Transaction::begin(db);
        auto contact = *(**catalogues.get(db)).entity("contact");
        contact.fields.clear();
        for (const char* name : {"nps_score", "nps_mood"}) {
            replica::Field field;
            field.name = name;
            field.type = name == std::string("nps_score") ? remote::FieldType::kInteger
                                                          : remote::FieldType::kText;
            contact.fields.push_back(field);
        }
        REQUIRE(replica::ensure_entity(db, contact));
        REQUIRE(transaction->commit());
        survey = make_survey_with(actions);
    }
    static Survey make_survey_with(const std::string& actions) {
        config::Problems problems;
        auto survey = parse_survey(
            "id = \"s\"\ntitle = \"Survey\"\n[[question]]\nid = \"score\"\nkind = \"nps\"\n"
            "text = \"How likely?\"\n[[question]]\nid = \"why\"\nkind = \"text\"\n"
            "text = \"Why?\"\n" +
                actions,
            "s.toml", problems);
        for (const auto& p : problems) FAIL(p.text());
        return *survey;
    }
    void answer(const char* score, const char* why, const char* submission,
                Instant when = kFriday) {
        REQUIRE(record_import(
            db, catalogues, survey, "contact:1",
            {{{"score", {score}}, {"why", {why}}}, "paper", "en", submission, when}, "uid:1"));
    }
    Result<Acted> act(bool pulled = false) {
        return act_on_answers({db, catalogues, kFriday, "job:feedback"}, survey, {lexicon, pulled});
    }
    Survey survey;
    Lexicon lexicon = *load_lexicon("");
};

}  // namespace

TEST_CASE("a low score becomes a field, a note and a task for the owner, once",
          "[feedback][actions]") {
    Shop shop;
    shop.answer("3", "Delivery was very slow", "77");
    const auto acted = shop.act();
    if (!acted) FAIL(acted.error().message);
    if (!acted->open.empty()) FAIL(acted->open[0].error.message);
    CHECK(acted->answers == 1);
    CHECK(acted->made == 2);
    CHECK(acted->edited == 1);
    CHECK(shop.one("SELECT nps_score||nps_mood||description FROM contact") ==
          "3negative: Delivery3");
    CHECK(shop.one("SELECT title||'/'||content||'/'||parent FROM note") ==
          "Survey: 3/How likely? 3\nWhy? Delivery was very slow/contact:1");
    // Due tomorrow, which is a Saturday: on Monday.
    CHECK(
        shop.one("SELECT subject||'/'||priority||'/'||due_date||'/'||who||'/'||what||'/'||owner_id"
                 " FROM task") == "Survey: 3 points/High/2026-05-25/contact:1/account:1/1");
    CHECK(shop.one("SELECT follow_up||acted_at FROM survey_response") ==
          "task:12026-05-22T04:00:00.000Z");
    CHECK(shop.one("SELECT count(*) FROM kontor_history WHERE actor IS NOT 'job:feedback' AND seq>"
                   "(SELECT max(seq) FROM kontor_history WHERE actor='uid:1')") == "0");
    CHECK(shop.act()->answers == 0);
    CHECK(shop.one("SELECT count(*) FROM note") == "1");

    shop.answer("9", "Great", "78", kFriday + hours(1));
    REQUIRE(shop.act());
    CHECK(shop.one("SELECT nps_score FROM contact") == "9");
    CHECK(shop.one("SELECT (SELECT count(*) FROM note)||(SELECT count(*) FROM task)") == "21");
}

TEST_CASE("the same answer in a second record makes nothing twice", "[feedback][actions]") {
    Shop shop;
    shop.answer("3", "Slow", "77");
    REQUIRE(shop.act());
    // As when the mark was lost (a restore), or the answer came by two ways.
    shop.sql("UPDATE survey_response SET acted_at=NULL");
    const auto again = shop.act();
    REQUIRE(again);
    CHECK(again->answers == 1);
    CHECK(again->made == 0);
    CHECK(shop.one("SELECT (SELECT count(*) FROM note)||(SELECT count(*) FROM task)") == "11");
}

TEST_CASE("nothing old comes over something new", "[feedback][actions]") {
    Shop shop;
    shop.answer("9", "Great", "2", kFriday);
    shop.answer("2", "Bad", "1", kFriday - hours(24));
    shop.answer("1", "Bad", "0", kFriday - hours(24 * 31));
    CHECK(shop.act()->answers == 3);
    CHECK(shop.one("SELECT nps_score FROM contact") == "9");
    CHECK(shop.one("SELECT group_concat(title) FROM note") == "Survey: 9,Survey: 2");
}

TEST_CASE("an action that cannot be done keeps the answer, and is done once it can",
          "[feedback][actions]") {
    Shop shop(
        "[[action]]\ncreate = \"note\"\n[[action]]\non = \"person\"\nset = { nps = \"1\" }\n");
    shop.answer("3", "Slow", "77");
    const auto acted = shop.act();
    REQUIRE(acted);
    CHECK(acted->answers == 0);
    REQUIRE(acted->open.size() == 1);
    CHECK(acted->open[0].line == 13);
    CHECK(acted->open[0].error.args.at("field") == "nps");
    CHECK(shop.one("SELECT count(*) FROM note") == "0");
    const auto checked = check_actions(**shop.catalogues.get(shop.db), shop.survey);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().args.at("line") == "13");
    shop.survey = Shop::make_survey_with(kActions);
    REQUIRE(check_actions(**shop.catalogues.get(shop.db), shop.survey));
    CHECK(shop.act()->answers == 1);
}

TEST_CASE("of several devices the one that asked acts", "[feedback][actions]") {
    Shop shop;
    shop.sql(
        "INSERT INTO survey_invitation(ask_key,survey,who,device) VALUES('k','s','contact:1','b');"
        "INSERT INTO survey_response(survey,who,answers,score,answered_at,invitation_id)"
        " VALUES('s','contact:1','{\"score\":2}',2,'2026-05-22T01:00:00.000Z',1)");
    CHECK(shop.act(true)->answers == 0);
    shop.sql(
        "UPDATE survey_invitation SET device=(SELECT value FROM kontor_meta WHERE"
        " key='replica_id')");
    CHECK(shop.act()->answers == 1);
    // Two devices may record what came to one invitation: it says the same once more.
    shop.sql(
        "INSERT INTO survey_response(survey,who,answers,score,answered_at,invitation_id)"
        " VALUES('s','contact:1','{\"score\":2}',2,'2026-05-22T01:00:00.000Z',1)");
    const auto second = shop.act();
    CHECK(second->answers == 1);
    CHECK(second->made == 0);
}

TEST_CASE("answers of a survey service are for one device to act on", "[feedback][actions]") {
    Shop shop;
    {
        // As a pull leaves it: no uid.
        auto writer = replica::Database::open(":memory:", {.create = true});
        shop.sql(
            "INSERT INTO survey_response(survey,who,answers,score,answered_at,submission)"
            " VALUES('s','contact:1','{\"score\":2}',2,'2026-05-22T01:00:00.000Z','x')");
        shop.sql(
            "DROP TRIGGER kontor_survey_response_keep_uid;"
            "UPDATE survey_response SET uid=NULL");
    }
    CHECK(shop.act()->answers == 0);
    CHECK(shop.act(true)->answers == 1);
}

TEST_CASE("mistakes in actions are told with their line", "[feedback][actions]") {
    config::Problems problems;
    const auto survey = parse_survey(
        "id = \"s\"\ntitle = \"S\"\n[[question]]\nid = \"score\"\nkind = \"nps\"\ntext = \"Q\"\n"
        "[[action]]\nset = { a = \"{scor}\" }\n"
        "[[action]]\ncreate = \"note\"\ndue = \"1d\"\nwhen = \"why=1\"\n"
        "[[action]]\non = \"person\"\n",
        "s.toml", problems);
    CHECK_FALSE(survey);
    std::vector<std::string> said;
    for (const auto& p : problems)
        said.push_back(std::to_string(p.line) + " " + p.key + " " + p.reason +
                       (p.nearest.empty() ? "" : " (" + p.nearest + ")"));
    CHECK(said == std::vector<std::string>{"8 action.set.a there is nothing called {scor} (score)",
                                           "7 action.on is missing: person, account or record",
                                           "12 action.when 'why' is no earlier question",
                                           "11 action.due is of tasks alone: create = \"task\"",
                                           "13 action.set is missing: which fields does it edit?"});
}
