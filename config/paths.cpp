#include "config/paths.hpp"

#include <cstdlib>
#include <filesystem>

namespace kontor::config {
namespace {

// systemd separates several directories by colons; the first is ours. Relative ones don't count.
std::string directory(const Environment& environment, const std::string& name) {
    auto value = environment(name).value_or("");
    value = value.substr(0, value.find(':'));
    return !value.empty() && value[0] == '/' ? value : std::string();
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
}

Paths default_paths(const Environment& environment, bool is_root) {
    Paths paths;
    const auto home = is_root ? std::string() : directory(environment, "HOME");
    // XDG variable, else a folder of the home directory; "" for root and for users without a home.
    const auto xdg = [&](const char* name, const char* under_home) {
        const auto set = directory(environment, name);
        if (!set.empty()) return set + "/kontor";
        return home.empty() ? std::string() : home + under_home + "/kontor";
    };

    if (const auto set = directory(environment, "CONFIGURATION_DIRECTORY"); !set.empty())
        paths.system_config = set + "/kontor.toml";
    if (const auto config = xdg("XDG_CONFIG_HOME", "/.config"); !config.empty())
        paths.user_config = config + "/kontor.toml";

    paths.state_dir = directory(environment, "STATE_DIRECTORY");
    if (paths.state_dir.empty()) paths.state_dir = xdg("XDG_STATE_HOME", "/.local/state");
    if (paths.state_dir.empty()) paths.state_dir = "/var/lib/kontor";

    const auto runtime = directory(environment, "RUNTIME_DIRECTORY");
    const auto user_runtime = directory(environment, "XDG_RUNTIME_DIR");
    if (!runtime.empty())
        paths.socket = runtime + "/kontor.sock";
    else if (!user_runtime.empty())
        paths.socket = user_runtime + "/kontor/kontor.sock";
    else if (is_root)
        paths.socket = "/run/kontor/kontor.sock";
    else
        paths.socket = paths.state_dir + "/run/kontor.sock";
    return paths;
}

std::string whole_path(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    return error ? path : whole.lexically_normal().string();
}

}  // namespace kontor::config
