#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sync/merge/group_values.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/merge/policy.hpp"

namespace kontor::merge {

/// What is known of one group on one link (ARCHITECTURE, "one invariant").
struct Known {
    GroupValues theirs;  ///< what the remote last showed or acknowledged
    GroupValues ours;    ///< our mapped value that it answered to
};

struct GroupInput {
    std::optional<Known> known;  ///< nullopt: not covered, no base
    GroupValues local;           ///< put(columns) as they are now
    GroupValues remote;          ///< the pulled image
    Policy policy = Policy::kNewest;
    Policy fallback = Policy::kManual;
    Direction direction = Direction::kBoth;
    Timing timing;
    bool parked = false;       ///< an open conflict waits for a person
    bool unsettled = false;    ///< an intent that touches the group has no outcome yet
    bool theirs_owns = false;  ///< the remote is the group's system of record
    /// Without a base: why the two, unlike as they are, say nothing against each other. "" if they
    /// do.
    std::string said_otherwise = {};
};

/// What to do with a group, and what is known afterwards.
struct GroupOutcome {
    enum class Action : std::uint8_t {
        kNothing,  ///< keep local as it is
        kTake,     ///< write get(`value`) here
        kPark,     ///< open (or refresh) a conflict; `known` stays as it was
        kWait,     ///< leave everything until the intent is settled
    };
    Action action = Action::kNothing;
    GroupValues value;  ///< kTake: remote representation to write here
    /// What is known afterwards, given that local maps to `value` (kTake) or stays. nullopt: leave
    /// the shadow row and coverage as they are.
    std::optional<Known> known;
    bool conflict = false;        ///< both sides had changed; worth a line in history
    bool close_conflict = false;  ///< an open conflict resolved itself
    std::string rule;
};

/// Clause h, with b for groups without a base. Pure: no clock, no I/O.
[[nodiscard]] GroupOutcome merge_group(const GroupInput& input);

}  // namespace kontor::merge
