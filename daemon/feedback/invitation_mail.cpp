#include "daemon/feedback/invitation_mail.hpp"

namespace kontor::feedback {
namespace {

std::string for_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

std::string one_line_of(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return text;
}

std::string anchor(const std::string& link, const std::string& text, const char* style) {
    return "<a href=\"" + for_html(link) + "\" style=\"" + style + "\">" + for_html(text) + "</a>";
}

constexpr const char* kBox =
    "display:inline-block;min-width:28px;padding:8px;margin:2px;text-align:center;"
    "border:1px solid #888888;border-radius:6px;text-decoration:none;color:#0a66c2";

}  // namespace

InvitationMail invitation_mail(const Survey& survey, const Due& due, const std::string& link,
                               const std::string& unsubscribe) {
    const auto language = messages::language_from(due.invitation.language);
    const auto say = [&](std::string_view key) { return messages::render(language, key); };
    InvitationMail out;
    const auto title = one_line_of(survey.title.in(language));
    out.subject =
        due.reminder == 0 ? title : messages::render(language, "mail.reminder", {{"title", title}});
    const auto intro = survey.intro.empty() ? say("mail.intro") : survey.intro.in(language);
    const auto& first = survey.questions.front();
    const auto question = first.text.in(language);

    out.text = intro + "\n\n";
    out.html = "<!DOCTYPE html>\n<html lang=\"" + std::string(messages::to_string(language)) +
               "\"><body style=\"font-family:sans-serif;font-size:16px;line-height:1.5\">\n<p>" +
               for_html(intro) + "</p>\n";
    // A service's form takes no suggestions.
    if (first.is_number() && survey.link_elsewhere().empty()) {
        out.text += question + " (" + std::to_string(first.min) + "–" + std::to_string(first.max) +
                    ")\n" + link + "\n\n";
        out.html += "<p><strong>" + for_html(question) + "</strong></p>\n<p>";
        for (auto value = first.min; value <= first.max; ++value)
            out.html += anchor(link + "?q." + first.id + "=" + std::to_string(value),
                               std::to_string(value), kBox) +
                        "\n";
        out.html += "</p>\n";
    } else {
        out.text += say("mail.open") + "\n" + link + "\n\n";
    }
    out.html += "<p>" + anchor(link, say("mail.open"), "color:#0a66c2") + "</p>\n";
    if (!survey.privacy.empty()) {
        out.text += survey.privacy.in(language) + "\n\n";
        out.html +=
            "<p style=\"font-size:14px\">" + for_html(survey.privacy.in(language)) + "</p>\n";
    }
    out.text += say("mail.unsubscribe") + "\n" + unsubscribe + "\n";
    out.html += "<p style=\"font-size:14px\">" +
                anchor(unsubscribe, say("mail.unsubscribe"), "color:#555555") +
                "</p>\n</body></html>\n";
    return out;
}

}  // namespace kontor::feedback
