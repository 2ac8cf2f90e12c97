#include "config/load.hpp"

#include <algorithm>
#include <filesystem>

#include "config/parse.hpp"

namespace kontor::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIncludesMax = 256;

/// True if that says that there is nothing by the name. Whatever else keeps us from looking does
/// not: what cannot be read is not nothing, and connections must not go because of it.
bool is_absent(const std::error_code& error) {
    return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

bool is_there(const std::string& file, Problems& problems) {
    std::error_code error;
    if (fs::exists(file, error)) return true;
    if (error && !is_absent(error))
        problems.push_back(Problem{file, 0, 0, "", "cannot be opened: " + error.message(), ""});
    return false;
}

std::vector<std::string> includes_of(const fs::path& folder, Problems& problems) {
    std::vector<std::string> out;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const auto name = it->path().filename().string();
        if (it->path().extension() == ".toml" && name[0] != '.' &&
            name.find(".mapping.toml") == std::string::npos)
            out.push_back(it->path().string());
    }
    if (error && !is_absent(error))
        problems.push_back(
            Problem{folder.string(), 0, 0, "", "cannot be opened: " + error.message(), ""});
    std::sort(out.begin(), out.end());
    return out;
}

void apply_layer(const std::string& file, bool required, Loaded& out) {
    const auto told = out.problems.size();
    if (required || is_there(file, out.problems)) {
        out.files.push_back(file);
        apply_file(file, out.config, out.problems, &out.origins);
    }
    const auto folder = fs::path(file).parent_path() / "conf.d";
    Problems unread;
    const auto includes = includes_of(folder, unread);
    // A folder that cannot be entered is told of once: not again for what is in it.
    if (out.problems.size() == told)
        out.problems.insert(out.problems.end(), unread.begin(), unread.end());
    if (includes.size() > kIncludesMax) {
        out.problems.push_back(Problem{folder.string(), 0, 0, "", "holds more than 256 files", ""});
        return;
    }
    for (const auto& include : includes) {
        out.files.push_back(include);
        apply_file(include, out.config, out.problems, &out.origins);
    }
}

// The scalar settings that variables and flags can give.
struct Setting {
    const char* key;
    const char* variable;
    std::string Flags::*flag;
    std::string Daemon::*place;
    bool path;
    std::vector<std::string> allowed;
};

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = {
        {"state_dir", "KONTOR_STATE_DIR", &Flags::state_dir, &Daemon::state_dir, true, {}},
        {"socket", "KONTOR_SOCKET", &Flags::socket, &Daemon::socket, true, {}},
        {"plugin_dir", "KONTOR_PLUGIN_DIR", nullptr, &Daemon::plugin_dir, true, {}},
        {"log_level",
         "KONTOR_LOG_LEVEL",
         &Flags::log_level,
         &Daemon::log_level,
         false,
         {"debug", "info", "warning", "error"}},
        {"log_format",
         "KONTOR_LOG_FORMAT",
         &Flags::log_format,
         &Daemon::log_format,
         false,
         {"auto", "text", "journal"}},
        {"language", "KONTOR_LANGUAGE", &Flags::language, &Daemon::language, false, {"en", "zh"}},
    };
    return all;
}

std::string flag_name(const Setting& setting) {
    std::string out = std::string("--") + setting.key;
    std::ranges::replace(out, '_', '-');
    return out;
}

void apply_setting(const Setting& setting, const std::string& value, const std::string& source,
                   Loaded& out) {
    const auto key = std::string("daemon.") + setting.key;
    if (!setting.allowed.empty() &&
        std::find(setting.allowed.begin(), setting.allowed.end(), value) == setting.allowed.end()) {
        std::string list;
        for (const auto& name : setting.allowed) list += (list.empty() ? "" : ", ") + name;
        out.problems.push_back(
            Problem{source, 0, 0, key, "must be one of: " + list, nearest(value, setting.allowed)});
        return;
    }
    out.config.daemon.*setting.place = setting.path ? whole_path(value) : value;
    out.origins[key] = source;
}

}  // namespace

Loaded load(const Flags& flags, const Environment& environment, bool is_root) {
    Loaded out;
    const Paths paths = default_paths(environment, is_root);

    std::string named = flags.config;
    if (named.empty()) named = environment("KONTOR_CONFIG").value_or("");
    if (!named.empty()) {
        named = whole_path(named);
        apply_layer(named, true, out);
        out.folder = fs::path(named).parent_path().string();
    } else {
        apply_layer(paths.system_config, false, out);
        if (!paths.user_config.empty()) apply_layer(paths.user_config, false, out);
        const auto& own = paths.user_config.empty() ? paths.system_config : paths.user_config;
        out.folder = fs::path(own).parent_path().string();
    }

    for (const auto& setting : settings()) {
        const auto variable = environment(setting.variable);
        if (variable && !variable->empty())
            apply_setting(setting, *variable, setting.variable, out);
        if (setting.flag != nullptr && !(flags.*setting.flag).empty())
            apply_setting(setting, flags.*setting.flag, flag_name(setting), out);
    }
    if (out.config.daemon.state_dir.empty()) out.config.daemon.state_dir = paths.state_dir;
    if (out.config.daemon.socket.empty()) out.config.daemon.socket = paths.socket;
    check_whole(out.config, out.origins, out.problems);
    return out;
}

}  // namespace kontor::config
