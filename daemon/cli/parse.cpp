#include "daemon/cli/parse.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>

#include "daemon/cli/suggest.hpp"
#include "sync/base/utf8.hpp"

namespace kontor::cli {
namespace {

/// In front of a word that CLI11 would read otherwise than as one argument: it splits words in
/// brackets at their commas, and takes what follows `--` for options once a command has arguments.
constexpr char kWhole = '\x01';

/// CLI11's view of one command, and where its values end up.
struct Node {
    const CommandSpec* spec = nullptr;
    CLI::App* app = nullptr;
    std::map<std::string, CLI::Option*> options;
    std::map<std::string, CLI::Option*> arguments;
};

void add_option(CLI::App& app, const OptionSpec& spec, std::map<std::string, CLI::Option*>& into) {
    std::string names = "--" + std::string(spec.name);
    if (spec.letter != 0) names = std::string("-") + spec.letter + "," + names;
    CLI::Option* option = nullptr;
    if (spec.value.empty()) {
        option = app.add_flag(names);
    } else {
        option = app.add_option(names);
        option->type_size(1)->expected(1)->allow_extra_args(false);
        option->multi_option_policy(spec.repeat ? CLI::MultiOptionPolicy::TakeAll
                                                : CLI::MultiOptionPolicy::TakeLast);
    }
    into[std::string(spec.name)] = option;
}

void add_argument(CLI::App& app, const ArgumentSpec& spec,
                  std::map<std::string, CLI::Option*>& into) {
    // Whether it is required is looked at afterwards, so that --help works without it.
    auto* option = app.add_option(std::string(spec.name));
    option->type_size(1)->expected(1)->allow_extra_args(spec.repeat);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    into[std::string(spec.name)] = option;
}

/// The table as a tree of CLI11 apps.
class Tree {
public:
    Tree() {
        root_.set_help_flag();
        root_.set_config();
        root_.require_subcommand(0, 1);
        for (const auto& option : global_options()) add_option(root_, option, global_);
        for (const auto& spec : command_table()) add(spec);
    }

    CLI::App& root() { return root_; }
    const std::map<std::string, CLI::Option*>& global() const { return global_; }

    /// The innermost command that was named.
    const Node* chosen() const {
        const Node* found = nullptr;
        for (const auto& node : nodes_)
            if (node->app->parsed()) found = node.get();
        return found;
    }

private:
    void add(const CommandSpec& spec) {
        auto* parent = &root_;
        auto name = spec.path;
        if (const auto space = name.rfind(' '); space != std::string_view::npos) {
            for (const auto& node : nodes_)
                if (node->spec->path == name.substr(0, space)) parent = node->app;
            name.remove_prefix(space + 1);
        }
        auto node = std::make_unique<Node>();
        node->spec = &spec;
        node->app = parent->add_subcommand(std::string(name));
        node->app->set_help_flag();
        node->app->fallthrough();
        node->app->require_subcommand(0, 1);
        for (const auto& option : spec.options) add_option(*node->app, option, node->options);
        for (const auto& argument : spec.arguments)
            add_argument(*node->app, argument, node->arguments);
        nodes_.push_back(std::move(node));
    }

