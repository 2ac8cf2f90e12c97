#pragma once

#include <string>

#include "daemon/feedback/invitations.hpp"

namespace kontor::feedback {

/// What an invitation's e-mail says. A plain value.
struct InvitationMail {
    std::string subject, text, html;
};

/// `link` answers, `unsubscribe` ends it; both are our own. Where the first question is a number,
/// each answer is a link of its own that suggests it. In the invitation's language. Pure.
[[nodiscard]] InvitationMail invitation_mail(const Survey& survey, const Due& due,
                                             const std::string& link,
                                             const std::string& unsubscribe);

}  // namespace kontor::feedback
