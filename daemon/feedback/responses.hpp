#pragma once

#include <string>

#include "connectors/host/secret.hpp"
#include "daemon/feedback/answers.hpp"
#include "daemon/feedback/invitations.hpp"
#include "daemon/feedback/token.hpp"

namespace kontor::feedback {

/// What a link leads to.
enum class Door {
    kOpen,
    kForged,  ///< not signed by us, or not for this purpose
    kExpired,
    kAnswered,   ///< it was used
    kWithdrawn,  ///< nobody is asked by it any more
    kUnknown,    ///< genuine, but the replica has no such invitation
};
/// "open", "forged" …, as pages and the API name them.
[[nodiscard]] std::string_view to_string(Door door);

struct Opened {
    Door door = Door::kForged;
    Invitation invitation;  ///< unless kForged or kUnknown
};

/// How an invitation stands; `expires`: of what leads to it.
[[nodiscard]] Door door_of(const Invitation& invitation, std::optional<Instant> expires,
                           Instant now);

/// Looks at a link. Reads only. kStorage.
[[nodiscard]] Result<Opened> open_link(const replica::Database& db, std::string_view token,
                                       Purpose purpose, const host::Secret& secret, Instant now);

/// An answer on its way into the replica.
struct Response {
    Answers answers;  ///< checked
    std::string channel, language;
    std::string submission;  ///< of an import: the same one is taken once; "" = none
    Instant answered{};
    std::string uid = {};      ///< as replica::Edit::uid
    std::string comment = {};  ///< words for which the survey has no question
};

/// Records answers to an invitation and marks it answered, in one transaction. kConflict (reason
/// survey_answered, survey_withdrawn) if it was answered or withdrawn meanwhile: once per link,
/// whoever races. The id of the response.
[[nodiscard]] Result<std::int64_t> record_response(
    const replica::Database& db, replica::CatalogueCache& catalogues, const Survey& survey,
    const Invitation& invitation, const Response& response, const std::string& actor);

/// Answers that came without an invitation of ours (an import). `who`: "contact:42" or "".
/// kConflict (reason survey_imported) if that submission is there.
[[nodiscard]] Result<std::int64_t> record_import(const replica::Database& db,
                                                 replica::CatalogueCache& catalogues,
                                                 const Survey& survey, const std::string& who,
                                                 const Response& response,
                                                 const std::string& actor);

/// Gives a response the answers, score and comment that it has now at its source, and lets it be
/// acted upon anew; what was is in history. Changes nothing if they are the same; whether they
/// were not.
[[nodiscard]] Result<bool> correct_response(const replica::Database& db,
                                            replica::CatalogueCache& catalogues,
                                            const Survey& survey, std::int64_t id,
                                            const Response& response, const std::string& actor);

/// Sets the opt-out column of the invitation's person and withdraws what they were still to be
/// asked, by whatever survey. Doing it again changes nothing.
[[nodiscard]] Result<> unsubscribe(const replica::Database& db, replica::CatalogueCache& catalogues,
                                   const Survey& survey, const Invitation& invitation,
                                   const std::string& actor);

/// Notes that an e-mail came back for good: the invitation is unreachable. `nobody`: so is whatever
/// else is still to be sent to that address, no later survey writes to it, and the survey's column
/// for that is set, unless the person has another address by now. Doing it again changes nothing.
[[nodiscard]] Result<> note_bounce(const replica::Database& db, replica::CatalogueCache& catalogues,
                                   const Survey& survey, const Invitation& invitation, bool nobody,
                                   const std::string& actor);

}  // namespace kontor::feedback
