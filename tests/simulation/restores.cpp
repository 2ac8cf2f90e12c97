// Replicas that are put back to an earlier state: what they send after that, and what is lost with
// what came after the backup.
#include <algorithm>

#include "sync/engine/epoch.hpp"
#include "tests/simulation/world.hpp"

namespace kontor::simulation {

void World::restore(Device& device) {
    // To a computer in good order.
    device.disk().fill_for(0);
    device.disk().cut_power_after(UINT64_MAX / 2);
    if (!device.put_back()) return;
    tally_.add("replicas restored");
    trace_.note("dev" + std::to_string(device.number()) + " is restored");
    // What was typed since may be nowhere else.
    std::erase_if(ledger_.typed_here, [&](Token token) {
        const auto found = ledger_.typed.find(token);
        return found != ledger_.typed.end() && found->second.device == device.number() &&
               found->second.when > *device.put_back_to();
    });
    const auto begun = engine::start_epoch(device.api());
    if (!begun) violation("start_epoch: " + begun.error().message);
    note_addresses(device);
}

// What a restored replica has not sent may have been sent before, and been replaced since: only a
// person sends it again, or another remote that has it; or the policy, where a person has accepted
// another remote, or the clock tells `newest` so that has jumped since (docs/guarantees.md).
//
// What an automation set back each time, before the backup as after it, the remote shows as it was
// then: whether ours had been sent meanwhile, and replaced, nothing tells (docs/guarantees.md).
void World::sent_again(int number, int remote, Token token, const std::string& where,
                       std::optional<Instant> insists) {
    if (number >= static_cast<int>(devices_.size())) return;
    Device& device = *devices_[static_cast<std::size_t>(number)];
    const auto typed = ledger_.typed.find(token);
    if (!device.put_back_to() || typed == ledger_.typed.end() || typed->second.device != number ||
        typed->second.when > *device.put_back_to() || ledger_.asserted_again.contains(token) ||
        typed->second.skew != device.clock().skew() ||
        (insists && *insists <= *device.put_back_to()) ||
        servers_[static_cast<std::size_t>(remote)]->epoch() > 0 ||
        std::ranges::any_of(servers_, [&](const auto& server) { return server->holds(token); }))
        return;
    violation("restore: dev" + std::to_string(number) + " sent w" + std::to_string(token) +
              "z again, which had been replaced, to " + where);
}

}  // namespace kontor::simulation
