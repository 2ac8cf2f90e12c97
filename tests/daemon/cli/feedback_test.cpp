// kontor feedback: files, calls, imports and reports, against a fake daemon.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/cli/csv_file.hpp"
#include "daemon/cli/survey_page.hpp"
#include "tests/daemon/cli/fake_daemon.hpp"
#include "tests/daemon/cli/runner.hpp"

using namespace kontor;
using namespace kontor::test;
using nlohmann::json;

namespace {

std::string file_of(const FakeDaemon& daemon, const std::string& name, const std::string& text) {
    std::ofstream(daemon.folder() + "/" + name) << text;
    return daemon.folder() + "/" + name;
}

json words(const char* text) {
    return {{"en", text}, {"zh", text}};
}

json report() {
    const json good{{"value", 45.0}, {"low", 30.5}, {"high", 59.5}, {"adjusted", false}};
    const json score{{"n", 100}, {"few", false}, {"nps", good}};
    return {
        {"survey", "s"},
        {"title", words("<b>How</b> & why?")},
        {"made_at", "2026-05-20T04:00:00.000Z"},
        {"invited", 200},
        {"answered", 100},
        {"imported", 0},
        {"response_rate", {{"value", 50.0}, {"low", 43.1}, {"high", 56.9}}},
        {"channels", {{"phone", 100}}},
        {"measure", "nps"},
        {"score", score},
        {"months", {{{"name", "2026-05"}, {"score", score}}}},
        {"segments", {{"industry", {{{"name", "Retail"}, {"score", {{"n", 3}, {"few", true}}}}}}}},
        {"follow_ups", {{"made", 7}, {"closed", 3}}},
        {"texts",
         {{"n", 1},
          {"moods", {{"negative", 1}}},
          {"languages", {{"en", 1}}},
          {"praise", json::array()},
          {"blame", {{{"word", "<late>"}, {"count", 2}}}},
          {"themes",
           {{{"theme", "delivery"},
             {"label", words("Delivery")},
             {"n", 5},
             {"praise", 0},
             {"blame", 5},
             {"score", score},
             {"words", {{{"word", "late"}, {"count", 2}}}}}}}}},
        {"questions",
         {{{"id", "score"},
           {"kind", "nps"},
           {"text", words("Recommend?")},
           {"n", 100},
           {"counts", {{"9", 60}, {"10", 0}}}},
          {{"id", "more"}, {"kind", "text"}, {"text", words("More?")}, {"n", 1}}}}};
}

}  // namespace

TEST_CASE("survey files are checked without a daemon", "[cli][feedback]") {
    const FakeDaemon daemon([](const Asked&) { return Canned{}; });
    Runner runner;
    const auto good = file_of(daemon, "s.toml",
                              "id = \"s\"\ntitle = \"T\"\n[[question]]\nid = \"q\"\n"
                              "kind = \"nps\"\ntext = \"Q\"\n");
    CHECK(runner.run({"feedback", "check", good}) == 0);
    CHECK(runner.err.find("s: 1 question, no mistakes.") != std::string::npos);
    const auto bad = file_of(daemon, "t.toml", "id = \"t\"\ntitle = \"T\"\n");
    CHECK(runner.run({"feedback", "check", good, bad}) == 78);
    CHECK(runner.out.find("t.toml:1:1: question: is missing") != std::string::npos);
    CHECK(runner.run({"feedback", "check", bad, "--lang", "zh"}) == 78);
    CHECK(runner.out.find("调查须包含题目") != std::string::npos);
    CHECK(runner.run({"feedback", "check", bad, "--json"}) == 78);
    CHECK(json::parse(runner.out)["problems"][0]["line"] == 1);
}

TEST_CASE("mistakes about the mailbox are told with their line", "[cli][feedback]") {
    const FakeDaemon daemon([](const Asked&) { return Canned{}; });
    Runner runner;
    const auto settings = file_of(daemon, "feedback.toml",
                                  "[mail]\nsmtp = \"smtp://h\"\nfrom = \"a@h\"\ntagged = true\n"
                                  "[mailbox]\nimap = \"pop3://h\"\nuser = \"u\"\n"
                                  "folder = \"回复\"\npassword = \"sesame\"\nflag = true\n");
    CHECK(runner.run({"feedback", "check", settings}) == 78);
    CHECK(runner.out.find("feedback.toml:6:8: mailbox.imap: must be a mailbox's server: "
                          "imaps://mail.example.com:993") != std::string::npos);
    CHECK(runner.out.find("feedback.toml:8:10: mailbox.folder: must be ASCII") !=
          std::string::npos);
    CHECK(runner.out.find("feedback.toml:9:12: mailbox.password: ") != std::string::npos);
    CHECK(runner.out.find("feedback.toml:10:1: mailbox.flag: ") != std::string::npos);
    CHECK(runner.run({"feedback", "check", settings, "--lang", "zh"}) == 78);
    CHECK(runner.out.find("须为邮箱服务器：imaps://mail.example.com:993") != std::string::npos);
    const auto none = file_of(daemon, "feedback.toml", "[mailbox]\nimap = \"imaps://h\"\n");
    CHECK(runner.run({"feedback", "check", none}) == 78);
    CHECK(runner.out.find("give imap, user and password") != std::string::npos);
}

