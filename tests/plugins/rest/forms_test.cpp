// Values in the remote's own forms, in both directions.
#include <catch2/catch.hpp>

#include "connectors/declarative/read.hpp"
#include "plugins/rest/values.hpp"
#include "tests/plugins/rest/remote.hpp"

namespace {

using namespace kontor::test;
namespace abi = kontor::abi;
namespace declarative = kontor::declarative;

declarative::Description described(const std::string& field) {
    const std::string text = std::string(kHead) + R"(
[format.day]
__class__ = "date"
year = "%Y"
month = "%m"
day = "%d"
[format.amount]
__class__ = "Decimal"
decimal = "%v"
[format.dated]
__type = "Date"
iso = "%v"
[format.mail]
list = [{ value = "%v", primary = true }]
[stream.s]
id = "/id"
blank = ""
[stream.s.list]
path = "s"
[stream.s.fields]
f = )" + field + "\n";
    kontor::config::Problems problems;
    auto out = declarative::read_description(text, "t", problems);
    if (!out) FAIL(problems.front().text());
    return *out;
}

/// What a row's value is here; "-" if it makes no sense.
std::string in(const std::string& field, const Json& value, std::int64_t offset_ms = 0) {
    const auto description = described(field);
    const kontor::rest::ValueForms forms(description, offset_ms);
    abi::BatchWriter batch;
    batch.begin(abi::Op::kRecord, "1");
    if (!forms.add(description.streams[0].fields[0], value, 0, batch)) return "-";
    abi::BatchReader reader(batch.bytes());
    REQUIRE(reader.next());
    abi::BatchReader::Field got;
    REQUIRE(reader.next_field(got));
    if (got.tag == abi::Tag::kNull) return "null";
    if (got.tag == abi::Tag::kInteger) return "i" + std::to_string(got.integer);
    if (got.tag == abi::Tag::kReal) return "r" + std::to_string(got.real);
    return std::string(got.text);
}

Json out(const std::string& field, const FakeValue& value, std::int64_t offset_ms = 0) {
    const auto description = described(field);
    const kontor::rest::ValueForms forms(description, offset_ms);
    abi::BatchReader::Field given;
    if (const auto* text = std::get_if<std::string>(&value)) {
        given.tag = abi::Tag::kText;
        given.text = *text;
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
        given.tag = abi::Tag::kInteger;
        given.integer = *number;
    } else {
        given.tag = abi::Tag::kNull;
    }
    const auto& stream = description.streams[0];
    return forms.written(stream, stream.fields[0], given).value_or(Json("refused"));
}

constexpr std::int64_t kEightHours = 8 * 3'600'000;

}  // namespace

TEST_CASE("moments: epochs, patterns, objects, local time", "[rest]") {
    CHECK(in("\"instant\"", "2026-05-01T10:00:00+02:00") == "2026-05-01T08:00:00.000Z");
    CHECK(in("\"instant\"", "2026-05-01 10:00:00", kEightHours) == "2026-05-01T02:00:00.000Z");
    CHECK(in("{type = \"instant\", format = \"epoch\"}", 1700000000) == "2023-11-14T22:13:20.000Z");
    CHECK(in("{type = \"instant\", format = \"epoch\"}", "1700000000.25") ==
          "2023-11-14T22:13:20.250Z");
    CHECK(in("{type = \"instant\", format = \"epoch_ms\"}", "1700000000001") ==
          "2023-11-14T22:13:20.001Z");
    CHECK(in("{type = \"instant\", format = \"%d.%m.%Y %H:%M\"}", "01.05.2026 10:30") ==
          "2026-05-01T10:30:00.000Z");
    CHECK(in("{type = \"instant\", format = \"epoch\"}", "soon") == "-");
    CHECK(in("\"instant\"", "0000-00-00 00:00:00") == "null");
    CHECK(out("{type = \"instant\", format = \"epoch\"}", "2023-11-14T22:13:20.999Z") ==
          1700000000);
    CHECK(out("{type = \"instant\", format = \"%Y-%m-%d %H:%M:%S\"}", "2023-11-14T22:13:20.000Z",
              kEightHours) == "2023-11-15 06:13:20");
}

TEST_CASE("moments: a text within an object", "[rest]") {
    const std::string dated = "{type = \"instant\", format = \"dated\"}";
    const Json moment = {{"__type", "Date"}, {"iso", "2026-05-01T10:00:00.123Z"}};
    CHECK(in(dated, moment) == "2026-05-01T10:00:00.123Z");
    CHECK(out(dated, "2026-05-01T10:00:00.123Z") == moment);
    CHECK(in(dated, Json()) == "null");
    CHECK(in(dated, {{"__type", "Date"}}) == "-");
    CHECK(in(dated, {{"iso", 7}}) == "-");
    CHECK(in("{type = \"date\", format = \"dated\"}", moment) == "2026-05-01");
    CHECK(out("{type = \"date\", format = \"dated\"}", "2026-05-01") ==
          Json{{"__type", "Date"}, {"iso", "2026-05-01T00:00:00.000Z"}});
}

