// Pages of records: every shape of a value, and everything a hostile or broken server may send.
#include "plugins/zoho/json_page.hpp"

#include <catch2/catch.hpp>

#include "tests/plugins/zoho/account.hpp"

using namespace kontor;

namespace {

// One module with one field of every kind, and a page reader for it.
struct Reading {
    explicit Reading(const std::string& fields) {
        module.name = "Contacts";
        std::vector<std::string> names;
        for (const auto& each : sdk::parse_json("[" + fields + "]", "fields")) {
            module.fields.push_back(zoho::parse_field("Contacts", each));
            names.push_back(module.fields.back().spec.name);
        }
        columns = std::make_unique<zoho::Columns>(module, names);
        reader = std::make_unique<zoho::PageReader>(*columns);
    }
    std::vector<test::EmittedRecord> read(const std::string& body) {
        abi::BatchWriter out;
        page = reader->read(body, out);
        test::FakeHost host;
        sdk::Host(host.raw()).emit(out);
        return host.records();
    }
    std::vector<test::EmittedRecord> records(const std::string& inner) {
        return read("{\"data\":[" + inner + "],\"info\":{\"more_records\":false}}");
    }

    zoho::Module module;
    std::unique_ptr<zoho::Columns> columns;
    std::unique_ptr<zoho::PageReader> reader;
    zoho::Page page;
};

std::string field(const char* name, const char* type, const char* more = "") {
    return std::string("{\"api_name\":\"") + name + "\",\"data_type\":\"" + type + "\"" + more +
           "}";
}

}  // namespace

TEST_CASE("every value crosses in its canonical form", "[zoho][page]") {
    Reading reading(field("T", "text") + "," + field("I", "integer") + "," + field("D", "double") +
                    "," + field("B", "boolean") + "," + field("Day", "date") + "," +
                    field("At", "datetime") + "," + field("Ref", "lookup") + "," +
                    field("L", "multiselectpicklist") + "," + field("J", "subform") + "," +
                    field("P", "picklist",
                          R"(,"pick_list_values":[{"display_value":"Web","actual_value":"w"}])") +
                    "," + field("Tag", "text") + "," + field("What_Id", "multi_module_lookup") +
                    "," + field("Big", "bigint"));
    const auto records = reading.records(
        R"({"T":"a\"\u00e9","I":42,"D":1234567890123456.7891,"B":true,"Day":"2026-05-20",
            "At":"2026-05-20T10:00:00+05:30","Ref":{"name":"Acme","id":"123"},"L":["b","a","b"],
            "J":[{"z":1.0,"id":"5","a":null}],"P":"Web","Tag":[{"name":"x","id":"1"}],
            "What_Id":{"name":"D","id":"9"},"$se_module":"Deals","Big":"1234567890123456789",
            "Modified_By":{"id":"77","name":"U"},"Modified_Time":"2026-05-20T10:00:01+05:30",
            "id":"410888000000099071","Unknown":{"deep":[1,2,{}]}})");
    REQUIRE(records.size() == 1);
    const auto& one = records[0];
    CHECK(one.id == "410888000000099071");
    CHECK(one.version == "2026-05-20T04:30:01.000Z");
    CHECK(one.actor == "77");
    const std::vector<std::string> expected{"a\"\xc3\xa9",
                                            "42",
                                            "1234567890123456.7891",
                                            "1",
                                            "2026-05-20",
                                            "2026-05-20T04:30:00.000Z",
                                            "123",
                                            R"(["a","b"])",
                                            R"([{"a":null,"id":"5","z":1}])",
                                            "w",
                                            R"(["x"])",
                                            "Deals:9",
                                            "1234567890123456789"};
    for (std::uint16_t i = 0; i < expected.size(); ++i) CHECK(test::shown(one, i) == expected[i]);
}

TEST_CASE("an empty list is null, as exports have it", "[zoho][page]") {
    Reading reading(field("M", "multiselectpicklist") + "," + field("Tag", "text"));
    const auto records = reading.records(R"({"id":"1","M":["-None-"],"Tag":[]},)"
                                         R"({"id":"2","M":["b","a"],"Tag":[{"name":"t"}]})");
    REQUIRE(records.size() == 2);
    CHECK(test::shown(records[0], 0) == "<null>");
    CHECK(test::shown(records[0], 1) == "<null>");
    CHECK(test::shown(records[1], 0) == R"(["a","b"])");
    CHECK(test::shown(records[1], 1) == R"(["t"])");
}

TEST_CASE("absent, null and cut off are told apart", "[zoho][page]") {
    Reading reading(field("A", "text") + "," + field("B", "text") + "," + field("S", "subform") +
                    "," + field("R", "textarea", R"(,"textarea":{"type":"rich_text"})") + "," +
                    field("What_Id", "multi_module_lookup"));
    const std::string longer(300, 'x');
    const auto records = reading.records(R"({"id":"1","B":null,"S":[{"id":"2"}],"R":")" + longer +
                                         R"(","What_Id":{"id":"5"},"$has_more":{"S":true}},)" +
                                         R"({"id":"2","R":"short","S":[]})");
    REQUIRE(records.size() == 2);
    CHECK(test::shown(records[0], 0) == "<absent>");
    CHECK(test::shown(records[0], 1) == "<null>");
    CHECK(test::shown(records[0], 2) == "<absent>");
    CHECK(test::shown(records[0], 3) == "<absent>");
    CHECK(test::shown(records[0], 4) == "<absent>");  // which module's 5?
    CHECK(reading.page.cut == std::vector<std::string>{"1"});
    CHECK(test::shown(records[1], 2) == "[]");
    CHECK(test::shown(records[1], 3) == "short");
    CHECK(records[0].version.empty());
}

