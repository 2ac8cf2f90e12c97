#include "plugins/carddav/text.hpp"

#include <catch2/catch.hpp>

using namespace kontor::carddav;

TEST_CASE("escapes are undone and made", "[carddav][text]") {
    CHECK(unescaped("a\\nb\\Nc\\,d\\;e\\\\f\\:g\\x") == "a\nb\nc,d;e\\f:g\\x");
    CHECK(escaped("a\r\nb\nc,d;e\\f:g\x01") == "a\\nb\\nc\\,d\\;e\\\\f:g");
    CHECK(unescaped("end\\") == "end\\");
}

TEST_CASE("components are split where they are not escaped", "[carddav][text]") {
    CHECK(split_escaped("a\\;b;;c", ';') == std::vector<std::string>{"a\\;b", "", "c"});
    CHECK(joined({"a", "", "b"}, ';') == "a;;b");
}

TEST_CASE("dates and date-times of all forms", "[carddav][text]") {
    CHECK(date_of("19900228") == "1990-02-28");
    CHECK(date_of("1990-02-28") == "1990-02-28");
    CHECK(date_of("1990-02-28T00:00:00Z") == "1990-02-28");
    for (const char* none : {"--0228", "1990", "1990-02", "spring", "", "19900230", "1990-13-01"})
        CHECK_FALSE(date_of(none));
    CHECK(instant_of("20260102T030405Z") == 1'767'323'045'000);
    CHECK(instant_of("2026-01-02T03:04:05Z") == 1'767'323'045'000);
    CHECK(instant_of("2026-01-02T11:04:05+08:00") == 1'767'323'045'000);
    for (const char* none : {"20260102", "T030405Z", "20260102T", "20260102T03Z"})
        CHECK_FALSE(instant_of(none));
}

TEST_CASE("names are shown in the order of their script", "[carddav][text]") {
    CHECK(display_name("王", "小明") == "王小明");
    CHECK(display_name("김", "철수") == "김철수");
    CHECK(display_name("Lovelace", "Ada") == "Ada Lovelace");
    CHECK(display_name("Müller", "小明") == "小明 Müller");
    CHECK(display_name("王", "") == "王");
    CHECK(display_name("", "Ada") == "Ada");
}

TEST_CASE("quoted-printable and percent escapes", "[carddav][text]") {
    CHECK(from_quoted_printable("=E6=9D=8E=\r\nx=3D=zz") == "李x==zz");
    CHECK(percent_decoded("a%20b%E6%9D%8E") == "a b李");
    CHECK_FALSE(percent_decoded("%2"));
    CHECK_FALSE(percent_decoded("%zz"));
}
