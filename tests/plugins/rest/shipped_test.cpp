// The shipped descriptions read without a problem and keep to their size.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "connectors/declarative/read.hpp"

TEST_CASE("each shipped description is sound, named as its file, and under 150 lines", "[rest]") {
    const char* folder = GENERATE(KONTOR_DESCRIPTIONS, KONTOR_DESCRIPTION_EXAMPLES);
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        INFO(entry.path());
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        kontor::config::Problems problems;
        const auto read = kontor::declarative::read_description(text, entry.path(), problems);
        for (const auto& problem : problems) UNSCOPED_INFO(problem.text());
        REQUIRE(read);
        CHECK(read->name == entry.path().stem());
        CHECK(std::count(text.begin(), text.end(), '\n') < 150);
        ++count;
    }
    CHECK(count >= 1);
}
