#include <catch2/catch.hpp>
#include <string>

#include "plugins/csv/headers.hpp"
#include "plugins/csv/styles.hpp"
#include "plugins/csv/text.hpp"
#include "plugins/csv/values.hpp"

using namespace kontor::csv;
using std::string;

TEST_CASE("dates as people write them", "[csv]") {
    const auto date = [](const char* text, DateOrder order = DateOrder::kUnknown) {
        return parse_date(text, order).value_or("-");
    };
    for (const char* text : {"2026-05-20", "2026/5/20", "2026.5.20", "2026年5月20日", "20260520",
                             " 2026/05/20 ", "2026-05-20 00:00:00", "2026/5/20 0:00"})
        CHECK(date(text) == "2026-05-20");
    CHECK(date("05/20/2026", DateOrder::kMonthFirst) == "2026-05-20");
    CHECK(date("20.5.2026", DateOrder::kDayFirst) == "2026-05-20");
    for (const char* text : {"2026-02-30", "2026-13-01", "05/20/2026", "2026-5", "x", "2026/5-20",
                             "2026-05-20x", "26-05-20", "2026-05-20 10:00"})
        CHECK(date(text) == "-");
}

TEST_CASE("times are local unless they say otherwise", "[csv]") {
    const Habits china;
    CHECK(parse_time("2026-05-20 10:30", china) == "2026-05-20T02:30:00.000Z");
    CHECK(parse_time("2026/5/20 9:05:07.25", china) == "2026-05-20T01:05:07.250Z");
    CHECK(parse_time("2026-05-20T10:30:00+02:00", china) == "2026-05-20T08:30:00.000Z");
    CHECK(parse_time("2026-05-20", china) == "2026-05-19T16:00:00.000Z");
    for (const char* text : {"2026-05-20 24:00", "2026-05-20 10:61", "10:30", "2026-05-20 10"})
        CHECK_FALSE(parse_time(text, china));
}

TEST_CASE("numbers with signs, thousands and currencies; codes are none", "[csv]") {
    CHECK(parse_number("1,234,567.80") == "1234567.8");
    CHECK(parse_number("-¥1,234") == "-1234");
    CHECK(parse_number("￥12.5") == "12.5");
    CHECK(parse_number("$-3") == "-3");
    CHECK(parse_number("1.5E3") == "1500");
    for (const char* text :
         {"", "1,23", "12,34,567", "1,2345", "1.2.3", "12%", "--1", ",123", "x1"})
        CHECK_FALSE(parse_number(text));
    CHECK(is_code("0012"));
    CHECK(is_code("110101199003077512"));
    CHECK_FALSE(is_code("0"));
    CHECK_FALSE(is_code("13800138000"));
}

TEST_CASE("a column is what all of its cells are", "[csv]") {
    const auto guess = [](std::initializer_list<const char*> cells,
                          std::optional<Type> wanted = {}) {
        TypeGuess out;
        for (const auto* cell : cells) out.look_at(cell);
        return string(name_of(out.type(wanted, DateOrder::kUnknown)));
    };
    CHECK(guess({"1", "2", ""}) == "integer");
    CHECK(guess({"1", "2.5"}) == "decimal");
    CHECK(guess({"1", "007"}) == "text");
    CHECK(guess({"110101199003077512", "110101199003077513"}) == "text");
    CHECK(guess({"是", "否"}) == "boolean");
    CHECK(guess({"2026/5/20", "2026-01-02"}) == "date");
    CHECK(guess({"2026-01-02 10:00", "2026-01-02"}) == "instant");
    CHECK(guess({"13/01/2026", "01/02/2026"}) == "date");  // the day comes first
    CHECK(guess({"05/06/2026", "01/02/2026"}) == "text");  // nobody knows
    CHECK(guess({"20260520", "20260521"}) == "integer");
    CHECK(guess({"20260520", "20260521"}, Type::kDate) == "date");
    CHECK(guess({"46162", "46163"}, Type::kDate) == "date");  // Excel's days
    CHECK(guess({"a@example.com"}) == "email");
    CHECK(guess({"https://example.com"}) == "url");
    CHECK(guess({}) == "text");
    CHECK(guess({"x"}, Type::kDecimal) == "text");
    CHECK(guess({"1990/5/20", "1991/2/30", "1991/2/3"}, Type::kDate) == "date");  // one mistake
    CHECK(guess({"1990/5/20", "1991/2/30", "1991/2/3"}) == "text");
    CHECK(guess({"1990/5/20", "1990/5/21 10:00", "1991/2/3"}, Type::kDate) == "instant");
    CHECK(guess({"1", "2", "2.5", "3"}, Type::kInteger) == "decimal");
    TypeGuess few;
    for (int i = 0; i < 30; ++i) few.look_at(i % 2 == 0 ? "潜在" : "成交");
    CHECK(few.type({}, DateOrder::kUnknown) == Type::kChoice);
    CHECK(few.choices().size() == 2);
    TypeGuess order;
    order.look_at("13/01/2026");
    CHECK(order.date_order() == DateOrder::kDayFirst);
}

