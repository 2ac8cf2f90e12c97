#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "sync/base/clock.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/merge/mapping.hpp"

namespace kontor::merge {

/// When each side changed a group, on the remote's clock, as far as it can be told.
struct Timing {
    /// Our change, with the uncertainty of our clock against the remote's.
    std::optional<Instant> ours;
    std::chrono::milliseconds uncertainty{2'000};
    /// Their change lies after `theirs_after` (the image last merged) and not after `theirs_until`.
    std::optional<Instant> theirs_after;
    std::optional<Instant> theirs_until;
};

struct Decision {
    enum class Kind : std::uint8_t {
        kOurs,    ///< ours stays and will be pushed
        kTheirs,  ///< theirs is taken
        kMerged,  ///< `merged` is neither: written here and pushed
        kPark,    ///< a person decides
        kWait,    ///< not now: an unsettled push touches the group
    };
    Kind kind = Kind::kPark;
    GroupValues merged;
    std::string rule;  ///< stable name for history: "newest:ours", "union", …
};

/// Decides a group that both sides changed. `base` is nullopt if none is known. `unsettled`: a push
/// of this group has no outcome yet, so that arithmetic on it would count twice. `theirs_owns`: the
/// remote is the system of record (kOwner). Pure.
[[nodiscard]] Decision decide(Policy policy, Policy fallback,
                              const std::optional<GroupValues>& base, const GroupValues& ours,
                              const GroupValues& theirs, const Timing& timing, bool unsettled,
                              bool theirs_owns = false);

}  // namespace kontor::merge
