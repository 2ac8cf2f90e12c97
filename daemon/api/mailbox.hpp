#pragma once

#include <map>
#include <mutex>

#include "daemon/api/feedback_service.hpp"
#include "daemon/feedback/mail_cursor.hpp"
#include "daemon/mail/imap.hpp"

namespace kontor::api {

/// Reads replies and bounces from the mailbox that feedback.toml names. Each message is taken once:
/// how far the folder has been read is kept in the replica, and taking a message again does no
/// harm. Nothing in the mailbox is marked or deleted. Thread-safe; both given must outlive it.
class Mailbox {
public:
    Mailbox(Services& services, FeedbackService& surveys)
        : services_(services), surveys_(surveys) {}

    /// A message that somebody should look at.
    struct Noted {
        std::uint32_t uid = 0;
        std::string who;     ///< "contact:42"; "" = not known
        std::string reason;  ///< "unclear", or why it could not be taken
        bool open = false;   ///< it could not be taken, and is tried again by the next run
    };
    struct Received {
        std::map<feedback::MailKind, std::int64_t> counts;
        std::vector<Noted> noted;
        std::int64_t left = 0;         ///< not looked at yet: call again
        std::optional<Error> problem;  ///< what ended it early; nothing is lost
    };
    /// Takes up to `most` messages: new ones, then those that could not be taken before. One at a
    /// time. kConfig (reason survey_no_mailbox) if feedback.toml names none; else errors as those
    /// of mail::ImapFolder if there is no connection, and kStorage.
    [[nodiscard]] Result<Received> receive(const std::string& actor, std::size_t most);

private:
    struct Reading;
    [[nodiscard]] Result<> read(Reading& reading, std::size_t most);
    [[nodiscard]] Result<> take_all(Reading& reading, std::span<const std::uint32_t> uids);
    [[nodiscard]] Result<> take(Reading& reading, const mail::Fetched& message);
    static void note(Reading& reading, Noted noted);
    [[nodiscard]] Result<> save(const Reading& reading);

    Services& services_;
    FeedbackService& surveys_;
    std::mutex reading_;
};

}  // namespace kontor::api
