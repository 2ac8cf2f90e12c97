// Workbooks as Excel, WPS and others write them, and as an attacker would.
#include "plugins/csv/workbook.hpp"

#include "tests/plugins/csv/folder.hpp"
#include "tests/plugins/csv/workbook.hpp"

using namespace kontor;
using namespace kontor::test;
using Texts = std::vector<std::string>;

namespace {

std::string text_cell(const std::string& at, const std::string& text) {
    return "<c r=\"" + at + "\" t=\"inlineStr\"><is><t>" + text + "</t></is></c>";
}

Texts problems_of(const std::string& bytes, const std::string& name = "book.xlsx") {
    CsvFolder folder;
    folder.put(name, bytes);
    folder.put("good.csv", "id\n1\n");
    // The others go on.
    CHECK(folder.pull("good").size() == 1);
    return folder.problems();
}

}  // namespace

TEST_CASE("a sheet's texts, numbers, dates, booleans and formulas are taken in", "[csv][xlsx]") {
    CsvFolder folder;
    folder.put(
        "联系人.xlsx",
        zip_of(workbook_with(
            "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>" +
                text_cell("C1", "生日") + text_cell("D1", "金额") + text_cell("E1", "会员") +
                text_cell("F1", "拜访时间") + text_cell("G1", "合计") +
                "</row>"
                "<row r=\"3\"><c r=\"A3\"><v>7</v></c><c r=\"B3\" t=\"s\"><v>2</v></c>"
                "<c r=\"C3\" s=\"1\"><v>46162</v></c><c r=\"D3\"><v>0.30000000000000004</v></c>"
                "<c r=\"E3\" t=\"b\"><v>1</v></c><c r=\"F3\" s=\"2\"><v>46162.4375</v></c>"
                "<c r=\"G3\"><f>1+2</f><v>3</v></c></row>"
                "<row r=\"4\"><c r=\"A4\"><v>8</v></c><c r=\"G4\" t=\"e\"><v>#N/A</v></c></row>",
            "<si><t>编号</t></si><si><t>姓名</t></si>"
            "<si><r><t>张</t></r><r><t xml:space=\"preserve\">三 </t></r><rPh><t>zs</t></rPh></si>",
            "<numFmts><numFmt numFmtId=\"176\" formatCode=\"yyyy/m/d h:mm\"/></numFmts>"
            "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"176\"/></cellXfs>")));
    const auto records = folder.pull("联系人");
    REQUIRE(records.size() == 2);
    CHECK(records[0].id == "7");
    const auto& v = records[0].values;
    CHECK(v.at("姓名") == "张三 ");
    CHECK(v.at("生日") == "2026-05-20");
    CHECK(v.at("金额") == "0.3");
    CHECK(v.at("会员") == "1");
    CHECK(v.at("拜访时间") == "2026-05-20T02:30:00.000Z");
    CHECK(v.at("合计") == "3");
    CHECK(records[1].values.at("合计") == "(null)");
    CHECK(records[1].values.at("姓名") == "(null)");
    CHECK(folder.problems().empty());
}

TEST_CASE("each sheet that holds something is a table; hidden and empty ones are none",
          "[csv][xlsx]") {
    auto parts =
        workbook_with("<row>" + text_cell("A1", "id") + "</row><row r=\"2\"><c><v>1</v></c></row>");
    parts["xl/worksheets/sheet2.xml"] =
        "<x:worksheet xmlns:x=\"m\"><x:sheetData><x:row r=\"5\"><x:c r=\"B5\" "
        "t=\"str\"><x:v>id</x:v>"
        "</x:c></x:row><x:row r=\"6\"><x:c r=\"B6\"><x:v>2</x:v></x:c></x:row></x:sheetData>"
        "<x:rowBreaks/></x:worksheet>";
    parts["xl/worksheets/sheet3.xml"] = "<worksheet><sheetData/></worksheet>";
    parts["xl/worksheets/sheet4.xml"] = parts["xl/worksheets/sheet1.xml"];
    auto& relations = parts["xl/_rels/workbook.xml.rels"];
    auto& book = parts["xl/workbook.xml"];
    for (const auto* n : {"2", "3", "4"}) {
        relations.insert(relations.find("</Relationships>"),
                         "<Relationship Id=\"s" + std::string(n) +
                             "\" Type=\"x/worksheet\" Target=\"worksheets/sheet" + n + ".xml\"/>");
        book.insert(book.find("</sheets>"), "<sheet name=\"S" + std::string(n) + "\" " +
                                                (*n == '4' ? "state=\"hidden\" " : "") +
                                                "r:id=\"s" + n + "\"/>");
    }
    CsvFolder folder;
    folder.put("team.xlsx", zip_of(parts));
    Texts names;
    for (const auto& stream : folder.connector().describe()) names.push_back(stream.name);
    CHECK(names == Texts{"team.S2", "team.Sheet1", "csv_problems"});
    CHECK(folder.pull("team.S2").size() == 1);
    CHECK(folder.pull("team.Sheet1").size() == 1);
}

