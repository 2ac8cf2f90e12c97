#include "daemon/feedback/incoming_mail.hpp"

#include "daemon/feedback/reply_text.hpp"

namespace kontor::feedback {
namespace {

MailKind kind_of(Door door) {
    if (door == Door::kAnswered) return MailKind::kAnswered;
    if (door == Door::kExpired) return MailKind::kExpired;
    return door == Door::kOpen ? MailKind::kAnswer : MailKind::kWithdrawn;
}

Result<bool> was_taken(const replica::Database& db, const Invitation& invitation,
                       const std::string& message_id) {
    auto query =
        db.prepare("SELECT 1 FROM survey_response WHERE invitation_id=?1 AND submission=?2");
    if (!query) return pass(query);
    query->bind(1, invitation.id);
    query->bind(2, message_id);
    return query->step();
}

/// The key that a message's tags sign; "" if none of them is good.
std::string key_in(const std::vector<std::string>& tags, const host::Secret& secret) {
    for (const auto& tag : tags)
        if (auto key = read_mail_tag(tag, secret)) return *key;
    return "";
}

}  // namespace

std::string_view to_string(MailKind kind) {
    constexpr std::string_view kNames[] = {
        "answer",    "unsubscribe", "bounced", "delayed", "automatic", "answered", "expired",
        "withdrawn", "known",       "unknown", "forged",  "unclear",   "other"};
    return kNames[static_cast<std::size_t>(kind)];
}

Result<ReadMail> read_mail(const replica::Database& db, const host::Secret& secret,
                           const SurveyOf& survey_of, const mail::Incoming& message,
                           Instant arrived) {
    ReadMail out;
    const auto tags = tags_in(message);
    if (tags.empty()) return out;
    const auto key = key_in(tags, secret);
    out.kind = key.empty() ? MailKind::kForged : MailKind::kUnknown;
    if (key.empty()) return out;
    auto found = find_invitation(db, key);
    if (!found) return pass(found);
    if (!*found) return out;
    out.invitation = std::move(**found);
    const auto& invitation = out.invitation;

    const auto bounce = bounce_of(message);
    if (bounce == Bounce::kSoft) {
        out.kind = MailKind::kDelayed;
    } else if (bounce != Bounce::kNone) {
        out.nobody = bounce == Bounce::kNobody;
        const bool again = invitation.state == "unreachable" &&
                           invitation.reason == (out.nobody ? "bounced" : "mail_refused");
        out.kind = again ? MailKind::kKnown : MailKind::kBounced;
    } else if (message.automatic) {
        out.kind = MailKind::kAutomatic;
    }
    if (out.kind != MailKind::kUnknown) return out;

    const auto words = own_words(message.text);
    out.kind = MailKind::kUnsubscribe;
    if (wants_to_leave(words, message.subject)) return out;
    out.kind = kind_of(door_of(invitation, invitation.expires, arrived));
    if (out.kind == MailKind::kAnswered) {
        auto taken = was_taken(db, invitation, message.id);
        if (!taken) return pass(taken);
        if (*taken) out.kind = MailKind::kKnown;
    }
    if (out.kind != MailKind::kAnswer) return out;
    auto survey = survey_of(invitation.survey);
    if (!survey) return pass(survey);
    auto reply = read_reply(*survey, words);
    if (reply.empty()) out.kind = MailKind::kUnclear;
    out.response = {std::move(reply.answers), "mail", invitation.language, message.id, arrived};
    out.response.comment = std::move(reply.comment);
    return out;
}

}  // namespace kontor::feedback
