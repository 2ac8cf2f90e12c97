#include "daemon/feedback/links.hpp"

namespace kontor::feedback {

Result<std::string> Links::link(const char* path, const Ticket& ticket) const {
    auto token = sign_ticket(ticket, secret_);
    if (!token) return token;
    return base_ + path + *token;
}

Result<std::string> Links::answer(const Invitation& invitation) const {
    return link("/s/", {invitation.key, Purpose::kAnswer, invitation.expires});
}

Result<std::string> Links::unsubscribe(const Invitation& invitation) const {
    return link("/u/", {invitation.key, Purpose::kUnsubscribe, std::nullopt});
}

}  // namespace kontor::feedback
