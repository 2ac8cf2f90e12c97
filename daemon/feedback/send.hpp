#pragma once

#include <algorithm>
#include <string>

#include "daemon/feedback/actions.hpp"
#include "daemon/feedback/invitations.hpp"

namespace kontor::feedback {

/// How far a run of a survey goes.
struct Reach {
    bool dry_run = false;  ///< only chooses
    bool choose = true;    ///< false: goes on with those that were chosen before
    Delivery delivery = Delivery::kShown;
};

struct Sent {
    Acted acted;
    Selection selection;
    std::int64_t reserved = 0;
    Sending sending;  ///< empty after a dry run
    /// When there is more to do, if nothing happens before.
    [[nodiscard]] std::optional<Instant> next() const {
        if (!selection.next || !sending.next) return selection.next ? selection.next : sending.next;
        return std::min(*selection.next, *sending.next);
    }
};

/// One run of a survey, as a person or the scheduler asks for it: acts on answers, chooses,
/// reserves, confirms what was reserved before, and hands out what is due. Running it again at any
/// time does no harm; with remotes that have to confirm, a later run hands out what an earlier one
/// reserved. Not to be run twice at a time for one replica.
[[nodiscard]] Result<Sent> send(const Invitations::Parts& parts, const Survey& survey,
                                const Reach& reach, const Acting& acting);

}  // namespace kontor::feedback
