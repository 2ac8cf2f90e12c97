// Replies to invitations: whose words they are, and what they say.
#include "daemon/feedback/reply.hpp"

#include <catch2/catch.hpp>

#include "daemon/feedback/reply_text.hpp"
#include "daemon/feedback/survey_file.hpp"
#include "daemon/feedback/token.hpp"

using namespace kontor;
using namespace kontor::feedback;

namespace {

Survey survey_of(const std::string& questions) {
    config::Problems problems;
    auto survey = parse_survey("id = \"s\"\ntitle = \"T\"\n" + questions, "s.toml", problems);
    for (const auto& p : problems) FAIL(p.text());
    return *survey;
}

const std::string kNps =
    "[[question]]\nid = \"score\"\nkind = \"nps\"\nrequired = true\ntext = \"Q\"\n";
const std::string kWhy = "[[question]]\nid = \"why\"\nkind = \"text\"\ntext = \"W\"\n";

// "9|because" : the score, a bar, the words.
std::string said(const std::string& words, const std::string& questions = kNps + kWhy) {
    const auto reply = read_reply(survey_of(questions), words);
    const auto of = [&](const char* id) {
        const auto found = reply.answers.find(id);
        return found == reply.answers.end() ? std::string() : found->second.front();
    };
    return of("score") + "|" + of("why") + (reply.comment.empty() ? "" : "#" + reply.comment);
}

mail::Incoming report(const std::string& action, const std::string& status) {
    mail::Incoming out;
    out.report = out.automatic = true;
    out.deliveries = {{action, status}};
    return out;
}

}  // namespace

TEST_CASE("what is quoted is not the person's own", "[feedback][reply]") {
    for (const auto& [text, own] : std::initializer_list<std::pair<const char*, const char*>>{
             {"9\n\n> How likely?\n> 0-10", "9"},
             {"Great!\r\n\r\nOn Wed, 20 May 2026 at 10:00, Feedback <f@example.com> wrote:\r\n> Hi",
              "Great!"},
             {"Good\n\nOn Wed, 20 May 2026 at 10:00 Feedback\n<f@example.com> wrote:\n\nHi there",
              "Good"},
             {"很好\n\n在 2026年5月20日，10:00，客户反馈 <f@example.com> "
              "写道：\n\n您会推荐我们吗？",
              "很好"},
             {"很好\n------------------ 原始邮件 ------------------\n发件人: x", "很好"},
             {"很好\n---- 回复的原邮件 ----\n| 发件人 | x |", "很好"},
             {"Fine\n\n-----Original Message-----\nFrom: x", "Fine"},
             {"Fine\n\n________________________________\nFrom: x\nSent: y", "Fine"},
             {"Fine\n\nFrom: Feedback <f@example.com>\nSent: Wednesday\nTo: me\nSubject: s\n\nHi",
              "Fine"},
             {"Fine\n\n*From:* Feedback\n*Sent:* Wednesday\n", "Fine"},
             {"可以\n\n发件人：客户反馈\n发送时间：2026-05-20\n收件人：我\n", "可以"},
             {"Gut\n\nAm 20.05.2026 um 10:00 schrieb Feedback:\n> Hallo", "Gut"},
             {"Gut\n\nFeedback <f@example.com> schrieb:\n\nHallo", "Gut"},
             // Below and between the quoted lines.
             {"On 20 May 2026, F wrote:\n> Would you recommend us?\n\n9\n\n> Why?\n\nService",
              "9\n\nService"},
             {"> Would you?\n9", "9"},
             // Signatures and advertisements.
             {"9\n-- \nLi Wei\nACME", "9"},
             {"9\n\nSent from my iPhone", "9"},
             {"9\n\n发自我的 iPhone", "9"},
             // What only looks like it.
             {"From: my point of view it is fine", "From: my point of view it is fine"},
             {"In 2020 I wrote this:\nslow", "In 2020 I wrote this:\nslow"},
             {"As I wrote:\nit is slow", "As I wrote:\nit is slow"},
             {"A - B -- C\n--- really", "A - B -- C\n--- really"},
             {"  padded\xC2\xA0 \n\n\n\nlines  ", "padded\n\nlines"},
             {"", ""},
             {"> only\n> quoted", ""}}) {
        CAPTURE(text);
        CHECK(own_words(text) == own);
    }
}

TEST_CASE("a personal link never gets into what is kept", "[feedback][reply]") {
    const host::Secret secret(std::string("s"));
    const auto token =
        *sign_ticket({"00112233445566778899aabbccddeeff", Purpose::kAnswer, std::nullopt}, secret);
    CHECK(own_words("Good\nAnswer: https://f.example.com/s/" + token + "\nBye") == "Good\nBye");
    CHECK(own_words("Leave https://f.example.com/u/" + token).empty());
    CHECK(own_words("see https://example.com/s/short") == "see https://example.com/s/short");
}

