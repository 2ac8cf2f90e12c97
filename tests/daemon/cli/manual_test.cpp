// Manual pages and completions come from the command table.
#include "daemon/cli/manual.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/cli/completion.hpp"
#include "tests/daemon/cli/fake_daemon.hpp"
#include "tests/daemon/cli/runner.hpp"

using namespace kontor;
using namespace kontor::cli;
using namespace kontor::test;
using messages::Language;

TEST_CASE("a manual page names options, examples and exit codes", "[cli][manual]") {
    const auto page = manual_page(find_command("sync"), Language::kEnglish);
    CHECK(page.starts_with(".TH \"KONTOR\\-SYNC\" 1"));
    CHECK(page.find("kontor sync zoho \\-\\-dry\\-run") != std::string::npos);
    CHECK(page.find("\\-n, \\-\\-dry\\-run") != std::string::npos);
    CHECK(page.find(".B 130") != std::string::npos);
    CHECK(manual_page(find_command("sync"), Language::kChinese).find("立即同步") !=
          std::string::npos);
    CHECK(manual_page(nullptr, Language::kEnglish).find("kontor\\-sync (1)") != std::string::npos);
}

TEST_CASE("no line of a manual page is taken for a request by accident", "[cli][manual]") {
    const std::vector<std::string> known{".TH ", ".SH ", ".TP", ".B ", ".BR ",
                                         ".PP",  ".nf",  ".RS", ".RE", ".fi"};
    for (const auto& spec : command_table()) {
        const auto page = manual_page(&spec, Language::kEnglish);
        for (std::size_t at = 0; at < page.size();) {
            const auto end = page.find('\n', at);
            const auto line = page.substr(at, end - at);
            at = end + 1;
            if (line.empty() || (line.front() != '.' && line.front() != '\'')) continue;
            const bool ours = std::any_of(known.begin(), known.end(), [&](const auto& request) {
                return line.starts_with(request);
            });
            INFO(line);
            CHECK(ours);
        }
    }
}

TEST_CASE("each key of the configuration is in kontor.toml(5) and in the example",
          "[cli][manual]") {
    const FakeDaemon folder([](const Asked&) { return Canned{}; });  // for its folder
    const auto file = folder.folder() + "/all.toml";
    std::ofstream(file) << "[connection.x]\nplugin = \"zoho\"\n"
                           "folders.x = { path = \"/x\" }\n"
                           "limits = { daily_credits = 2, credit_reserve = 1 }\n"
                           "[backup.x]\ntarget = \"/x\"\npassword = \"env:X\"\n"
                           "secrets_password = \"env:Y\"\n"
                           "keep = { last = 1, hourly = 1, daily = 1, weekly = 1, monthly = 1, "
                           "yearly = 1 }\n"
                           "[jobs.alert]\ncommand = [\"/x\"]\nwebhook = \"env:W\"\n"
                           "email = [\"a@example.com\"]\nfrom = \"a@example.com\"\n"
                           "smtp = \"smtps://mail.example.com:465\"\nuser = \"u\"\n"
                           "password = \"env:P\"\nca_file = \"/x\"\n"
                           "[job.x]\nrun = \"backup run x\"\nwhen = \"daily 02:30\"\n";
    Runner runner;
    REQUIRE(runner.run({"config", "show", "--effective", "--json", "--config", file}) == 0);
    const auto text_of = [](const char* path) {
        std::ifstream in(path);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const std::pair<const char*, std::string> documents[] = {
        {"kontor.toml.5", text_of(KONTOR_TOML_PAGE)},
        {"kontor.example.toml", text_of(KONTOR_EXAMPLE_TOML)}};
    const auto is_word = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    const auto has = [&](const std::string& text, const std::string& word) {
        for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1))
            if (!is_word(text[at - 1]) && !is_word(text[at + word.size()])) return true;
        return false;
    };
    const auto settings = nlohmann::json::parse(runner.out)["settings"];
    CHECK(settings.size() > 60);
    for (const auto& setting : settings) {
        const auto key = setting["key"].get<std::string>();
        for (const auto& [name, text] : documents) {
            INFO(name << ": " << key);
            CHECK(has(text, key.substr(key.rfind('.') + 1)));
        }
    }
}

TEST_CASE("each shell gets all visible commands and no hidden one", "[cli][completion]") {
    for (const auto* shell : {"bash", "zsh", "fish"}) {
        const auto script = completion_script(shell);
        for (const auto& spec : command_table()) {
            if (spec.hidden) continue;
            const auto word = spec.path.substr(spec.path.rfind(' ') + 1);
            INFO(shell << " " << word);
            CHECK(script.find(word) != std::string::npos);
        }
        CHECK(script.find("kontor __complete") != std::string::npos);
    }
    CHECK(completion_script("tcsh").empty());
}
