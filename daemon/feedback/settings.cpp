#include "daemon/feedback/settings.hpp"

#include <filesystem>

#include "config/table_reader.hpp"

namespace kontor::feedback {

std::string settings_path(const std::string& config_folder) {
    return (std::filesystem::path(config_folder) / "feedback.toml").string();
}

Settings read_settings(const std::string& file, config::Problems& problems) {
    Settings out;
    const auto document = config::read_toml(file, problems);
    if (!document) return out;
    config::TableReader in(*document, "", {file, problems, nullptr});
    in.boolean("pulled_answers", out.pulled_answers);
    in.finish();
    return out;
}

Result<Settings> load_settings(const std::string& config_folder) {
    const auto file = settings_path(config_folder);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return Settings{};
    config::Problems problems;
    auto out = read_settings(file, problems);
    if (!problems.empty()) return tl::unexpected<Error>(config::to_error(problems));
    return out;
}

}  // namespace kontor::feedback