TEST_CASE("a bare number answers a question that asks for one", "[feedback][reply]") {
    for (const auto& [words, means] : std::initializer_list<std::pair<const char*, const char*>>{
             {"9", "9|"},
             {" 10 ", "10|"},
             {"0", "0|"},
             {"９", "9|"},
             {"9分", "9|"},
             {"8 分。", "8|"},
             {"评分：7", "7|"},
             {"Score: 7", "7|"},
             {"9/10", "9|"},
             {"9 / 10!", "9|"},
             {"9 out of 10", "9|"},
             {"9, because you are fast", "9|because you are fast"},
             {"9 - quick", "9|quick"},
             {"3，太慢了", "3|太慢了"},
             {"6 (was 8)", "6|(was 8)"},
             {"9\n\nThank you\nLi", "9|Thank you\nLi"}}) {
        CAPTURE(words);
        CHECK(said(words) == means);
    }
}

TEST_CASE("a number that counts something, or is none of the scale, is no score",
          "[feedback][reply]") {
    for (const char* words : {"10 days late", "4.5", "3-4 weeks", "10%", "-1", "5/7 stars",
                              "1. price\n2. time", "1) price", "99 problems", "Call me at 5",
                              "2026年5月", "9 10", "8, 9 or so", "11, really"}) {
        CAPTURE(words);
        CHECK(said(words) == std::string("|") + words);
    }
    CHECK(said("11") == "|");
    CHECK(said("9", kWhy) == "|9");
    CHECK(said("5/5", "[[question]]\nid = \"score\"\nkind = \"csat\"\ntext = \"Q\"\n") == "5|");
    CHECK(said("0", "[[question]]\nid = \"score\"\nkind = \"csat\"\ntext = \"Q\"\n") == "|");
}

TEST_CASE("words go to the first text question that is shown, else they are a comment",
          "[feedback][reply]") {
    CHECK(said("Very slow") == "|Very slow");
    CHECK(said("Very slow", kNps) == "|#Very slow");
    CHECK(said("9, fine", kNps + kWhy + "show_if = \"score<=6\"\n") == "9|#fine");
    CHECK(said("3, bad", kNps + kWhy + "show_if = \"score<=6\"\n") == "3|bad");
    CHECK(said("太慢了太慢了", kNps + kWhy + "max_length = 3\n") == "|太慢了");
    CHECK(read_reply(survey_of(kNps), "").empty());
}

TEST_CASE("who writes nothing but that they want to leave, leaves", "[feedback][reply]") {
    for (const char* words : {"unsubscribe", "Unsubscribe.", "STOP!", "退订", "退订。",
                              " 取消订阅 ", "TD", "Please remove me"})
        CHECK(wants_to_leave(words, "Re: survey"));
    CHECK(wants_to_leave("", "unsubscribe"));
    CHECK(wants_to_leave("\n", "退订"));
    for (const char* words :
         {"do not unsubscribe me", "stop the noise at night", "退订率怎么样", "9"})
        CHECK_FALSE(wants_to_leave(words, "unsubscribe"));
    CHECK_FALSE(wants_to_leave("", "Re: How are we doing?"));
}

TEST_CASE("a report tells whether there is nobody, or not yet", "[feedback][reply]") {
    CHECK(bounce_of(report("failed", "5.1.1")) == Bounce::kNobody);
    CHECK(bounce_of(report("failed", "5.0.0")) == Bounce::kNobody);
    CHECK(bounce_of(report("failed", "5.2.2")) == Bounce::kRefused);
    CHECK(bounce_of(report("failed", "5.7.1")) == Bounce::kRefused);
    CHECK(bounce_of(report("failed", "")) == Bounce::kRefused);
    CHECK(bounce_of(report("failed", "4.4.1")) == Bounce::kSoft);
    CHECK(bounce_of(report("delayed", "4.0.0")) == Bounce::kSoft);
    CHECK(bounce_of(report("delayed", "5.1.1")) == Bounce::kSoft);
    CHECK(bounce_of(report("delivered", "2.0.0")) == Bounce::kNone);
    auto person = report("failed", "5.1.1");
    person.report = false;
    CHECK(bounce_of(person) == Bounce::kNone);
}

TEST_CASE("a tag is found wherever a mail program leaves it, and only ours is read",
          "[feedback][reply]") {
    const host::Secret secret(std::string("s3cret"));
    const std::string key = "00112233445566778899aabbccddeeff";
    const auto tag = *sign_mail_tag(key, secret);
    mail::Incoming message;
    message.recipients = {"li@example.com", "feedback+" + tag + "@example.com"};
    message.answers_to = {"other@example.com", tag + ".0@example.com"};
    message.returned = {tag + ".1@example.com"};
    CHECK(tags_in(message) == std::vector{tag});
    CHECK(read_mail_tag(tag, secret) == key);
    auto upper = tag;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    CHECK(read_mail_tag(upper, secret) == key);
    CHECK_FALSE(read_mail_tag(tag, host::Secret(std::string("other"))));
    for (std::size_t at = 0; at < tag.size(); ++at) {
        auto changed = tag;
        changed[at] = changed[at] == '0' ? '1' : '0';
        CHECK_FALSE(read_mail_tag(changed, secret));
        CHECK(looks_like_mail_tag(changed));
    }
    CHECK_FALSE(looks_like_mail_tag(key));
    CHECK_FALSE(sign_mail_tag("nonsense", secret));
    message = {};
    message.recipients = {tag + "@example.com"};  // anybody may have such a name
    message.answers_to = {"x" + tag + "@example.com"};
    CHECK(tags_in(message).empty());
}
