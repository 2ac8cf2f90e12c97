// D1: who was the newest, by the one true time that no clock in the simulation shows.
#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

/// When what stands here was typed, here or at another remote; nullopt: by a clock that was wrong
/// by another amount than now, or nobody knows.
std::optional<Instant> typed_when(const World& world, Device& device, Token token) {
    const Ledger& ledger = world.ledger();
    if (const auto here = ledger.typed.find(token); here != ledger.typed.end()) {
        const bool known =
            here->second.device == device.number() && here->second.skew == device.clock().skew();
        return known ? std::optional(here->second.when) : std::nullopt;
    }
    if (!ledger.typed_there.contains(token)) return std::nullopt;
    std::optional<Instant> out;
    for (const auto& server : world.servers())
        if (const auto held = server->first_held(token); held && (!out || *held < *out)) out = held;
    return out;
}

}  // namespace

// Only what one person has typed into one column, before the clock has jumped: what was typed when
// it was wrong by another amount is the newest or not as the clock said (docs/guarantees.md).
void check_newest(World& world, Device& device, const std::string& connection) {
    const Server& server = device.connection(connection).account->server();
    device.each(
        "SELECT s.name, l.ext_id, g.name, CAST(k.ours AS TEXT), CAST(k.theirs AS TEXT),"
        " k.rule = 'newest:ours' FROM kontor_conflict k JOIN kontor_group g ON g.id = k.grp"
        " JOIN kontor_link l ON l.id = k.link JOIN kontor_stream s ON s.id = l.stream"
        " JOIN kontor_connection c ON c.id = s.connection WHERE c.name = '" +
            connection +
            "' AND k.rule IN ('newest:ours', 'newest:theirs') AND k.decided_by = 'policy' AND"
            " l.ext_id IS NOT NULL",
        [&](const replica::Statement& row) {
            const std::string stream(row.text(0)), id(row.text(1)), field(row.text(2));
            const FieldModel* model = server.model().stream(stream).field(field);
            const auto ours = first_token(row.value(3)), theirs = first_token(row.value(4));
            if (model == nullptr || model->columns.size() != 1 || !ours || !theirs) return;
            const auto here = typed_when(world, device, *ours);
            const auto there = server.typed_at(id, field, *theirs);
            if (!here || !there || world.ledger().asserted_again.contains(*ours) ||
                world.ledger().asserted_again.contains(*theirs) ||
                !world.ledger().typed_there.contains(*theirs))
                return;
            world.tally().add("newest decided");
            const bool ours_won = row.integer(5) != 0;
            if (ours_won ? *here > *there : *here < *there) return;
            world.violation("D1: " + field + " of " + id + " of " + connection + ": w" +
                            std::to_string(*ours) + "z, which stands here, was typed at " +
                            format_instant(*here) + ", w" + std::to_string(*theirs) +
                            "z there at " + format_instant(*there) + "; " +
                            (ours_won ? "ours" : "theirs") + " was taken for the newest");
        });
}

}  // namespace kontor::simulation
