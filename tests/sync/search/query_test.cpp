#include "sync/search/query.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sync/search/match.hpp"

using namespace kontor::search;

namespace {

std::string expression(std::string_view text) {
    return parse_query(text).match_expression();
}

bool matches(std::string_view query_text, const std::vector<std::string>& fields) {
    const Query query = parse_query(query_text);
    std::vector<FieldText> texts;
    for (const auto& field : fields) texts.push_back({field, false});
    return Matcher(query).match(texts).has_value();
}

}  // namespace

TEST_CASE("a Chinese word becomes its pairs", "[search][query]") {
    CHECK(expression("张") == R"("张")");
    CHECK(expression("张伟") == R"("张伟")");
    CHECK(expression("中关村") == R"("中关" AND "关村")");
    CHECK(expression("张伟Acme") == R"("张伟" AND "acme")");
}

TEST_CASE("operators of FTS5 are words", "[search][query]") {
    CHECK(expression("a OR b*") == R"("a" AND "or" AND "b")");
    CHECK(expression("NEAR(x y) -z ^q {c}:d") ==
          R"("near" AND "x" AND "y" AND "z" AND "q" AND "c" AND "d")");
    CHECK(expression("\"'\"; DROP TABLE--") == R"("drop" AND "table")");
    CHECK(expression("") == "");
    CHECK(expression("!!! \"\" …") == "");
}

TEST_CASE("numbers are cut into fours; parts are tried together and apart", "[search][query]") {
    CHECK(expression("138-0013") == R"("1380" AND "0013")");
    CHECK(expression("12") == R"("12")");
    CHECK(expression("138 0013") == R"((("138" AND "0013") OR ("1380" AND "0013")))");
}

TEST_CASE("quotes demand neighbours in order", "[search][query]") {
    CHECK(matches("\"john smith\"", {"Mr John Smith"}));
    CHECK_FALSE(matches("\"john smith\"", {"Smith John"}));
    CHECK_FALSE(matches("\"john smith\"", {"John", "Smith"}));
    CHECK(matches("john smith", {"Smith", "x John"}));
    CHECK(matches("“john smith”", {"john smith"}));
    CHECK(matches("\"john smith", {"john smith"}));  // not closed
}

TEST_CASE("Chinese words match whole words of characters only", "[search][query]") {
    CHECK(matches("中关村", {"北京市海淀区中关村大街"}));
    CHECK_FALSE(matches("中关村", {"中关 关村"}));
    CHECK(matches("张伟", {"張　偉"}));
    CHECK_FALSE(matches("张伟", {"张，伟"}));
}

TEST_CASE("digits match inside longer numbers", "[search][query]") {
    CHECK(matches("0013", {"+86 138-0013-8000"}));
    CHECK(matches("+86 138 0013 8000", {"8613800138000"}));
    CHECK(matches("13800138000", {"(138) 0013.8000"}));
    CHECK_FALSE(matches("13800138001", {"(138) 0013.8000"}));
    CHECK(matches("2024 8000", {"in 2024", "13800138000"}));
    CHECK_FALSE(matches("2024 8000", {"in 2024"}));
}

TEST_CASE("highlights are the bytes that matched", "[search][query]") {
    const Query query = parse_query("伟 0013 acme");
    Matcher matcher(query);
    const std::string text = "张伟, ＡＣＭＥ, 138 00-13";
    std::vector<std::string> found;
    for (const Stretch& at : matcher.find_all(text, 10))
        found.push_back(text.substr(at.begin, at.end - at.begin));
    CHECK(found == std::vector<std::string>{"伟", "ＡＣＭＥ", "00-13"});
}

TEST_CASE("long queries are cut, not refused", "[search][query]") {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "w" + std::to_string(i) + " ";
    CHECK(parse_query(many).terms.size() == kQueryTermsMax);
    const Query digits = parse_query(std::string(5000, '7'));
    REQUIRE(digits.terms.size() == 1);
    CHECK(digits.terms[0].digits.joined.size() <= 32);
    CHECK(parse_query("\"" + std::string(5000, 'a') + " " + many).terms.size() == 1);
}
