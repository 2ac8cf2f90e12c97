// A7: what is typed into a field that is hidden from us, here and there, before, meanwhile and
// after.
#include "tests/simulation/hidden.hpp"

#include <algorithm>

#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kHiddenTokens = 8'200'000;
constexpr std::int64_t kMinute = 60'000;

// As Server::hide() counts the fields.
std::uint64_t number_of(const StreamModel& stream, std::string_view name) {
    std::uint64_t out = 0;
    for (const FieldModel& field : stream.fields) {
        if (field.remote == name) break;
        if (field.target.empty() && !field.computed) ++out;
    }
    return out;
}

// Telephone numbers are hidden, e-mail addresses are not: those of the same person are typed too,
// and so the record is read and sent all the same.
void hide_for_a_while(Dice& dice, Scenario& scenario, Token& next_token) {
    const Connection& to = scenario.connections[dice.roll(scenario.connections.size())];
    const auto& streams = scenario.remotes[static_cast<std::size_t>(to.remote)].streams;
    const auto& contacts = *std::ranges::find(streams, "Contacts", &StreamModel::name);
    const Token born = next_token;
    next_token += 2;
    Script script(to);
    const auto some_types = [&](std::uint64_t most) {
        for (auto n = 1 + dice.roll(most); n > 0; --n) {
            script.type(dice.percent(50) ? Act::kTypeOf : Act::kTheirTypeOf, born, next_token,
                        dice.percent(65) ? typed::kPhone : typed::kEmail);
            next_token += 2;
            if (dice.percent(60)) script.wait(static_cast<std::int64_t>(dice.roll(20 * kMinute)));
            if (dice.percent(40)) script.add(Act::kSync);
        }
    };
    script.add(Act::kBorn, 0, born).amount = 1;
    script.add(Act::kSync);
    script.wait(12 * kMinute);
    if (dice.percent(70)) script.add(Act::kSync);
    if (dice.percent(30)) some_types(1);
    script.add(Act::kHide, number_of(contacts, "Phone"));
    some_types(5);
    if (dice.percent(70)) script.add(Act::kSync);
    // Also amid a sync, which does not know of it then.
    script.add(Act::kShow).at = dice.percent(50) ? static_cast<int>(dice.roll(16)) : -1;
    if (dice.percent(50)) some_types(2);
    for (int n = 0; n < 2; ++n) script.add(Act::kSync);
    put_whole(dice, scenario, script.steps);
}

}  // namespace

void add_hidden(Scenario& scenario) {
    Dice dice(scenario.seed + 0x41DE);
    // A field that becomes of another type takes no telephone number any more.
    if (scenario.twists.retypes || !dice.percent(15)) return;
    scenario.twists.hidden = true;
    Token next_token = kHiddenTokens;
    for (auto n = 1 + dice.roll(2); n > 0; --n) hide_for_a_while(dice, scenario, next_token);
}

}  // namespace kontor::simulation
