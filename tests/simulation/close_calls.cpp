// A2, C1, C2, D1: writes that come close upon each other, where a remote tells little about them.
#include "tests/simulation/close_calls.hpp"

#include <algorithm>

#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kCloseTokens = 6'000'000;

class CloseCalls {
public:
    CloseCalls(Dice& dice, Scenario& scenario) : dice_(dice), scenario_(scenario) {}

    // The answer to a create names no version, and lists lag: what a colleague writes after it,
    // only a look before the next push shows. The remote compares versions, where it is told one.
    // Not where two devices are one user: each would take what the other writes for a form of its
    // own.
    void unnamed_version() {
        if (scenario_.one_user && scenario_.devices > 1) return;
        const Connection where = any_connection();
        ServerTraits& traits = of(where);
        traits.opaque_versions = true;
        traits.answers_version = false;
        traits.index_lag_max = milliseconds{600'000};
        traits.cas = remote::CompareAndSet::kBatch;
        pick_ = kPickLast;
        for (auto n = 1 + dice_.roll(3); n > 0; --n)
            put_whole(
                dice_, scenario_,
                drawn(where,
                      {{Act::kBorn}, {Act::kSync}, {Act::kTheirType}, {Act::kType}, {Act::kSync}},
                      typed::kPhone));
    }

    // Two writes of ours under one stamp: a list that lags shows the first after the second.
    void one_stamp() {
        const Connection where = any_connection();
        ServerTraits& traits = of(where);
        traits.opaque_versions = false;
        traits.cas = remote::CompareAndSet::kNone;
        traits.precision = milliseconds{60'000};
        traits.index_lag_max = milliseconds{3'000};
        traits.latency_max = std::min(traits.latency_max, milliseconds{200});
        put(where, {{Act::kType},
                    {Act::kSync},
                    {Act::kWait, 3'000},
                    {Act::kType},
                    {Act::kSync},
                    {Act::kSync}});
    }

    // What one remote brings over what was typed here is newer than that, and than what a colleague
    // has typed at the other.
    void brought_over_typed() {
        const Connection one = any_connection();
        const auto other = std::ranges::find_if(scenario_.connections, [&](const auto& connection) {
            return connection.device == one.device && connection.remote != one.remote;
        });
        if (other == scenario_.connections.end()) return;
        let_newest_phone_win();
        std::vector<Step> steps;
        const auto add = [&](const Connection& where, std::vector<Kind> kinds) {
            for (const Step& step : drawn(where, kinds, typed::kPhone)) steps.push_back(step);
        };
        pick_ = kPickLast;
        add(one, {{Act::kBorn}, {Act::kSync}});
        add(*other, {{Act::kSync}, {Act::kType}, {Act::kSync}});
        add(one, {{Act::kSync}});
        add(*other, {{Act::kWait, 120'000}, {Act::kTheirType}});
        add(one, {{Act::kWait, 120'000}, {Act::kTheirType}, {Act::kSync}});
        add(*other, {{Act::kSync}});
        put_whole(dice_, scenario_, steps);
    }

    // Whoever makes a record with half an address may find the other half filled in.
    void filled_in() {
        const Connection where = any_connection();
        of(where).fills_in = true;
        pick_ = kPickLast;
        auto steps =
            drawn(where, {{Act::kBorn}, {Act::kType}, {Act::kSync}, {Act::kSync}}, typed::kCity);
        put_whole(dice_, scenario_, steps);
    }

    // The remote takes so long to tell its time that what both type may be the newest.
    void told_slowly() {
        scenario_.twists.slow = true;
        let_newest_phone_win();
        const Connection where = any_connection();
        for (int n = 0; n < 3; ++n) {
            pick_ = dice_.roll(4);
            std::vector<Kind> kinds{
                {Act::kSync}, {Act::kTheirType}, {Act::kWait, 10'000}, {Act::kType}, {Act::kSync}};
            if (dice_.percent(50)) std::swap(kinds[1], kinds[3]);
            put_whole(dice_, scenario_, drawn(where, kinds, typed::kPhone));
        }
    }

private:
    struct Kind {
        Act act;
        std::int64_t longest = 0;  ///< milliseconds, of a wait
    };

    void let_newest_phone_win() {
        for (RemoteModel& model : scenario_.remotes)
            for (StreamModel& stream : model.streams)
                for (FieldModel& field : stream.fields)
                    if (stream.entity == "contact" && field.columns.front() == "phone")
                        field.policy = merge::Policy::kNewest;
    }
    const Connection& any_connection() {
        return scenario_.connections[dice_.roll(scenario_.connections.size())];
    }
    ServerTraits& of(const Connection& where) {
        return scenario_.traits[static_cast<std::size_t>(where.remote)];
    }

    // About one record and one field.
    std::vector<Step> drawn(const Connection& where, const std::vector<Kind>& kinds,
                            std::uint64_t field) {
        std::vector<Step> out;
        for (const Kind& kind : kinds) {
            Step step;
            step.act = kind.act;
            step.device = where.device;
            step.remote = where.remote;
            step.pick = pick_;
            step.field = kind.act == Act::kSync ? 1 : field;  // not a sweep each time
            step.token = next_token_;
            next_token_ += 2;
            step.amount = static_cast<std::int64_t>(
                dice_.roll(kind.longest > 0 ? static_cast<std::uint64_t>(kind.longest) : 1'000));
            out.push_back(step);
        }
        return out;
    }
    void put(const Connection& where, const std::vector<Kind>& kinds) {
        for (auto n = 1 + dice_.roll(3); n > 0; --n) {
            pick_ = dice_.roll(4);
            put_whole(dice_, scenario_, drawn(where, kinds, dice_.roll(1'000)));
        }
    }

    Dice& dice_;
    Scenario& scenario_;
    std::uint64_t pick_ = 0;
    Token next_token_ = kCloseTokens;
};

}  // namespace

void add_close_calls(Scenario& scenario) {
    Dice dice(scenario.seed + 0xC105E);
    if (!dice.percent(16)) return;
    scenario.twists.close_calls = true;
    CloseCalls calls(dice, scenario);
    switch (dice.roll(5)) {
        case 0:
            return calls.unnamed_version();
        case 1:
            return calls.one_stamp();
        case 2:
            return calls.brought_over_typed();
        case 3:
            return calls.filled_in();
        default:
            return calls.told_slowly();
    }
}

}  // namespace kontor::simulation
