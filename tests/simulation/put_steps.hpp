#pragma once

#include <cstddef>
#include <vector>

#include "tests/simulation/step.hpp"
#include "tests/simulation/time.hpp"

namespace kontor::simulation {

/// Puts a step of a twist among those from `from` on, also into a sync. Returns where it is.
std::size_t put_in(Dice& dice, Scenario& scenario, Act act, std::size_t from);

/// Puts these one after the other among those from `from` on, not amid a sync that is there
/// already.
void put_whole(Dice& dice, Scenario& scenario, const std::vector<Step>& steps,
               std::size_t from = 0);

/// Steps of one connection, in their order.
class Script {
public:
    explicit Script(const Connection& to) : to_(to) {}
    Step& add(Act act, std::uint64_t pick = 0, Token token = 0) {
        steps.push_back({.act = act,
                         .device = to_.device,
                         .remote = to_.remote,
                         .pick = pick,
                         .field = 1,
                         .token = token});
        return steps.back();
    }
    /// `act`: kTypeOf or kTheirTypeOf, into the contact that `named` names.
    void type(Act act, Token named, Token token, std::uint64_t column = typed::kPhone) {
        add(act, named, token).field = column;
    }
    void wait(std::int64_t wait_ms) { add(Act::kWait).amount = wait_ms; }
    std::vector<Step> steps;

private:
    Connection to_;
};

}  // namespace kontor::simulation
