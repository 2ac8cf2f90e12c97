#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "config/load.hpp"
#include "connectors/declarative/read.hpp"
#include "connectors/kit/trial.hpp"
#include "daemon/cli/bare_connection.hpp"
#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/scratch_folder.hpp"
#include "daemon/cli/stop_on_cancel.hpp"
#include "daemon/cli/trial_view.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

constexpr std::size_t kRecordsMax = 1'000;

Outcome<> choose_records(Context& context, kit::TrialOptions& options) {
    options.all = context.args().has("all");
    for (const auto& stream : context.args().all("stream")) options.streams.insert(stream);
    const auto text = context.args().option("records");
    if (text.empty()) return {};
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, options.records);
    if (read.ec != std::errc() || read.ptr != end || options.records < 1 ||
        options.records > kRecordsMax)
        return usage(context.language(), "cli.try.records", {{"value", one_line(text)}});
    return {};
}

/// Where the description says that answers have each stream's records.
std::map<std::string, kit::Places> places_in(const std::string& description) {
    std::map<std::string, kit::Places> out;
    config::Problems ignored;  // told when the description was taken
    const auto read = declarative::read_description(description, "", ignored);
    if (!read) return out;
    for (const auto& stream : read->streams) {
        const auto* list = stream.request("list");
        out[stream.name] = {list == nullptr ? "" : list->records.text(), stream.fields_at.text()};
    }
    return out;
}

Outcome<> all_known(Context& context, const kit::TrialOptions& options, const kit::Trial& trial) {
    if (trial.names.empty()) return {};
    for (const auto& name : options.streams)
        if (std::ranges::find(trial.names, name) == trial.names.end()) {
            std::string list;
            for (const auto& each : trial.names)
                list += (list.empty() ? "" : context.text("cli.list.between")) + each;
            return usage(context.language(), "cli.try.no_stream",
                         {{"name", one_line(name)}, {"list", one_line(list)}});
        }
    return {};
}

}  // namespace

Outcome<Exit> run_connector_try(Context& context) {
    kit::TrialOptions options;
    if (auto chosen = choose_records(context, options); !chosen)
        return tl::unexpected<Failure>(chosen.error());
    const auto folder = ScratchFolder::make(context.language());
    if (!folder) return tl::unexpected<Failure>(folder.error());
    config::Flags flags;
    flags.config = context.args().option("config");
    const auto loaded = config::load(flags, context.io().env, geteuid() == 0);
    const auto home = app::connector_home(loaded.config, "/proc/self/exe");
    auto settings = bare_connection(context, context.args().argument("FILE"), home, folder->path());
    if (!settings) return tl::unexpected<Failure>(settings.error());
    options.connection = std::move(*settings);
    options.places = places_in(options.connection.description);
    const StopOnCancel stop(context.cancel());
    options.stop = stop.token();
    const SystemClock clock;
    SystemRandom random;
    host::SystemSecretStore secrets;
    const auto trial =
        kit::try_reading(options, {.clock = clock, .random = random, .secrets = secrets});
    if (context.cancel().requested()) return context.interrupted();
    if (auto known = all_known(context, options, trial); !known)
        return tl::unexpected<Failure>(known.error());
    const auto wrong = show_trial(context, trial);
    if (wrong > 0) {
        context.note(context.text("cli.try.wrong", {{"count", std::to_string(wrong)}}));
        return Exit::kFailed;
    }
    context.note(context.text("cli.try.ok"));
    return Exit::kOk;
}

}  // namespace kontor::cli
