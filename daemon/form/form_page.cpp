#include "daemon/form/form_page.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "connectors/host/base64.hpp"

namespace kontor::form {
namespace {

using feedback::Question;
using feedback::QuestionKind;

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 40rem; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
fieldset { border: 1px solid #8888; border-radius: .5rem; margin: 0 0 1.25rem; padding: .75rem 1rem; }
legend, .q { font-weight: 600; padding: 0 .25rem; }
.scale { display: flex; flex-wrap: wrap; gap: .25rem; }
.scale label { display: inline-flex; align-items: center; justify-content: center; gap: .25rem;
  min-width: 2.75rem; min-height: 2.75rem; border: 1px solid #8888; border-radius: .5rem; }
.choice { display: flex; align-items: center; gap: .5rem; min-height: 2.75rem; }
input[type=radio], input[type=checkbox] { width: 1.25rem; height: 1.25rem; }
textarea { box-sizing: border-box; width: 100%; min-height: 7rem; font: inherit; }
button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem 1.5rem; }
:focus-visible { outline: 3px solid #0a66c2; outline-offset: 2px; }
.ends { display: flex; justify-content: space-between; gap: 1rem; font-size: .9rem; }
.error { border-left: 4px solid #c62828; padding-left: .5rem; }
.trap { position: absolute; left: -100rem; }
.small { font-size: .9rem; }
)css";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string head(messages::Language language, const std::string& title) {
    return "<!DOCTYPE html>\n<html lang=\"" + std::string(messages::to_string(language)) +
           "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
           "content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" "
           "content=\"noindex\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
           escaped(title) + "</title>\n<style>" + std::string(kStyle) +
           "</style>\n</head>\n<body>\n<main>\n<h1>" + escaped(title) + "</h1>\n";
}

constexpr const char* kFoot = "</main>\n</body>\n</html>\n";

class Writer {
public:
    explicit Writer(const FormPage& page) : page_(page) {}

    std::string write() {
        const auto& survey = page_.survey;
        out_ = head(page_.language, survey.title.in(page_.language));
        paragraph(survey.intro);
        if (page_.not_saved)
            out_ += "<p class=\"error\" role=\"alert\">" + text("form.not_saved") + "</p>\n";
        if (!page_.flaws.empty()) errors();
        // The whole form checks itself on the server; a browser's own check would only name one.
        out_ += "<form method=\"post\" novalidate>\n";
        std::string asked;
        for (const auto& question : survey.questions) {
            if (page_.asked.contains(question.id)) {
                asked += (asked.empty() ? "" : " ") + question.id;
                ask(question);
            } else {
                carry(question);
            }
        }
        hidden(kAskedField, asked);
        out_ += "<div class=\"trap\" aria-hidden=\"true\"><label>" + std::string(kTrap) +
                " <input type=\"text\" name=\"" + kTrap +
                "\" tabindex=\"-1\" autocomplete=\"off\"></label></div>\n";
        out_ += "<p><button type=\"submit\">" + text("form.send") + "</button></p>\n</form>\n";
        if (!survey.privacy.empty())
            out_ += "<p class=\"small\">" + escaped(survey.privacy.in(page_.language)) + "</p>\n";
        const bool is_zh = page_.language == messages::Language::kChinese;
        out_ += std::string("<p class=\"small\"><a href=\"?lang=") + (is_zh ? "en" : "zh") +
                "\" lang=\"" + (is_zh ? "en\">English" : "zh\">中文") + "</a></p>\n";
        return out_ + kFoot;
    }

private:
    [[nodiscard]] std::string text(std::string_view key, const messages::Args& args = {}) const {
        return escaped(messages::render(page_.language, key, args));
    }
    [[nodiscard]] std::string words(const feedback::Words& in) const {
        return escaped(in.in(page_.language));
    }
    void paragraph(const feedback::Words& in) {
        if (!in.empty()) out_ += "<p>" + words(in) + "</p>\n";
    }
    void hidden(const std::string& name, const std::string& value) {
        out_ += "<input type=\"hidden\" name=\"" + escaped(name) + "\" value=\"" + escaped(value) +
                "\">\n";
    }

    [[nodiscard]] std::vector<std::string> given(const Question& question) const {
        const auto found = page_.answers.find(question.id);
        return found == page_.answers.end() ? std::vector<std::string>() : found->second;
    }
    [[nodiscard]] bool taken(const Question& question, const std::string& value) const {
        const auto values = given(question);
        return std::find(values.begin(), values.end(), value) != values.end();
    }

    void carry(const Question& question) {
        for (const auto& value : given(question)) hidden("q." + question.id, value);
    }

    [[nodiscard]] std::string flaw_text(const Question& question, feedback::Flaw flaw) const {
        return text("form.flaw." + std::string(feedback::to_string(flaw)),
                    {{"count", std::to_string(question.max_length)}});
    }

    void errors() {
        out_ += "<div class=\"error\" role=\"alert\"><p>" + text("form.errors") + "</p><ul>\n";
        for (const auto& question : page_.survey.questions)
            if (const auto flaw = page_.flaws.find(question.id); flaw != page_.flaws.end())
                out_ += "<li><a href=\"#q." + question.id + "\">" + words(question.text) +
                        "</a>: " + flaw_text(question, flaw->second) + "</li>\n";
        out_ += "</ul></div>\n";
    }

    // Tied to the field for whoever hears the page.
    std::string note(const Question& question) {
        const auto flaw = page_.flaws.find(question.id);
        if (flaw == page_.flaws.end()) return "";
        out_ += "<p class=\"error\" id=\"e." + question.id + "\">" +
                flaw_text(question, flaw->second) + "</p>\n";
        return " aria-invalid=\"true\" aria-describedby=\"e." + question.id + "\"";
    }

    void ask(const Question& question) {
        auto title = words(question.text);
        if (question.required)
            title += " <span class=\"small\">" + text("form.required") + "</span>";
        if (question.kind == QuestionKind::kText) {
            out_ += "<fieldset id=\"q." + question.id + "\"><legend><label for=\"t." + question.id +
                    "\">" + title + "</label></legend>\n";
            const auto described = note(question);
            const auto values = given(question);
            out_ += "<textarea id=\"t." + question.id + "\" name=\"q." + question.id +
                    "\" maxlength=\"" + std::to_string(question.max_length) + "\"" + described +
                    ">\n" + (values.empty() ? "" : escaped(values.front())) + "</textarea>\n";
        } else {
            out_ += "<fieldset id=\"q." + question.id + "\"><legend>" + title + "</legend>\n";
            const auto described = note(question);
            if (question.is_number())
                scale(question, described);
            else
                choices(question, described);
        }
        out_ += "</fieldset>\n";
    }

    void option(const Question& question, const std::string& value, const std::string& label,
                const char* style, const std::string& described) {
        out_ += std::string("<label") + style + "><input type=\"" +
                (question.multiple ? "checkbox" : "radio") + "\" name=\"q." + question.id +
                "\" value=\"" + escaped(value) + "\"" + (taken(question, value) ? " checked" : "") +
                described + ">" + label + "</label>\n";
    }

    void scale(const Question& question, const std::string& described) {
        out_ += "<div class=\"scale\">\n";
        for (auto value = question.min; value <= question.max; ++value)
            option(question, std::to_string(value), std::to_string(value), "", described);
        out_ += "</div>\n";
        const auto end = [&](const feedback::Words& own, const char* key) {
            return own.empty() ? text(key) : words(own);
        };
        if (question.kind == QuestionKind::kScale && question.low.empty() && question.high.empty())
            return;
        const std::string kind(feedback::to_string(question.kind));
        const bool known = question.is_score();
        out_ +=
            "<div class=\"ends\"><span>" + std::to_string(question.min) + " = " +
            (known ? end(question.low, ("form." + kind + ".low").c_str()) : words(question.low)) +
            "</span><span>" + std::to_string(question.max) + " = " +
            (known ? end(question.high, ("form." + kind + ".high").c_str())
                   : words(question.high)) +
            "</span></div>\n";
    }

    void choices(const Question& question, const std::string& described) {
        for (const auto& choice : question.choices)
            option(question, choice.id, words(choice.label), " class=\"choice\"", described);
    }

    const FormPage& page_;
    std::string out_;
};

}  // namespace

std::string form_page(const FormPage& page) {
    return Writer(page).write();
}

std::string notice_page(messages::Language language, const std::string& key,
                        const std::string& more) {
    return head(language, messages::render(language, key)) + "<p>" +
           escaped(messages::render(language, key + ".text")) + "</p>\n" +
           (more.empty() ? "" : "<p>" + escaped(more) + "</p>\n") + kFoot;
}

std::string unsubscribe_page(messages::Language language) {
    const std::string key = "form.unsubscribe";
    return head(language, messages::render(language, key)) + "<p>" +
           escaped(messages::render(language, key + ".text")) +
           "</p>\n<form method=\"post\"><p><button type=\"submit\">" +
           escaped(messages::render(language, key)) + "</button></p></form>\n" + kFoot;
}

const std::string& content_policy() {
    static const auto policy = [] {
        std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
        ::SHA256(reinterpret_cast<const unsigned char*>(kStyle.data()), kStyle.size(),
                 digest.data());
        return "default-src 'none'; style-src 'sha256-" +
               host::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) +
               "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    }();
    return policy;
}

}  // namespace kontor::form