TEST_CASE("Excel's days and formats", "[csv]") {
    CHECK(date_of_serial(46'162) == "2026-05-20");
    CHECK(date_of_serial(61) == "1900-03-01");
    CHECK_FALSE(date_of_serial(60));  // 29 February 1900, which never was
    CHECK_FALSE(date_of_serial(2'958'466));
    CHECK(number_text("46162", NumberKind::kDate, false) == "2026-05-20");
    CHECK(number_text("44700", NumberKind::kDate, true) == "2026-05-20");
    CHECK(number_text("46162.4375", NumberKind::kDateTime, false) == "2026-05-20T10:30:00");
    CHECK(number_text("0.4375", NumberKind::kTime, false) == "10:30:00");
    CHECK(number_text("0.30000000000000004", NumberKind::kNumber, false) == "0.3");
    CHECK(number_text("1.3800138E10", NumberKind::kNumber, false) == "13800138000");
    CHECK(number_text("1e999", NumberKind::kDate, false) == "1e999");
    CHECK(kind_of_format("yyyy\"年\"m\"月\"d\"日\"") == NumberKind::kDate);
    CHECK(kind_of_format("[$-804]yyyy/m/d h:mm;@") == NumberKind::kDateTime);
    CHECK(kind_of_format("[h]:mm:ss") == NumberKind::kTime);
    CHECK(kind_of_format("#,##0.00_);[Red](#,##0.00)") == NumberKind::kNumber);
    CHECK(kind_of_format("0.00E+00") == NumberKind::kNumber);
    CHECK(kind_of_format("General") == NumberKind::kNumber);
    CHECK(kind_of_format("\"day\" 0") == NumberKind::kNumber);
    CHECK(kind_of_format("") == NumberKind::kNumber);
}

TEST_CASE("names of columns in either language, however they are written", "[csv]") {
    CHECK(meaning_of("contact", " E-Mail Address * ").column == "email");
    CHECK(meaning_of("contact", "手机号码").column == "mobile");
    CHECK(meaning_of("account", "客户名称").column == "name");
    CHECK(meaning_of("lead", "公司").column == "company");
    CHECK(meaning_of("contact", "mailing_zip").column == "mailing_zip");
    CHECK(meaning_of("", "入职日期").type == Type::kDate);
    CHECK(meaning_of("contact", "unheard of").column.empty());
    CHECK(entity_of("名单", {"姓名", "手机"}) == "contact");
    CHECK(entity_of("x", {"Stage", "Amount"}) == "deal");
    CHECK(entity_of("x", {"foo"}).empty());
    CHECK(names_a_key("Customer No."));
    CHECK(trimmed("\xE3\x80\x80 a b\xC2\xA0") == "a b");
}