TEST_CASE("days: as text, as an object, as the epoch of their midnight", "[rest]") {
    const Json day = {{"__class__", "date"}, {"year", 1990}, {"month", 2}, {"day", 28}};
    const std::string object = "{type = \"date\", format = \"day\"}";
    CHECK(in(object, day) == "1990-02-28");
    CHECK(out(object, "1990-02-28") == day);
    CHECK(in(object, {{"year", 1990}}) == "-");
    CHECK(in("\"date\"", "1990-02-28T00:00:00Z") == "1990-02-28");
    CHECK(in("\"date\"", "1990-02-31") == "-");
    const std::string epoch = "{type = \"date\", format = \"epoch\"}";
    CHECK(in(epoch, 636134400, kEightHours) == "1990-02-28");
    CHECK(out(epoch, "1990-02-28", kEightHours) == 636134400);
}

TEST_CASE("numbers and truth: as text, wrapped, in whatever form", "[rest]") {
    CHECK(in("\"decimal\"", "12.50") == "12.5");
    CHECK(in("\"decimal\"", 3) == "3");
    CHECK(in("\"decimal\"", "twelve") == "-");
    CHECK(in("\"integer\"", "7") == "i7");
    CHECK(in("\"integer\"", 7.5) == "-");
    CHECK(out("{type = \"integer\", format = \"text\"}", std::int64_t{7}) == "7");
    CHECK(out("\"decimal\"", "12.5") == 12.5);
    const std::string wrapped = "{type = \"decimal\", format = \"amount\"}";
    CHECK(in(wrapped, {{"__class__", "Decimal"}, {"decimal", "9.90"}}) == "9.9");
    CHECK(out(wrapped, "9.9") == Json{{"__class__", "Decimal"}, {"decimal", "9.9"}});
    CHECK(in("\"boolean\"", "1") == "i1");
    CHECK(in("\"boolean\"", false) == "i0");
    CHECK(in("\"boolean\"", "maybe") == "-");
    CHECK(out("{type = \"boolean\", format = \"integer_text\"}", std::int64_t{1}) == "1");
}

TEST_CASE("lists, texts in lists, references, blanks", "[rest]") {
    CHECK(in("{type = \"list\", separator = \";\"}", "b;a;b") == R"(["a","b"])");
    CHECK(out("{type = \"list\", separator = \";\"}", R"(["a","b"])") == "a;b");
    CHECK(in("{type = \"list\", item = \"/id\"}", {{{"id", 2}}, {{"id", 1}}}) == R"(["1","2"])");
    CHECK(out("{type = \"list\", item = \"/id\"}", R"(["x"])") == Json::array({{{"id", "x"}}}));
    CHECK(in("\"list\"", "plain") == "-");
    const std::string mail = "{type = \"email\", format = \"mail\"}";
    const Json mails = {{"list", Json::array({{{"value", "a@b.c"}, {"primary", true}}})}};
    CHECK(in(mail, mails) == "a@b.c");
    CHECK(in(mail, {{"list", Json::array()}}) == "null");
    CHECK(out(mail, "a@b.c") == mails);
    CHECK(in("{type = \"reference\", to = \"s\"}", "0") == "null");
    CHECK(in("{type = \"reference\", to = \"s\"}", 12) == "12");
    CHECK(out("{type = \"reference\", to = \"s\", format = \"number\"}", "12") == 12);
    CHECK(in("\"text\"", "") == "null");
    CHECK(in("\"text\"", false) == "null");
    CHECK(in("\"text\"", {{"a", 1}}) == "-");
    CHECK(out("\"text\"", std::monostate()) == "");
    CHECK(in("\"json\"", {{"b", 1}, {"a", 2}}) == R"({"a":2,"b":1})");
}

namespace {

std::string with_members(const std::string& members) {
    return "[option.forms]\ntype = \"list\"\n[stream.people]\nid = \"/id\"\n"
           "[stream.people.list]\npath = \"people\"\nrecords = \"/data\"\n[stream.people.fields]\n"
           "answers = { type = \"json\", members = " +
           members + " }\n";
}

}  // namespace

TEST_CASE("members are made of a list of names and values, or of a text", "[rest]") {
    RestRemote list(with_members(R"({ name = ["/ref", "/id"], value = ["/number", "/text"] })"));
    list.answer(Json{{"data",
                      {{{"id", 1},
                        {"answers",
                         {{{"ref", "a"}, {"number", 9}},
                          {{"id", "b"}, {"text", "x"}},
                          {{"id", "c"}, {"text", ""}},
                          {{"number", 1}},
                          {{"ref", nullptr}, {"id", "d"}, {"number", nullptr}, {"text", "y"}}}}},
                       {{"id", 2}, {"answers", "no list"}},
                       {{"id", 3}, {"answers", Json::array()}}}}});
    list.pull("people", {"answers"});
    auto records = list.host.records();
    CHECK(std::get<std::string>(records.at(0).fields.at(0)) == R"({"a":9,"b":"x","d":"y"})");
    CHECK(records.at(1).fields.empty());
    CHECK(std::get<std::string>(records.at(2).fields.at(0)) == "{}");

    RestRemote text(with_members(R"({ ends = "}", between = "$", items = "|" })"));
    text.answer(
        Json{{"data",
              {{{"id", 1}, {"answers", "2$1}3$1|3}4$a$b}5$}x}$1"}}, {{"id", 2}, {"answers", 7}}}}});
    text.pull("people", {"answers"});
    records = text.host.records();
    CHECK(std::get<std::string>(records.at(0).fields.at(0)) ==
          R"({"2":"1","3":["1","3"],"4":"a$b"})");
    CHECK(records.at(1).fields.empty());
}
