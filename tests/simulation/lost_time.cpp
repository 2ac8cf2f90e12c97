// B5: remotes that are set back and replicas that are restored, just as something made or typed in
// the time that is lost matters.
#include "tests/simulation/lost_time.hpp"

#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kLostTimeTokens = 8'500'000;

// Of a sync: what it does beside (World::sync).
constexpr std::uint64_t kPlain = 1, kWithSweep = 5, kOneStream = 13;

/// Steps of one connection, in their order; unless told otherwise, of what was made last.
class Tale {
public:
    Tale(Dice& dice, const Connection& where) : dice_(dice) {
        step_.device = where.device;
        step_.remote = where.remote;
        step_.pick = kPickLast;
        step_.token = kLostTimeTokens + 4 * dice.roll(100'000);
    }
    Step& add(Act act, std::uint64_t field = 0, std::int64_t amount = 1) {
        step_.act = act;
        step_.field = field;
        step_.amount = amount;
        step_.token += 4;
        steps.push_back(step_);
        return steps.back();
    }
    void sync(std::uint64_t field = kPlain) { add(Act::kSync, field); }
    /// Every list shows what was done before, and no pull that comes overlaps with it.
    void later() {
        add(Act::kWait, 0, 3'600'000 + static_cast<std::int64_t>(dice_.roll(3'600'000)));
    }
    void later_synced() {
        later();
        sync();
    }
    void accept(bool send) { add(Act::kAccept, 0, send ? 0 : 1); }
    void set_back(bool in_part, std::uint64_t ids = 0) {
        add(Act::kTheirSetBack, ids, in_part ? 0 : 1);
    }
    [[nodiscard]] Dice& dice() { return dice_; }
    std::vector<Step> steps;

private:
    Dice& dice_;
    Step step_;
};

// Contacts are there still that name an account which is there no more.
void lose_the_named(Tale& tale) {
    tale.add(Act::kTheirBackup);
    tale.add(Act::kTheirBornAccount);
    for (auto n = 1 + tale.dice().roll(2); n > 0; --n) tale.add(Act::kTheirBorn, 0, 0);
    tale.later_synced();
    tale.later();
    tale.set_back(true);
    tale.accept(true);
    // Accounts may be read before it is known what names them.
    if (tale.dice().percent(50)) {
        tale.add(Act::kSync, kOneStream).pick = 1;
    } else if (tale.dice().percent(50)) {
        tale.sync();
        tale.add(Act::kFault, static_cast<std::uint64_t>(Fault::kMalformed)).at =
            2 + static_cast<int>(tale.dice().roll(12));
    }
    for (int n = 0; n < 3; ++n) tale.later_synced();
}

// Somebody new is given the id of somebody who was made since the backup, before or after a person
// has accepted what is there.
void give_ids_again(Tale& tale, bool accepted) {
    tale.add(Act::kTheirBackup);
    tale.add(Act::kBorn);
    tale.later_synced();
    tale.later_synced();
    tale.set_back(false, kIdsAgain);
    if (accepted) {
        tale.accept(false);
        tale.later_synced();
    }
    tale.add(Act::kBorn);
    tale.later_synced();
    tale.later_synced();
    if (accepted) return;
    tale.accept(false);
    tale.later_synced();
    tale.add(Act::kType, typed::kPhone);
    tale.later_synced();
}

// It is accepted while a sync is about to find out.
void accept_at_once(Tale& tale) {
    tale.add(Act::kTheirBackup);
    tale.add(Act::kTheirType, typed::kPhone);
    tale.later_synced();
    tale.later();
    if (tale.dice().percent(50))
        tale.add(Act::kTheirReplaced, 0, 0);
    else
        tale.set_back(false);
    tale.sync(kWithSweep);
    auto& accept = tale.add(Act::kAccept);
    accept.at = 1 + static_cast<int>(tale.dice().percent(50) ? 0 : tale.dice().roll(12));
}

// What is asked for by its id alone is there no more, and another record is older than it was.
void miss_one(Tale& tale) {
    tale.add(Act::kTheirBackup);
    tale.add(Act::kTheirBornAccount);
    tale.add(Act::kTheirType, typed::kPhone);
    tale.later_synced();
    tale.later_synced();
    tale.set_back(false);
    tale.add(Act::kType, typed::kAccountName);
    tale.sync();
}

// Nobody tells what became of a value; then it is typed over, and that is lost here.
void lose_the_second_word(Tale& tale) {
    const auto field = tale.dice().roll(3);
    tale.add(Act::kType, field);
    tale.add(Act::kFault, static_cast<std::uint64_t>(Fault::kItemUnknown));
    tale.sync();
    tale.add(Act::kBackUp);
    tale.add(Act::kType, field);
    tale.sync();
    tale.later();
    tale.add(Act::kRestore);
    for (int n = 0; n < 2; ++n) tale.later_synced();
}

// What had been sent since the backup was replaced there: a person is asked, however often it is
// shown, until they have answered.
void ask_until_answered(Tale& tale) {
    if (tale.dice().percent(50))
        tale.add(Act::kBorn);
    else
        tale.add(Act::kType, typed::kPhone);
    // Of what was born the phone is typed too.
    tale.add(Act::kType, typed::kPhone);
    tale.add(Act::kBackUp);
    tale.later_synced();
    tale.add(Act::kTheirType, typed::kPhone);
    tale.later();
    tale.add(Act::kRestore);
    for (int n = 0; n < 3; ++n) {
        tale.sync(n == 1 ? kWithSweep : kPlain);
        tale.add(Act::kType, typed::kEmail);
        tale.later();
    }
    tale.sync();
}

// What was sent in the lost time is typed over here, and nobody else has a say in it.
void type_over(Tale& tale) {
    const auto field = tale.dice().roll(3);
    tale.add(Act::kType, field);
    tale.add(Act::kBackUp);
    tale.later_synced();
    if (tale.dice().percent(40)) tale.add(Act::kTheirType, (field + 1) % 3);
    tale.later();
    tale.add(Act::kRestore);
    tale.add(Act::kType, field);
    for (int n = 0; n < 2; ++n) tale.later_synced();
}

void set_policies(Dice& dice, Scenario& scenario, merge::Policy one, merge::Policy other) {
    for (RemoteModel& model : scenario.remotes)
        for (StreamModel& stream : model.streams)
            for (FieldModel& field : stream.fields)
                if (field.group.empty() && field.target.empty() && !field.computed)
                    field.policy = field.fallback = dice.percent(50) ? one : other;
}

}  // namespace