TEST_CASE("without a mail server nothing is said of e-mails", "[cli][feedback]") {
    json mailed;
    const FakeDaemon daemon([&](const Asked&) -> Canned {
        return {.body = json{{"reserved", 1},
                             {"due", json::array()},
                             {"waiting", json::array()},
                             {"withdrawn", json::array()},
                             {"acted", {{"answers", 0}, {"open", json::array()}}},
                             {"mailed", mailed}}
                            .dump()};
    });
    Runner runner;
    CHECK(runner.run({"feedback", "send", "s", "--socket", daemon.socket()}) == 0);
    CHECK(runner.err.find("mail") == std::string::npos);
    mailed = {{"sent", 1}, {"refused", 0}, {"failed", 0}, {"problem", nullptr}};
    CHECK(runner.run({"feedback", "send", "s", "--socket", daemon.socket()}) == 0);
    CHECK(runner.err.find("1 e-mail sent") != std::string::npos);
}

TEST_CASE("mail is read part by part until nothing is left", "[cli][feedback]") {
    int calls = 0;
    FakeDaemon daemon([&](const Asked&) -> Canned {
        ++calls;
        const json note{{"uid", 7}, {"who", "contact:1"}, {"reason", "unclear"}, {"open", false}};
        const json waits{
            {"uid", 9}, {"who", nullptr}, {"reason", "there is no survey x"}, {"open", true}};
        return {.body =
                    json{{"counts", {{"answer", calls}, {"other", 0}}},
                         {"noted", calls == 2 ? json{note, waits} : json::array()},
                         {"left", calls == 1 ? 1 : 0},
                         {"problem", calls == 4 ? json("the mail server does not answer") : json()}}
                        .dump()};
    });
    Runner runner;
    CHECK(runner.run({"feedback", "receive", "--socket", daemon.socket()}) == 3);
    CHECK(calls == 2);
    CHECK(daemon.asked()[0].target == "/api/v1/mailbox/receive");
    CHECK(runner.out.find("answers taken") != std::string::npos);
    CHECK(runner.out.find(" 3\n") != std::string::npos);
    CHECK(runner.out.find("not about surveys") == std::string::npos);
    CHECK(runner.err.find("Message 7, from contact:1") != std::string::npos);
    CHECK(runner.err.find("Message 9 could not be taken") != std::string::npos);
    CHECK(runner.run({"feedback", "receive", "--json", "--socket", daemon.socket()}) == 0);
    CHECK(json::parse(runner.out)["counts"]["answer"] == 3);
    CHECK(runner.run({"feedback", "receive", "--lang", "zh", "--socket", daemon.socket()}) == 3);
    CHECK(runner.err.find("邮件服务器没有应答") != std::string::npos);
}

