// The command table and how command lines are read by it.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "daemon/cli/help.hpp"
#include "daemon/cli/parse.hpp"

using namespace kontor;
using namespace kontor::cli;
using messages::Language;
using Words = std::vector<std::string>;

namespace {

Invocation good(const Words& words) {
    const auto parsed = parse(Language::kEnglish, words);
    INFO((parsed ? "" : parsed.error().message));
    REQUIRE(parsed);
    return *parsed;
}

Failure bad(const Words& words) {
    const auto parsed = parse(Language::kEnglish, words);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().exit == Exit::kUsage);
    CHECK(parsed.error().code == "usage");
    return parsed.error();
}

}  // namespace

TEST_CASE("options and arguments arrive as they were written", "[cli][parse]") {
    const auto list = good({"list", "deal", "--where", "stage=Closed Won", "--sort", "-amount,name",
                            "--where=amount>5", "--limit", "3"});
    CHECK(list.command->path == "list");
    CHECK(list.argument("ENTITY") == "deal");
    CHECK(list.all("where") == Words{"stage=Closed Won", "amount>5"});
    CHECK(list.option("sort") == "-amount,name");
    CHECK(list.option("limit") == "3");
    CHECK_FALSE(list.has("csv"));

    const auto set = good({"set", "contact", "42", "name=-5", "tags:=[\"a\",\"b\"]"});
    CHECK(set.arguments_of("FIELD=VALUE") == Words{"name=-5", "tags:=[\"a\",\"b\"]"});
    CHECK(good({"search", "[a,b]", "--", "-x"}).arguments_of("TEXT") == Words{"[a,b]", "-x"});
}

TEST_CASE("an option with nothing behind its = is empty and takes no other word", "[cli][parse]") {
    const auto list = good({"list", "contact", "--fields=", "--limit", "1"});
    CHECK(list.option("fields", "none").empty());
    CHECK(list.option("limit") == "1");
    CHECK(good({"--socket=", "status"}).command->path == "status");
}

TEST_CASE("words that are no text are refused before anything is stored", "[cli][parse]") {
    CHECK(bad({"set", "contact", "1", "title=\xff"}).message.find("UTF-8") != std::string::npos);
}

TEST_CASE("words of an argument are never taken for commands", "[cli][parse]") {
    CHECK(good({"search", "sync"}).arguments_of("TEXT") == Words{"sync"});
    CHECK(good({"list", "event"}).argument("ENTITY") == "event");
    CHECK(good({"help", "config", "check"}).arguments_of("COMMAND") == Words{"config", "check"});
}

TEST_CASE("global options stand before or after the command", "[cli][parse]") {
    CHECK(good({"--json", "status"}).has("json"));
    CHECK(good({"status", "--json"}).has("json"));
    CHECK(good({"config", "check", "--lang", "zh"}).option("lang") == "zh");
    CHECK(good({"sync", "-n"}).has("dry-run"));
    CHECK(good({"list", "--help"}).has("help"));  // although ENTITY is missing
}

TEST_CASE("a mistake is named together with what was meant", "[cli][parse]") {
    CHECK(bad({"sttaus"}).hint == "did you mean status?");
    CHECK(bad({"config", "chek"}).hint == "did you mean check?");
    CHECK(bad({"list", "deal", "--limt", "3"}).hint == "did you mean --limit?");
    CHECK(bad({"list"}).message == "ENTITY is missing.");
    CHECK(bad({"list", "deal", "more"}).message == "'more' is one argument too many.");
    CHECK(bad({"list", "deal", "--sort"}).message == "--sort needs a value.");
    CHECK(bad({"push", "maybe", "zoho"}).message ==
          "SWITCH cannot be 'maybe'; it is one of: on off");
    CHECK(bad({"stat"}).hint != "");  // no abbreviations
}

TEST_CASE("every command, option and example has its text in both languages", "[cli][table]") {
    std::set<std::string_view> seen;
    for (const auto& option : global_options())
        CHECK(messages::find("cli.option." + std::string(option.name)) != nullptr);
    for (const auto& spec : command_table()) {
        INFO(spec.path);
        CHECK(seen.insert(spec.path).second);
        if (spec.hidden) continue;
        CHECK(messages::find("cli.command." + text_key(spec.path)) != nullptr);
        CHECK_FALSE(spec.examples.empty());
        for (const auto& option : spec.options) {
            INFO(option.name);
            const bool has_text =
                messages::find("cli.option." + std::string(option.name)) != nullptr ||
                messages::find("cli.option." + text_key(spec.path) + "." +
                               std::string(option.name)) != nullptr;
            CHECK(has_text);
        }
        const auto help = help_text(&spec, Language::kEnglish, false);
        CHECK(help.find("Examples:") < help.find("Usage:"));
        CHECK(help_text(&spec, Language::kChinese, false) != help);
    }
    for (const auto& text : messages::cli_texts()) {
        INFO(text.key);
        CHECK_FALSE(text.en.empty());
        CHECK_FALSE(text.zh.empty());
        // As sets: English names a number once more for its plural.
        const auto en = messages::placeholders(text.en);
        const auto zh = messages::placeholders(text.zh);
        CHECK(std::set(en.begin(), en.end()) == std::set(zh.begin(), zh.end()));
    }
}

TEST_CASE("every example of the help text parses", "[cli][table]") {
    for (const auto& spec : command_table()) {
        for (const auto& example : spec.examples) {
            INFO(example.command);
            std::string line(example.command);
            line = line.substr(0, std::min(line.find(" > "), line.find(" < ")));
            Words words;
            std::string word;
            char quote = 0;
            bool any = false;
            for (const char c : line + " ") {
                if (quote != 0 ? c == quote : c == '\'' || c == '"') {
                    quote = quote != 0 ? '\0' : c;
                    any = true;
                } else if (c == ' ' && quote == 0) {
                    if (!word.empty() || any) words.push_back(word);
                    word.clear();
                    any = false;
                } else {
                    word += c;
                }
            }
            while (!words.empty() && words.front() != "kontor") words.erase(words.begin());
            REQUIRE_FALSE(words.empty());
            words.erase(words.begin());
            const auto parsed = parse(Language::kEnglish, words);
            INFO((parsed ? "" : parsed.error().message));
            CHECK(parsed);
        }
    }
}

TEST_CASE("every command is described in docs/cli.md", "[cli][table]") {
    std::ifstream file(KONTOR_CLI_PAGE);
    const std::string page((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    for (const auto& spec : command_table()) {
        if (spec.hidden || spec.run == nullptr) continue;
        INFO(spec.path);
        CHECK(page.find("kontor " + std::string(spec.path)) != std::string::npos);
    }
}
