#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::messages {

enum class Language { kEnglish, kChinese };

/// "en" or "zh".
[[nodiscard]] std::string_view to_string(Language language);

/// From a locale or language tag: "zh", "zh_CN.UTF-8" and "zh-Hant" are Chinese, all else English.
[[nodiscard]] Language language_from(std::string_view tag);

/// What LC_ALL, LC_MESSAGES, LANG say (the first that is not empty). Reads the environment.
[[nodiscard]] Language system_language();

/// One text in both languages. Placeholders are `{name}`; both languages have the same ones.
struct Text {
    std::string_view key;
    std::string_view en;
    std::string_view zh;
};

using Args = std::map<std::string, std::string>;

/// The text of that key, nullptr if there is none. Keys: `error.CODE`, `hint.CODE`, and so on.
[[nodiscard]] const Text* find(std::string_view key);

/// The text with its placeholders filled in; a placeholder without an argument stays as it is
/// written, so that it is seen. An unknown key gives the key itself followed by the arguments.
[[nodiscard]] std::string render(Language language, std::string_view key, const Args& args = {});

/// What a person reads of a failure: the text of its code, with the technical message in it.
[[nodiscard]] std::string render_error(Language language, const Error& error);

/// What a person can do about a failure; "" if there is nothing general to say.
[[nodiscard]] std::string render_hint(Language language, const Error& error);

/// What a library said in English, in the person's language. The libraries below the daemon know no
/// catalogue: their sentences, those kept in the replica too, are templates of `sentence_texts()`
/// and `config_texts()`, from which the arguments are read back; also those of a sentence in a
/// sentence and of what stands before a colon. What fits no template (a remote's own words) stays
/// as it is.
[[nodiscard]] std::string localized(Language language, std::string_view english);

/// A rule of merging as history and conflicts name it ("newest:unclear>remote", "resolve:7"), in
/// words; the name itself if it is none that is known.
[[nodiscard]] std::string rule_words(Language language, std::string_view rule);

/// The names of the placeholders in a text, in order of appearance.
[[nodiscard]] std::vector<std::string> placeholders(std::string_view text);

/// The parts of the catalogue: each .cpp file of texts has one. All of them live for ever.
[[nodiscard]] std::span<const Text> error_texts();
[[nodiscard]] std::span<const Text> daemon_texts();
[[nodiscard]] std::span<const Text> doctor_texts();
[[nodiscard]] std::span<const Text> cli_texts();
[[nodiscard]] std::span<const Text> sentence_texts();
[[nodiscard]] std::span<const Text> config_texts();
[[nodiscard]] std::span<const Text> rule_texts();
[[nodiscard]] std::span<const Text> kit_texts();
[[nodiscard]] std::span<const Text> backup_texts();
[[nodiscard]] std::vector<std::span<const Text>> catalogues();

}  // namespace kontor::messages
