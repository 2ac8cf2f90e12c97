#pragma once

#include <string>

#include "daemon/feedback/answers.hpp"
#include "daemon/mail/incoming.hpp"

namespace kontor::feedback {

/// What a reply to an invitation's e-mail says.
struct Reply {
    Answers answers;      ///< good for the survey; what is required may be missing
    std::string comment;  ///< words for which the survey has no question

    [[nodiscard]] bool empty() const { return answers.empty() && comment.empty(); }
};

/// Reads the words of a reply. If the survey's first question is a number and the first line is
/// one ("9", "9/10", "9, because …", "9分"), that is its answer; a number that counts something
/// ("10 days late") is not. The words go to the first text question that is shown, else they are
/// the comment. Pure.
[[nodiscard]] Reply read_reply(const Survey& survey, const std::string& words);

/// Whether somebody wants no more surveys: the words, or the subject where there are none, say so
/// and nothing else. In English and Chinese.
[[nodiscard]] bool wants_to_leave(const std::string& words, const std::string& subject);

/// What a delivery report says of the address. Reports of other things are kNone.
enum class Bounce {
    kNone,
    kSoft,     ///< 4.x.x, or it is still being tried
    kRefused,  ///< 5.x.x for another reason than the address: a full mailbox, a policy
    kNobody,   ///< 5.x.x, there is nobody
};
[[nodiscard]] Bounce bounce_of(const mail::Incoming& message);

/// What could be tags of ours in a message, the surest first: in the addresses that it came to,
/// in what it answers, in what a report returns.
[[nodiscard]] std::vector<std::string> tags_in(const mail::Incoming& message);

/// NAME+TAG@HOST of "Words <NAME@HOST>". tags_in() finds it again.
[[nodiscard]] std::string tagged_address(const std::string& mailbox, const std::string& tag);

}  // namespace kontor::feedback