TEST_CASE("what is no workbook is named, and the other files go on", "[csv][xlsx]") {
    CHECK(problems_of("hello") == Texts{"book.xlsx:(null) (null) not_workbook"});
    CHECK(problems_of("") == Texts{"book.xlsx:(null) (null) not_workbook"});
    CHECK(problems_of("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "old.xls") ==
          Texts{"old.xls:(null) (null) protected"});
    const std::string good = zip_of(workbook_with("<row>" + text_cell("A1", "id") + "</row>"));
    CHECK(problems_of(good).empty());
    CHECK(problems_of(good.substr(0, good.size() / 2)) ==
          Texts{"book.xlsx:(null) (null) not_workbook"});
    CHECK(problems_of(zip_of({{"xl/other.xml", "<x/>"}})) ==
          Texts{"book.xlsx:(null) (null) not_workbook"});
    auto wrong = workbook_with("<row><c r=\"A1\" t=\"s\"><v>99</v></c></row>");
    CHECK(problems_of(zip_of(wrong)) == Texts{"book.xlsx#Sheet1:(null) (null) not_workbook"});
}

TEST_CASE("bombs and entities are refused within the limits", "[csv][xlsx]") {
    // A row that unpacks to more than a row may be.
    auto bomb =
        workbook_with("<row>" + text_cell("A1", std::string(csv::kRowXmlMax + 1, 'x')) + "</row>");
    CHECK(problems_of(zip_of(bomb)) == Texts{"book.xlsx:(null) (null) too_large"});
    // A part that unpacks to more than that.
    auto part = workbook_with("<row/>");
    part["xl/workbook.xml"].insert(0, std::string(csv::kPartBytesMax + 1, ' '));
    CHECK(problems_of(zip_of(part)) == Texts{"book.xlsx:(null) (null) too_large"});
    // More than the file could honestly hold.
    auto ratio = workbook_with(std::string(static_cast<std::size_t>(csv::kRatioFrom) + 1'000, ' '));
    CHECK(problems_of(zip_of(ratio)) == Texts{"book.xlsx:(null) (null) too_large"});
    // A billion laughs, and files of the machine.
    auto laughs = workbook_with("<row/>");
    auto& sheet = laughs["xl/worksheets/sheet1.xml"];
    sheet.insert(sheet.find("<worksheet>"),
                 "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]>");
    CHECK(problems_of(zip_of(laughs)) == Texts{"book.xlsx:(null) (null) not_workbook"});
    // Columns without end, and very many entries.
    CHECK(problems_of(zip_of(workbook_with("<row>" + text_cell("ZZZZ1", "id") + "</row>"))) ==
          Texts{"book.xlsx#Sheet1:(null) (null) too_large"});
    std::map<std::string, std::string> many;
    for (std::size_t i = 0; i <= csv::kEntriesMax; ++i) many["a" + std::to_string(i)] = "";
    many.merge(workbook_with("<row>" + text_cell("A1", "id") + "</row>"));
    CHECK(problems_of(zip_of(many)) == Texts{"book.xlsx:(null) (null) too_large"});
}

TEST_CASE("names in an archive that lead elsewhere mean nothing", "[csv][xlsx]") {
    auto parts = workbook_with("<row>" + text_cell("A1", "id") + "</row>");
    parts["../../etc/passwd"] = "x";
    parts["/etc/passwd"] = "x";
    auto& relations = parts["xl/_rels/workbook.xml.rels"];
    relations.replace(relations.find("worksheets/sheet1.xml"), 21, "../../../../etc/passwd");
    CsvFolder folder;
    folder.put("book.xlsx", zip_of(parts));
    // The sheet is not there: nothing to take in, nothing read elsewhere.
    CHECK(folder.connector().describe().size() == 1);
    CHECK(folder.fake.error_message.empty());
}
