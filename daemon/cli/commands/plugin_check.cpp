#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "config/load.hpp"
#include "config/table_reader.hpp"
#include "connectors/host/secret_store.hpp"
#include "connectors/kit/kit.hpp"
#include "daemon/cli/bare_connection.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/kit_view.hpp"
#include "daemon/cli/scratch_folder.hpp"
#include "daemon/cli/stop_on_cancel.hpp"
#include "daemon/cli/suggest.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/connector_home.hpp"
#include "daemon/descriptions.hpp"

namespace kontor::cli {
namespace {

Outcome<config::Connection> configured(Context& context, const config::Loaded& loaded) {
    const auto name = context.args().argument("CONNECTION");
    if (!loaded.problems.empty())
        return tl::unexpected<Failure>(failed(context.language(), Exit::kConfig, "config",
                                              "cli.check.bad_config", {},
                                              "cli.check.bad_config.hint"));
    if (const auto* found = loaded.config.connection(name)) return *found;
    return tl::unexpected<Failure>(failed(context.language(), Exit::kNotFound, "not_found",
                                          "cli.check.no_connection", {{"name", one_line(name)}},
                                          "cli.check.no_connection.hint"));
}

Outcome<host::ConnectionSettings> settings_of(Context& context, const std::string& folder) {
    config::Flags flags;
    flags.config = context.args().option("config");
    const auto loaded = config::load(flags, context.io().env, geteuid() == 0);
    const auto home = app::connector_home(loaded.config, "/proc/self/exe");
    const auto plugin = context.args().option("plugin");
    const bool by_name = !context.args().argument("CONNECTION").empty();
    if (by_name != plugin.empty()) return usage(context.language(), "cli.check.what");
    if (!by_name) return bare_connection(context, plugin, home, folder);
    const auto connection = configured(context, loaded);
    if (!connection) return tl::unexpected<Failure>(connection.error());
    // Tokens of a configured connection are shared with kontord, which asks for them sparingly.
    auto settings = app::connection_settings(*connection, home, loaded.config.daemon.state_dir);
    settings.state_folder = folder;
    if (auto applied = app::apply_description(home, connection->plugin, settings); !applied)
        return tl::unexpected<Failure>(failure_of(context.language(), applied.error()));
    return settings;
}

Outcome<> choose(Context& context, kit::Options& options) {
    const auto& only = context.args().all("only");
    std::vector<std::string> names;
    for (const auto& check : kit::all_checks()) names.emplace_back(check.name);
    for (const auto& name : only) {
        if (std::ranges::find(names, name) == names.end()) {
            std::string hint;
            if (const auto guess = suggest(name, names); !guess.empty())
                hint = context.text("cli.usage.did_you_mean", {{"word", guess}});
            return usage(context.language(), "cli.check.no_check", {{"name", one_line(name)}},
                         hint);
        }
        options.checks.insert(name);
    }
    for (const auto& stream : context.args().all("stream")) options.streams.insert(stream);
    const auto fields = parse_pairs(context.language(), context.args().all("field"));
    if (!fields) return tl::unexpected<Failure>(fields.error());
    for (const auto& [name, text] : *fields) options.values[name] = text;
    if (const auto text = context.args().option("patience"); !text.empty()) {
        const auto time = config::parse_duration(text);
        if (!time)
            return usage(context.language(), "cli.check.patience", {{"value", one_line(text)}});
        options.patience = *time;
    }
    return {};
}

Outcome<> choose_half(Context& context, kit::Options& options) {
    options.write = context.args().has("scratch");
    if (options.write == context.args().has("read-only"))
        return usage(context.language(), "cli.check.half", {}, context.text("cli.check.half.hint"));
    return {};
}

std::function<Result<>()> command_of(const std::string& command) {
    if (command.empty()) return {};
    return [command]() -> Result<> {
        // The person's own command, on the person's own command line.
        const int status =
            std::system(command.c_str());  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
        if (status == 0) return {};
        return fail(Errc::kInvalid, "status " + std::to_string(status));
    };
}

}  // namespace

Outcome<Exit> run_plugin_check(Context& context) {
    if (context.args().has("list")) return list_checks(context);
    kit::Options options;
    if (auto chosen = choose_half(context, options); !chosen)
        return tl::unexpected<Failure>(chosen.error());
    if (auto chosen = choose(context, options); !chosen)
        return tl::unexpected<Failure>(chosen.error());
    const auto folder = ScratchFolder::make(context.language());
    if (!folder) return tl::unexpected<Failure>(folder.error());
    auto settings = settings_of(context, folder->path());
    if (!settings) return tl::unexpected<Failure>(settings.error());
    if (auto set = set_rate(context, settings->limits); !set)
        return tl::unexpected<Failure>(set.error());
    options.connection = std::move(*settings);
    options.change_schema = command_of(context.args().option("schema-change"));
    const StopOnCancel stop(context.cancel());
    options.stop = stop.token();
    KitProgress progress(context);
    options.on_step = [&](auto check, auto stream, auto done, auto total) {
        progress.show(check, stream, done, total);
    };
    const SystemClock clock;
    SystemRandom random;
    host::SystemSecretStore secrets;
    const auto report = kit::run(options, {.clock = clock, .random = random, .secrets = secrets});
    progress.clear();
    if (!report && context.cancel().requested()) return context.interrupted();
    if (!report) return tl::unexpected<Failure>(failure_of(context.language(), report.error()));
    show_report(context, *report);
    return report->count(kit::Outcome::kFailed) == 0 ? Exit::kOk : Exit::kFailed;
}

}  // namespace kontor::cli
