// What a library says in English reaches people in their language: each sentence that the sources
// put into a failure is in the catalogue, or in the list of those that nobody is told. A new one
// cannot be forgotten.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/messages/messages.hpp"

using namespace kontor;
namespace fs = std::filesystem;

namespace {

// Told to programs, or only together with words of their own that say it all.
const std::set<std::string> kNotTold = {
    "Ctrl-C",       // a name
    "GET /events",  // the request of a stream that ended
    "kontord",      // a name
    "kontord: x7",
    "status x7",   // a number that the conformance kit prints
    "x7.old: x7",  // a file's name
};

struct Token {
    enum class Kind { kWord, kText, kSign };
    Kind kind;
    std::string text;
    [[nodiscard]] bool is(const char* sign) const { return kind == Kind::kSign && text == sign; }
};
using Tokens = std::vector<Token>;

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Enough of C++ for the sources at hand; adjacent literals are one.
Tokens tokens_of(const std::string& text) {
    Tokens out;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (text.compare(at, 2, "//") == 0) {
            at = std::min(text.find('\n', at), text.size());
        } else if (text.compare(at, 3, "R\"(") == 0) {
            const auto end = std::min(text.find(")\"", at), text.size());
            out.push_back({Token::Kind::kText, text.substr(at + 3, end - at - 3)});
            at = end + 2;
        } else if (c == '"' || c == '\'') {
            std::string inside;
            for (++at; at < text.size() && text[at] != c; ++at) {
                if (text[at] == '\\') ++at;
                inside += text[at];
            }
            ++at;
            if (c == '\'')
                out.push_back({Token::Kind::kSign, "char"});
            else if (!out.empty() && out.back().kind == Token::Kind::kText)
                out.back().text += inside;
            else
                out.push_back({Token::Kind::kText, inside});
        } else if (is_word(c)) {
            auto end = at;
            // A number's apostrophes are part of it.
            while (end < text.size() &&
                   (is_word(text[end]) || (text[end] == '\'' && std::isdigit(c) != 0)))
                ++end;
            out.push_back({Token::Kind::kWord, text.substr(at, end - at)});
            at = end;
        } else {
            if (std::isspace(static_cast<unsigned char>(c)) == 0)
                out.push_back({Token::Kind::kSign, std::string(1, c)});
            ++at;
        }
    }
    return out;
}

// Cuts at a sign that stands in no brackets; ends at a bracket or semicolon that closes them.
std::vector<Tokens> cut(const Tokens& tokens, std::size_t from, const char* sign) {
    std::vector<Tokens> out(1);
    int depth = 0;
    for (auto at = from; at < tokens.size(); ++at) {
        const auto& token = tokens[at];
        if (token.is("(") || token.is("[") || token.is("{")) ++depth;
        if (token.is(")") || token.is("]") || token.is("}")) --depth;
        if (depth < 0 || (depth == 0 && token.is(";"))) break;
        if (depth == 0 && token.is(sign))
            out.emplace_back();
        else
            out.back().push_back(token);
    }
    return out;
}

bool has_words(const std::string& text) {
    int letters = 0;
    for (const char c : text) {
        letters = std::islower(static_cast<unsigned char>(c)) != 0 ? letters + 1 : 0;
        if (letters == 3) return true;
    }
    return false;
}

std::string trimmed(const std::string& text) {
    const auto from = text.find_first_not_of(" :;,'");
    if (from == std::string::npos) return "";
    return text.substr(from, text.find_last_not_of(" :;,'") - from + 1);
}

// An expression that makes a sentence: its literals, and x7 in the place of all else.
struct Sentence {
    std::string text;
    std::vector<std::string> literals;
    std::vector<std::string> choices;  // literals of which one is taken
};

Sentence sentence_of(const Tokens& expression) {
    Sentence out;
    for (const auto& part : cut(expression, 0, "+")) {
        std::vector<std::string> texts;
        bool plain = true, chooses = false;
        for (const auto& token : part) {
            if (token.kind == Token::Kind::kText) texts.push_back(token.text);
            chooses = chooses || token.is("?");
            plain = plain && (token.kind == Token::Kind::kText || token.is("(") || token.is(")") ||
                              token.is(":") || token.text == "std" || token.text == "string");
        }
        if (plain && texts.size() == 1) {
            out.text += texts.front();
            out.literals.push_back(texts.front());
            continue;
        }
        out.text += "x7";
        if (chooses) out.choices.insert(out.choices.end(), texts.begin(), texts.end());
    }
    return out;
}

