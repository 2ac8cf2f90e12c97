// kontord: parses arguments, builds the App, runs it.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "config/load.hpp"
#include "daemon/app.hpp"
#include "daemon/check_config.hpp"
#include "daemon/exit_codes.hpp"
#include "daemon/messages/messages.hpp"
#include "daemon/version.hpp"

int main(int argc, char** argv) {
    using namespace kontor;
    ::umask(077);  // whatever is written here is the user's alone
    app::AppSettings settings;
    settings.environment = config::process_environment();
    settings.is_root = ::geteuid() == 0;
    settings.program = "/proc/self/exe";

    CLI::App arguments{"Kontor's daemon: keeps a replica of your CRMs in sync."};
    arguments.add_option("--config", settings.flags.config, "This file instead of the usual ones");
    arguments.add_option("--state-dir", settings.flags.state_dir, "Where the replica lies");
    arguments.add_option("--socket", settings.flags.socket, "Where the local API listens");
    arguments.add_option("--log-level", settings.flags.log_level, "debug, info, warning, error");
    arguments.add_option("--log-format", settings.flags.log_format, "auto, text, journal");
    std::string checked;
    auto* check = arguments.add_option("--check-config", checked,
                                       "Check the configuration, or this file, and exit");
    check->expected(0, 1);
    arguments.set_version_flag("--version", std::string("kontord ") + kVersion);
    try {
        arguments.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return arguments.exit(error) == 0 ? 0 : static_cast<int>(Exit::kUsage);
    }
    const auto language = messages::system_language();
    if (!checked.empty()) settings.flags.config = checked;
    if (check->count() > 0)
        return static_cast<int>(app::check_config(settings, language, std::cout));

    app::App daemon(std::move(settings), {});
    if (auto started = daemon.start(); !started) {
        std::cerr << "kontord: " << messages::render_error(language, started.error()) << '\n';
        const auto hint = messages::render_hint(language, started.error());
        if (!hint.empty()) std::cerr << hint << '\n';
        return static_cast<int>(exit_code(started.error().code));
    }
    daemon.run();
    return 0;
}
