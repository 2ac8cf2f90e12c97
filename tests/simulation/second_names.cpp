// D7: an account under another name, as after a connection was renamed, is refused before anybody
// is here twice; another account of the same organisation is not, though both count alike.
#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

constexpr const char* kAgain = "again";
constexpr std::size_t kMany = 3;  ///< of so many, one that has changed is less than half

std::unique_ptr<Account> account_of(World& world, Server& server) {
    return std::make_unique<Account>(
        server, "api", world.time(), world.scenario().seed * 71, world.trace(),
        Account::Hooks{.yield = [](std::string_view) {},
                       .gone = [] { return false; },
                       .violation = [&world](const std::string& what) { world.violation(what); },
                       .parked = [] { return std::set<std::string>(); },
                       .known = [](const std::string&,
                                   const std::string&) { return std::optional<std::string>(); },
                       .sent_again = [](Token, const std::string&, std::optional<Instant>) {}});
}

std::int64_t rows(const Device& device) {
    return device.number("SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM contact)");
}

bool refused(const Result<engine::CycleReport>& report) {
    return !report && report.error().args.contains("reason") &&
           report.error().args.at("reason") == "same_records";
}

void check_renamed(World& world, int remote) {
    Server& server = *world.servers()[static_cast<std::size_t>(remote)];
    const auto device = loaded_device(world, remote);
    if (device == nullptr) return;
    std::size_t known = 0;
    for (const StreamModel& stream : server.model().streams) {
        const auto live = server.live(stream.name);
        known += live.size();
        if (live.size() >= kMany && stream.field("Phone") != nullptr)
            server.edit(stream.name, live.front(), {{"Phone", Value("+86 10 1")}}, "colleague");
    }
    if (known == 0) return;
    const auto before = rows(*device);
    device->connect(kAgain, account_of(world, server));
    engine::Observer nobody;
    if (!refused(device->sync(kAgain, {}, nobody)) || rows(*device) != before)
        world.violation("D7: " + server.name() + " is loaded once more under another name");
}

// … of which the first records have the same ids.
void check_namesake(World& world, int remote) {
    const Server& server = *world.servers()[static_cast<std::size_t>(remote)];
    if (server.traits().opaque_versions) return;  // those count as well
    Server other(server.name(), server.model(), server.traits(), world.time(),
                 world.scenario().seed * 73);
    const auto device = loaded_device(world, remote);
    if (device == nullptr) return;
    for (const StreamModel& stream : server.model().streams)
        for (std::size_t i = 0; i < server.records(stream.name).size(); ++i)
            other.create(stream.name, {}, "colleague");
    device->connect(kAgain, account_of(world, other));
    engine::Observer nobody;
    if (refused(device->sync(kAgain, {}, nobody)))
        world.violation("D7: another account is taken for " + server.name());
}

}  // namespace

void check_second_names(World& world) {
    // A whole load each: in some seeds only.
    constexpr std::uint64_t kOneIn = 4;
    if (world.scenario().seed % kOneIn != 0) return;
    for (std::size_t i = 0; i < world.servers().size(); ++i) {
        check_renamed(world, static_cast<int>(i));
        check_namesake(world, static_cast<int>(i));
    }
}

}  // namespace kontor::simulation
