#include "daemon/feedback/reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "connectors/host/ascii.hpp"
#include "daemon/feedback/token.hpp"
#include "daemon/mail/letter.hpp"

namespace kontor::feedback {
namespace {

constexpr std::int64_t kCommentMax = 10'000;  // characters

/// Full-width digits and marks as plain ones: ０ to ９, ：，．！／.
std::string narrow(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        // U+FF01 to U+FF5E are U+0021 to U+007E.
        if (text.size() - at >= 3 && text[at] == '\xEF' &&
            (text[at + 1] == '\xBC' || text[at + 1] == '\xBD')) {
            const auto low = static_cast<unsigned char>(text[at + 2]);
            const unsigned code = (text[at + 1] == '\xBC' ? 0x00U : 0x40U) + (low & 0x3FU);
            if (code >= 0x01 && code <= 0x5E) {
                out += static_cast<char>(code + 0x20);
                at += 2;
                continue;
            }
        }
        out += text[at];
    }
    return out;
}

void skip_blanks(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

bool skip(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

std::optional<std::int64_t> skip_number(std::string_view& text) {
    std::int64_t out = 0;
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    const auto [at, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failed != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(at - text.data()));
    return out;
}

/// The number that a line gives as a score of at most `max`, and what follows it.
struct Scored {
    std::int64_t value = 0;
    std::string rest;
};

std::optional<Scored> score_in(const std::string& first_line, std::int64_t max) {
    const auto line = narrow(first_line);
    std::string_view rest = line;
    skip_blanks(rest);
    const auto folded = host::ascii_lower(std::string(rest));
    for (const std::string_view word : {"score", "rating", "评分", "分数", "打分", "得分"})
        if (folded.starts_with(word)) {
            rest.remove_prefix(word.size());
            skip_blanks(rest);
            if (!skip(rest, ":")) (void)skip(rest, "=");
            skip_blanks(rest);
            break;
        }
    const auto value = skip_number(rest);
    if (!value) return std::nullopt;
    auto of = rest;
    skip_blanks(of);
    if (skip(of, "/") || skip(of, "out of ")) {
        skip_blanks(of);
        if (skip_number(of) != max) return std::nullopt;
        rest = of;
    }
    of = rest;
    skip_blanks(of);
    for (const std::string_view unit : {"分", "points", "point"})
        if (skip(of, unit)) {
            rest = of;
            break;
        }
    skip_blanks(rest);
    if (rest.empty() || rest == "." || rest == "。") return Scored{*value, ""};
    // More words need a mark before them, and not the one of "4.5", "3-4", "10%" or "1. the price".
    if (!rest.starts_with("(")) {
        const bool marked = std::ranges::any_of(
            std::array<std::string_view, 8>{",", ";", ":", "!", "-", "–", "—", "。"},
            [&](auto mark) { return skip(rest, mark); });
        if (!marked) return std::nullopt;
    }
    constexpr std::string_view kMarks = " .,;:!-";
    rest.remove_prefix(std::min(rest.find_first_not_of(kMarks), rest.size()));
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return std::nullopt;
    return Scored{*value, std::string(rest)};
}

/// The first characters of it.
std::string cut(const std::string& text, std::int64_t characters) {
    std::int64_t seen = 0;
    for (std::size_t at = 0; at < text.size(); ++at)
        if ((text[at] & 0xC0) != 0x80 && ++seen > characters) return text.substr(0, at);
    return text;
}

// Without blanks and marks around.
std::string bare(const std::string& text) {
    auto out = host::ascii_lower(narrow(text));
    for (const std::string_view mark : {"。", "、", "“", "”", "～"})
        for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at))
            out.replace(at, mark.size(), " ");
    constexpr std::string_view kMarks = " \n\t.,;:!?\"'()-*";
    const auto first = out.find_first_not_of(kMarks);
    if (first == std::string::npos) return "";
    return out.substr(first, out.find_last_not_of(kMarks) - first + 1);
}

void add_tag(std::vector<std::string>& out, std::string_view tag) {
    if (looks_like_mail_tag(tag) && std::ranges::find(out, tag) == out.end()) out.emplace_back(tag);
}

}  // namespace

