// A survey's file: what it says arrives, and every mistake is told with its line.
#include "daemon/feedback/survey_file.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace kontor;
using namespace kontor::feedback;
using std::chrono::hours;

namespace {

constexpr const char* kGood = R"toml(
id = "relationship"
title = { en = "How are we doing?", zh = "我们做得怎么样？" }
thanks = "Thank you."
channels = ["link", "phone"]

[audience]
entity = "deal"
person = "contact_id"
where = ["stage=Closed Won", "amount>=1000"]
consent = "survey_ok"
default_language = "zh"
default_time_zone = "Asia/Shanghai"

[timing]
becomes = "stage=Closed Won"
delay = "2d"

[limits]
same_survey = "180d"
any_survey = "30d"
sample = 0.5
reminders = ["3d", "7d"]
expires = "14d"
quiet = { from = "20:00", until = "09:00", days = ["sat", "sun"] }

[[question]]
id = "score"
kind = "nps"
required = true
text = { en = "Would you recommend us?", zh = "您会推荐我们吗？" }

[[question]]
id = "why"
kind = "choice"
multiple = true
text = "What went wrong?"
choices = [{ id = "price", en = "Price" }, { id = "time", en = "Time", zh = "时间" }]
show_if = ["score<=6"]

[[question]]
id = "more"
kind = "text"
text = "Anything else?"
show_if = "why=price"
)toml";

/// The reasons, as "line: key: reason".
std::vector<std::string> mistakes(const std::string& text) {
    config::Problems problems;
    const auto survey = parse_survey(text, "s.toml", problems);
    CHECK(survey.has_value() == problems.empty());
    std::vector<std::string> out;
    for (const auto& p : problems)
        out.push_back(std::to_string(p.line) + ": " + p.key + ": " + p.reason);
    return out;
}

}  // namespace

TEST_CASE("a survey's file says all that there is to say", "[feedback][survey]") {
    config::Problems problems;
    const auto survey = parse_survey(kGood, "relationship.toml", problems);
    for (const auto& p : problems) INFO(p.text());
    REQUIRE(survey);
    CHECK(survey->title.in(messages::Language::kChinese) == "我们做得怎么样？");
    CHECK(survey->thanks.in(messages::Language::kChinese) == "Thank you.");
    CHECK(survey->channels == std::vector<std::string>{"link", "phone"});
    CHECK(survey->audience.person == "contact_id");
    REQUIRE(survey->audience.where.size() == 2);
    CHECK(survey->audience.where[1].where == api::Where{"amount", ">=", "1000"});
    CHECK(survey->audience.where[1].line == 10);
    REQUIRE(survey->timing.becomes);
    CHECK(survey->timing.delay == hours(48));
    CHECK(survey->limits.reminders == std::vector<milliseconds>{hours(72), hours(168)});
    CHECK(survey->limits.quiet.from == 20 * 60);
    CHECK(survey->limits.quiet.days[6]);
    CHECK_FALSE(survey->limits.quiet.days[1]);
    REQUIRE(survey->questions.size() == 3);
    CHECK(survey->questions[0].max == 10);
    CHECK(survey->questions[1].choices[1].label.in(messages::Language::kChinese) == "时间");
    CHECK(survey->questions[2].show_if[0] == api::Where{"why", "=", "price"});
    CHECK(survey->main_question() == &survey->questions[0]);
}

TEST_CASE("every mistake in a survey is told with its line", "[feedback][survey]") {
    const std::string head = "id = \"s\"\ntitle = \"T\"\n";
    const std::string ask = "[[question]]\nid = \"q\"\nkind = \"nps\"\ntext = \"Q\"\n";
    using List = std::vector<std::string>;
    CHECK(mistakes(head + ask).empty());
    CHECK(mistakes("title = \"T\"\n" + ask)[0] == "1: id: is missing: what is the survey called?");
    CHECK(mistakes(head) == List{"1: question: is missing: a survey asks something"});
    CHECK(mistakes(head + "chanels = []\n" + ask)[0].starts_with("3: chanels: unknown key"));
    CHECK(mistakes(head + "channels = [\"pigeon\"]\n" + ask) ==
          List{"3: channels: must name link, phone or both"});
    CHECK(mistakes(head + "[audience]\nwhere = [\"stage\"]\n" + ask)[0].starts_with(
        "4: audience.where: must be a filter"));
    CHECK(mistakes(head + "[audience]\ndefault_time_zone = \"GMT+8\"\n" + ask)[0].starts_with(
        "4: audience.default_time_zone: is no time zone"));
    CHECK(mistakes(head + "[timing]\nschedule = \"daily 25:00\"\n" + ask)[0].starts_with(
        "4: timing.schedule: '25:00' is no time of the day"));
    CHECK(mistakes(head + "[timing]\nschedule = \"daily 09:00\"\nbecomes = \"a=b\"\n" + ask) ==
          List{"5: timing.becomes: give either a schedule or an event"});
    CHECK(mistakes(head + "[timing]\ndelay = \"2d\"\n" + ask) ==
          List{"4: timing.delay: is counted from an event: give becomes"});
    CHECK(mistakes(head + "[limits]\nany_survey = \"1d\"\n" + ask).size() == 1);
    CHECK(mistakes(head + "[limits]\nsample = 1.5\n" + ask).size() == 1);
    CHECK(mistakes(head + "[limits]\nreminders = [\"7d\", \"3d\"]\n" + ask) ==
          List{"4: limits.reminders: must be rising times, all before the link expires"});
    CHECK(mistakes(head + "[limits]\nquiet = { from = \"25:00\", until = \"09:00\" }\n" + ask) ==
          List{"4: limits.quiet.from: must be a time of day as 20:00"});
    CHECK(mistakes(head +
                   "[limits.quiet]\ndays = "
                   "[\"sun\",\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\"]\n" +
                   ask) ==
          List{"3: limits.quiet.days: leaves no day on which anybody could be asked"});
    CHECK(mistakes(head + ask + ask) ==
          List{"8: question.id: there is another question of that id"});
    CHECK(mistakes(head + ask + "show_if = \"later=1\"\n") ==
          List{"7: question.show_if: 'later' is no earlier question"});
    const auto second = [&](const std::string& condition) {
        return mistakes(head + ask + "[[question]]\nid = \"t\"\nkind = \"text\"\ntext = \"T\"\n" +
                        "show_if = \"" + condition + "\"\n");
    };
    CHECK(second("q<=6").empty());
    CHECK(second("q=").empty());
    CHECK(second("q<=11") == List{"11: question.show_if: 11 is no answer to 'q'"});
    CHECK(second("q=often") == List{"11: question.show_if: 'q' is compared with a whole number"});
    CHECK(second("q~1") == List{"11: question.show_if: 'q' is compared with a whole number"});
    const std::string choice = "[[question]]\nid = \"q\"\nkind = \"choice\"\ntext = \"Q\"\n";
    CHECK(mistakes(head + choice) ==
          List{"3: question.choices: must be a list of 2 to 50 choices"});
    CHECK(mistakes(head + choice + "choices = [{id=\"a\",en=\"A\"},{id=\"a\",en=\"B\"}]\n") ==
          List{"7: question.choices.id: there is another choice of that id"});
}

TEST_CASE("a survey's file is called after the survey", "[feedback][survey]") {
    const auto folder = std::filesystem::temp_directory_path() / "kontor-survey-name";
    std::filesystem::create_directories(folder);
    const auto file = (folder / "other.toml").string();
    std::ofstream(file) << kGood;
    config::Problems problems;
    CHECK_FALSE(read_survey(file, problems));
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].key == "id");
    std::filesystem::remove_all(folder);
}
