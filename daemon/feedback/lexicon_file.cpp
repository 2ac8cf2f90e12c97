#include "daemon/feedback/lexicon_file.hpp"

#include <algorithm>
#include <filesystem>

#include "config/table_reader.hpp"
#include "daemon/feedback/survey_file.hpp"

namespace kontor::feedback {
namespace {

using config::Node;
using config::TableReader;
using Role = Lexicon::Role;

constexpr std::size_t kWordsMax = 50'000;
// Bytes: from each place of a text as many words are tried as the longest term has.
constexpr std::size_t kWordSizeMax = 200;

std::vector<std::string> words_in(TableReader& in, std::string_view key) {
    std::vector<std::string> out;
    in.texts(key, out);
    if (out.size() > kWordsMax) in.problem(in.node(), key, "there are too many words");
    if (std::ranges::any_of(out, [](const auto& word) { return word.size() > kWordSizeMax; }))
        in.problem(in.node(), key,
                   "a word is longer than " + std::to_string(kWordSizeMax) + " bytes");
    return out;
}

void read_themes(const Node& themes, TableReader::Into into, Lexicon& lexicon) {
    TableReader all(themes, "theme", into);
    for (const auto& member : themes.members) {
        const auto* node = all.table(member.name);
        if (node == nullptr) continue;
        TableReader in(*node, "theme." + member.name, into);
        if (!is_id(member.name))
            in.problem(*node, member.name, "must be 1 to 32 of the letters a-z, digits, _ and -");
        Words label;
        in.text("en", label.en);
        in.text("zh", label.zh);
        lexicon.add_theme(member.name, label, words_in(in, "words"));
        in.finish();
    }
}

void read_words(const Node& document, TableReader::Into into, Lexicon& lexicon) {
    TableReader in(document, "", into);
    for (const auto& word : words_in(in, "remove")) lexicon.remove(word);
    const auto add = [&](std::string_view key, Role role, double weight = 0) {
        for (const auto& word : words_in(in, key)) lexicon.add(word, role, weight);
    };
    add("good", Role::kWeight, 1);
    add("very_good", Role::kWeight, 2);
    add("bad", Role::kWeight, -1);
    add("very_bad", Role::kWeight, -2);
    add("not", Role::kNegation);
    add("more", Role::kStronger);
    add("less", Role::kWeaker);
    add("but", Role::kBut);
    add("ignore", Role::kIgnore);
    if (const auto* themes = in.table("theme")) read_themes(*themes, into, lexicon);
    in.finish();
}

}  // namespace

std::string lexicon_path(const std::string& config_folder) {
    return (std::filesystem::path(config_folder) / "lexicon.toml").string();
}

void add_words(std::string_view toml, const std::string& file, Lexicon& lexicon,
               config::Problems& problems) {
    if (const auto document = config::parse_toml(toml, file, problems))
        read_words(*document, {file, problems, nullptr}, lexicon);
}

Result<Lexicon> load_lexicon(const std::string& file) {
    Lexicon out;
    config::Problems problems;
    add_words(usual_words(), "lexicon", out, problems);
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored))
        if (const auto document = config::read_toml(file, problems))
            read_words(*document, {file, problems, nullptr}, out);
    if (!problems.empty()) return tl::unexpected<Error>(config::to_error(problems));
    return out;
}

}  // namespace kontor::feedback
