#include "daemon/arguments.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "daemon/version.hpp"

namespace kontor::app {
namespace {

using messages::Language;
using messages::render;

void refuse(std::ostream& err, Language language, const std::string& reason) {
    err << "kontord: " << reason << '\n' << render(language, "kontord.see_help") << '\n';
}

}  // namespace

Arguments read_arguments(int argc, const char* const* argv, Language language, std::ostream& out,
                         std::ostream& err, std::optional<Exit>& ends) {
    Arguments read;
    CLI::App app;
    app.set_help_flag();  // its texts are not ours
    app.allow_extras();
    const auto* help = app.add_flag("-h,--help");
    const auto* version = app.add_flag("--version");
    app.add_option("--config", read.flags.config);
    app.add_option("--state-dir", read.flags.state_dir);
    app.add_option("--socket", read.flags.socket);
    app.add_option("--log-level", read.flags.log_level);
    app.add_option("--log-format", read.flags.log_format);
    std::string checked;
    const auto* check = app.add_option("--check-config", checked)->expected(0, 1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Only a value can be missing; the library's sentence begins with the option.
        const std::string said = error.what();
        refuse(err, language,
               render(language, "cli.usage.option_value",
                      {{"option", said.substr(0, said.find(':'))}}));
        ends = Exit::kUsage;
        return read;
    }
    if (const auto odd = app.remaining(); !odd.empty()) {
        const bool option = odd.front().starts_with('-');
        refuse(err, language,
               option ? render(language, "cli.usage.unknown_option", {{"option", odd.front()}})
                      : render(language, "cli.usage.extra_argument", {{"word", odd.front()}}));
        ends = Exit::kUsage;
    } else if (help->count() > 0) {
        out << render(language, "kontord.help");
        ends = Exit::kOk;
    } else if (version->count() > 0) {
        out << "kontord " << kVersion << '\n';
        ends = Exit::kOk;
    }
    if (!checked.empty()) read.flags.config = checked;
    read.check_config = check->count() > 0;
    return read;
}

}  // namespace kontor::app
