// Bulk results as they should be, as they might be, and broken.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "plugins/zoho/csv_records.hpp"
#include "tests/plugins/zoho/account.hpp"

using namespace kontor;
using CsvRows = std::vector<std::vector<std::string>>;

namespace {

sdk::CsvReader::Source source(const std::string& text, std::size_t grain) {
    auto at = std::make_shared<std::size_t>(0);
    return [&text, grain, at](char* buffer, std::size_t size) {
        const std::size_t got = std::min({size, grain, text.size() - *at});
        std::memcpy(buffer, text.data() + *at, got);
        *at += got;
        return got;
    };
}

CsvRows rows(const std::string& text, std::size_t grain = 1 << 20) {
    sdk::CsvReader csv(source(text, grain));
    CsvRows out;
    std::vector<std::string_view> row;
    while (csv.next(row)) out.emplace_back(row.begin(), row.end());
    return out;
}

}  // namespace

TEST_CASE("CSV rows keep commas, quotes and line breaks", "[zoho][csv]") {
    const std::string text =
        "\xEF\xBB\xBF"
        "a,b,c\r\n1,\"x, \"\"y\"\"\r\nz\",\r\n\n\"\",\"q\",2";
    const CsvRows expected{{"a", "b", "c"}, {"1", "x, \"y\"\r\nz", ""}, {"", "q", "2"}};
    CHECK(rows(text) == expected);
    CHECK(rows(text, 1) == expected);
    CHECK(rows("") == CsvRows{});
    CHECK(rows("a,\n") == CsvRows{{"a", ""}});
}

TEST_CASE("long rows and many rows cross the buffer's edge unharmed", "[zoho][csv]") {
    std::string text;
    CsvRows expected;
    for (int i = 0; i < 20'000; ++i) {
        const std::string cell =
            std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), 'x');
        text += cell + ",\"" + cell + "\"\"\"\n";
        expected.push_back({cell, cell + "\""});
    }
    expected.push_back({std::string(3'000'000, 'y')});
    text += "\"" + expected.back()[0] + "\"";
    CHECK(rows(text, 65'536) == expected);
}

TEST_CASE("broken CSV is refused", "[zoho][csv]") {
    for (const std::string& bad :
         std::vector<std::string>{"a,\"never ends\n1,2\n", "a\n\"x\"y\n", std::string(5000, ',')})
        CHECK_THROWS_AS(rows(bad), sdk::Error);
    CHECK_THROWS_AS(rows("\"" + std::string(40'000'000, 'x') + "\""), sdk::Error);
}

TEST_CASE("rows become records by the header, not by position", "[zoho][csv]") {
    zoho::Module module;
    module.name = "Contacts";
    const auto fields = sdk::parse_json(test::contact_fields(), "fields");
    for (const auto& each : fields["fields"])
        module.fields.push_back(zoho::parse_field("Contacts", each));
    const zoho::Columns columns(
        module, {"Last_Name", "Account_Name", "Email_Opt_Out", "Score", "Lead_Source", "Interests",
                 "Date_of_Birth", "Created_Time", "Email"});
    const std::string text =
        "Score,Account_Name.id,Account_Name.name,Id,Modified_Time,Last_Name,Modified_By,"
        "Email_Opt_Out,Lead_Source,Interests,Created_Time,Unasked,Date_of_Birth\n"
        "1.50,99,Acme,1,2026-05-20T10:00:00+05:30,Ada,77,True,Web,b;a,2026-05-20T00:00:00Z,x,"
        "2000-01-02\n"
        ",,,2,,,,false,-None-,,,,\n";
    sdk::CsvReader csv(source(text, 1000));
    zoho::CsvRecords records(csv, columns, zoho::CsvRecords::As::kRecords);
    abi::BatchWriter out;
    while (records.next(out)) {
    }
    test::FakeHost host;
    sdk::Host(host.raw()).emit(out);
    const auto read = host.records();
    REQUIRE(read.size() == 2);
    CHECK(read[0].id == "1");
    CHECK(read[0].version == "2026-05-20T04:30:00.000Z");
    CHECK(read[0].actor == "77");
    const std::vector<std::string> expected{
        "Ada",      "99",           "1",          "1.5",
        "web_site", R"(["a","b"])", "2000-01-02", "2026-05-20T00:00:00.000Z",
        "<absent>"};
    for (std::uint16_t i = 0; i < expected.size(); ++i)
        CHECK(test::shown(read[0], i) == expected[i]);
    for (std::uint16_t i = 0; i < 8; ++i)
        CHECK(test::shown(read[1], i) == (i == 2 ? "0" : "<null>"));
}

TEST_CASE("results that are none are refused", "[zoho][csv]") {
    zoho::Module module;
    const zoho::Columns columns(module, {});
    for (const std::string& bad : std::vector<std::string>{
             "", "Name,Email\nA,b\n", "Id,A\n1\n", "Id,A\n,x\n", "Id,A\n../x,x\n", "Id,A\n1e9,x\n",
             "Id,A\n\"1,2\",x\n", "Id,A\n1,\xff\n", "Id,A\n1,\xed\xa0\x80\n",
             "Id,A\n1,\xf0\x9f\x98\n"}) {
        CAPTURE(bad);
        const auto read_all = [&] {
            sdk::CsvReader csv(source(bad, 1000));
            zoho::CsvRecords records(csv, columns, zoho::CsvRecords::As::kRecords);
            abi::BatchWriter out;
            while (records.next(out)) {
            }
        };
        CHECK_THROWS_AS(read_all(), sdk::Error);
    }
}
