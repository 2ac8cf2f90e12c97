// kontord: parses arguments, builds the App, runs it.
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "config/load.hpp"
#include "daemon/app.hpp"
#include "daemon/arguments.hpp"
#include "daemon/check_config.hpp"
#include "daemon/exit_codes.hpp"
#include "daemon/messages/messages.hpp"

int main(int argc, char** argv) {
    using namespace kontor;
    ::umask(077);  // whatever is written here is the user's alone
    // One heap per thread keeps what that thread needed once: 10 MiB at the end of a first load.
    ::mallopt(M_ARENA_MAX, 2);
    const auto language = messages::system_language();
    std::optional<Exit> ends;
    auto arguments = app::read_arguments(argc, argv, language, std::cout, std::cerr, ends);
    if (ends) return static_cast<int>(*ends);

    app::AppSettings settings;
    settings.environment = config::process_environment();
    settings.is_root = ::geteuid() == 0;
    settings.program = "/proc/self/exe";
    settings.flags = std::move(arguments.flags);
    if (arguments.check_config)
        return static_cast<int>(app::check_config(settings, language, std::cout));

    app::App daemon(settings, {});
    if (auto started = daemon.start(); !started) {
        // Of a configuration's mistakes the error tells only the first. It did not start, even if
        // somebody has mended them meanwhile.
        if (started.error().code == Errc::kConfig && started.error().args.contains("first")) {
            static_cast<void>(app::check_config(settings, language, std::cerr));
            return static_cast<int>(Exit::kConfig);
        }
        std::cerr << "kontord: " << messages::render_error(language, started.error()) << '\n';
        const auto hint = messages::render_hint(language, started.error());
        if (!hint.empty()) std::cerr << hint << '\n';
        return static_cast<int>(exit_code(started.error().code));
    }
    daemon.run();
    return 0;
}
