#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "daemon/cli/bare_connection.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/scratch_folder.hpp"
#include "daemon/cli/stop_on_cancel.hpp"
#include "daemon/cli/values.hpp"
#include "daemon/cli/width.hpp"
#include "daemon/hub/schema.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

Outcome<hub::SchemaOptions> schema_of(Context& context) {
    hub::SchemaOptions out;
    const auto options = parse_pairs(context.language(), context.args().all("option"));
    if (!options) return tl::unexpected<Failure>(options.error());
    for (const auto& [name, value] : *options)
        if (name == "schema") out.schema = value;
    if (!hub::is_schema_name(out.schema))
        return usage(context.language(), "cli.hub.schema", {{"name", one_line(out.schema)}});
    out.grants = context.args().all("grant");
    return out;
}

/// Runs the statements at the database. Returns how many kinds of records the hub has then.
Outcome<std::size_t> make(Context& context, const std::vector<std::string>& statements) {
    const auto folder = ScratchFolder::make(context.language());
    if (!folder) return tl::unexpected<Failure>(folder.error());
    config::Flags flags;
    flags.config = context.args().option("config");
    const auto loaded = config::load(flags, context.io().env, geteuid() == 0);
    const auto home = app::connector_home(loaded.config, "/proc/self/exe");
    auto settings = bare_connection(context, "hub", home, folder->path());
    if (!settings) return tl::unexpected<Failure>(settings.error());
    auto options = json::parse(settings->options_json);
    options["setup"] = statements;
    settings->options_json = options.dump(-1, ' ', false, json::error_handler_t::replace);
    const StopOnCancel stop(context.cancel());
    const SystemClock clock;
    SystemRandom random;
    NullLogger log;
    host::SystemSecretStore secrets;
    const auto remote = host::open_connection(
        *settings,
        {.clock = clock, .random = random, .log = log, .secrets = secrets, .stop = stop.token()});
    if (!remote) return tl::unexpected<Failure>(failure_of(context.language(), remote.error()));
    const auto streams = (*remote)->describe();
    if (!streams) return tl::unexpected<Failure>(failure_of(context.language(), streams.error()));
    return streams->size();
}

}  // namespace

Outcome<Exit> run_init_hub(Context& context) {
    const auto schema = schema_of(context);
    if (!schema) return tl::unexpected<Failure>(schema.error());
    const auto statements = hub::schema_statements(*schema, replica::standard_entities());
    const bool dry_run = context.args().has("dry-run");
    std::size_t kinds = replica::standard_entities().size();
    if (!dry_run) {
        const auto made = make(context, statements);
        if (context.cancel().requested()) return context.interrupted();
        if (!made) return tl::unexpected<Failure>(made.error());
        kinds = *made;
    }
    if (context.json()) {
        context.print_json(json{{"schema", schema->schema},
                                {"dry_run", dry_run},
                                {"streams", kinds},
                                {"statements", statements}});
    } else if (dry_run) {
        for (const auto& statement : statements) context.print(statement + ";");
    } else {
        context.print(context.text("cli.hub.made",
                                   {{"count", std::to_string(kinds)}, {"schema", schema->schema}}));
        context.note(context.text("cli.hub.next"));
    }
    return Exit::kOk;
}

}  // namespace kontor::cli
