// The form's pages and what comes back from them, without a server: tests/programs/form_test.py has
// one.
#include <catch2/catch.hpp>

#include "daemon/feedback/survey_file.hpp"
#include "daemon/form/form_body.hpp"
#include "daemon/form/form_page.hpp"
#include "daemon/form/rate_limit.hpp"

using namespace kontor;
using namespace kontor::form;
using messages::Language;

TEST_CASE("fields are read as browsers send them", "[form]") {
    const auto fields = parse_fields("q.score=9&q.why=a+b%26c%0D%0A%E5%A5%BD&&q.why=&website=");
    REQUIRE(fields);
    CHECK(*fields ==
          Fields{{"q.score", "9"}, {"q.why", "a b&c\r\n好"}, {"q.why", ""}, {"website", ""}});
    CHECK(field_of(*fields, "q.why").empty());
    CHECK(field_of(*fields, "nothing").empty());
    CHECK(parse_fields("")->empty());
    CHECK(parse_fields("lonely")->front().first == "lonely");
    for (const char* bad : {"a=%", "a=%4", "a=%zz", "%=1", "=1"}) CHECK_FALSE(parse_fields(bad));
    std::string many;
    for (std::size_t i = 0; i < kFieldsMax; ++i) many += "a=1&";
    CHECK(parse_fields(many));
    CHECK_FALSE(parse_fields(many + "a=1"));
}

TEST_CASE("a page asks what it should, carries the rest, and escapes all", "[form]") {
    config::Problems problems;
    const auto survey = feedback::parse_survey(
        "id = \"s\"\ntitle = { en = \"<How>\", zh = \"怎么样\" }\nprivacy = \"Kept \\\"here\\\"\"\n"
        "[[question]]\nid = \"score\"\nkind = \"nps\"\nrequired = true\ntext = \"Q&A\"\n"
        "[[question]]\nid = \"why\"\nkind = \"choice\"\nmultiple = true\ntext = \"Why\"\n"
        "choices = [{ id = \"a\", en = \"'A'\" }, { id = \"b\", en = \"B\" }]\n"
        "[[question]]\nid = \"more\"\nkind = \"text\"\ntext = \"More\"\n",
        "s.toml", problems);
    REQUIRE(survey);
    const feedback::Answers answers{{"score", {"3"}}, {"why", {"b"}}, {"more", {"</textarea><x>"}}};
    const std::set<std::string> asked{"why", "more"};
    const std::map<std::string, feedback::Flaw> flaws{{"why", feedback::Flaw::kNoChoice}};
    const auto page = form_page({*survey, Language::kEnglish, answers, flaws, asked});
    const auto has = [&](const char* text) { return page.find(text) != std::string::npos; };
    CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    CHECK(has("<h1>&lt;How&gt;</h1>"));
    CHECK(has("<input type=\"hidden\" name=\"q.score\" value=\"3\">"));
    CHECK(has("name=\"asked\" value=\"why more\""));
    CHECK(has("<input type=\"checkbox\" name=\"q.why\" value=\"b\" checked"));
    CHECK(has("aria-invalid=\"true\" aria-describedby=\"e.why\""));
    CHECK(has("id=\"e.why\""));
    CHECK(has("&lt;/textarea&gt;&lt;x&gt;"));
    CHECK(has("&#39;A&#39;"));
    CHECK(has("Kept &quot;here&quot;"));
    for (const char* foreign : {"<script", "src=", "http:", "https:", "<x>", "onclick"})
        CHECK_FALSE(has(foreign));
    const auto chinese = form_page({*survey, Language::kChinese, {}, {}, {"score"}});
    CHECK(chinese.find("<html lang=\"zh\">") != std::string::npos);
    CHECK(chinese.find("怎么样") != std::string::npos);
    CHECK(chinese.find("非常可能") != std::string::npos);
    // Nothing suggests an answer.
    CHECK(chinese.find("checked") == std::string::npos);
}

TEST_CASE("clients are counted by what the proxy saw", "[form]") {
    CHECK(client_of("10.0.0.1", "") == "10.0.0.1");
    CHECK(client_of("127.0.0.1", "6.6.6.6, 203.0.113.7") == "203.0.113.7");
    CHECK(client_of("127.0.0.1", "203.0.113.7 ") == "203.0.113.7");
    CHECK(client_of("127.0.0.1", "<script>") == "127.0.0.1");
    CHECK(client_of("2001:db8:1:2:3:4:5:6", "") == "2001:db8:1:2::");
    CHECK(client_of("::ffff:10.0.0.1", "") == "10.0.0.1");
}

TEST_CASE("so many requests a minute, and no more memory than allowed", "[form]") {
    RateLimit rates(3);
    const Instant start = *parse_instant("2026-05-20T04:00:00Z");
    for (int i = 0; i < 3; ++i) CHECK(rates.allow("a", start));
    CHECK_FALSE(rates.allow("a", start));
    CHECK(rates.allow("b", start));
    CHECK_FALSE(rates.allow("a", start + std::chrono::seconds(19)));
    CHECK(rates.allow("a", start + std::chrono::seconds(20)));
    CHECK_FALSE(rates.allow("a", start - std::chrono::hours(1)));
    // Strangers in masses push the longest silent out, not everybody.
    for (int i = 0; i < 50'000; ++i)
        CHECK(rates.allow(std::to_string(i), start + std::chrono::milliseconds(i)));
}
