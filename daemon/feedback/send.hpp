#pragma once

#include <string>

#include "daemon/feedback/actions.hpp"
#include "daemon/feedback/invitations.hpp"

namespace kontor::feedback {

struct Sent {
    Acted acted;
    Selection selection;
    std::int64_t reserved = 0;
    Sending sending;  ///< empty after a dry run
};

/// One run of a survey, as a person or the scheduler asks for it: acts on answers, chooses,
/// reserves, confirms what was reserved before, and hands out what is due. Running it again at any
/// time does no harm; with remotes that have to confirm, a later run hands out what an earlier one
/// reserved. A dry run only chooses. Not to be run twice at a time for one replica.
[[nodiscard]] Result<Sent> send(const Invitations::Parts& parts, const Survey& survey, bool dry_run,
                                const Acting& acting);

}  // namespace kontor::feedback
