#pragma once

#include <span>
#include <string>

#include "sync/base/value.hpp"

namespace kontor::merge {

/// One step in the life of a field, as its history has it.
struct Turn {
    Value before;        ///< the value that was written over; of an offer, the value offered
    std::string party;   ///< who wrote (or offered) it: a remote's name, "" for whoever is here
    bool offer = false;  ///< of the remote at hand, and not taken: a policy kept ours
};

/// How often one remote may bring the same value against others before that counts as a fight.
inline constexpr int kSameValueMax = 3;
/// How often in a row the remotes may write over each other, whatever they write.
inline constexpr int kRelayMax = 12;

/// C3. True if the remotes fight over a field of which `remote` brings `offered` while it holds
/// `now`:
///  * `remote` brings that value for the third time, and each time somebody else (other remotes, a
///    program here) has written over it since, each party always the same value of its own; or
///  * remotes have written over each other a dozen times in a row, whatever they wrote (each adds
///    to what the other has, say), and nobody here took part.
/// A colleague who changes his mind at one remote is no fight: nobody writes against him. `turns`
/// is newest first and holds what counts: the last day, since a person last decided. Pure.
[[nodiscard]] bool oscillates(std::span<const Turn> turns, const std::string& remote,
                              const Value& now, const Value& offered);

}  // namespace kontor::merge