TEST_CASE("an import takes each row once and goes on after a bad one", "[cli][feedback]") {
    FakeDaemon daemon([](const Asked& asked) -> Canned {
        if (asked.method == "GET") return {.body = R"({"surveys":[{"survey":"s"}]})"};
        const auto body = json::parse(asked.body);
        const auto problem = [](int status, const char* code) {
            return Canned{
                .status = status,
                .body = json{{"status", status}, {"code", code}, {"message", "no"}}.dump(),
                .type = "application/problem+json"};
        };
        if (body["submission"] == "2") return problem(409, "conflict");
        if (body["submission"] == "3") return problem(400, "invalid");
        // Whoever answered is not there; of a survey that is not, it would be the whole file's.
        if (body["submission"] == "5" || asked.target.find("/gone/") != std::string::npos)
            return problem(404, "not_found");
        return {.status = 201, .body = R"({"response":1,"invitation":null})"};
    });
    const auto file = file_of(
        daemon, "a.csv",
        "\xEF\xBB\xBFsubmission,who,score,why\r\n"
        "1,contact:1,9,\"late, \"\"again\"\"\"\r\n2,,8,\n3,,x,\n5,contact:99,7,\n4,,7,a|b\n");
    Runner runner;
    CHECK(runner.run({"feedback", "import", "s", file, "--json", "--socket", daemon.socket()}) ==
          3);
    CHECK(json::parse(runner.out) ==
          json{{"taken", 2},
               {"known", 1},
               {"refused", {{{"row", 3}, {"message", "no"}}, {{"row", 4}, {"message", "no"}}}}});
    const auto asked = daemon.asked();
    REQUIRE(asked.size() == 6);
    CHECK(asked[1].target == "/api/v1/surveys/s/responses");
    CHECK(json::parse(asked[1].body) ==
          json{{"submission", "1"},
               {"who", "contact:1"},
               {"channel", "import"},
               {"answers", {{"score", "9"}, {"why", "late, \"again\""}}}});
    CHECK(json::parse(asked[5].body)["answers"]["why"] == json{"a", "b"});
    CHECK(runner.run({"feedback", "import", "gone", file, "--socket", daemon.socket()}) == 6);
    CHECK(daemon.asked().size() == 8);
    CHECK_FALSE(cli::csv_rows("a,b\n\"open"));
    CHECK(*cli::csv_rows("a,b\n1,2,,\n3\n") == json{{{"a", "1"}, {"b", "2"}}, {{"a", "3"}}});
    CHECK_FALSE(cli::csv_rows(""));
}

TEST_CASE("a row with more cells than names is told and not cut off", "[cli][feedback]") {
    FakeDaemon daemon([](const Asked& asked) -> Canned {
        if (asked.method == "GET") return {.body = R"({"surveys":[{"survey":"s"}]})"};
        return {.status = 201, .body = R"({"response":1,"invitation":null})"};
    });
    const auto file = file_of(daemon, "a.csv",
                              "submission,who,score,why\n"
                              "1,contact:3,3,late, and rude\n2,contact:4,9,fine,,\n");
    Runner runner;
    CHECK(runner.run_at(daemon, {"feedback", "import", "s", file}) == 3);
    CHECK(runner.err.find("Row 1 was not taken: It has more cells") != std::string::npos);
    const auto asked = daemon.asked();
    REQUIRE(asked.size() == 2);
    CHECK(json::parse(asked[1].body)["answers"] == json{{"score", "9"}, {"why", "fine"}});
    CHECK(runner.run_at(daemon, {"feedback", "import", "s", file, "--json"}) == 3);
    CHECK(json::parse(runner.out)["taken"] == 1);
    CHECK(json::parse(runner.out)["refused"][0]["row"] == 1);
}

TEST_CASE("a report is shown with bars, as CSV and as a page of its own", "[cli][feedback]") {
    FakeDaemon daemon([](const Asked&) -> Canned { return {.body = report().dump()}; });
    Runner runner;
    const auto run = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"feedback", "report", "s", "--socket", daemon.socket()});
        return runner.run(words);
    };
    CHECK(run({}) == 0);
    CHECK(runner.out.find("Net Promoter Score: 45.0 (30.5 … 59.5), n = 100") != std::string::npos);
    CHECK(runner.out.find("█") != std::string::npos);
    CHECK(runner.out.find("Blame: <late> 2") != std::string::npos);
    CHECK(runner.out.find("By channel: telephone 100") != std::string::npos);
    CHECK(runner.out.find("3 of 7 follow-ups closed.") != std::string::npos);
    CHECK(run({"--since", "2026-01-01", "--json"}) == 0);
    CHECK(json::parse(runner.out) == report());
    CHECK(daemon.asked().back().target == "/api/v1/surveys/s/report?since=2026-01-01");
    CHECK(run({"--format", "csv"}) == 0);
    CHECK(runner.out.find("industry,Retail,3,,,\r\n") != std::string::npos);
    CHECK(runner.out.find("theme,delivery,5,45.0,30.5,59.5\r\n") != std::string::npos);
    CHECK(run({"--format", "html"}) == 0);
    const auto page = runner.out;
    CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    CHECK(page.find("&lt;b&gt;How&lt;/b&gt; &amp; why?") != std::string::npos);
    CHECK(page.find("&lt;late&gt; 2") != std::string::npos);
    for (const auto* foreign : {"<script", "<late>", "<b>How", "http:", "https:", "src=", "url("})
        CHECK(page.find(foreign) == std::string::npos);
    CHECK(cli::survey_page(messages::Language::kChinese, report()).find("净推荐值") !=
          std::string::npos);
}

