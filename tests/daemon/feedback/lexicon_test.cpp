// What a text says, and by which words, in Chinese and English.
#include "daemon/feedback/lexicon.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "daemon/feedback/lexicon_file.hpp"

using namespace kontor;
using namespace kontor::feedback;

namespace {

const Lexicon& usual() {
    static const auto lexicon = [] {
        auto loaded = load_lexicon("/nowhere/lexicon.toml");
        if (!loaded) FAIL(loaded.error().message);
        return std::move(*loaded);
    }();
    return lexicon;
}

std::string themes(const Opinion& opinion) {
    std::string out;
    for (const auto& hit : opinion.themes)
        out += (out.empty() ? "" : " ") + hit.theme +
               (hit.weight > 0   ? "+"
                : hit.weight < 0 ? "-"
                                 : "");
    return out;
}

std::string words(const Opinion& opinion) {
    std::string out;
    for (const auto& hit : opinion.words)
        out += (out.empty() ? "" : "|") + (hit.turned.empty() ? "" : hit.turned + " ") + hit.word;
    return out;
}

}  // namespace

TEST_CASE("opinions are told by words, and the words are shown", "[feedback][lexicon]") {
    struct Case {
        const char* text;
        const char* language;
        Mood mood;
        const char* words;
        const char* themes;
    };
    const Case cases[] = {
        {"Great support, but the delivery was late.", "en", Mood::kMixed, "Great|late",
         "delivery- support+"},
        {"The software is not good.", "en", Mood::kNegative, "not good", "software-"},
        {"It isn’t expensive", "en", Mood::kPositive, "isn't expensive", "price+"},
        {"No problems so far", "en", Mood::kPositive, "No problems", ""},
        {"Never again!", "en", Mood::kNegative, "Never again", ""},
        {"服务态度很好，发货也快", "zh", Mood::kPositive, "好|快", "delivery+ support+ staff+"},
        {"价格有点贵，但是质量不错", "zh", Mood::kMixed, "贵|不错", "price- quality+"},
        {"客服不专业，问题没有解决", "zh", Mood::kNegative, "不 专业|问题", "support-"},
        {"没有问题，很满意", "zh", Mood::kPositive, "没有 问题|满意", ""},
        {"不是很好", "zh", Mood::kNegative, "不是 好", ""},
        {"差不多吧", "zh", Mood::kNeutral, "", ""},
        {"快递到了", "zh", Mood::kNeutral, "", "delivery"},
        {"APP 经常崩溃", "zh", Mood::kNegative, "崩溃", "software-"},
        {"42", "", Mood::kNeutral, "", ""},
        {"", "", Mood::kNeutral, "", ""},
        {"\xff\xfe good \xe5", "en", Mood::kPositive, "good", ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        const auto opinion = usual().read(c.text);
        CHECK(opinion.language == c.language);
        CHECK(to_string(opinion.mood) == to_string(c.mood));
        CHECK(words(opinion) == c.words);
        CHECK(themes(opinion) == c.themes);
    }
}

TEST_CASE("emphasis weighs, negation reaches a few words", "[feedback][lexicon]") {
    CHECK(usual().read("very slow").words[0].weight == -1.5);
    CHECK(usual().read("a bit slow").words[0].weight == -0.5);
    CHECK(usual().read("not slow").words[0].weight == 1);
    CHECK(usual().read("not that I would call anything here slow").words[0].weight == -1);
    // A word in between takes the negation.
    CHECK(words(usual().read("not good and slow, fast")) == "not good|slow|fast");
    // However often it is said, it stays a number, and blame beside it some blame.
    std::string very;
    for (int i = 0; i < 3'000; ++i) very += "very ";
    CHECK(usual().read(very + "slow").words[0].weight == -100);
    CHECK(usual().read(very + "slow, good").score == Approx(-99.0 / 101));
    const auto both = usual().read("good bad good");
    CHECK(both.score == Approx(1.0 / 3));
    CHECK(both.mood == Mood::kMixed);
}

TEST_CASE("a team's words come on top of the usual ones", "[feedback][lexicon]") {
    const auto folder = std::filesystem::temp_directory_path() / "kontor-lexicon-test";
    std::filesystem::create_directories(folder);
    const auto file = lexicon_path(folder.string());
    const auto write = [&](const char* text) {
        std::ofstream(file) << text;
        return load_lexicon(file);
    };
    const auto own = write(
        "remove = [\"slow\"]\nbad = [\"hum*\", \"good grief\"]\n"
        "[theme.noise]\nen = \"Noise\"\nzh = \"噪音\"\nwords = [\"hum*\", \"噪音\"]\n");
    REQUIRE(own);
    CHECK(words(own->read("slow humming, Good grief, good")) == "humming|Good grief|good");
    CHECK(themes(own->read("噪音")) == "noise");
    CHECK(theme_names(own->read("humming"), messages::Language::kChinese) == "噪音");

    const auto wrong = write("goood = [\"x\"]\n[theme.Big]\nwords = 3\n");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Errc::kConfig);
    CHECK(wrong.error().message.find(":1") != std::string::npos);
    const auto word = [](std::size_t size) { return "bad = [\"" + std::string(size, 'x') + "\"]"; };
    CHECK(write(word(200).c_str()));
    const auto large = write(word(201).c_str());
    REQUIRE_FALSE(large);
    CHECK(large.error().message.find("a word is longer than 200 bytes") != std::string::npos);
    std::filesystem::remove_all(folder);
}

TEST_CASE("a long text of nothing but marks and words ends soon", "[feedback][lexicon]") {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "not very good, 不";
    CHECK(usual().read(text).words.size() == 20'000);
}