Reply read_reply(const Survey& survey, const std::string& words) {
    Reply out;
    auto text = words;
    const auto& first = survey.questions.front();
    if (first.is_number()) {
        const auto end = std::min(words.find('\n'), words.size());
        const auto scored = score_in(words.substr(0, end), first.max);
        if (scored && scored->value >= first.min && scored->value <= first.max) {
            out.answers[first.id] = {std::to_string(scored->value)};
            text = scored->rest + words.substr(end);
            text.erase(0, std::min(text.find_first_not_of(" \n"), text.size()));
        }
        // A number that is none of the scale says nothing.
        if (scored && out.answers.empty() && scored->rest.empty() && end == words.size())
            return out;
    }
    if (text.empty()) return out;
    for (const auto& question : survey.questions) {
        if (question.kind != QuestionKind::kText || !is_shown(question, survey, out.answers))
            continue;
        out.answers[question.id] = {cut(text, question.max_length)};
        // Whatever it holds that no answer may: then it is a comment.
        auto checked = check_answers(survey, out.answers, Unasked::kDrop);
        out.answers = std::move(checked.answers);
        if (out.answers.contains(question.id)) return out;
        break;
    }
    out.comment = cut(text, kCommentMax);
    return out;
}

bool wants_to_leave(const std::string& words, const std::string& subject) {
    constexpr std::array<std::string_view, 18> kWords{"unsubscribe",
                                                      "please unsubscribe",
                                                      "unsubscribe me",
                                                      "please unsubscribe me",
                                                      "unsubscribe please",
                                                      "unsubscribe, please",
                                                      "stop",
                                                      "remove me",
                                                      "please remove me",
                                                      "opt out",
                                                      "退订",
                                                      "退訂",
                                                      "取消订阅",
                                                      "取消訂閱",
                                                      "请退订",
                                                      "我要退订",
                                                      "td",
                                                      "拒收"};
    const auto said = bare(words);
    const auto text = said.empty() ? bare(subject) : said;
    return std::ranges::find(kWords, text) != kWords.end();
}

Bounce bounce_of(const mail::Incoming& message) {
    if (!message.report) return Bounce::kNone;
    auto out = Bounce::kNone;
    for (const auto& delivery : message.deliveries) {
        auto one = Bounce::kNone;
        if (delivery.action == "delayed" || delivery.status.starts_with("4.")) {
            one = Bounce::kSoft;
        } else if (delivery.action == "failed") {
            // A full mailbox, a message that is too large or unwanted, and trouble of the servers
            // say nothing against the address.
            const bool address =
                delivery.status.starts_with("5.1.") || delivery.status.starts_with("5.0.") ||
                delivery.status.starts_with("5.2.1") || delivery.status.starts_with("5.4.4");
            one = address ? Bounce::kNobody : Bounce::kRefused;
        }
        out = std::max(out, one);
    }
    return out;
}

std::string tagged_address(const std::string& mailbox, const std::string& tag) {
    auto address = mail::address_of(mailbox);
    if (const auto at = address.find('@'); at != std::string::npos) address.insert(at, "+" + tag);
    return address;
}

std::vector<std::string> tags_in(const mail::Incoming& message) {
    std::vector<std::string> out;
    for (const auto& address : message.recipients) {
        const auto local = std::string_view(address).substr(0, address.find('@'));
        if (const auto plus = local.rfind('+'); plus != std::string_view::npos)
            add_tag(out, local.substr(plus + 1));
    }
    for (const auto* ids : {&message.answers_to, &message.returned})
        for (const auto& id : *ids)
            add_tag(out, std::string_view(id).substr(0, id.find_first_of(".@")));
    return out;
}

}  // namespace kontor::feedback
