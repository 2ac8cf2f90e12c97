// Cards keep every byte that is not edited, whatever program wrote them.
#include "plugins/carddav/vcard.hpp"

#include <catch2/catch.hpp>

#include "connectors/sdk/error.hpp"
#include "tests/plugins/carddav/cards.hpp"

using namespace kontor;
using namespace kontor::carddav;
using namespace kontor::test;

namespace {

/// The card with `from` replaced by `to` once; fails the test if it is not in it.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a card that is read and written is the same bytes", "[carddav][vcard]") {
    for (const SampleCard& each : sample_cards()) {
        INFO(each.program);
        CHECK(Card::parse(each.text).text() == each.text);
    }
}

TEST_CASE("groups, parameters and folded values are read", "[carddav][vcard]") {
    const Card card = Card::parse(sample_card("ios"));
    CHECK(card.version() == "3.0");
    const auto email = card.find("EMAIL");
    REQUIRE(email);
    const Property& property = card.properties()[*email];
    CHECK(property.group == "item1");
    CHECK(property.has_type("PREF"));
    CHECK(property.has_type("INTERNET"));
    CHECK_FALSE(property.has_type("WORK"));
    const auto photo = card.find("PHOTO");
    REQUIRE(photo);
    CHECK(card.properties()[*photo].parameter("ENCODING") == "b");
    CHECK(card.properties()[*photo].value.ends_with("QEAAD8AKp//2Q=="));
    CHECK(card.properties()[*photo].value.find(' ') == std::string::npos);
}

TEST_CASE("a quoted parameter may hold what elsewhere divides", "[carddav][vcard]") {
    const Card card = Card::parse(sample_card("android"));
    const auto custom = card.find("X-CUSTOM");
    REQUIRE(custom);
    CHECK(card.properties()[*custom].parameter("X-P") == "a;b:c");
    CHECK(card.properties()[*custom].value == "what nobody knows");
}

TEST_CASE("an edit changes its own line alone and keeps group and parameters", "[carddav][vcard]") {
    const std::string& before = sample_card("ios");
    Card card = Card::parse(before);
    card.set_value(*card.find("EMAIL"), "neu@example.cn");
    CHECK(card.text() == replaced(before, "pref:wang@example.cn", "pref:neu@example.cn"));
}

TEST_CASE("a value that is there already changes no byte", "[carddav][vcard]") {
    const std::string& before = sample_card("thunderbird");
    Card card = Card::parse(before);
    const auto note = card.find("NOTE");
    card.set_value(*note, std::string(card.properties()[*note].value));
    CHECK(card.text() == before);
}

TEST_CASE("long lines are folded at 75 octets between characters", "[carddav][vcard]") {
    Card card = Card::parse("BEGIN:VCARD\r\nVERSION:4.0\r\nEND:VCARD\r\n");
    std::string note;
    for (int i = 0; i < 100; ++i) note += "好";
    card.add("NOTE", note);
    const std::string text = card.text();
    std::size_t begin = 0;
    int lines = 0;
    while (begin < text.size()) {
        const auto end = text.find("\r\n", begin);
        CHECK(end - begin <= 75);
        // No line begins inside a character.
        CHECK((static_cast<unsigned char>(text[begin + (text[begin] == ' ')]) & 0xc0) != 0x80);
        begin = end + 2;
        ++lines;
    }
    CHECK(lines > 6);
    const Card again = Card::parse(text);
    CHECK(again.properties()[*again.find("NOTE")].value == note);
}

TEST_CASE("a card with bare line feeds is continued with them", "[carddav][vcard]") {
    Card card = Card::parse(sample_card("thunderbird"));
    card.add("TITLE", "Chefin");
    CHECK(card.text() ==
          replaced(sample_card("thunderbird"), "END:VCARD\n", "TITLE:Chefin\nEND:VCARD\n"));
}

TEST_CASE("with the last property of a group its label goes", "[carddav][vcard]") {
    Card card = Card::parse(sample_card("ios"));
    for (std::size_t i = 0; i < card.properties().size(); ++i)
        if (card.properties()[i].group == "item2" && card.properties()[i].name == "TEL") {
            card.erase(i);
            break;
        }
    CHECK(card.text() ==
          replaced(sample_card("ios"), "item2.TEL:400-123-4567\r\nitem2.X-ABLabel:总机\r\n", ""));
}

TEST_CASE("lines of nested cards and after the end are kept and not taken for the card's",
          "[carddav][vcard]") {
    const std::string text = crlf(
        "BEGIN:VCARD\nVERSION:2.1\nAGENT:\nBEGIN:VCARD\nVERSION:2.1\nTEL:1\nEND:VCARD\nTEL:2\n"
        "END:VCARD\nTEL:3\n");
    const Card card = Card::parse(text);
    CHECK(card.text() == text);
    CHECK(card.properties()[*card.find("TEL")].value == "2");
    Card edited = card;
    edited.set_value(*edited.find("TEL"), "9");
    CHECK(edited.text() == replaced(text, "TEL:2", "TEL:9"));
}

TEST_CASE("a parameter that does not suit the new value can be dropped", "[carddav][vcard]") {
    Card card = Card::parse(crlf("BEGIN:VCARD\nBDAY;X-A=\"1:2\";VALUE=date;X-B=3:x\nEND:VCARD\n"));
    card.set_value(*card.find("BDAY"), "y", {"VALUE"});
    CHECK(card.text() == crlf("BEGIN:VCARD\nBDAY;X-A=\"1:2\";X-B=3:y\nEND:VCARD\n"));
}

TEST_CASE("what is no card or a bomb is refused", "[carddav][vcard]") {
    CHECK_THROWS_AS(Card::parse(""), sdk::Error);
    CHECK_THROWS_AS(Card::parse("<html>"), sdk::Error);
    CHECK_THROWS_AS(Card::parse("BEGIN:VCARD\r\nFN:x\r\n"), sdk::Error);
    CHECK_THROWS_AS(Card::parse("END:VCARD\r\n"), sdk::Error);
    std::string bomb = "BEGIN:VCARD\n";
    for (std::size_t i = 0; i <= kCardLinesMax; ++i) bomb += "TEL:1\n";
    CHECK_THROWS_WITH(Card::parse(bomb + "END:VCARD\n"), "vCard: more than 20,000 lines");
    CHECK_THROWS_WITH(Card::parse(std::string(kCardBytesMax + 1, 'x')), "vCard: larger than 8 MiB");
}
