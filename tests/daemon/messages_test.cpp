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
            // As sets: English names a number once more for its plural.
            const auto en = msg::placeholders(text.en);
            const auto zh = msg::placeholders(text.zh);
            CHECK(std::set(en.begin(), en.end()) == std::set(zh.begin(), zh.end()));
        }
    }
}

TEST_CASE("every error code has a text", "[messages]") {
    for (int code = 0; code <= static_cast<int>(Errc::kProxy); ++code) {
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
    CHECK(msg::render(kEnglish, "cli.doctor.found", {{"count", "1"}}) == "1 finding.");
    CHECK(msg::render(kEnglish, "cli.doctor.found", {{"count", "2"}}) == "2 findings.");
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
    // Of a record that is older than it was, not of a network that is down.
    const Error late{Errc::kUnavailable,
                     "Contacts 3 is older at the remote than what was read before, which may be a"
                     " read that lags: the next sync looks again",
                     {{"reason", "late_read"}},
                     std::nullopt};
    CHECK(msg::render_error(kEnglish, late) == "Nothing is changed for now: " + late.message);
    CHECK(msg::render_hint(kEnglish, late).find("There is nothing to do: the next sync looks") ==
          0);
    CHECK(msg::render_error(kChinese, late).find("暂不作任何更改：Contacts 3 在远端的版本") == 0);
    CHECK(msg::render_hint(kChinese, late).find("无需操作") == 0);
    const Error gone{
        Errc::kNotFound, "x", {{"reason", "no_connection"}, {"connection", "crm"}}, std::nullopt};
    CHECK(msg::render_error(kEnglish, gone) == "There is no connection 'crm'.");
    // What is not there is not the connection that it is told of.
    const Error of_one{Errc::kNotFound,
                       "no decision stands for these fields",
                       {{"connection", "crm"}, {"entity", "contact"}, {"group", "phone"}},
                       std::nullopt};
    CHECK(msg::render_error(kEnglish, of_one) == "Not found: no decision stands for these fields");
    CHECK(msg::render_error(kChinese, of_one) == "未找到：这些字段没有一直有效的决定");
    // A reason that the catalogue does not know changes nothing.
    const Error unknown{Errc::kConflict, "detail", {{"reason", "no such"}}, std::nullopt};
    CHECK(msg::render_error(kEnglish, unknown) == "That does not fit the present state: detail");
}

// The libraries speak technical English; what a person reads of it is in the person's language,
// with what they told put in its place.
TEST_CASE("what libraries say is told in Chinese", "[messages]") {
    const auto zh = [](const char* english) {
        return msg::localized(msg::Language::kChinese, english);
    };
    CHECK(zh("contact 31: title must be at most 100 characters, not 134") ==
          "contact 31：title 必须是：不超过 100 个字符的文本，而不是 134 个");
    CHECK(zh("is required by the remote and has no value") == "远端要求填写，但没有值");
    CHECK(zh("'Peking' is not on the field's list at the remote") ==
          "“Peking”不在远端该字段的选项中");
    CHECK(zh("/etc/kontor.toml:3:1: deamon: unknown key (did you mean 'daemon'?)") ==
          "/etc/kontor.toml:3:1：deamon：未知的键（您是想输入“daemon”吗？）");
    CHECK(zh("daemon.log_level: must be one of: debug, info (did you mean 'info'?)") ==
          "daemon.log_level：须为以下之一：debug, info（您是想输入“info”吗？）");
    CHECK(zh("sync.interval: must be a text, is an integer") ==
          "sync.interval：必须是：文本，现为：整数");
    CHECK(zh("connection.a.push: must be true or false, is a text") ==
          "connection.a.push：必须是：true 或 false，现为：文本");
    CHECK(zh("option data_center is not known to this plugin, which takes: bulk, data_centre") ==
          "该插件没有选项 data_center；可用的选项：bulk, data_centre");
    CHECK(zh("https://a.example: the accounts server answered invalid_code") ==
          "https://a.example：登录服务器答复：invalid_code");
    CHECK(zh("x.toml:7:1: stream.people.list: is missing: how are all records asked for?") ==
          "x.toml:7:1：stream.people.list：缺失：如何请求全部记录？");
    CHECK(zh("x.toml:9:9: auth.hmac.s.text: {paht} stands for nothing here; there is {path}, {url} "
             "(did you mean 'path'?)") ==
          "x.toml:9:9：auth.hmac.s.text：{paht} 在此没有含义；可用的有 "
          "{path}, {url}（您是想输入“path”吗？）");
    CHECK(zh("list people: the answer has no list at \"/data\" (records); if the members there are "
             "the records, id_is_name = true") ==
          "列出 people：答复的 \"/data\" 处没有列表（records）；若该处的成员就是记录，请写 "
          "id_is_name = true");
    CHECK(zh("connection.z.options.accounts_url: option accounts_url must be an address such as "
             "https://crm.example.com") ==
          "connection.z.options.accounts_url：选项 accounts_url 必须是：地址，例如 "
          "https://crm.example.com");
    CHECK(zh("option data_centre must be one of: us, eu") ==
          "选项 data_centre 须为以下之一：us, eu");
    CHECK(zh("option limit must be a whole number") == "选项 limit 必须是：整数");
    // A remote's own words stay as they are.
    CHECK(zh("the field Level is odd: 7") == "the field Level is odd: 7");
    CHECK(zh("") == "");
    CHECK(msg::localized(msg::Language::kEnglish, "is not text") == "is not text");
}

TEST_CASE("rules of merging are told in words", "[messages]") {
    using enum msg::Language;
    CHECK(msg::rule_words(kEnglish, "only_theirs") == "only the remote changed");
    CHECK(msg::rule_words(kChinese, "newest:unclear>remote") == "无法确定哪个较新 > 以远端为准");
    CHECK(msg::rule_words(kChinese, "resolve:7") == "按冲突 7 的处理");
    CHECK(msg::rule_words(kEnglish, "resolve") == "a person decided");
    CHECK(msg::rule_words(kEnglish, "resolve:run:12") == "a person decided many at once, run 12");
    // Whatever rule there is a text for: nothing of it stays open.
    for (const auto& text : msg::rule_texts()) {
        std::string rule(text.key.substr(std::string_view("rule.").size()));
        std::replace(rule.begin(), rule.end(), '.', ':');
        INFO(rule);
        for (const auto language : {kEnglish, kChinese})
            CHECK(msg::rule_words(language, rule).find('{') == std::string::npos);
    }
    CHECK(msg::rule_words(kEnglish, "max:unfit") == "the greater (values do not fit)");
    CHECK(msg::rule_words(kEnglish, "email").find("email") == 0);
    CHECK(msg::rule_words(kEnglish, "").empty());
}

TEST_CASE("codes that tables show have words", "[messages]") {
    using enum msg::Language;
    for (const std::string code : {"idle", "running", "paused", "waiting", "failing",  // jobs
                                   "ok", "failed", "cancelled", "interrupted", "partial", "sync",
                                   "dry_run", "undo", "resolve", "restore", "put_back"}) {
        INFO(code);
        REQUIRE(msg::find("word." + code) != nullptr);
        CHECK(msg::render(kChinese, "word." + code).find(code) == std::string::npos);
    }
    for (const std::string rule : {"reopened", "mapping_changed", "remote_changed", "deleted",
                                   "deleted_there", "gone", "restored", "linked", "merged_there"}) {
        INFO(rule);
        CHECK(msg::find("rule." + rule) != nullptr);
    }
}

TEST_CASE("the language comes from the locale", "[messages]") {
    CHECK(msg::language_from("zh_CN.UTF-8") == msg::Language::kChinese);
    CHECK(msg::language_from("zh-Hant") == msg::Language::kChinese);
    CHECK(msg::language_from("zhx") == msg::Language::kEnglish);
    CHECK(msg::language_from("") == msg::Language::kEnglish);
}