TEST_CASE("a call is asked by the script, past what the answers lead past", "[cli][feedback]") {
    const json script = {
        {{"id", "score"},
         {"text", words("Recommend?")},
         {"min", 0},
         {"max", 10},
         {"show_if", json::array()}},
        {{"id", "why"},
         {"text", words("Why?")},
         {"show_if", {{{"question", "score"}, {"compare", "notnull"}, {"value", ""}}}}},
        {{"id", "else"},
         {"text", words("Else?")},
         {"show_if", {{{"question", "score"}, {"compare", "isnull"}, {"value", ""}}}}}};
    FakeDaemon daemon([&](const Asked& asked) -> Canned {
        if (asked.method == "POST")
            return {.status = 201, .body = R"({"response":1,"invitation":12})"};
        return {.body = json{{"survey", "s"},
                             {"intro", words("Hello")},
                             {"thanks", words("Bye")},
                             {"script", script},
                             {"calls",
                              {{{"invitation", 12},
                                {"who", "contact:1"},
                                {"phone", "138"},
                                {"language", "en"},
                                {"attempts", 0}}}}}
                            .dump()};
    });
    Runner runner;
    const std::vector<std::string> call{"feedback", "call", "s", "12", "--socket", daemon.socket()};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), call.begin(), call.end());
        return runner.run(more);
    };
    CHECK(with({"--answer", "score=9", "--answer", "why:=[\"a\",\"b\"]"}) == 0);
    CHECK(json::parse(daemon.asked().back().body) ==
          json{{"invitation", 12}, {"answers", {{"score", "9"}, {"why", {"a", "b"}}}}});
    CHECK(with({"--outcome", "busy"}) == 0);
    CHECK(json::parse(daemon.asked().back().body)["outcome"] == "busy");
    CHECK(with({"--outcome", "asleep"}) == 2);
    CHECK(with({"--no-input"}) == 2);
    CHECK(runner.run({"feedback", "call", "s", "13", "--socket", daemon.socket()}) == 6);
}

TEST_CASE("what answers could not lead to is told with its line", "[cli][feedback]") {
    const FakeDaemon daemon([](const Asked&) -> Canned {
        return {.body =
                    json{{"survey", "s"},
                         {"answers", 2},
                         {"made", 3},
                         {"edited", 1},
                         {"open", {{{"response", 7}, {"line", 12}, {"message", "no such field"}}}}}
                        .dump()};
    });
    Runner runner;
    CHECK(runner.run({"feedback", "act", "s", "--socket", daemon.socket()}) == 3);
    CHECK(runner.err.find("2 answers acted upon: 3 records made, 1 edited.") != std::string::npos);
    CHECK(runner.err.find("Answer 7 stays open: line 12: no such field") != std::string::npos);
}

TEST_CASE("the words that read texts are shown, and what they say of one", "[cli][feedback]") {
    const FakeDaemon daemon([](const Asked&) { return Canned{}; });
    Runner runner;
    CHECK(runner.run({"feedback", "lexicon"}) == 0);
    const auto own = file_of(daemon, "own.toml",
                             runner.out +
                                 "\n[theme.taste]\nen = \"Taste\"\n"
                                 "words = [\"salty\"]\n");
    CHECK(runner.run({"feedback", "lexicon", "not good, salty", "--file", own, "--json"}) == 0);
    const auto read = json::parse(runner.out);
    CHECK(read["sentiment"] == "negative");
    CHECK(read["words"][0] == json{{"word", "good"}, {"weight", -1.0}, {"turned", "not"}});
    CHECK(read["themes"][0]["theme"] == "taste");
    CHECK(runner.run({"feedback", "lexicon", "质量不错", "--lang", "zh"}) == 0);
    CHECK(runner.out.find("产品质量") != std::string::npos);
    const auto bad = file_of(daemon, "bad.toml", "goood = []\n");
    CHECK(runner.run({"feedback", "lexicon", "x", "--file", bad}) == 78);
    CHECK(runner.err.find("goood") != std::string::npos);
}

TEST_CASE("feedback.toml is checked like a survey", "[cli][feedback]") {
    const FakeDaemon daemon([](const Asked&) { return Canned{}; });
    Runner runner;
    CHECK(runner.run({"feedback", "check",
                      file_of(daemon, "feedback.toml", "pulled_answers = true\n")}) == 0);
    CHECK(runner.run({"feedback", "check", file_of(daemon, "feedback.toml", "pulled = true\n")}) ==
          78);
    CHECK(runner.out.find("feedback.toml:1") != std::string::npos);
}