    CLI::App root_;
    std::map<std::string, CLI::Option*> global_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

std::vector<std::string> option_names(const CommandSpec* command) {
    std::vector<std::string> names;
    for (const auto& option : global_options()) names.push_back("--" + std::string(option.name));
    if (command != nullptr)
        for (const auto& option : command->options)
            names.push_back("--" + std::string(option.name));
    return names;
}

/// Names of the commands directly below `group` ("" for the top).
std::vector<std::string> command_names(std::string_view group) {
    std::vector<std::string> names;
    for (const auto& spec : command_table()) {
        auto path = spec.path;
        if (spec.hidden) continue;
        if (!group.empty()) {
            if (!path.starts_with(group) || path.size() <= group.size() ||
                path[group.size()] != ' ')
                continue;
            path.remove_prefix(group.size() + 1);
        }
        if (path.find(' ') == std::string_view::npos) names.emplace_back(path);
    }
    return names;
}

std::string meant(messages::Language language, const std::string& word,
                  const std::vector<std::string>& candidates, const CommandSpec* command) {
    const auto guess = suggest(word, candidates);
    if (!guess.empty())
        return messages::render(language, "cli.usage.did_you_mean", {{"word", guess}});
    const std::string path = command == nullptr ? "" : " " + std::string(command->path);
    return messages::render(language, "cli.usage.see_help", {{"command", "kontor" + path}});
}

tl::unexpected<Failure> explain_extra(messages::Language language, const Tree& tree,
                                      const std::vector<std::string>& extras) {
    const Node* node = tree.chosen();
    const auto* command = node == nullptr ? nullptr : node->spec;
    std::string word = extras.empty() ? "" : extras.front();
    if (!word.empty() && word.front() == kWhole) word.erase(0, 1);
    if (word.size() > 1 && word.front() == '-') {
        const auto name = word.substr(0, word.find('='));
        return usage(language, "cli.usage.unknown_option", {{"option", name}},
                     meant(language, name, option_names(command), command));
    }
    const auto group = command == nullptr ? std::string_view() : command->path;
    if (command == nullptr || !command_names(group).empty()) {
        return usage(language, "cli.usage.unknown_command", {{"word", word}},
                     meant(language, word, command_names(group), command));
    }
    return usage(language, "cli.usage.extra_argument", {{"word", word}},
                 meant(language, "", {}, command));
}

bool listed(std::string_view words, std::string_view word) {
    const std::string padded = " " + std::string(words) + " ";
    return padded.find(" " + std::string(word) + " ") != std::string::npos;
}

Outcome<> check_choices(messages::Language language, const std::string& name,
                        std::string_view words, const std::vector<std::string>& values) {
    if (words.empty()) return {};
    for (const auto& value : values)
        if (!listed(words, value))
            return usage(language, "cli.usage.choice",
                         {{"name", name}, {"value", value}, {"choices", std::string(words)}});
    return {};
}

std::vector<std::string> results_of(const CLI::Option& option) {
    auto values = option.results();
    for (auto& value : values)
        if (!value.empty() && value.front() == kWhole) value.erase(0, 1);
    return values;
}

template <class Options>
Outcome<> take_options(messages::Language language, std::span<const OptionSpec> specs,
                       const Options& from, Invocation& into) {
    for (const auto& spec : specs) {
        const auto* option = from.at(std::string(spec.name));
        if (option->count() == 0) continue;
        auto& values = into.options[std::string(spec.name)];
        if (!spec.value.empty()) values = results_of(*option);
        auto checked = check_choices(language, "--" + std::string(spec.name), spec.words, values);
        if (!checked) return checked;
    }
    return {};
}

Outcome<> take_arguments(messages::Language language, const Node& node, bool help,
                         Invocation& into) {
    for (const auto& spec : node.spec->arguments) {
        const auto* option = node.arguments.at(std::string(spec.name));
        if (option->count() == 0) {
            if (spec.required && !help)
                return usage(language, "cli.usage.missing_argument",
                             {{"name", std::string(spec.name)}},
                             meant(language, "", {}, node.spec));
            continue;
        }
        auto& values = into.arguments[std::string(spec.name)];
        values = results_of(*option);
        auto checked = check_choices(language, std::string(spec.name), spec.words, values);
        if (!checked) return checked;
    }
    return {};
}

/// In the order that CLI11 wants, marked, and without `--`.
std::vector<std::string> prepared(const std::vector<std::string>& words) {
    std::vector<std::string> out;
    bool arguments_only = false;
    for (const auto& word : words) {
        if (word == "--" && !arguments_only) {
            arguments_only = true;
            continue;
        }
        // CLI11 takes the next word for the value of `--option=`.
        if (!arguments_only && word.size() > 3 && word.starts_with("--") &&
            word.find('=') == word.size() - 1) {
            out.push_back(word.substr(0, word.size() - 1));
            out.emplace_back(1, kWhole);
            continue;
        }
        const bool bracketed = word.size() > 1 && word.front() == '[' && word.back() == ']';
        out.push_back(bracketed || arguments_only ? kWhole + word : word);
    }
    std::reverse(out.begin(), out.end());
    return out;
}

const std::vector<std::string>& nothing() {
    static const std::vector<std::string> none;
    return none;
}

}  // namespace

bool Invocation::has(std::string_view name) const {
    return options.find(name) != options.end();
}

std::string Invocation::option(std::string_view name, std::string_view fallback) const {
    const auto found = options.find(name);
    if (found == options.end() || found->second.empty()) return std::string(fallback);
    return found->second.back();
}

const std::vector<std::string>& Invocation::all(std::string_view name) const {
    const auto found = options.find(name);
    return found == options.end() ? nothing() : found->second;
}

std::string Invocation::argument(std::string_view name) const {
    const auto& values = arguments_of(name);
    return values.empty() ? std::string() : values.front();
}

const std::vector<std::string>& Invocation::arguments_of(std::string_view name) const {
    const auto found = arguments.find(name);
    return found == arguments.end() ? nothing() : found->second;
}

Outcome<Invocation> parse(messages::Language language, const std::vector<std::string>& words) {
    for (const auto& word : words)
        if (!is_utf8(word)) return usage(language, "cli.usage.utf8", {{"word", word}});
    Tree tree;
    try {
        auto marked = prepared(words);
        tree.root().parse(marked);
    } catch (const CLI::ExtrasError&) {
        return explain_extra(language, tree, tree.root().remaining(true));
    } catch (const CLI::ParseError& error) {
        // "--where: 1 required TEXT missing": only the option's name is of use to a person.
        const std::string text = error.what();
        const auto* node = tree.chosen();
        return usage(language, "cli.usage.option_value",
                     {{"option", text.substr(0, text.find(':'))}},
                     meant(language, "", {}, node == nullptr ? nullptr : node->spec));
    }

    Invocation invocation;
    if (auto taken = take_options(language, global_options(), tree.global(), invocation); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    const Node* node = tree.chosen();
    if (node == nullptr) return invocation;
    invocation.command = node->spec;
    if (auto taken = take_options(language, node->spec->options, node->options, invocation); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    if (auto taken = take_arguments(language, *node, invocation.has("help"), invocation); !taken)
        return tl::unexpected<Failure>(std::move(taken.error()));
    return invocation;
}

std::optional<std::string> raw_option(const std::vector<std::string>& words,
                                      std::string_view name) {
    const std::string full = "--" + std::string(name);
    for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
        if (words[i] == full && i + 1 < words.size()) return words[i + 1];
        if (words[i].starts_with(full + "=")) return words[i].substr(full.size() + 1);
    }
    return std::nullopt;
}

bool raw_flag(const std::vector<std::string>& words, std::string_view name) {
    const auto end = std::find(words.begin(), words.end(), "--");
    return std::find(words.begin(), end, "--" + std::string(name)) != end;
}

}  // namespace kontor::cli
