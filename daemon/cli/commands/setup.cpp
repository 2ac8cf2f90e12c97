#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/paths.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/files.hpp"

namespace kontor::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSkeleton =
    "# Kontor's configuration. Every key that is not here has its default.\n"
    "# All keys: man kontor.toml; kontor.example.toml in the documentation explains them.\n"
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
    std::string state;  ///< "" if the unit makes it, for the service's user
    std::string start;  ///< the command that starts the daemon
    Readers readers = Readers::kOwner;
};

/// For the service's user: it must be able to read what root writes.
Places machine(std::string config) {
    return {.config = std::move(config),
            .state = "",
            .start = "sudo systemctl enable --now kontord",
            .readers = Readers::kAll};
}

Places places_of(Context& context) {
    if (context.args().has("system")) return machine("/etc/kontor/kontor.toml");
    const auto paths = config::default_paths(context.io().env, geteuid() == 0);
    auto named = context.args().option("config");
    if (named.empty()) named = context.io().env("KONTOR_CONFIG").value_or("");
    auto state = context.io().env("KONTOR_STATE_DIR").value_or("");
    if (named.empty()) named = paths.user_config;
    if (state.empty()) state = paths.state_dir;
    if (named.empty()) {
        context.note(context.text("cli.init.root"));
        return machine(paths.system_config);
    }
    return {.config = config::whole_path(named),
            .state = state,
            .start = "systemctl --user enable --now kontord"};
}

}  // namespace

Outcome<Exit> run_init(Context& context) {
    const auto places = places_of(context);
    if (context.args().has("system") && ::access("/etc", W_OK) != 0)
        return tl::unexpected<Failure>(failed(context.language(), exit_code(Errc::kPermission),
                                              "permission", "cli.init.denied", {},
                                              "cli.init.denied.hint"));
    const auto folder = fs::path(places.config).parent_path();
    nlohmann::json made = nlohmann::json::array();
    nlohmann::json kept = nlohmann::json::array();
    std::vector<std::string> folders{folder.string(), (folder / "conf.d").string()};
    if (places.readers == Readers::kOwner) folders.push_back((folder / "secrets").string());
    if (!places.state.empty()) folders.push_back(places.state);
    for (const auto& path : folders) {
        const bool there = is_folder(path);
        if (auto done = make_folder(context.language(), path, places.readers); !done)
            return tl::unexpected<Failure>(std::move(done.error()));
        (there ? kept : made).push_back(path);
        if (!there) context.note(context.text("cli.init.folder", {{"path", path}}));
    }
    std::error_code ignored;
    const bool there = fs::exists(places.config, ignored);
    if (!there)
        if (auto done = write_file(context.language(), places.config, kSkeleton, places.readers);
            !done)
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
