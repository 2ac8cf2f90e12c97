#include "daemon/feedback/links.hpp"

namespace kontor::feedback {

Result<std::string> Links::link(const char* path, const Ticket& ticket) const {
    auto token = sign_ticket(ticket, secret_);
    if (!token) return token;
    return base_ + path + *token;
}

Result<std::string> Links::answer(const Invitation& invitation) const {
    const Ticket ticket{invitation.key, Purpose::kAnswer, invitation.expires};
    if (elsewhere_.empty()) return link("/s/", ticket);
    auto token = sign_ticket(ticket, secret_);
    if (!token) return token;
    constexpr std::string_view kGap = "{invitation}";
    auto out = elsewhere_;
    if (const auto at = out.find(kGap); at != std::string::npos)
        out.replace(at, kGap.size(), *token);
    return out;
}

Result<std::string> Links::unsubscribe(const Invitation& invitation) const {
    return link("/u/", {invitation.key, Purpose::kUnsubscribe, std::nullopt});
}

}  // namespace kontor::feedback
