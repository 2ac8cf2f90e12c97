// Manual pages and completions come from the command table.
#include "daemon/cli/manual.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/cli/completion.hpp"

using namespace kontor;
using namespace kontor::cli;
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
