#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/feedback/survey.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::feedback {

/// Whether somebody is asked, or why not. In the order in which the gates are tried.
enum class Verdict {
    kAsk,
    kNoEvent,   ///< it matches the event, but nothing tells that it came to
    kDelay,     ///< the event's delay is not over
    kLongAgo,   ///< the event is older than a link would live
    kNoPerson,  ///< the record refers to nobody
    kOptedOut,
    kNoConsent,
    kNoAddress,     ///< for none of the survey's channels
    kBounced,       ///< an e-mail came back: nobody has the address
    kSamePerson,    ///< another record of this selection has the same address
    kAskedThis,     ///< by this survey, too short a time ago
    kAskedOther,    ///< by any survey
    kAccountAsked,  ///< somebody of the same account
    kNotSampled,
};
/// "ask", "no_event" …, as the API names them.
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// One record of the audience with the person behind it.
struct Candidate {
    std::string who;   ///< "contact:42"; "" = nobody
    std::string what;  ///< "deal:7"; "" = the person as such
    std::int64_t account = 0;
    std::int64_t owner = 0;
    std::string address, phone;
    std::string language = "en";
    std::string zone = "UTC";
    bool opted_out = false;
    bool consents = true;
    bool bounced = false;          ///< nobody has the e-mail address
    std::optional<Instant> event;  ///< when it came to match the survey's event

    /// Channel and address by which the person is reached; the first that the survey names and the
    /// person has. Empty if there is none.
    [[nodiscard]] std::pair<std::string, std::string> reached_by(const Survey& survey) const;
    /// Who that is, over all records with the same address: a hash, "" if nobody is reached.
    [[nodiscard]] std::string person(const Survey& survey) const;
};

/// What is known of earlier invitations; those that were withdrawn do not count.
struct Past {
    std::optional<Instant> this_survey;  ///< of this person (and the same record, after an event)
    std::optional<Instant> any_survey;   ///< of this person
    std::optional<Instant> account;      ///< of anybody of the account
    std::string last_key;                ///< of this survey's last invitation, "" = none
    bool chosen_already = false;         ///< in the selection under way
    bool bounced = false;                ///< an e-mail to this address came back for good
};

/// The gates, for one candidate. Pure.
[[nodiscard]] Verdict judge(const Survey& survey, const Candidate& candidate, const Past& past,
                            Instant now);

/// Somebody to be asked, and the key of the invitation: the same wherever it is computed from the
/// same past, so that two devices reserve the same.
struct Chosen {
    Candidate candidate;
    std::string key, person, channel, address;
};

struct Selection {
    std::vector<Chosen> chosen;              ///< at most the survey's batch
    std::map<Verdict, std::int64_t> counts;  ///< of all candidates
    std::int64_t beyond_batch = 0;           ///< would be asked, but the batch is full
    std::optional<Instant> next;             ///< when the first event's delay is over
};

/// Looks at every record of the audience. Reads only. kNotFound, kInvalid and kConfig name the
/// column or filter of the survey that the replica does not have.
[[nodiscard]] Result<Selection> select(const replica::Database& db,
                                       const replica::Catalogue& catalogue, const Survey& survey,
                                       Instant now);

}  // namespace kontor::feedback
