#include "daemon/messages/messages.hpp"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "daemon/messages/description_texts.hpp"
#include "daemon/messages/failure_texts.hpp"
#include "daemon/messages/feedback_texts.hpp"
#include "daemon/messages/folder_texts.hpp"
#include "daemon/messages/form_texts.hpp"
#include "daemon/messages/hub_texts.hpp"
#include "daemon/messages/job_texts.hpp"
#include "daemon/messages/mailbox_texts.hpp"
#include "daemon/messages/match_texts.hpp"
#include "daemon/messages/source_texts.hpp"
#include "daemon/messages/try_texts.hpp"

namespace kontor::messages {
namespace {

// Calls `plain` for literal stretches and `name` for placeholders. `{{` is a literal brace.
template <class Plain, class Name>
void scan(std::string_view text, Plain plain, Name name) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto open = text.find('{', at);
        if (open == std::string_view::npos) break;
        plain(text.substr(at, open - at));
        if (text.substr(open, 2) == "{{") {
            plain(text.substr(open, 1));
            at = open + 2;
            continue;
        }
        const auto close = text.find('}', open);
        if (close == std::string_view::npos) {
            at = open;
            break;
        }
        name(text.substr(open + 1, close - open - 1));
        at = close + 1;
    }
    plain(text.substr(at));
}

// "finding|findings" for a number: the first for 1.
std::string_view form_of(std::string_view forms, std::string_view number) {
    const auto bar = std::min(forms.find('|'), forms.size());
    return number == "1" ? forms.substr(0, bar) : forms.substr(std::min(bar + 1, forms.size()));
}

const std::unordered_map<std::string_view, const Text*>& index() {
    static const auto all = [] {
        std::unordered_map<std::string_view, const Text*> map;
        for (const auto part : catalogues())
            for (const auto& text : part) map.emplace(text.key, &text);
        return map;
    }();
    return all;
}

Args with_detail(Language language, const Error& error) {
    Args args;
    for (const auto& [name, value] : error.args) args.emplace(name, localized(language, value));
    // What is wrong with an answer comes as a code.
    if (const auto flaw = args.find("flaw"); flaw != args.end())
        if (const auto key = "feedback.flaw." + flaw->second; find(key) != nullptr)
            flaw->second = render(language, key);
    args.emplace("detail", localized(language, error.message));
    // Where it is not known which one, a placeholder that people understand.
    args.emplace("connection", language == Language::kChinese ? "连接名" : "NAME");
    return args;
}

// The text that tells more than the code's own: by `reason` of the arguments, or by what they name.
// "" if there is none.
std::string reason_of(const Error& error) {
    const auto has = [&](const char* name) { return error.args.contains(name); };
    std::string name;
    if (const auto said = error.args.find("reason"); said != error.args.end())
        name = said->second;
    else if (has("plugin_abi"))
        name = "plugin_abi";
    else if (error.code == Errc::kNotFound && has("field") && has("entity"))
        name = "no_field";
    else if (error.code == Errc::kNotFound && has("record") && has("entity"))
        name = "no_record";
    else if (error.code == Errc::kNotFound && error.args.size() <= 2 && has("entity"))
        name = "no_entity";
    auto key = "reason." + name;
    return find(key) == nullptr ? std::string() : key;
}

}  // namespace

std::string_view to_string(Language language) {
    return language == Language::kChinese ? "zh" : "en";
}

Language language_from(std::string_view tag) {
    const bool chinese = tag.substr(0, 2) == "zh" &&
                         (tag.size() == 2 || tag[2] == '_' || tag[2] == '-' || tag[2] == '.');
    return chinese ? Language::kChinese : Language::kEnglish;
}

Language system_language() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') return language_from(value);
    }
    return Language::kEnglish;
}

const Text* find(std::string_view key) {
    const auto found = index().find(key);
    return found == index().end() ? nullptr : found->second;
}

std::string render(Language language, std::string_view key, const Args& args) {
    std::string out;
    const Text* text = find(key);
    if (text == nullptr) {
        out = key;
        for (const auto& [name, value] : args) out += " " + name + "=" + value;
        return out;
    }
    scan(
        language == Language::kChinese ? text->zh : text->en,
        [&out](std::string_view plain) { out += plain; },
        [&out, &args](std::string_view name) {
            const auto colon = name.find(':');
            const auto arg = args.find(std::string(name.substr(0, colon)));
            if (arg != args.end() && colon != name.npos)
                out += form_of(name.substr(colon + 1), arg->second);
            else if (arg != args.end())
                out += arg->second;
            else
                out.append("{").append(name).append("}");
        });
    return out;
}

std::string render_error(Language language, const Error& error) {
    const auto reason = reason_of(error);
    const auto key = reason.empty() ? "error." + std::string(to_string(error.code)) : reason;
    return render(language, key, with_detail(language, error));
}

std::string render_hint(Language language, const Error& error) {
    if (const auto word = error.args.find("suggestion");
        word != error.args.end() && !word->second.empty())
        return render(language, "hint.suggestion", with_detail(language, error));
    const auto reason = reason_of(error);
    auto key = reason + ".hint";
    if (reason.empty() || find(key) == nullptr) key = "hint." + std::string(to_string(error.code));
    return find(key) == nullptr ? std::string()
                                : render(language, key, with_detail(language, error));
}

std::string rule_words(Language language, std::string_view rule) {
    if (const auto next = rule.find('>'); next != rule.npos)
        return rule_words(language, rule.substr(0, next)) + " > " +
               rule_words(language, rule.substr(next + 1));
    constexpr std::string_view kUnfit = ":unfit";
    if (rule.ends_with(kUnfit)) {
        rule.remove_suffix(kUnfit.size());
        return render(language, "rule.unfit", {{"rule", rule_words(language, rule)}});
    }
    const auto colon = rule.find(':');
    const auto name = rule.substr(0, colon);
    if (name == "resolve" && colon != rule.npos) {
        constexpr std::string_view kRun = "run:";
        std::string of(rule.substr(colon + 1));
        if (of.starts_with(kRun))
            return render(language, "rule.resolve.run", {{"run", of.substr(kRun.size())}});
        return render(language, "rule.resolve.conflict", {{"id", std::move(of)}});
    }
    auto key = "rule." + std::string(rule);
    if (colon != rule.npos) key[std::string_view("rule.").size() + colon] = '.';
    // A text with a place to fill in is not of this rule: nobody is shown the gap.
    const Text* text = find(key);
    return text == nullptr || !placeholders(text->en).empty() ? std::string(rule)
                                                              : render(language, key);
}

std::vector<std::string> placeholders(std::string_view text) {
    std::vector<std::string> names;
    scan(
        text, [](std::string_view) {},
        [&names](std::string_view name) { names.emplace_back(name.substr(0, name.find(':'))); });
    return names;
}

std::vector<std::span<const Text>> catalogues() {
    return {error_texts(),       daemon_texts(),  doctor_texts(),      cli_texts(),
            sentence_texts(),    config_texts(),  rule_texts(),        kit_texts(),
            backup_texts(),      folder_texts(),  feedback_texts(),    survey_sentences(),
            form_texts(),        try_texts(),     hub_texts(),         job_texts(),
            job_sentences(),     match_texts(),   source_texts(),      source_sentences(),
            failure_sentences(), mailbox_texts(), mailbox_sentences(), description_sentences()};
}

}  // namespace kontor::messages
