// A5, D4: what only many records show. A list that says it is cut is not asked about, one that
// lacks too many is not believed, and many deletions at once wait for a person's word.
#include <algorithm>

#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

constexpr const char* kCounted = "Contacts";
constexpr std::size_t kMany = 60;  ///< half of them are more than any guard lets pass
constexpr std::size_t kHalf = 30;
constexpr std::size_t kRest = 10;  ///< without them half is not too many

bool stopped_by_guard(const Result<engine::CycleReport>& report) {
    const Error* error = !report ? &report.error() : report->problem ? &*report->problem : nullptr;
    return error != nullptr && error->code == Errc::kGuard;
}

std::int64_t contacts(const Device& device) {
    return device.number("SELECT count(*) FROM contact");
}

/// One sweep of the stream while its list is cut.
Result<engine::CycleReport> sweep(Device& device, const std::string& name, Fault cut) {
    device.connection(name).account->arm(cut);
    engine::Observer nobody;
    return device.sync(name, {.sweep = true, .push = false, .streams = {kCounted}}, nobody);
}

void check_sweeps(World& world, Device& device, const std::string& name) {
    const Account& account = *device.connection(name).account;
    const auto before = contacts(device);
    const auto asked = account.asked_for();
    if (const auto cut = sweep(device, name, Fault::kTruncatedList); stopped_by_guard(cut))
        world.violation("A5: a list that says it is cut stops " + name);
    if (account.asked_for() != asked)
        world.violation("A5: what a list lacks that says it is cut is asked for at " + name);
    if (!stopped_by_guard(sweep(device, name, Fault::kLyingList)))
        world.violation("A5: a list of " + name + " that lacks half is believed");
    if (account.asked_for() != asked || contacts(device) != before)
        world.violation("A5: what half a list of " + name + " lacks is not left alone");
}

void check_deletions(World& world, Device& device, const Server& server) {
    if (server.model().stream(kCounted).delete_there != merge::DeletePolicy::kMirror) return;
    const auto erase = [&](std::size_t count) {
        const auto done = device.sql(
            "DELETE FROM contact WHERE id IN (SELECT id FROM contact ORDER BY id"
            " LIMIT " +
            std::to_string(count) + ")");
        if (!done) world.violation("delete: " + done.error().message);
    };
    engine::Observer nobody;
    // All at once, or the second part soon after the first has been sent. What arrives twice is
    // gone already when it is answered, and so not counted as deleted by us.
    const bool in_parts = world.scenario().seed % 8 < 4 && !world.scenario().twists.resends;
    if (in_parts) {
        erase(kHalf - kRest);
        if (stopped_by_guard(device.sync(server.name(), {}, nobody)))
            world.violation("D4: somebody is asked before few are deleted at " + server.name());
    }
    const auto before = server.live(kCounted).size();
    erase(in_parts ? kRest : kHalf);
    if (!stopped_by_guard(device.sync(server.name(), {}, nobody)) ||
        server.live(kCounted).size() != before)
        world.violation("D4: nobody is asked before many are deleted at " + server.name());
}

}  // namespace

void check_guards(World& world) {
    // A whole load each: in some seeds only, of which others are not check_second_names()'s.
    constexpr std::uint64_t kOneIn = 4, kWhich = 2;
    if (world.scenario().seed % kOneIn != kWhich) return;
    Server& server = *world.servers().front();
    while (server.live(kCounted).size() < kMany) server.create(kCounted, {}, "colleague");
    world.time().advance(server.lag_bound());
    server.settle();
    if (const auto device = loaded_device(world, 0)) check_sweeps(world, *device, server.name());
    if (const auto device = loaded_device(world, 0)) check_deletions(world, *device, server);
}

}  // namespace kontor::simulation