TEST_CASE("keys may come in another order in every record", "[zoho][page]") {
    Reading reading(field("A", "text") + "," + field("AB", "text"));
    const auto records = reading.records(
        R"({"id":"1","A":"a","AB":"b"},{"AB":"b","id":"2","A":"a"},{"A":"a","\u0041B":"b","id":"3"})");
    REQUIRE(records.size() == 3);
    for (const auto& each : records) {
        CHECK(test::shown(each, 0) == "a");
        CHECK(test::shown(each, 1) == "b");
    }
}

TEST_CASE("paging facts are read", "[zoho][page]") {
    Reading reading(field("A", "text"));
    reading.read(R"({"info":{"more_records":true,"next_page_token":"t","count":2},"data":[
        {"id":"1","Modified_Time":"2026-01-01T00:00:02Z"},{"id":"2","Modified_Time":"2026-01-01T00:00:01Z"}]})");
    CHECK(reading.page.more);
    CHECK(reading.page.next_token == "t");
    CHECK(reading.page.last_id == "2");
    CHECK_FALSE(reading.page.ordered);
    CHECK(reading.page.newest_ms == 1'767'225'602'000);
    CHECK(reading.read(R"({"data":[],"info":null})").empty());
}

TEST_CASE("hostile pages are refused with a reason", "[zoho][page]") {
    Reading reading(field("A", "text") + "," + field("J", "subform") + "," + field("D", "double"));
    const std::string deep = std::string(5000, '[') + std::string(5000, ']');
    for (const std::string& bad : std::vector<std::string>{
             "", " ", "null", "[]", "42", "{", "<html>sorry</html>", R"({"data":{}})",
             R"({"data":[1]})", R"({"data":[{"A":"no id"}]})", R"({"data":[{"id":""}]})",
             R"({"data":[{"id":"1"})", R"({"data":[{"id":"1","A":"cut off)",
             R"({"data":[{"id":"1"}]} trailing)", "{\"data\":[{\"id\":\"1\",\"A\":\"\xff\xfe\"}]}",
             R"({"code":"X","message":"m"})", R"({"data":[{"id":"1","J":)" + deep + "}]}",
             R"({"data":[{"id":"1","J":[1,}]}]})", R"({"data":[{"id":"1","D":nope}]})"}) {
        CAPTURE(bad.substr(0, 80));
        try {
            reading.read(bad);
            FAIL("no error");
        } catch (const sdk::Error& error) {
            CHECK(error.status() == KONTOR_E_PROTOCOL);
            CHECK(std::string(error.what()).size() > 10);
        }
    }
    // It would be sent back to Zoho within a list of ids.
    for (const char* id : {"1e9", R"("1,2")", R"("x")"})
        CHECK_THROWS_AS(reading.records(std::string(R"({"A":"a","id":)") + id + "}"), sdk::Error);
    // Afterwards the reader still works.
    CHECK(reading.records(R"({"id":"1","A":"a"})").size() == 1);
}

TEST_CASE("a refused page says which record and field it was", "[zoho][page]") {
    Reading reading(field("A", "text") + "," + field("J", "subform") + "," + field("D", "double"));
    const std::string deep = std::string(5000, '[') + std::string(5000, ']');
    const std::string page = "a page of Contacts: ";
    const auto data = [](const std::string& records) { return "{\"data\":[" + records + "]}"; };
    const std::vector<std::pair<std::string, std::string>> cases{
        {data(R"({"id":"7","D":)" + std::string(1000, '9') + "}"),
         "record 7, field D: no number, or one of too many digits"},
        {data(R"({"id":"7","J":)" + deep + "}"), "record 7, field J: "},
        {data(R"({"id":"7"},{"A":"x","id":")" + std::string(65, '1') + "\"}"),
         "record no. 2 of the page, field id: an id that is none of Zoho's"},
        {data(R"({"id":"\u001b[31m"})"), "record no. 1 of the page, field id: "},
        {data(R"({"id":"7"},[])"), "record no. 2 of the page: not of the form that Zoho sends"},
        {data(R"({"A":"x"})"), "record no. 1 of the page: it has no id"},
        {"{}", "no list of records"},
        {"{\"data\":[{\"id\":\"1\",\"A\":\"\xff\"}]}", "a text that is not UTF-8"},
    };
    for (const auto& [bad, why] : cases) {
        CAPTURE(bad.substr(0, 80));
        try {
            reading.read(bad);
            FAIL("no error");
        } catch (const sdk::Error& error) {
            const std::string said = error.what();
            CAPTURE(said);
            CHECK(said.starts_with(page + why));
            CHECK(said.size() < 200);
        }
    }
    CHECK(reading.records(R"({"id":")" + std::string(64, '1') + "\"}").size() == 1);
}

TEST_CASE("odd values do not stop a page", "[zoho][page]") {
    Reading reading(field("D", "double") + "," + field("At", "datetime") + "," +
                    field("T", "text") + "," + field("B", "boolean") + "," + field("R", "lookup"));
    const auto records = reading.records(
        R"({"id":1234567890123456789,"D":123456789012345678901234567890.5,"At":"soon","T":{"b":1,"a":2},"B":"maybe","R":"5"})");
    REQUIRE(records.size() == 1);
    CHECK(records[0].id == "1234567890123456789");
    CHECK(test::shown(records[0], 0) == "123456789012345678901234567890.5");
    CHECK(test::shown(records[0], 1) == "soon");
    CHECK(test::shown(records[0], 2) == R"({"a":2,"b":1})");
    CHECK(test::shown(records[0], 3) == "maybe");
    CHECK(test::shown(records[0], 4) == "5");
}
