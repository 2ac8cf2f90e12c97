#pragma once

#include <string>
#include <vector>

#include "daemon/feedback/invitations.hpp"
#include "daemon/feedback/lexicon.hpp"

namespace kontor::feedback {

/// An answer that could not be acted upon, and why. It stays open and is tried again.
struct OpenAnswer {
    std::int64_t response = 0;
    int line = 0;  ///< of the action in the survey's file
    Error error;
};

struct Acted {
    std::int64_t answers = 0;  ///< acted upon in this call
    std::int64_t made = 0;     ///< records: notes, tasks …
    std::int64_t edited = 0;
    std::vector<OpenAnswer> open;
};

/// By which words texts are read, and whether this device also acts on answers that nobody took in
/// here (a survey service's, read by a connector): for one device of a team.
struct Acting {
    const Lexicon& lexicon;
    bool pulled_answers = false;
};

/// kNotFound (entity, field, line) if an action names an entity or a column that the replica does
/// not have.
[[nodiscard]] Result<> check_actions(const replica::Catalogue& catalogue, const Survey& survey);

/// Does what the survey's actions say for each answer that nobody has acted upon, by ordinary local
/// edits. An answer's edits and the mark that it is done (survey_response.acted_at) are one
/// transaction, so that neither a crash nor another call repeats them. What is made has a uid that
/// follows from answer and action: a second record of one answer makes nothing, and a remote with a
/// field for keys takes it once, whoever sends it.
///
/// Of several devices the one that asked acts; on an answer without an invitation, the one that
/// took it in. kStorage, kBusy.
[[nodiscard]] Result<Acted> act_on_answers(const Invitations::Parts& parts, const Survey& survey,
                                           const Acting& acting);

}  // namespace kontor::feedback
