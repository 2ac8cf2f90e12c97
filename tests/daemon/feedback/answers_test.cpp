// Answers against the definition: what is kept, what is refused and why.
#include "daemon/feedback/answers.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/feedback/survey_file.hpp"

using namespace kontor;
using namespace kontor::feedback;

namespace {

Survey survey() {
    config::Problems problems;
    auto parsed = parse_survey(R"toml(
id = "s"
title = "T"
[[question]]
id = "score"
kind = "nps"
required = true
text = "Q"
[[question]]
id = "why"
kind = "choice"
multiple = true
required = true
text = "Q"
choices = [{ id = "price", en = "P" }, { id = "time", en = "T" }, { id = "tone", en = "O" }]
show_if = "score<=6"
[[question]]
id = "more"
kind = "text"
max_length = 5
text = "Q"
show_if = "why=price"
)toml",
                               "s.toml", problems);
    REQUIRE(parsed);
    return *parsed;
}

using Flaws = std::map<std::string, Flaw>;

}  // namespace

TEST_CASE("answers are taken by the definition", "[feedback][answers]") {
    const auto s = survey();
    struct Case {
        Answers given;
        Answers kept;
        Flaws flaws;
    };
    const Case cases[] = {
        {{{"score", {"9"}}}, {{"score", {"9"}}}, {}},
        {{{"score", {"010"}}}, {{"score", {"10"}}}, {}},
        {{}, {}, {{"score", Flaw::kRequired}}},
        {{{"score", {""}}}, {}, {{"score", Flaw::kRequired}}},
        {{{"score", {"11"}}}, {}, {{"score", Flaw::kNoNumber}}},
        {{{"score", {"-1"}}}, {}, {{"score", Flaw::kNoNumber}}},
        {{{"score", {"9x"}}}, {}, {{"score", Flaw::kNoNumber}}},
        {{{"score", {"8", "9"}}}, {}, {{"score", Flaw::kOneOnly}}},
        {{{"score", {"3"}}}, {{"score", {"3"}}}, {{"why", Flaw::kRequired}}},
        {{{"score", {"3"}}, {"why", {"tone", "price", "tone"}}},
         {{"score", {"3"}}, {"why", {"price", "tone"}}},
         {}},
        {{{"score", {"3"}}, {"why", {"price", "luck"}}},
         {{"score", {"3"}}},
         {{"why", Flaw::kNoChoice}}},
        {{{"score", {"3"}}, {"why", {"price"}}, {"more", {" 好好好好好\r\n"}}},
         {{"score", {"3"}}, {"why", {"price"}}, {"more", {"好好好好好"}}},
         {}},
        {{{"score", {"3"}}, {"why", {"price"}}, {"more", {"123456"}}},
         {{"score", {"3"}}, {"why", {"price"}}},
         {{"more", Flaw::kTooLong}}},
        {{{"score", {"3"}}, {"why", {"price"}}, {"more", {"\xFF"}}},
         {{"score", {"3"}}, {"why", {"price"}}},
         {{"more", Flaw::kNoText}}},
        {{{"score", {"9"}}, {"nose", {"1"}}}, {{"score", {"9"}}}, {{"nose", Flaw::kNoQuestion}}},
    };
    for (const auto& c : cases) {
        const auto checked = check_answers(s, c.given, Unasked::kRefuse);
        CAPTURE(answers_json(s, c.given)
                    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        CHECK(checked.answers == c.kept);
        CHECK(checked.flaws == c.flaws);
    }
}

TEST_CASE("an answer that another one leads past is dropped or refused", "[feedback][answers]") {
    const auto s = survey();
    // "more" hangs on "why", which is not shown: neither is taken.
    const Answers given{{"score", {"9"}}, {"why", {"price"}}, {"more", {"x"}}};
    const auto dropped = check_answers(s, given, Unasked::kDrop);
    CHECK(dropped.flaws.empty());
    CHECK(dropped.answers == Answers{{"score", {"9"}}});
    const auto refused = check_answers(s, given, Unasked::kRefuse);
    CHECK(refused.flaws == Flaws{{"why", Flaw::kNotAsked}, {"more", Flaw::kNotAsked}});
}

TEST_CASE("control characters never reach a text", "[feedback][answers]") {
    const auto s = survey();
    const auto checked = check_answers(
        s, {{"score", {"0"}}, {"why", {"price"}}, {"more", {std::string("a\0\x1b\x7F\rb", 6)}}},
        Unasked::kRefuse);
    CHECK(checked.answers.at("more").front() == "a\nb");
}

TEST_CASE("answers go to JSON and back", "[feedback][answers]") {
    const auto s = survey();
    const Answers answers{{"score", {"3"}}, {"why", {"price", "tone"}}, {"more", {"好"}}};
    const auto json = answers_json(s, answers);
    CHECK(json.dump() == R"({"more":"好","score":3,"why":["price","tone"]})");
    CHECK(answers_from(json) == answers);
    CHECK(answers_from(nlohmann::json::parse(R"({"a":null,"b":{"c":1},"d":1.5})")) ==
          Answers{{"b", {R"({"c":1})"}}, {"d", {"1.5"}}});
}
