#include <algorithm>
#include <optional>

#include "daemon/messages/description_texts.hpp"
#include "daemon/messages/failure_texts.hpp"
#include "daemon/messages/feedback_texts.hpp"
#include "daemon/messages/job_texts.hpp"
#include "daemon/messages/mailbox_texts.hpp"
#include "daemon/messages/source_texts.hpp"

namespace kontor::messages {
namespace {

/// A sentence in a sentence ("title must be {at most 100 characters}") and what stands before it.
constexpr int kDepthMax = 12;

/// A template cut at its placeholders: text, name, text, name … text.
struct Pattern {
    const Text* text = nullptr;
    std::vector<std::string> plain;
    std::vector<std::string> names;
    std::size_t literal = 0;  ///< characters that have to be there
};

Pattern pattern_of(const Text& text) {
    Pattern out{.text = &text, .plain = {""}, .names = {}};
    for (std::size_t at = 0; at < text.en.size(); ++at) {
        const auto close = text.en[at] == '{' ? text.en.find('}', at) : std::string_view::npos;
        if (close == std::string_view::npos) {
            out.plain.back() += text.en[at];
            ++out.literal;
            continue;
        }
        out.names.emplace_back(text.en.substr(at + 1, close - at - 1));
        out.plain.emplace_back();
        at = close;
    }
    return out;
}

/// The most telling first: of two that fit, the one with more words of its own.
const std::vector<Pattern>& patterns() {
    static const auto all = [] {
        std::vector<Pattern> out;
        for (const auto part : {sentence_texts(), config_texts(), survey_sentences(),
                                job_sentences(), source_sentences(), mailbox_sentences(),
                                description_sentences(), failure_sentences()})
            for (const auto& text : part) out.push_back(pattern_of(text));
        std::stable_sort(out.begin(), out.end(),
                         [](const Pattern& a, const Pattern& b) { return a.literal > b.literal; });
        return out;
    }();
    return all;
}

std::optional<Args> match(const Pattern& pattern, std::string_view text) {
    if (!text.starts_with(pattern.plain.front())) return std::nullopt;
    text.remove_prefix(pattern.plain.front().size());
    Args args;
    for (std::size_t i = 0; i < pattern.names.size(); ++i) {
        const auto& next = pattern.plain[i + 1];
        const bool last = i + 1 == pattern.names.size();
        const auto end =
            last ? (text.ends_with(next) ? text.size() - next.size() : text.npos) : text.find(next);
        if (end == text.npos || end == 0 || end > text.size()) return std::nullopt;
        const auto value = text.substr(0, end);
        // What comes first may be told of something: "contact 7: title must be …".
        const bool of_something = value.ends_with(':') || value.find(": ") != value.npos;
        if (i == 0 && pattern.plain.front().empty() && of_something) return std::nullopt;
        args.emplace(pattern.names[i], value);
        text.remove_prefix(end + next.size());
    }
    if (!text.empty()) return std::nullopt;
    return args;
}

std::optional<std::string> chinese(std::string_view english, int depth) {
    if (depth == 0) return std::nullopt;
    for (const auto& pattern : patterns()) {
        auto args = match(pattern, english);
        if (!args) continue;
        for (auto& [name, value] : *args)
            if (auto inner = chinese(value, depth - 1)) value = std::move(*inner);
        return render(Language::kChinese, pattern.text->key, *args);
    }
    const auto colon = english.find(": ");
    if (colon == english.npos) return std::nullopt;
    const auto before = chinese(english.substr(0, colon), depth - 1);
    const auto after = chinese(english.substr(colon + 2), depth - 1);
    if (!before && !after) return std::nullopt;
    return before.value_or(std::string(english.substr(0, colon))) + "：" +
           after.value_or(std::string(english.substr(colon + 2)));
}

}  // namespace

std::string localized(Language language, std::string_view english) {
    if (language == Language::kChinese)
        if (auto said = chinese(english, kDepthMax)) return *said;
    return std::string(english);
}

}  // namespace kontor::messages
