#include "daemon/cli/help.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

using messages::Language;
using messages::render;

constexpr std::size_t kIndentMax = 30;

/// A term and its explanation, aligned with its neighbours.
using Entries = std::vector<std::pair<std::string, std::string>>;

std::string aligned(const Entries& entries) {
    std::size_t width = 0;
    for (const auto& [term, text] : entries)
        width = std::max(width, std::min(display_width(term), kIndentMax));
    std::string out;
    for (const auto& [term, text] : entries) {
        const auto used = display_width(term);
        out += "  " + term;
        if (!text.empty()) {
            const bool fits = used <= width;
            if (!fits) out += "\n" + std::string(width + 2, ' ');
            out += std::string(fits ? width - used : 0, ' ') + "  " + text;
        }
        out += "\n";
    }
    return out;
}

std::string heading(Language language, std::string_view key, bool bold) {
    const auto text = render(language, key);
    return "\n" + (bold ? "\x1b[1m" + text + "\x1b[0m" : text) + "\n";
}

std::string examples(const CommandSpec& command, Language language, bool bold) {
    if (command.examples.empty()) return {};
    std::string out = heading(language, "cli.help.examples", bold);
    for (std::size_t n = 1; n <= command.examples.size(); ++n) {
        const auto text = example_text(command, n, language);
        if (!text.empty()) out += "  # " + text + "\n";
        out += "  " + std::string(command.examples[n - 1].command) + "\n";
    }
    return out;
}

std::string options(std::span<const OptionSpec> specs, const CommandSpec* command,
                    Language language) {
    Entries entries;
    for (const auto& option : specs)
        entries.emplace_back(option_names(option), option_text(option, command, language));
    return aligned(entries);
}

std::string members(const CommandSpec* group, Language language) {
    Entries entries;
    for (const auto& spec : command_table()) {
        if (!belongs_to(spec, group)) continue;
        const auto at = spec.path.rfind(' ');
        entries.emplace_back(spec.path.substr(at == std::string_view::npos ? 0 : at + 1),
                             render(language, "cli.command." + text_key(spec.path)));
    }
    return entries.empty() ? std::string() : aligned(entries);
}

}  // namespace

bool belongs_to(const CommandSpec& spec, const CommandSpec* group) {
    if (spec.hidden) return false;
    const auto at = spec.path.rfind(' ');
    const auto above = at == std::string_view::npos ? std::string_view() : spec.path.substr(0, at);
    return above == (group == nullptr ? std::string_view() : group->path);
}

std::string usage_line(const CommandSpec& command) {
    std::string line = "kontor " + std::string(command.path);
    if (command.run == nullptr) return line + " COMMAND";
    if (std::ranges::any_of(command_table(),
                            [&](const CommandSpec& spec) { return belongs_to(spec, &command); }))
        line += " [COMMAND]";
    for (const auto& argument : command.arguments) {
        std::string shown(argument.words.empty() ? argument.name : argument.words);
        if (!argument.words.empty()) std::replace(shown.begin(), shown.end(), ' ', '|');
        if (argument.repeat) shown += "...";
        line += argument.required ? " " + shown : " [" + shown + "]";
    }
    return line + " [OPTIONS]";
}

std::string option_names(const OptionSpec& option) {
    std::string names = option.letter == 0 ? "" : std::string("-") + option.letter + ", ";
    names += "--" + std::string(option.name);
    if (!option.value.empty()) names += " " + std::string(option.value);
    return names;
}

std::string option_text(const OptionSpec& option, const CommandSpec* command, Language language) {
    const std::string name(option.name);
    if (command != nullptr) {
        const auto own = "cli.option." + text_key(command->path) + "." + name;
        if (messages::find(own) != nullptr) return render(language, own);
    }
    return render(language, "cli.option." + name);
}

std::string example_text(const CommandSpec& command, std::size_t number, Language language) {
    const auto key = "cli.example." + text_key(command.path) + "." + std::to_string(number);
    return messages::find(key) == nullptr ? std::string() : render(language, key);
}

std::string about_text(const CommandSpec& command, Language language) {
    const auto key = "cli.about." + text_key(command.path);
    return messages::find(key) == nullptr ? std::string() : render(language, key);
}

std::string help_text(const CommandSpec* command, Language language, bool bold) {
    if (command == nullptr) {
        std::string out = render(language, "cli.about") + "\n";
        out += heading(language, "cli.help.first_steps", bold);
        out += aligned({{"kontor init", render(language, "cli.first.init")},
                        {"kontor connect zoho", render(language, "cli.first.connect")},
                        {"kontor sync zoho --dry-run", render(language, "cli.first.dry_run")},
                        {"kontor push on zoho", render(language, "cli.first.push")}});
        out += heading(language, "cli.help.usage", bold) + "  kontor COMMAND [OPTIONS]\n";
        out += heading(language, "cli.help.commands", bold) + members(nullptr, language);
        out += heading(language, "cli.help.global", bold) +
               options(global_options(), nullptr, language);
        return out + "\n" + render(language, "cli.help.more") + "\n";
    }
    std::string out = "kontor " + std::string(command->path) + ": " +
                      render(language, "cli.command." + text_key(command->path)) + "\n";
    out += examples(*command, language, bold);
    out += heading(language, "cli.help.usage", bold) + "  " + usage_line(*command) + "\n";
    if (const auto about = about_text(*command, language); !about.empty())
        out += "\n" + about + "\n";
    if (const auto below = members(command, language); !below.empty())
        out += heading(language, "cli.help.commands", bold) + below;
    if (!command->options.empty())
        out += heading(language, "cli.help.options", bold) +
               options(command->options, command, language);
    return out + heading(language, "cli.help.global", bold) +
           options(global_options(), nullptr, language);
}

}  // namespace kontor::cli
