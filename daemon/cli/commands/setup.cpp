#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/paths.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/files.hpp"

namespace kontor::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSkeleton =
    "# Kontor's configuration. Every key that is not here has its default.\n"
    "# All keys with explanations: man kontor.toml, or kontor.example.toml in the documentation.\n"
    "# Connections are kept in files of their own, conf.d/NAME.toml; kontor connect writes them.\n"
    "# Check it with: kontor config check\n"
    "\n"
    "[sync]\n"
    "# How often each connection is synced if nothing else calls for it.\n"
    "interval = \"15m\"\n"
    "\n"
    "[daemon]\n"
    "log_level = \"info\"  # debug, info, warning, error\n"
    "# language = \"zh\"   # messages in Chinese; otherwise as LANG says\n";

struct Places {
    std::string config;
    std::string state;
    std::string start;  ///< the command that starts the daemon
};

Places places_of(Context& context) {
    if (context.args().has("system"))
        return {"/etc/kontor/kontor.toml", "/var/lib/kontor",
                "sudo systemctl enable --now kontord"};
    const auto paths = config::default_paths(context.io().env, geteuid() == 0);
    auto named = context.args().option("config");
    if (named.empty()) named = context.io().env("KONTOR_CONFIG").value_or("");
    auto state = context.io().env("KONTOR_STATE_DIR").value_or("");
    if (named.empty()) named = paths.user_config;
    if (state.empty()) state = paths.state_dir;
    if (named.empty()) return {paths.system_config, state, "systemctl enable --now kontord"};
    return {fs::absolute(named).lexically_normal().string(), state,
            "systemctl --user enable --now kontord"};
}

}  // namespace

Outcome<Exit> run_init(Context& context) {
    const auto places = places_of(context);
    const auto folder = fs::path(places.config).parent_path();
    nlohmann::json made = nlohmann::json::array();
    nlohmann::json kept = nlohmann::json::array();
    for (const auto& path : {folder.string(), (folder / "conf.d").string(),
                             (folder / "secrets").string(), places.state}) {
        const bool there = fs::is_directory(path);
        if (auto done = make_private_folder(context.language(), path); !done)
            return tl::unexpected<Failure>(std::move(done.error()));
        (there ? kept : made).push_back(path);
        if (!there) context.note(context.text("cli.init.folder", {{"path", path}}));
    }
    const bool there = fs::exists(places.config);
    if (!there)
        if (auto done = write_private_file(context.language(), places.config, kSkeleton); !done)
            return tl::unexpected<Failure>(std::move(done.error()));
    (there ? kept : made).push_back(places.config);
    context.note(
        context.text(there ? "cli.init.kept" : "cli.init.wrote", {{"path", places.config}}));
    context.note(context.text("cli.init.next", {{"start", places.start}}));
    if (context.json())
        context.print_json(nlohmann::json{{"config", places.config},
                                          {"state_dir", places.state},
                                          {"created", made},
                                          {"kept", kept},
                                          {"next", places.start}});
    return Exit::kOk;
}

}  // namespace kontor::cli
