#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/feedback/selection.hpp"
#include "sync/replica/local_edits.hpp"

namespace kontor::feedback {

/// An invitation's states, as the column `state` holds them:
///   reserved   made here; the remotes that invitations go to have not confirmed it
///   ready      confirmed: it may be sent, or the person called
///   sent       a link was handed out
///   answered, refused, withdrawn, unreachable
/// docs/feedback.md tells how two devices that mean to ask one person ask once.
struct Invitation {
    std::int64_t id = 0;
    std::string key, survey, who, what, person, channel, language, state, reason, device;
    std::int64_t account = 0, owner = 0;
    std::int64_t reminders = 0, attempts = 0;
    std::optional<Instant> reserved, sent, expires, next_attempt;
};

/// The invitation of that key; nullopt if there is none. kStorage.
[[nodiscard]] Result<std::optional<Invitation>> find_invitation(const replica::Database& db,
                                                                std::string_view key);
[[nodiscard]] Result<std::optional<Invitation>> find_invitation(const replica::Database& db,
                                                                std::int64_t id);

/// An invitation that cannot be handed out yet, or no longer, and why.
struct Held {
    Invitation invitation;
    std::string reason;  ///< not_sent, refused_there, duplicate, asked_elsewhere, opted_out …
};

/// Somebody whose link is to be sent now.
struct Due {
    Invitation invitation;
    Candidate person;
    std::int64_t reminder = 0;  ///< 0: the invitation itself; 1: the first reminder …
};

/// How links that are due reach their people.
enum class Delivery : std::uint8_t {
    kNone,     ///< nobody is there to send them; they wait
    kShown,    ///< they are shown, which counts as sent
    kOneByOne  ///< whoever sends one says so before (about_to_send())
};

struct Sending {
    std::vector<Due> due;
    std::vector<Held> waiting;    ///< for a remote's confirmation, or for the end of quiet hours
    std::vector<Held> withdrawn;  ///< in this call
    std::optional<Instant> next;  ///< when there is more to do at the earliest: a reminder, say
};

/// Makes, confirms and hands out invitations, by ordinary local edits. One thread at a time; what
/// is given must outlive it. `db` is opened with Access::kLocal.
class Invitations {
public:
    struct Parts {
        const replica::Database& db;
        replica::CatalogueCache& catalogues;
        Instant now;
        std::string actor;  ///< as in kontor_history
    };
    explicit Invitations(Parts parts) : parts_(std::move(parts)) {}

    /// Reserves an invitation for each of the selection. kConflict if one of the keys has been
    /// reserved meanwhile; then nothing was done.
    [[nodiscard]] Result<std::int64_t> reserve(const Survey& survey, const Selection& selection);

    /// Looks at what was reserved here and, where invitations go to remotes, whether these have
    /// them and whether somebody else was first; then at what is due now: ready links and
    /// reminders.
    [[nodiscard]] Result<Sending> hand_out(const Survey& survey,
                                           Delivery delivery = Delivery::kShown);

    /// From here on this counts as sent: a crash before it has gone sends none rather than two.
    /// False if it is not due any more, since it was answered or withdrawn meanwhile.
    [[nodiscard]] Result<bool> about_to_send(const Due& due);

    /// Takes back that this was sent: the next hand_out() has it again; `for_good`: nobody is
    /// there, so never.
    [[nodiscard]] Result<> not_sent(const Due& due, bool for_good);

    /// All links that were handed out and may still be answered, once more.
    [[nodiscard]] Result<std::vector<Due>> handed_out(const Survey& survey) const;

    /// Whom to call now: confirmed, not in their quiet hours, and due for the next attempt.
    [[nodiscard]] Result<std::vector<Due>> calls(const Survey& survey) const;

    /// Notes a call without answers: no_answer, busy, voicemail and call_later try again later,
    /// refused and wrong_number end it. kInvalid for another word, kConflict (reason
    /// survey_answered) if it was answered.
    [[nodiscard]] Result<> note_call(const Invitation& invitation, const std::string& outcome);

private:
    [[nodiscard]] std::map<std::string, Value> sent_fields(const Due& due) const;
    [[nodiscard]] Result<> edit(const Invitation& invitation, std::map<std::string, Value> fields);
    [[nodiscard]] Result<std::string> standing(const Survey& survey, const Invitation& invitation,
                                               bool& lost, bool& refused) const;
    [[nodiscard]] Result<bool> somebody_was_first(const Survey& survey,
                                                  const Invitation& invitation) const;
    Parts parts_;
};

/// This replica's name among devices.
[[nodiscard]] Result<std::string> device_of(const replica::Database& db);

/// An edit of an invitation's fields.
[[nodiscard]] replica::Edit edit_of(const Invitation& invitation,
                                    std::map<std::string, Value> fields);

}  // namespace kontor::feedback
