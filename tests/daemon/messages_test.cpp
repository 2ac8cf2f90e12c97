// Every text exists in English and Chinese, with the same placeholders, and every error code has
// one: nobody meets a bare key.
#include "daemon/messages/messages.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace kontor;
namespace msg = kontor::messages;

TEST_CASE("both languages have all texts with the same placeholders", "[messages]") {
    std::set<std::string_view> seen;
    for (const auto part : msg::catalogues()) {
        for (const auto& text : part) {
            INFO(text.key);
            CHECK(seen.insert(text.key).second);
            CHECK_FALSE(text.en.empty());
            CHECK_FALSE(text.zh.empty());
            auto en = msg::placeholders(text.en);
            auto zh = msg::placeholders(text.zh);
            std::sort(en.begin(), en.end());
            std::sort(zh.begin(), zh.end());
            CHECK(en == zh);
        }
    }
}

TEST_CASE("every error code has a text", "[messages]") {
    for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
        const auto name = to_string(static_cast<Errc>(code));
        INFO(name);
        CHECK(msg::find("error." + std::string(name)) != nullptr);
    }
}

TEST_CASE("arguments fill placeholders, missing ones stay visible", "[messages]") {
    using enum msg::Language;
    CHECK(msg::render(kEnglish, "daemon.locked", {{"path", "/x"}, {"pid", "7"}}) ==
          "/x is in use by process 7.");
    CHECK(msg::render(kChinese, "daemon.locked", {{"path", "/x"}}) == "/x 正被进程 {pid} 使用。");
    CHECK(msg::render(kEnglish, "no.such", {{"a", "1"}}) == "no.such a=1");
    const Error error{Errc::kFull, "write replica", {}, std::nullopt};
    CHECK(msg::render_error(kEnglish, error) == "The disk is full: write replica");
    CHECK(msg::render_hint(kEnglish, error).find("Free some space") == 0);
}

TEST_CASE("an error tells what it is about, in the person's language", "[messages]") {
    using enum msg::Language;
    const Error field{Errc::kNotFound,
                      "contact has no field phon",
                      {{"entity", "contact"}, {"field", "phon"}, {"suggestion", "phone"}},
                      std::nullopt};
    CHECK(msg::render_error(kChinese, field) == "contact 没有字段“phon”。");
    CHECK(msg::render_hint(kEnglish, field) == "Did you mean phone?");
    const Error record{
        Errc::kNotFound, "x", {{"entity", "contact"}, {"record", "7"}}, std::nullopt};
    CHECK(msg::render_error(kEnglish, record) == "There is no contact 7.");
    const Error target{Errc::kNotFound,
                       "x",
                       {{"reason", "no_target"},
                        {"entity", "contact"},
                        {"field", "owner_id"},
                        {"target", "user"},
                        {"target_record", "9"}},
                       std::nullopt};
    CHECK(msg::render_error(kEnglish, target) ==
          "owner_id refers to user 9, which does not exist.");
    const Error said{Errc::kConflict, "x", {{"reason", "push_forbidden"}}, std::nullopt};
    CHECK(msg::render_hint(kEnglish, said) == "Remove that line, then run: kontor reload");
    // A reason that the catalogue does not know changes nothing.
    const Error unknown{Errc::kConflict, "detail", {{"reason", "no such"}}, std::nullopt};
    CHECK(msg::render_error(kEnglish, unknown) == "That does not fit the present state: detail");
}

TEST_CASE("the language comes from the locale", "[messages]") {
    CHECK(msg::language_from("zh_CN.UTF-8") == msg::Language::kChinese);
    CHECK(msg::language_from("zh-Hant") == msg::Language::kChinese);
    CHECK(msg::language_from("zhx") == msg::Language::kEnglish);
    CHECK(msg::language_from("") == msg::Language::kEnglish);
}
