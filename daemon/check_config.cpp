#include "daemon/check_config.hpp"

#include <filesystem>
#include <ostream>

#include "config/mapping_file.hpp"

namespace kontor::app {

Exit check_config(const AppSettings& settings, messages::Language language, std::ostream& out) {
    auto loaded = config::load(settings.flags, settings.environment, settings.is_root);
    auto& problems = loaded.problems;
    const host::SystemSecretStore secrets;
    for (const auto& connection : loaded.config.connections) {
        std::error_code ignored;
        // Before the set-up has run there is no mapping, which is no error.
        if (std::filesystem::exists(connection.mapping, ignored))
            (void)config::read_mapping(connection.mapping, problems);
        for (const auto& [name, reference] : connection.secrets)
            if (auto secret = secrets.read(reference); !secret)
                problems.push_back(
                    config::Problem{"", 0, 0, "connection." + connection.name + ".secrets." + name,
                                    secret.error().message, ""});
    }
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
