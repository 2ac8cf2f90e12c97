#pragma once

#include <cstdint>

namespace kontor::replica {

/// kontor_link.state. Values are stored: append only.
enum class LinkState : std::uint8_t {
    kLive = 0,          ///< linked, or to be created there (ext_id is NULL)
    kMissing = 1,       ///< was not in a complete list; its fate is being asked for
    kAccessLost = 2,    ///< exists there, we may not see it; edits here are kept
    kDetached = 3,      ///< no longer synced with this remote, by policy or decision
    kDeletedThere = 4,  ///< deleted there; kept so that a late image does not revive it
    kDeleteHere = 5,    ///< deleted here; the remote has not been told yet
    kDone = 6,          ///< deleted on both sides
};

}  // namespace kontor::replica