// As words of their own: "plugin" is not in "plugin_sha256".
bool holds(const std::string& text, const std::string& words) {
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
        const auto end = at + words.size();
        const bool begins = at == 0 || !is_word(text[at - 1]) || !is_word(words.front());
        if (begins && (end == text.size() || !is_word(text[end]) || !is_word(words.back())))
            return true;
    }
    return false;
}

// Whether some of it stays English for who reads Chinese.
bool stays_english(const std::string& sentence, const std::vector<std::string>& literals) {
    const auto told = messages::localized(messages::Language::kChinese, sentence);
    return std::any_of(literals.begin(), literals.end(), [&](const std::string& literal) {
        return has_words(literal) && holds(told, trimmed(literal));
    });
}

// Which of what makes a failure is the sentence; counted from 0.
const std::map<std::string, std::size_t> kSayings = {
    {"fail", 1},        {"Error", 1}, {"in_context", 0}, {"system_error", 0}, {"malformed", 0},
    {"unsupported", 0}, {"bad", 0},   {"bad_record", 1}, {"problem", 2},      {"Problem", 4}};

std::set<std::string> english_in(const std::string& source) {
    std::set<std::string> out;
    const auto look_at = [&](const Tokens& expression) {
        const auto sentence = sentence_of(expression);
        if (stays_english(sentence.text, sentence.literals)) out.insert(sentence.text);
        for (const auto& choice : sentence.choices)
            if (choice.find(' ') != std::string::npos && stays_english(trimmed(choice), {choice}))
                out.insert(trimmed(choice));
    };
    const auto tokens = tokens_of(source);
    for (std::size_t at = 0; at + 2 < tokens.size(); ++at) {
        const auto& token = tokens[at];
        const auto& next = tokens[at + 1];
        if (token.kind == Token::Kind::kText && token.text == "detail" && next.is(","))
            look_at(cut(tokens, at + 2, ",").front());
        if (token.kind != Token::Kind::kWord) continue;
        if (token.text == "detail" && next.is("=")) look_at(cut(tokens, at + 2, ",").front());
        const auto saying = kSayings.find(token.text);
        if (saying == kSayings.end() || !(next.is("(") || next.is("{"))) continue;
        const auto given = cut(tokens, at + 2, ",");
        if (given.size() <= saying->second) continue;
        // A bug is told in the words of who has to mend it.
        const auto& first = given.front();
        const bool bug = std::any_of(first.begin(), first.end(),
                                     [](const Token& t) { return t.text == "kInternal"; });
        if (!bug) look_at(given[saying->second]);
    }
    return out;
}

std::string content_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("whatever a failure says is told in Chinese", "[messages]") {
    std::size_t files = 0;
    for (const auto* folder : {"config", "connectors/host", "daemon", "sync"}) {
        for (const auto& entry :
             fs::recursive_directory_iterator(fs::path(KONTOR_SOURCE_DIR) / folder)) {
            const auto& path = entry.path();
            if (path.extension() != ".cpp" && path.extension() != ".hpp") continue;
            if (path.parent_path().filename() == "messages") continue;
            ++files;
            for (const auto& sentence : english_in(content_of(path))) {
                if (kNotTold.contains(sentence)) continue;
                INFO(path.string());
                CHECK("to translate: " + sentence == "");
            }
        }
    }
    CHECK(files > 300);
}

TEST_CASE("a sentence without a translation is found, however it is put together", "[messages]") {
    using Found = std::set<std::string>;
    CHECK(english_in(R"(return fail(Errc::kInvalid, "no such " "gadget");)") ==
          Found{"no such gadget"});
    CHECK(english_in(R"(fail(Errc::kInvalid, "gadget " + id + " is odd", {{"a", "b c d"}}))") ==
          Found{"gadget x7 is odd"});
    CHECK(english_in(R"(return fail(Errc::kInvalid, std::string("it was ") + why);)") ==
          Found{"it was x7"});
    CHECK(english_in(R"(detail = a ? "a gadget" : "it is not a folder";)") == Found{"a gadget"});
    CHECK(english_in(R"(return {"x", false, {{"detail", "a gadget"}}};)") == Found{"a gadget"});
    CHECK(english_in(R"(in_context("turn " + gadget, std::move(error)))") == Found{"turn x7"});
    // What is translated, a bug, and what is no sentence.
    CHECK(english_in(R"(fail(Errc::kInvalid, "there is no conflict " + id))").empty());
    CHECK(english_in(R"(fail(Errc::kInternal, "no such gadget"))").empty());
    CHECK(english_in(R"(fail(Errc::kInvalid, name + ": " + why); // fail(a, "no gadget", {}))")
              .empty());
}
