#pragma once

#include <span>

#include "sync/base/value.hpp"

namespace kontor::merge {

/// One step in the life of a field, as its history has it.
struct Turn {
    Value before;              ///< the value that was written over; of an offer, the value offered
    bool this_remote = false;  ///< the remote at hand wrote it (or offered it)
    bool offer = false;        ///< this remote's value was not taken: a policy kept ours
};

/// How often one remote may bring the same value against the same other value before that counts
/// as a fight.
inline constexpr int kSameValueMax = 3;

/// C3. True if one remote brings `offered` for the third time, while somebody else (another remote,
/// a program here) has put the same other value, `now`, back each time. A colleague who changes his
/// mind at one remote is no fight: nobody writes against him. `turns` is newest first and holds
/// what counts: the last day, since a person last decided. Pure.
[[nodiscard]] bool oscillates(std::span<const Turn> turns, const Value& now, const Value& offered);

}  // namespace kontor::merge
