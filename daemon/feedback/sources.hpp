#pragma once

#include <string>
#include <vector>

#include "connectors/host/secret.hpp"
#include "daemon/feedback/invitations.hpp"

namespace kontor::feedback {

/// A submission that is no answer to the survey as it is defined, and why.
struct Untaken {
    std::int64_t submission = 0;  ///< id of the record
    std::string number;           ///< the service's id of it
    std::string question;         ///< "" = the submission as a whole
    std::string reason;           ///< a Flaw, "no_answers", "answered"
};

struct Taken {
    std::int64_t answers = 0;  ///< taken in this call
    std::int64_t nobody = 0;   ///< of these, without a person
    std::int64_t changed = 0;  ///< responses corrected, for their answers changed there
    std::int64_t open = 0;     ///< to be taken: by another device, or by the next call
    std::vector<Untaken> untaken;
    /// Sources that cannot be read: the connection or a column is not there.
    struct Broken {
        int line = 0;
        Error error;
    };
    std::vector<Broken> broken;
};

/// Makes responses of the submissions that the survey's sources have, each once: checked and scored
/// as an import, linked to person and invitation. One that was not finished waits; one that was
/// edited corrects its response; one that a corrected definition fits is taken then. A response's
/// uid follows from survey and submission, so that devices which take the same make the same.
///
/// `ours`: this device takes them; else they are only counted (Taken::open). `secret`: signs links;
/// nullptr if there is none. At most some thousands a call. kStorage, kBusy.
[[nodiscard]] Result<Taken> take_submissions(const Invitations::Parts& parts, const Survey& survey,
                                             bool ours, const host::Secret* secret);

}  // namespace kontor::feedback
