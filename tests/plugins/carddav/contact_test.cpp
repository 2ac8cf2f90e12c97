// The mapped fields of a card, in both directions.
#include "plugins/carddav/contact.hpp"

#include <catch2/catch.hpp>

#include "tests/plugins/carddav/cards.hpp"

using namespace kontor::carddav;
using namespace kontor::test;

namespace {

constexpr std::int64_t kNow = 1'790'000'000'000;  // 2026-09-21T14:13:20Z

std::string text_of(const Values& values, const char* field) {
    return values.at(field).value_or("(blank)");
}

std::string edited(const std::string& text, const Values& changes) {
    Card card = Card::parse(text);
    REQUIRE(write_contact(card, changes, kNow));
    return card.text();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string card(const std::string& lines) {
    return crlf("BEGIN:VCARD\nVERSION:3.0\n" + lines + "END:VCARD\n");
}

}  // namespace

TEST_CASE("a card of a phone is read", "[carddav][contact]") {
    const Values values = read_contact(Card::parse(sample_card("ios")));
    CHECK(text_of(values, "family_name") == "王");
    CHECK(text_of(values, "given_name") == "小明");
    CHECK(text_of(values, "formatted_name") == "王小明");
    CHECK(text_of(values, "company") == "北京示例科技有限公司");
    CHECK(text_of(values, "department") == "销售部");
    CHECK(text_of(values, "title") == "销售总监");
    CHECK(text_of(values, "email") == "wang@example.cn");
    CHECK(text_of(values, "secondary_email") == "wang.work@example.cn");
    CHECK(text_of(values, "mobile_phone") == "138 0000 1111");
    CHECK(text_of(values, "work_phone") == "400-123-4567");
    CHECK(text_of(values, "fax") == "010-8888-7777");
    CHECK(text_of(values, "work_street") == "中关村大街1号\n8层");
    CHECK(text_of(values, "work_city") == "北京");
    CHECK(text_of(values, "work_zip") == "100080");
    CHECK(text_of(values, "home_street") == "(blank)");
    // The year is not known.
    CHECK(text_of(values, "birthday") == "(blank)");
    CHECK(text_of(values, "revision") == "2026-01-02T03:04:05.000Z");
    CHECK(text_of(values, "uid") == "5AE8DD3B-6A3A-4C3D-9F0A-000000000001");
}

TEST_CASE("a card of version 4 is read", "[carddav][contact]") {
    const Values values = read_contact(Card::parse(sample_card("android")));
    CHECK(text_of(values, "middle_name") == "King, Countess");
    CHECK(text_of(values, "name_prefix") == "Dr.");
    CHECK(text_of(values, "name_suffix") == "PhD");
    CHECK(text_of(values, "home_phone") == "+44-20-7946-0000");
    CHECK(text_of(values, "email") == "ada@work.example");
    CHECK(text_of(values, "secondary_email") == "ada@home.example");
    CHECK(text_of(values, "home_city") == "London");
    CHECK(text_of(values, "home_zip") == "SW1Y 4JH");
    CHECK(text_of(values, "birthday") == "1815-12-10");
    CHECK(text_of(values, "categories") == R"(["math","poets, sometimes"])");
    CHECK(text_of(values, "note") == "First line\nsecond; third, fourth\\fifth");
    CHECK(text_of(values, "revision") == "2026-01-02T03:04:05.000Z");
}

TEST_CASE("a card of version 2.1 is read and not written", "[carddav][contact]") {
    Card outlook = Card::parse(sample_card("outlook"));
    const Values values = read_contact(outlook);
    CHECK(text_of(values, "family_name") == "李");
    CHECK(text_of(values, "given_name") == "四");
    CHECK(text_of(values, "formatted_name") == "李四");
    CHECK(text_of(values, "work_phone") == "+86 10 1234 5678");
    CHECK(text_of(values, "mobile_phone") == "13900002222");
    CHECK(text_of(values, "work_street") == "南京路");
    CHECK_FALSE(write_contact(outlook, {{"title", "x"}}, kNow));
    CHECK(outlook.text() == sample_card("outlook"));
}

TEST_CASE("a card without a name has its display name as family name", "[carddav][contact]") {
    const Values values = read_contact(Card::parse(sample_card("nextcloud")));
    CHECK(text_of(values, "family_name") == "Example GmbH");
    CHECK(text_of(values, "given_name") == "(blank)");
    CHECK(text_of(values, "work_phone") == "+49 30 1");
    // The second number of a kind has no field, and stays in the card.
    CHECK(text_of(values, "other_phone") == "(blank)");
    CHECK(text_of(values, "url") == "https://example.com/a?b=1;c=2");
}

TEST_CASE("an edit changes its line and REV", "[carddav][contact]") {
    const std::string& ios = sample_card("ios");
    const std::string rev = replaced(ios, "REV:2026-01-02T03:04:05Z", "REV:20260921T141320Z");
    CHECK(edited(ios, {{"title", "总经理"}}) == replaced(rev, "销售总监", "总经理"));
    CHECK(edited(ios, {{"mobile_phone", "139"}}) == replaced(rev, "138 0000 1111", "139"));
    CHECK(edited(ios, {{"department", std::nullopt}}) == replaced(rev, ";销售部", ";"));
    CHECK(edited(ios, {{"title", "销售总监"}}) == ios);
}

TEST_CASE("the display name follows the name by its script", "[carddav][contact]") {
    CHECK(edited(sample_card("ios"), {{"family_name", "欧阳"}}).find("\r\nFN:欧阳小明\r\n") !=
          std::string::npos);
    const std::string ada = edited(sample_card("android"), {{"family_name", "Byron"}});
    CHECK(ada.find("\r\nFN:Ada Byron\r\n") != std::string::npos);
    CHECK(ada.find("\r\nN:Byron;Ada;King\\, Countess;Dr.;PhD\r\n") != std::string::npos);
    // What somebody has put around it stays.
    CHECK(edited(card("FN:Dr. Ada King (London)\nN:King;Ada;;;\n"), {{"given_name", "Eda"}}) ==
          card("FN:Dr. Eda King (London)\nN:King;Eda;;;\n"));
    CHECK(edited(card("FN:Countess\nN:King;Ada;;;\n"), {{"given_name", "Eda"}}) ==
          card("FN:Eda King\nN:King;Eda;;;\n"));
}

TEST_CASE("a name is written where there was only a display name", "[carddav][contact]") {
    CHECK(edited(card("FN:Ada\n"), {{"given_name", "Eda"}}) == card("FN:Eda Ada\nN:Ada;Eda;;;\n"));
    CHECK(edited(card("FN:Ada\n"), {{"family_name", "Eda"}}) == card("FN:Eda\nN:Eda;;;;\n"));
}

TEST_CASE("a field without a property gets one, and an emptied one loses it",
          "[carddav][contact]") {
    CHECK(edited(card("FN:x\n"),
                 {{"mobile_phone", "1"}, {"email", "a@b.c"}, {"work_city", "上海"}}) ==
          card("FN:x\nEMAIL;TYPE=WORK:a@b.c\nTEL;TYPE=CELL:1\nADR;TYPE=WORK:;;;上海;;;\n"));
    CHECK(edited(card("FN:x\nitem1.TEL;TYPE=CELL:1\nitem1.X-ABLabel:y\nX-Z:z\n"),
                 {{"mobile_phone", std::nullopt}}) == card("FN:x\nX-Z:z\n"));
    CHECK(edited(card("FN:x\nADR;TYPE=HOME:;;s;;;;\n"), {{"home_street", ""}}) == card("FN:x\n"));
}

TEST_CASE("a second e-mail address stays the second when there is no first", "[carddav][contact]") {
    const std::string both = card("FN:x\nitem1.EMAIL;TYPE=HOME:a@b.c\nEMAIL:d@e.f\n");
    const std::string second = edited(both, {{"email", std::nullopt}});
    CHECK(second == card("FN:x\nEMAIL;X-KONTOR-FIELD=secondary_email:d@e.f\n"));
    Values values = read_contact(Card::parse(second));
    CHECK(text_of(values, "email") == "(blank)");
    CHECK(text_of(values, "secondary_email") == "d@e.f");
    values = read_contact(Card::parse(edited(second, {{"email", "new@b.c"}})));
    CHECK(text_of(values, "email") == "new@b.c");
    CHECK(text_of(values, "secondary_email") == "d@e.f");
    values = read_contact(new_contact("u", {{"secondary_email", "d@e.f"}}, kNow));
    CHECK(text_of(values, "email") == "(blank)");
    CHECK(text_of(values, "secondary_email") == "d@e.f");
}

TEST_CASE("what stands second is emptied and changed together with the first",
          "[carddav][contact]") {
    const std::string both = card("FN:x\nEMAIL;TYPE=WORK:a@b.c\nEMAIL;TYPE=HOME:d@e.f\n");
    CHECK(edited(both, {{"email", std::nullopt}, {"secondary_email", std::nullopt}}) ==
          card("FN:x\n"));
    const Values values = read_contact(
        Card::parse(edited(both, {{"email", std::nullopt}, {"secondary_email", "new@e.f"}})));
    CHECK(text_of(values, "email") == "(blank)");
    CHECK(text_of(values, "secondary_email") == "new@e.f");
    const std::string untyped = card("FN:x\nTEL:1\nTEL:2\nADR:;;a;;;;\nADR:;;b;;;;\n");
    CHECK(edited(untyped, {{"work_phone", std::nullopt},
                           {"other_phone", std::nullopt},
                           {"work_street", std::nullopt},
                           {"home_street", std::nullopt}}) == card("FN:x\n"));
}

TEST_CASE("an edited telephone URI becomes a text", "[carddav][contact]") {
    CHECK(edited(sample_card("android"), {{"home_phone", "020 1"}})
              .find("\r\nTEL;TYPE=\"voice,home\":020 1\r\n") != std::string::npos);
}

TEST_CASE("dates are written in the form of the card's version", "[carddav][contact]") {
    CHECK(edited(sample_card("android"), {{"birthday", "1990-02-28"}})
              .find("\r\nBDAY:19900228\r\n") != std::string::npos);
    CHECK(
        edited(sample_card("ios"), {{"birthday", "1990-02-28"}}).find("\r\nBDAY:1990-02-28\r\n") !=
        std::string::npos);
}

TEST_CASE("categories become one line", "[carddav][contact]") {
    CHECK(edited(card("FN:x\nCATEGORIES:a\nCATEGORIES:b\n"), {{"categories", R"(["a","c,d"])"}}) ==
          card("FN:x\nCATEGORIES:a,c\\,d\n"));
    CHECK(edited(card("FN:x\nCATEGORIES:a\nCATEGORIES:b\n"), {{"categories", "[]"}}) ==
          card("FN:x\n"));
}

TEST_CASE("a new card has what the standards require", "[carddav][contact]") {
    const Card made = new_contact("abc", {{"family_name", "诸葛"}, {"given_name", "亮"}}, kNow);
    CHECK(made.text() == card("PRODID:-//Kontor//CardDAV//EN\nREV:20260921T141320Z\nUID:abc\n"
                              "N:诸葛;亮;;;\nFN:诸葛亮\n"));
    CHECK(new_contact("abc", {{"email", "a@b.c"}}, kNow).text().find("\r\nFN:a@b.c\r\n") !=
          std::string::npos);
}

TEST_CASE("what is no UTF-8 or of another character set breaks nothing", "[carddav][contact]") {
    const Values values =
        read_contact(Card::parse(card("FN:a\xff\nTITLE;CHARSET=GB2312:\xc4\xe3\n"
                                      "NOTE;CHARSET=ISO-8859-1:\xe4\n")));
    CHECK(text_of(values, "formatted_name") == "a\xef\xbf\xbd");
    CHECK(text_of(values, "title") == "(blank)");
    CHECK(text_of(values, "note") == "ä");
}
