// Neither secrets nor people's data are in the log, whatever a server answers. Last, so that all
// other checks have been logged.
#include "connectors/kit/checks.hpp"

namespace kontor::kit {
namespace {

// A server that puts the request's credentials into its error.
Verdict log_secrets(Bench& bench) {
    auto& network = bench.network();
    for (const auto& stream : bench.streams()) {
        network.arm(Fault::kEcho, 0, Network::kAllOfThem);
        Collector nothing;
        const auto pulled = bench.remote().pull(stream.name, names_of(stream), {}, nothing);
        network.calm();
        if (!pulled && bench.watch().has_secret(pulled.error().message))
            return failed("secret_in_error", {{"call", "pull " + stream.name}});
    }
    const auto event = bench.watch().secret_logged();
    return event.empty() ? passed() : failed("secret_in_log", {{"event", event}});
}

Verdict log_data(Bench& bench) {
    // Every value that the kit wrote has its token in it.
    const auto event = bench.watch().logged(bench.token());
    return event.empty() ? passed() : failed("data_in_log", {{"event", event}});
}

constexpr Check kLogChecks[] = {
    {.name = "log_secrets", .of_connection = log_secrets},
    {.name = "log_data", .writes = true, .of_connection = log_data},
};

}  // namespace

std::span<const Check> log_checks() {
    return kLogChecks;
}

}  // namespace kontor::kit
