#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/feedback/reply.hpp"
#include "daemon/feedback/responses.hpp"

namespace kontor::feedback {

/// What a message that came in is.
enum class MailKind {
    kAnswer,
    kUnsubscribe,
    kBounced,    ///< came back for good
    kDelayed,    ///< came back for now, or is still being tried
    kAutomatic,  ///< a program wrote it
    kAnswered,   ///< the invitation was answered before
    kExpired,    ///< too late
    kWithdrawn,  ///< nobody is asked by it any more
    kKnown,      ///< this very message has been taken before
    kUnknown,    ///< ours, but the replica has no such invitation
    kForged,     ///< looks like ours and is not
    kUnclear,    ///< to an invitation, but nothing in it is an answer: for a person to read
    kOther,      ///< has nothing to do with invitations
};
/// "answer", "unsubscribe" …, as the API names them.
[[nodiscard]] std::string_view to_string(MailKind kind);

struct ReadMail {
    MailKind kind = MailKind::kOther;
    Invitation invitation;  ///< unless kOther, kForged or kUnknown
    Response response;      ///< of kAnswer
    bool nobody = false;    ///< of kBounced: nobody has the address
};

using SurveyOf = std::function<Result<Survey>(const std::string& id)>;

/// Decides what a message is. Invitations are known by our signed tag alone, never by the sender.
/// Reads only. `arrived`: at the mail server; a reply is late or not by that. Errors: kStorage, and
/// those of `survey_of` where an answer needs the survey.
[[nodiscard]] Result<ReadMail> read_mail(const replica::Database& db, const host::Secret& secret,
                                         const SurveyOf& survey_of, const mail::Incoming& message,
                                         Instant arrived);

}  // namespace kontor::feedback