void add_lost_time(Scenario& scenario) {
    Dice dice(scenario.seed + 0x1057);
    Twists& twists = scenario.twists;
    if (twists.twins > 0 || twists.fights || twists.set_back || twists.restored ||
        twists.settings || twists.again || !dice.percent(20))
        return;
    const auto kind = dice.roll(8);
    const bool restored = kind >= 5;
    // Nothing is lost where two devices are one user (World::fate_must_be_known).
    if (restored && scenario.one_user && scenario.devices > 1) return;
    twists.lost_time = true;
    (restored ? twists.restored : twists.set_back) = true;
    const auto any_device = dice.roll(scenario.connections.size());
    const auto first_device = dice.roll(scenario.remotes.size());  // it alone sends what is missing
    Tale tale(dice, scenario.connections[kind == 0 ? first_device : any_device]);
    tale.later_synced();
    tale.add(Act::kTheirBorn);
    tale.later_synced();
    using merge::Policy;
    switch (kind) {
        case 0:
            for (ServerTraits& traits : scenario.traits) traits.key_field = true;
            lose_the_named(tale);
            break;
        case 1:
        case 2:
            give_ids_again(tale, kind == 1);
            break;
        case 3:
            accept_at_once(tale);
            break;
        case 4:
            for (RemoteModel& model : scenario.remotes)
                for (StreamModel& stream : model.streams)
                    stream.delete_against_edit = Policy::kRemote;
            miss_one(tale);
            break;
        case 5:
            lose_the_second_word(tale);
            break;
        case 6:
            set_policies(dice, scenario, Policy::kLocal, Policy::kLocal);
            ask_until_answered(tale);
            break;
        default:
            set_policies(dice, scenario, Policy::kRemote, Policy::kManual);
            type_over(tale);
    }
    put_whole(dice, scenario, tale.steps);
}

}  // namespace kontor::simulation
