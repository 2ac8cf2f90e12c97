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
//
// Nor does a page that lags tell that another remote has deleted what it shows for the first time:
// that passes for what is there (docs/guarantees.md).
void World::sent_again(int number, int remote, Token token, const std::string& where,
                       std::optional<Instant> insists) {
    if (number >= static_cast<int>(devices_.size())) return;
    Device& device = *devices_[static_cast<std::size_t>(number)];
    const auto typed = ledger_.typed.find(token);
    const auto shown_by_another = [&](const auto& one) {
        const Account& account = *one.second.account;
        return one.first != name_at(number, remote) && account.delivered().contains(token) &&
               account.server().held_to_the_end(token);
    };
    if (!device.put_back_to() || typed == ledger_.typed.end() || typed->second.device != number ||
        typed->second.when > *device.put_back_to() || ledger_.asserted_again.contains(token) ||
        typed->second.skew != device.clock().skew() ||
        (insists && *insists <= *device.put_back_to()) ||
        servers_[static_cast<std::size_t>(remote)]->epoch() > 0 ||
        std::ranges::any_of(servers_, [&](const auto& server) { return server->holds(token); }) ||
        std::ranges::any_of(device.connections(), shown_by_another))
        return;
    violation("restore: dev" + std::to_string(number) + " sent w" + std::to_string(token) +
              "z again, which had been replaced, to " + where);
}

// What somebody at this device had typed before the backup, where it stands now, or what was typed
// over it.
std::optional<Token> World::standing_since_backup(const Device& device, const std::string& entity,
                                                  const std::string& column,
                                                  std::int64_t record) const {
    if (!device.put_back_to()) return std::nullopt;
    const auto stands = device.text("SELECT " + column + " FROM " + entity +
                                    " WHERE id = " + std::to_string(record));
    const auto token = stands ? first_token(Value(*stands).view()) : std::nullopt;
    if (const auto over = token ? ledger_.typed_over.find(*token) : ledger_.typed_over.end();
        over != ledger_.typed_over.end())
        return over->second;
    const auto typed = token ? ledger_.typed.find(*token) : ledger_.typed.end();
    if (typed == ledger_.typed.end() || typed->second.device != device.number() ||
        typed->second.when > *device.put_back_to())
        return std::nullopt;
    return token;
}

// What has come to a remote from here is nobody else's value: who has typed over it since is not
// asked about it, nor does it win. Where the remote keeps a form of its own of what it is told, it
// is not known for the same; where several fields are one group, others may have been changed.
void World::check_typed_over(const Device& device, const std::string& name) {
    const Server& server = device.connection(name).account->server();
    if (ledger_.typed_over.empty() || server.epoch() > 0 || server.retypes() > 0) return;
    device.each(
        "SELECT k.ours, k.theirs, s.name, g.name FROM kontor_conflict k JOIN kontor_group g ON"
        " g.id = k.grp JOIN kontor_stream s ON s.id = k.stream JOIN kontor_connection c ON"
        " c.id = s.connection WHERE k.kind = 'edit' AND c.name = '" +
            name + "'",
        [&](const replica::Statement& row) {
            const std::string stream(row.text(2)), group(row.text(3));
            const FieldModel* field = server.model().stream(stream).field(group);
            if (field == nullptr || field->habit != Habit::kKeep || field->columns.size() > 1)
                return;
            const auto ours = first_token(row.value(0)), theirs = first_token(row.value(1));
            const auto over = ours ? ledger_.typed_over.find(*ours) : ledger_.typed_over.end();
            if (over == ledger_.typed_over.end() || theirs != over->second ||
                ledger_.asserted_again.contains(*theirs))
                return;
            violation("restore: dev" + std::to_string(device.number()) + " takes w" +
                      std::to_string(*theirs) + "z of " + name + " " + group +
                      " for somebody else's, which stood here until w" + std::to_string(*ours) +
                      "z was typed over it");
        });
}

}  // namespace kontor::simulation
