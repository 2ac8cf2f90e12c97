#include "daemon/check_config.hpp"

#include <ostream>

#include "daemon/config_checks.hpp"

namespace kontor::app {

Exit check_config(const AppSettings& settings, messages::Language language, std::ostream& out) {
    auto loaded = config::load(settings.flags, settings.environment, settings.is_root);
    (void)check_connections(loaded, connector_home(loaded.config, settings.program),
                            SecretsSeen::kAll);
    const auto& problems = loaded.problems;
    for (const auto& problem : problems)
        out << messages::localized(language, problem.text()) << '\n';
    if (problems.empty()) {
        out << messages::render(language, "daemon.config_ok") << '\n';
        return Exit::kOk;
    }
    out << messages::render(language, "daemon.config_errors",
                            {{"count", std::to_string(problems.size())}})
        << '\n';
    return Exit::kConfig;
}

}  // namespace kontor::app
