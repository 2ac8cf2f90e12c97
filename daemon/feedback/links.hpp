#pragma once

#include <string>

#include "daemon/feedback/invitations.hpp"
#include "daemon/feedback/token.hpp"

namespace kontor::feedback {

/// Makes the links of invitations, and what else of theirs is signed. A plain value; holds the
/// secret that signs them.
class Links {
public:
    /// `base`: where people reach the form, without a slash at its end. `elsewhere`: an address
    /// with {invitation} in it, where they answer instead; "" = at the form.
    Links(std::string base, host::Secret secret, std::string elsewhere = "")
        : base_(std::move(base)), elsewhere_(std::move(elsewhere)), secret_(std::move(secret)) {}

    /// Where the person answers; good until the invitation expires. kInternal if the invitation has
    /// no key of ours.
    [[nodiscard]] Result<std::string> answer(const Invitation& invitation) const;
    /// Where the person unsubscribes; good for ever.
    [[nodiscard]] Result<std::string> unsubscribe(const Invitation& invitation) const;
    /// By which replies and bounces are known again: see sign_mail_tag().
    [[nodiscard]] Result<std::string> mail_tag(const Invitation& invitation) const {
        return sign_mail_tag(invitation.key, secret_);
    }

private:
    [[nodiscard]] Result<std::string> link(const char* path, const Ticket& ticket) const;
    std::string base_, elsewhere_;
    host::Secret secret_;
};

}  // namespace kontor::feedback
