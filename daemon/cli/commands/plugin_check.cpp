#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/load.hpp"
#include "config/table_reader.hpp"
#include "connectors/host/secret_store.hpp"
#include "connectors/kit/kit.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/kit_view.hpp"
#include "daemon/cli/plugin_options.hpp"
#include "daemon/cli/suggest.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/connector_home.hpp"
#include "daemon/descriptions.hpp"

namespace kontor::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A folder for as long as the command runs.
class ScratchFolder {
public:
    [[nodiscard]] static Outcome<ScratchFolder> make(messages::Language language) {
        auto path = (fs::temp_directory_path() / "kontor-check-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr)
            return tl::unexpected<Failure>(failed(language, Exit::kFailed, "storage",
                                                  "cli.check.no_folder", {{"path", path}}));
        return ScratchFolder(std::move(path));
    }
    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

/// Turns Ctrl-C into a stop request while it lives.
class StopOnCancel {
public:
    explicit StopOnCancel(const Cancel& cancel)
        : thread_([&cancel, this](const std::stop_token& done) {
              while (!done.stop_requested()) {
                  pollfd wait{cancel.fd(), POLLIN, 0};
                  if (::poll(&wait, 1, kLookMs) > 0) return source_.request_stop();
              }
              return false;
          }) {}
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    static constexpr int kLookMs = 100;
    std::stop_source source_;
    std::jthread thread_;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

Outcome<Pairs> pairs_of(Context& context, std::string_view option) {
    return parse_pairs(context.language(), context.args().all(option));
}

/// The connection that the command line itself describes.
Outcome<config::Connection> described(Context& context) {
    config::Connection out;
    out.plugin = context.args().option("plugin");
    out.name = "check";
    out.ca_file = context.args().option("ca-file");
    out.allow_http_loopback = context.args().has("allow-http-loopback");
    const auto values = pairs_of(context, "value");
    if (!values) return tl::unexpected<Failure>(values.error());
    for (const auto& [name, text] : *values) out.sign_in.values[name] = text;
    const auto secrets = pairs_of(context, "secret");
    if (!secrets) return tl::unexpected<Failure>(secrets.error());
    for (const auto& [name, reference] : *secrets) out.secrets[name] = reference;
    return out;
}

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

std::string path_of(const std::string& plugin, const app::ConnectorHome& home) {
    if (plugin.find('/') == std::string::npos && !plugin.ends_with(".so"))
        return home.path_of(plugin);
    return fs::absolute(plugin).lexically_normal().string();
}

/// The options as the plugin wants them. What types they have, only it can say.
Outcome<std::string> options_json(Context& context, const host::ConnectionSettings& settings) {
    const auto pairs = pairs_of(context, "option");
    if (!pairs) return tl::unexpected<Failure>(pairs.error());
    const auto connector = host::start_connector(settings.plugin_path, settings.isolation);
    if (!connector)
        return tl::unexpected<Failure>(failure_of(context.language(), connector.error()));
    const auto spec = json::parse((*connector)->info().spec_json, nullptr, false);
    json out = json::object();
    for (const auto& [name, text] : *pairs) out[name] = typed(option_named(spec, name), text);
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Outcome<host::ConnectionSettings> settings_of(Context& context, const std::string& folder) {
    config::Flags flags;
    flags.config = context.args().option("config");
    const auto loaded = config::load(flags, context.io().env, geteuid() == 0);
    const auto plugin = context.args().option("plugin");
    const bool by_name = !context.args().argument("CONNECTION").empty();
    if (by_name != plugin.empty()) return usage(context.language(), "cli.check.what");
    auto connection = by_name ? configured(context, loaded) : described(context);
    if (!connection) return tl::unexpected<Failure>(connection.error());
    const auto home = app::connector_home(loaded.config, "/proc/self/exe");
    auto settings = app::connection_settings(*connection, home, loaded.config.daemon.state_dir);
    settings.state_folder = folder;
    // Tokens of a configured connection are shared with kontord, which asks for them sparingly.
    if (by_name) {
        if (auto applied = app::apply_description(home, connection->plugin, settings); !applied)
            return tl::unexpected<Failure>(failure_of(context.language(), applied.error()));
        return settings;
    }
    settings.token_folder = folder + "/tokens";
    settings.plugin_path = path_of(plugin, home);
    auto options = options_json(context, settings);
    if (!options) return tl::unexpected<Failure>(options.error());
    settings.options_json = std::move(*options);
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
    const auto fields = pairs_of(context, "field");
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

Outcome<> set_rate(Context& context, host::LimitOverrides& limits) {
    const auto text = context.args().option("requests-per-second");
    if (text.empty()) return {};
    const auto rate = json::parse(text, nullptr, false);
    if (!rate.is_number() || rate.get<double>() <= 0)
        return usage(context.language(), "cli.check.rate", {{"value", one_line(text)}});
    limits.requests_per_second = rate.get<double>();
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
