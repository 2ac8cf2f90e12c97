// What must hold of every card, on cards that RapidCheck puts together from lines as programs write
// them and from lines that nobody would.
#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "plugins/carddav/contact.hpp"
#include "plugins/carddav/text.hpp"
#include "plugins/carddav/vcard.hpp"

using namespace kontor::carddav;

namespace {

rc::Gen<std::string> line() {
    return rc::gen::element<std::string>(
        "TEL;TYPE=CELL:138 0000", "item1.TEL;TYPE=HOME:1", "item1.X-ABLabel:家", "TEL:2",
        "TEL;VALUE=uri;TYPE=\"work,voice\":tel:+1-2", "EMAIL;PREF=1:a@b.c", "EMAIL;TYPE=WORK:d@e.f",
        "EMAIL:", "N:王;小明;;;", "N:;;;;", "FN:王小明", "FN:Ada", "ORG:公司;部门;组", "ORG:;x",
        "ADR;TYPE=HOME:;;street;city;;1;", "ADR;TYPE=WORK:a;b", "NOTE:a\\nb\\,c\\",
        "NOTE:fol\r\n ded", "PHOTO;ENCODING=b:AAAA\r\n BBBB\r\n CCCC", "BDAY:19900228",
        "BDAY;VALUE=text:spring", "CATEGORIES:a,b\\,c", "CATEGORIES:d", "REV:20260102T030405Z",
        "URL:http://x", "X-A;B=\"c:d\":e", "no colon", "", ":", ";:", "\"",
        "TITLE;CHARSET=GB2312:\xc4\xe3", "NOTE:\xff\xfe",
        "FN;ENCODING=QUOTED-PRINTABLE:=E6=9D=\r\n=8E");
}

rc::Gen<std::string> body() {
    const auto noise =
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("\r\n ;:=\"\\,.A\x80\xe5")));
    const auto lines =
        rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(line(), line(), line(), noise));
    return rc::gen::map(rc::gen::pair(lines, rc::gen::arbitrary<bool>()), [](const auto& drawn) {
        std::string out;
        for (const std::string& each : drawn.first) out += each + (drawn.second ? "\r\n" : "\n");
        return out;
    });
}

std::string card_around(const std::string& inner, const std::string& version) {
    return "BEGIN:VCARD\r\nVERSION:" + version + "\r\nX-FIRST:1\r\n" + inner + "\r\nEND:VCARD\r\n";
}

rc::Gen<std::string> a_value() {
    return rc::gen::container<std::string>(
        rc::gen::element<char>('a', ' ', ';', ',', '\\', '\n', ':', '"', '.'));
}

}  // namespace

TEST_CASE("properties of cards", "[carddav][vcard][properties]") {
    rc::prop("reading and writing is the identity", [] {
        const std::string text = card_around(*body(), "3.0");
        RC_ASSERT(Card::parse(text).text() == text);
    });
    rc::prop("writing what is there already changes no byte", [] {
        const std::string text = card_around(*body(), *rc::gen::element<std::string>("3.0", "4.0"));
        Card card = Card::parse(text);
        RC_ASSERT(write_contact(card, read_contact(card), 0));
        RC_ASSERT(card.text() == text);
    });
    rc::prop("an edit leaves every line of other properties as it was", [] {
        const std::string text = card_around(*body(), *rc::gen::element<std::string>("3.0", "4.0"));
        Card card = Card::parse(text);
        const Card before = card;
        const std::string value = *a_value();
        RC_ASSERT(write_contact(card, {{"note", value}}, 0));
        std::vector<std::string> kept, expected;
        for (const Property& each : card.properties())
            if (each.name != "NOTE" && each.name != "REV") kept.push_back(each.raw);
        for (const Property& each : before.properties())
            if (each.name != "NOTE" && each.name != "REV") expected.push_back(each.raw);
        // With the only property of a group its labels may go.
        if (kept.size() == expected.size()) RC_ASSERT(kept == expected);
        RC_ASSERT(kept.size() <= expected.size());
    });
    rc::prop("what is written is read back", [] {
        Card card = Card::parse("BEGIN:VCARD\r\nVERSION:3.0\r\nN:;;;;\r\nEND:VCARD\r\n");
        Values values;
        for (const char* field : {"family_name", "given_name", "company", "title", "email",
                                  "mobile_phone", "work_street", "home_city", "note", "url"}) {
            std::string value = *a_value();
            value = "x" + value + "y";  // blanks at the ends may go
            values[field] = value;
        }
        RC_ASSERT(write_contact(card, values, 0));
        const Values again = read_contact(Card::parse(card.text()));
        for (const auto& [field, value] : values) RC_ASSERT(again.at(field) == value);
    });
}
