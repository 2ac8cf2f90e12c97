// Fields that become of another type or length at the remote, while people type into them.
#include "tests/simulation/retypes.hpp"

#include <algorithm>

#include "tests/simulation/put_steps.hpp"
#include "tests/simulation/world.hpp"

namespace kontor::simulation {
namespace {

using remote::FieldType;

constexpr Token kRetypeTokens = 7'000'000;

/// What becomes of a field; done again, it is what it was.
enum class Becomes { kText, kNumber, kPicklist, kShort };
struct Retype {
    const char* field;
    Becomes becomes;
};
constexpr Retype kRetypes[] = {
    {"Budget", Becomes::kText},    {"Email", Becomes::kPicklist}, {"Notes", Becomes::kShort},
    {"Email", Becomes::kNumber},   {"City", Becomes::kNumber},    {"Street", Becomes::kPicklist},
    {"Extra", Becomes::kPicklist}, {"Notes", Becomes::kNumber},   {"Extra", Becomes::kNumber}};

/// A step's field that stands for the column (actions.cpp); 0 where people type elsewhere.
std::uint64_t column_of(std::string_view field) {
    static constexpr std::string_view kInOrder[] = {"", "Email", "Notes", "Budget",
                                                    "", "City",  "Extra"};
    for (std::size_t i = 1; i < std::size(kInOrder); ++i)
        if (kInOrder[i] == field) return i;
    return 0;
}

FieldModel retyped(const FieldModel& was, Becomes becomes, const Server& server) {
    FieldModel out = was;
    out.choices.clear();
    switch (becomes) {
        case Becomes::kText:
            out.type = was.type == FieldType::kText ? FieldType::kDecimal : FieldType::kText;
            break;
        case Becomes::kNumber:
            out.type = was.type == FieldType::kInteger ? FieldType::kText : FieldType::kInteger;
            break;
        case Becomes::kShort:
            out.type = FieldType::kLongText;
            out.habit = was.habit == Habit::kTruncate ? Habit::kKeep : Habit::kTruncate;
            break;
        case Becomes::kPicklist:
            out.type = was.type == FieldType::kChoice ? FieldType::kText : FieldType::kChoice;
            if (out.type != FieldType::kChoice) break;
            for (const auto& [id, record] : server.records("Contacts"))
                if (const auto found = record.now.fields.find(was.remote);
                    found != record.now.fields.end() && !found->second.is_blank())
                    out.choices.push_back(kept(out, found->second).text());
            break;
    }
    if (out.type != FieldType::kText && out.type != FieldType::kLongText) out.cut_in_lists = false;
    return out;
}

}  // namespace

namespace {

// People here and there type into a field that becomes another one before the remote is told.
void type_meanwhile(Dice& dice, Scenario& scenario, Token& next_token) {
    Step step;
    const auto& where = scenario.connections[dice.roll(scenario.connections.size())];
    step.device = where.device;
    step.remote = where.remote;
    step.pick = dice.roll(std::size(kRetypes));
    const auto record = dice.roll(4);
    const auto column = column_of(kRetypes[step.pick].field);
    std::vector<Step> steps;
    const auto add = [&](Act act) {
        Step one = step;
        one.act = act;
        one.token = next_token;
        next_token += 4;
        one.amount = static_cast<std::int64_t>(dice.roll(1'000));
        if (act == Act::kType || act == Act::kTheirType) {
            one.pick = record;
            one.field = column;
        }
        if (act == Act::kSync) one.field = 1;
        steps.push_back(one);
    };
    add(Act::kType);
    add(Act::kSync);
    static constexpr Act kMeanwhile[] = {Act::kType,       Act::kTheirType, Act::kTheirRetype,
                                         Act::kFollow,     Act::kSync,      Act::kType,
                                         Act::kTheirRetype};
    for (auto n = 3 + dice.roll(5); n > 0; --n) add(kMeanwhile[dice.roll(std::size(kMeanwhile))]);
    if (dice.percent(50)) add(Act::kSync);
    // Half of the time amid a sync.
    if (dice.percent(50)) {
        const auto first = static_cast<int>(dice.roll(10));
        for (std::size_t i = 2; i < steps.size(); ++i)
            steps[i].at = first + static_cast<int>(i / 2);
    }
    put_whole(dice, scenario, steps);
}

}  // namespace

void add_retypes(Scenario& scenario) {
    Dice dice(scenario.seed + 0x7E7);
    // Who is who goes by fields that would change.
    if (scenario.twists.twins > 0 || !dice.percent(10)) return;
    scenario.twists.retypes = true;
    for (auto n = 1 + dice.roll(4); n > 0; --n) {
        const auto at = put_in(dice, scenario, Act::kTheirRetype, 0);
        // Half of them twice: there and back.
        for (auto again = dice.roll(2); again > 0; --again) {
            const Step first = scenario.steps[at];
            Step& second = scenario.steps[put_in(dice, scenario, Act::kTheirRetype, at + 1)];
            second.remote = first.remote;
            second.pick = first.pick;
        }
        for (auto follows = dice.roll(3); follows > 0; --follows)
            put_in(dice, scenario, Act::kFollow, at + 1);
    }
    Token next_token = kRetypeTokens;
    for (auto n = 1 + dice.roll(3); n > 0; --n) type_meanwhile(dice, scenario, next_token);
}

void World::retype(Server& server, const Step& step) {
    const Retype& one = kRetypes[step.pick % std::size(kRetypes)];
    // What changes twice between two looks at the description goes unseen (docs/guarantees.md).
    const bool seen = std::ranges::all_of(devices_, [&](const auto& device) {
        const auto found = device->connections().find(server.name());
        return found == device->connections().end() || found->second.retypes == server.retypes();
    });
    if (!seen) return;
    const FieldModel& was = *server.model().stream("Contacts").field(one.field);
    server.retype(retyped(was, one.becomes, server), step.amount % 2 == 0);
    tally_.add("fields retyped");
}

}  // namespace kontor::simulation
