#include "tests/daemon/cli/runner.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <regex>
#include <sstream>

#include "daemon/cli/run.hpp"
#include "tests/daemon/cli/fake_daemon.hpp"

namespace kontor::test {
namespace {

/// No text that a person reads keeps a placeholder of the catalogue. (JSON has a quote there.)
void expect_filled(const std::string& text) {
    static const std::regex placeholder(R"(\{[a-z_]+(:[^{}"]*)?\})");
    if (text.starts_with("<!")) return;  // a page has braces of its own, in its style
    std::smatch found;
    if (std::regex_search(text, found, placeholder)) FAIL("not filled in: " << found.str());
}

}  // namespace

int Runner::run(const std::vector<std::string>& words) {
    std::ostringstream out_stream;
    std::ostringstream err_stream;
    std::size_t next = 0;
    const bool person = !typed.empty();
    cli::Io io{.out = out_stream,
               .err = err_stream,
               .in_terminal = person,
               .out_terminal = terminal,
               .err_terminal = person,
               .columns = terminal ? 80u : 0u,
               .env = [this](const std::string& name) -> std::optional<std::string> {
                   const auto found = env.find(name);
                   if (found == env.end()) return std::nullopt;
                   return found->second;
               },
               .read_line = [&](bool) -> std::optional<std::string> {
                   if (next >= typed.size()) return std::nullopt;
                   return typed[next++];
               }};
    const int code = cli::run(words, io, cancel);
    out = out_stream.str();
    err = err_stream.str();
    expect_filled(out);
    expect_filled(err);
    return code;
}

int Runner::run_at(const FakeDaemon& daemon, std::vector<std::string> words) {
    words.insert(words.end(), {"--socket", daemon.socket()});
    return run(words);
}

}  // namespace kontor::test
