#include "sync/merge/three_way.hpp"

#include <algorithm>

namespace kontor::merge {
namespace {

using Action = GroupOutcome::Action;

GroupOutcome keep(Known known, std::string rule) {
    return {.action = Action::kNothing,
            .value = {},
            .known = std::move(known),
            .rule = std::move(rule)};
}

GroupOutcome take(const GroupInput& input, std::string rule) {
    return {.action = Action::kTake,
            .value = input.remote,
            .known = Known{input.remote, input.remote},
            .rule = std::move(rule)};
}

GroupOutcome by_policy(const GroupInput& input, const std::optional<GroupValues>& base) {
    const Decision decision = decide(input.policy, input.fallback, base, input.local, input.remote,
                                     input.timing, input.unsettled, input.theirs_owns);
    GroupOutcome out;
    switch (decision.kind) {
        case Decision::Kind::kTheirs:
            out = take(input, decision.rule);
            break;
        case Decision::Kind::kOurs:
            // What we know them to hold is now their new value; ours differs and will be pushed.
            out = keep(Known{input.remote, input.remote}, decision.rule);
            break;
        case Decision::Kind::kMerged:
            out = {.action = Action::kTake,
                   .value = decision.merged,
                   .known = Known{input.remote, input.remote},
                   .rule = decision.rule};
            break;
        case Decision::Kind::kPark:
            out = {
                .action = Action::kPark, .value = {}, .known = std::nullopt, .rule = decision.rule};
            break;
        case Decision::Kind::kWait:
            return {
                .action = Action::kWait, .value = {}, .known = std::nullopt, .rule = decision.rule};
    }
    out.conflict = true;
    return out;
}

// A field that only goes out: ours replaces theirs, except where we have nothing and never had.
GroupOutcome only_out(const GroupInput& input) {
    const bool nothing_to_say =
        is_blank(input.local) && (!input.known || input.local == input.known->ours);
    GroupOutcome out =
        keep(Known{input.remote, nothing_to_say ? input.local : input.remote}, "out_only");
    // What is written over there is kept, as with any policy that does not take theirs.
    out.conflict = !nothing_to_say && !is_blank(input.remote);
    return out;
}

/// True if `some` says nothing against `all`: what is not the same is blank there.
bool adds_only(const GroupValues& some, const GroupValues& all) {
    return std::ranges::equal(
        some, all, [](const Value& a, const Value& b) { return a == b || a.is_blank(); });
}

// No base: a null never wins, and nothing is pushed that the remote was not asked about.
GroupOutcome merge_uncovered(const GroupInput& input) {
    if (input.local == input.remote) return keep(Known{input.remote, input.remote}, "equal");
    if (input.direction == Direction::kIn) return take(input, "in_only");
    if (input.direction == Direction::kOut) return only_out(input);
    if (!input.said_otherwise.empty())  // each side keeps its own way
        return keep(Known{input.remote, input.local}, input.said_otherwise);
    if (adds_only(input.local, input.remote)) return take(input, "ours_blank");
    if (adds_only(input.remote, input.local))
        return keep(Known{input.remote, input.remote}, "theirs_blank");
    return by_policy(input, std::nullopt);
}

}  // namespace

GroupOutcome merge_group(const GroupInput& input) {
    GroupOutcome out;
    if (!input.known) {
        out = merge_uncovered(input);
    } else {
        const Known& known = *input.known;
        if (input.remote == known.theirs) {
            // Only we changed, or nobody. If a person was to decide, the other side has gone back.
            out = keep(known, "unchanged_there");
        } else if (input.local == input.remote) {
            out = keep(Known{input.remote, input.remote}, "agreed");
        } else if (input.direction == Direction::kOut) {
            out = only_out(input);
        } else if (input.local == known.ours || input.direction == Direction::kIn) {
            out = take(input, "only_theirs");
        } else {
            out = by_policy(input, known.theirs);
        }
    }
    out.close_conflict = input.parked && out.action != Action::kPark && out.action != Action::kWait;
    return out;
}

}  // namespace kontor::merge
