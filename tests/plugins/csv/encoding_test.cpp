#include <algorithm>
#include <cstring>

#include "tests/plugins/csv/folder.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

std::string detected(const std::string& bytes) {
    csv::EncodingDetector detector;
    // In pieces: characters are cut anywhere.
    for (std::size_t i = 0; i < bytes.size(); i += 7) detector.look_at(bytes.substr(i, 7));
    return detector.encoding();
}

std::string as_utf8(const std::string& bytes, const std::string& encoding) {
    auto at = std::make_shared<std::size_t>(0);
    const auto source = csv::as_utf8(
        [&, at](char* buffer, std::size_t size) {
            const std::size_t got = std::min({size, bytes.size() - *at, std::size_t{3}});
            std::memcpy(buffer, bytes.data() + *at, got);
            *at += got;
            return got;
        },
        encoding);
    std::string out;
    char buffer[5];
    while (const std::size_t got = source(buffer, sizeof buffer)) out.append(buffer, got);
    return out;
}

const std::string kText = "编号,姓名\r\n1,张三 €😀\r\n";

}  // namespace

TEST_CASE("each encoding that Excel writes is found and read", "[csv]") {
    for (const std::string encoding : {"UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"}) {
        INFO(encoding);
        const std::string bytes = csv::from_utf8(kText, encoding);
        if (encoding == "UTF-8" || encoding == "GB18030") CHECK(detected(bytes) == encoding);
        CHECK(as_utf8(bytes, encoding) == kText);
        const std::string marked = csv::from_utf8("\xEF\xBB\xBF" + kText, encoding);
        CHECK(as_utf8(marked, encoding).find(kText) != std::string::npos);
        if (encoding != "GB18030") CHECK(detected(marked) == encoding);
        if (encoding.rfind("UTF-16", 0) == 0) CHECK(as_utf8(marked, encoding) == kText);
    }
    CHECK(detected("plain") == "UTF-8");
    CHECK(detected("") == "UTF-8");
    CHECK(detected(csv::from_utf8("id,name\r\n1,Ada\r\n", "UTF-16LE")) == "UTF-16LE");
    // What is not UTF-8 for one damaged byte only is UTF-8.
    std::string damaged;
    for (int i = 0; i < 10; ++i) damaged += kText;
    CHECK(detected(damaged + "\xFF") == "UTF-8");
    CHECK_THROWS_AS(as_utf8("x", "no such encoding"), sdk::Error);
}

TEST_CASE("a GB18030 file moves in, and bytes that are no text are named", "[csv]") {
    CsvFolder folder;
    std::string bytes =
        csv::from_utf8("编号,姓名,城市\r\n1,张三,北京\r\n2,李四,上海\r\n", "GB18030");
    bytes += "3,\x80\xFF,x\r\n";
    folder.put("联系人.csv", bytes);
    const auto records = folder.pull("联系人");
    REQUIRE(records.size() == 2);
    CHECK(records[1].values.at("城市") == "上海");
    CHECK(folder.problems() == std::vector<std::string>{"联系人.csv:4 (null) encoding"});
}

TEST_CASE("an encoding that is given is believed", "[csv]") {
    CsvFolder folder(R"({"encoding": "Big5"})");
    folder.put("a.csv", "id,name\r\n1,\xA4\xA4\xA4\xE5\r\n");
    CHECK(folder.pull("a").at(0).values.at("name") == "中文");
}

TEST_CASE("UTF-8 is told from what is none", "[csv]") {
    for (const char* good : {"", "a", "é", "中", "😀", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
        CHECK(csv::is_utf8(good));
    for (const char* bad : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xE4\xB8", "\xF5\x80\x80\x80", "a\xFF"})
        CHECK_FALSE(csv::is_utf8(bad));
}
