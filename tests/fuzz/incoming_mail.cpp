// A message from anybody, and the reply in it: whatever the bytes are, what comes out is bounded
// UTF-8, and an answer is one that the survey takes.
#include "daemon/feedback/reply.hpp"
#include "daemon/feedback/reply_text.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;
using namespace kontor::feedback;

constexpr std::size_t kMost = std::size_t{128} * 1024;  // bytes of HTML in lines of "> "

Survey survey_with(bool text) {
    Survey out;
    out.id = "s";
    Question score;
    score.id = "score";
    score.kind = QuestionKind::kNps;
    score.max = 10;
    out.questions.push_back(score);
    if (text) {
        Question why;
        why.id = "why";
        why.max_length = 100;
        out.questions.push_back(why);
    }
    return out;
}

bool is_utf8(const std::string& text) {
    const Answers answers{{"why", {text}}};
    auto survey = survey_with(true);
    survey.questions.back().max_length = 10'000'000;
    return check_answers(survey, answers, Unasked::kDrop).flaws.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto message = mail::read_incoming(as_text(data, size));
    must_hold(message.text.size() <= 16 * kMost);
    must_hold(message.answers_to.size() <= 64 && message.recipients.size() <= 64);
    must_hold(is_utf8(message.text) && is_utf8(message.subject));
    must_hold(message.automatic || !message.report);
    must_hold(bounce_of(message) == Bounce::kNone || message.report);
    for (const auto& tag : tags_in(message)) must_hold(tag.size() == 48);
    // The bytes as a reply, too: mutations of headers seldom change words.
    for (const auto& text : {message.text, std::string(as_text(data, size))}) {
        const auto words = own_words(text);
        must_hold(words.size() <= 2 * text.size() + 1);
        must_hold(!words.starts_with('>') && words.find("\n>") == std::string::npos);
        (void)wants_to_leave(words, message.subject);
        if (!is_utf8(text)) continue;
        for (const bool with_text : {false, true}) {
            const auto survey = survey_with(with_text);
            const auto reply = read_reply(survey, words);
            must_hold(check_answers(survey, reply.answers, Unasked::kRefuse).flaws.empty());
            must_hold(is_utf8(reply.comment));
            must_hold(reply.empty() == (reply.answers.empty() && reply.comment.empty()));
        }
    }
    return 0;
}
