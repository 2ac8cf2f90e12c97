#include "sync/merge/oscillation.hpp"

#include <map>

namespace kontor::merge {
namespace {

// Each party insists on a value of its own, and `remote` on this one.
bool insists(std::span<const Turn> turns, const std::string& remote, const Value& now,
             const Value& offered) {
    std::map<std::string, Value> values{{remote, offered}};
    int brought = 1;         // the one at hand
    bool contested = false;  // somebody else has written since the remote last brought it
    Value written = now;     // by the turn being looked at
    for (const Turn& turn : turns) {
        if (turn.offer) {
            if (turn.before != offered || contested) return false;
            ++brought;
        } else {
            if (values.try_emplace(turn.party, written).first->second != written) return false;
            const bool ours = turn.party == remote;
            if (ours && !contested) return false;  // it took its own value back
            brought += ours ? 1 : 0;
            contested = !ours;
            written = turn.before;
        }
        if (brought >= kSameValueMax) return true;
    }
    return false;
}

bool relayed(std::span<const Turn> turns, const std::string& remote) {
    int in_row = 1;
    const std::string* after = &remote;
    for (const Turn& turn : turns) {
        if (turn.offer) continue;
        if (turn.party.empty() || turn.party == *after) return false;
        after = &turn.party;
        if (++in_row >= kRelayMax) return true;
    }
    return false;
}

}  // namespace

bool oscillates(std::span<const Turn> turns, const std::string& remote, const Value& now,
                const Value& offered) {
    return insists(turns, remote, now, offered) || relayed(turns, remote);
}

}  // namespace kontor::merge
