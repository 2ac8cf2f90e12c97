// Replies and bounces: a part of the mailbox with each request, so that whoever asks sees how far
// it is and may stop.
#include "daemon/api/mailbox_routes.hpp"

#include "daemon/api/json_io.hpp"

namespace kontor::api {
namespace {

using feedback::MailKind;

constexpr std::int64_t kMost = 1'000;
constexpr std::int64_t kUsual = 200;

Result<ApiResponse> receive_mail(Mailbox& mailbox, const ApiRequest& request) {
    auto body = parse_body(request, {"most"});
    if (!body) return pass(body);
    auto most = integer_in(*body, "most");
    if (!most) return pass(most);
    const auto wanted = most->value_or(kUsual);
    if (wanted < 1 || wanted > kMost)
        return fail(Errc::kInvalid, "most must be from 1 to 1000", {{"key", "most"}});
    auto received = mailbox.receive(request.actor, static_cast<std::size_t>(wanted));
    if (!received) return pass(received);
    json counts = json::object();
    for (int kind = 0; kind <= static_cast<int>(MailKind::kOther); ++kind) {
        const auto one = static_cast<MailKind>(kind);
        const auto found = received->counts.find(one);
        counts[std::string(feedback::to_string(one))] =
            found == received->counts.end() ? 0 : found->second;
    }
    json noted = json::array();
    for (const auto& one : received->noted)
        noted.push_back({{"uid", one.uid},
                         {"who", or_null(one.who)},
                         {"reason", one.reason},
                         {"open", one.open}});
    return json_response(
        {{"counts", std::move(counts)},
         {"noted", std::move(noted)},
         {"left", received->left},
         {"problem", received->problem ? json(received->problem->message) : json()}});
}

}  // namespace

void add_mailbox_routes(Router& router, Mailbox& mailbox) {
    router.add("POST", "/api/v1/mailbox/receive",
               [&mailbox](const ApiRequest& request) { return receive_mail(mailbox, request); });
}

}  // namespace kontor::api
