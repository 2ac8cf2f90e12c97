#include "sync/merge/oscillation.hpp"

namespace kontor::merge {

bool oscillates(std::span<const Turn> turns, const Value& now, const Value& offered) {
    int brought = 1;             // the one at hand
    bool shows_offered = false;  // what the field held after the step being looked at
    for (const Turn& turn : turns) {
        if (turn.offer) {
            if (turn.before != offered || shows_offered) break;
            ++brought;
        } else if (!shows_offered && !turn.this_remote && turn.before == offered) {
            shows_offered = true;  // somebody else put `now` over it …
        } else if (shows_offered && turn.this_remote && turn.before == now) {
            shows_offered = false;  // … after this remote had put it over `now`
            ++brought;
        } else {
            break;
        }
        if (brought >= kSameValueMax) return true;
    }
    return false;
}

}  // namespace kontor::merge
