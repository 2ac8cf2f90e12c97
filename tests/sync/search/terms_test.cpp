#include "sync/search/terms.hpp"

#include <unicode/translit.h>

#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sync/search/simplified.hpp"

using namespace kontor::search;

namespace {

std::set<std::string> terms_of(std::string_view text) {
    Scan parts;
    scan(text, parts);
    std::set<std::string> out;
    emit_terms(parts, [&](std::string_view term) {
        out.emplace(term);
        return true;
    });
    return out;
}

using Terms = std::set<std::string>;

}  // namespace

TEST_CASE("Chinese gives characters and pairs of neighbours", "[search][terms]") {
    CHECK(terms_of("张伟明") == Terms{"张", "张伟", "伟", "伟明", "明"});
    CHECK(terms_of("张，伟") == Terms{"张", "伟"});
    CHECK(terms_of("") == Terms{});
}

TEST_CASE("a blank inside a Chinese name does not part it", "[search][terms]") {
    CHECK(terms_of("张 伟") == Terms{"张", "张伟", "伟"});
    CHECK(terms_of("张　伟") == Terms{"张", "张伟", "伟"});
    CHECK(terms_of("张\n伟") == Terms{"张", "伟"});
}

TEST_CASE("words lose case, accents and width", "[search][terms]") {
    CHECK(terms_of("Zürich ÉCOLE Straße") == Terms{"zurich", "ecole", "strasse"});
    CHECK(terms_of("e\xCC\x81t\xC3\xA9") == Terms{"ete"});  // composed and decomposed
    CHECK(terms_of("ＡＣＭＥ　１２") == Terms{"acme", "12"});
    CHECK(terms_of("Москва ΑΘΉΝΑ") == Terms{"москва", "αθηνα"});
    CHECK(terms_of("ﬁnal") == Terms{"final"});
}

TEST_CASE("mixed scripts part at the change", "[search][terms]") {
    CHECK(terms_of("张伟Acme公司") == Terms{"张", "张伟", "伟", "acme", "公", "公司", "司"});
}

TEST_CASE("traditional characters are indexed as simplified ones", "[search][terms]") {
    CHECK(terms_of("張偉") == terms_of("张伟"));
    CHECK(terms_of("國際貿易") == terms_of("国际贸易"));
}

TEST_CASE("characters are simplified as ICU does it", "[search][terms]") {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::Transliterator> to_simplified(
        icu::Transliterator::createInstance("Traditional-Simplified", UTRANS_FORWARD, status));
    REQUIRE(U_SUCCESS(status));
    // Each on a line of its own, so that no rule sees two neighbours.
    icu::UnicodeString block;
    for (char16_t c = 0x4E00; c <= 0x9FFF; ++c) block.append(c).append(u'\n');
    const icu::UnicodeString written = block;
    to_simplified->transliterate(block);
    REQUIRE(block.length() == written.length());
    std::u16string traditional, simplified;
    for (int i = 0; i < written.length(); i += 2) {
        if (block[i] == written[i]) continue;
        traditional += written[i];
        simplified += block[i];
    }
    CHECK(traditional == kTraditional);  // sync/search/simplified.hpp
    CHECK(simplified == kSimplified);
}

TEST_CASE("half-width kana equal kana, with and without voicing marks", "[search][terms]") {
    CHECK(terms_of("ｶﾀｶﾅ") == terms_of("カタカナ"));
    CHECK(terms_of("ｶﾞ") == terms_of("ガ"));
    CHECK(terms_of("서울") == Terms{"서", "서울", "울"});
}

TEST_CASE("numbers are found by any four digits, whatever stands between", "[search][terms]") {
    const auto plain = terms_of("13800138000");
    CHECK(plain == Terms{"1380", "3800", "8001", "0013", "0138", "1380", "8000"});
    const auto spaced = terms_of("138-0013 8000");
    for (const auto& gram : plain) CHECK(spaced.contains(gram));
    CHECK(spaced.contains("138"));
    CHECK(terms_of("＋86 （138）").contains("8613"));
    CHECK(terms_of("12, 34") == Terms{"12", "34"});
    CHECK(terms_of("X2000") == Terms{"x2000", "2000"});
    CHECK(terms_of("٣٤٥٦") == Terms{"3456"});
}

TEST_CASE("an e-mail's local part is one term and also words", "[search][terms]") {
    CHECK(terms_of("Zhang.Wei@acme-corp.com") ==
          Terms{"zhang", "wei", "acme", "corp", "com", "zhang.wei@"});
    CHECK(terms_of("wei@acme.com") == Terms{"wei", "acme", "com"});
    CHECK(terms_of("@@ @ a@") == Terms{"a"});
}

TEST_CASE("bytes that are not UTF-8 separate words", "[search][terms]") {
    CHECK(terms_of("ab\xFF"
                   "cd\xE5\xBC") == Terms{"ab", "cd"});
    CHECK(terms_of(std::string_view("a\0b", 3)) == Terms{"a", "b"});
    CHECK(terms_of("\xED\xA0\x80\xC0\x80\xF5\x80\x80\x80") == Terms{});
}

TEST_CASE("a very long word is cut", "[search][terms]") {
    const auto terms = terms_of(std::string(100'000, 'a'));
    REQUIRE(terms.size() == 1);
    CHECK(terms.begin()->size() == kWordBytesMax);
}

TEST_CASE("texts are cut before a character", "[search][terms]") {
    CHECK(cut_text("张伟", 4) == "张");
    CHECK(cut_text("张伟", 6) == "张伟");
    CHECK(cut_text("张", 2).empty());
}
