#include "daemon/cli/manual.hpp"

#include <algorithm>

#include "daemon/cli/help.hpp"

namespace kontor::cli {
namespace {

using messages::Language;
using messages::render;

/// Text that roff prints as it is, wherever it stands.
std::string escaped(std::string_view text) {
    std::string out;
    bool line_start = true;
    for (const char c : text) {
        if (line_start && (c == '.' || c == '\'')) out += "\\&";
        line_start = c == '\n';
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

std::string section(Language language, std::string_view key) {
    return ".SH " + render(language, key) + "\n";
}

std::string option_list(std::span<const OptionSpec> options, const CommandSpec* command,
                        Language language) {
    std::string out;
    for (const auto& option : options)
        out += ".TP\n.B " + escaped(option_names(option)) + "\n" +
               escaped(option_text(option, command, language)) + "\n";
    return out;
}

std::string member_list(const CommandSpec* group, Language language) {
    std::string out;
    for (const auto& spec : command_table())
        if (belongs_to(spec, group))
            out += ".TP\n.BR " + escaped(manual_name(&spec)) + " (1)\n" +
                   escaped(render(language, "cli.command." + text_key(spec.path))) + "\n";
    return out;
}

std::string exit_codes(Language language) {
    constexpr int kCodes[] = {0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 69, 75, 78, 130};
    std::string out = section(language, "cli.man.exit");
    for (const int code : kCodes)
        out += ".TP\n.B " + std::to_string(code) + "\n" +
               escaped(render(language, "cli.exit." + std::to_string(code))) + "\n";
    return out + ".PP\n" + escaped(render(language, "cli.exit.other")) + "\n";
}

std::string example_list(const CommandSpec& command, Language language) {
    if (command.examples.empty()) return {};
    std::string out = section(language, "cli.man.examples");
    for (std::size_t n = 1; n <= command.examples.size(); ++n) {
        if (const auto text = example_text(command, n, language); !text.empty())
            out += ".PP\n" + escaped(text) + "\n";
        out += ".PP\n.nf\n.RS\n" + escaped(command.examples[n - 1].command) + "\n.RE\n.fi\n";
    }
    return out;
}

}  // namespace

std::string manual_name(const CommandSpec* command) {
    if (command == nullptr) return "kontor";
    std::string name = "kontor-" + std::string(command->path);
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

std::string manual_page(const CommandSpec* command, Language language) {
    const auto name = manual_name(command);
    std::string title = name;
    std::transform(title.begin(), title.end(), title.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    // No date, so that two builds of one source are equal.
    std::string out = ".TH \"" + escaped(title) + "\" 1 \"\" \"kontor " KONTOR_VERSION "\"\n";
    const auto summary = command == nullptr
                             ? render(language, "cli.man.summary")
                             : render(language, "cli.command." + text_key(command->path));
    out += section(language, "cli.man.name") + escaped(name) + " \\- " + escaped(summary) + "\n";
    if (command != nullptr) out += example_list(*command, language);
    out += section(language, "cli.man.synopsis") + ".B " +
           escaped(command == nullptr ? "kontor COMMAND [OPTIONS]" : usage_line(*command)) + "\n";
    const auto about =
        command == nullptr ? render(language, "cli.about") : about_text(*command, language);
    if (!about.empty()) out += section(language, "cli.man.description") + escaped(about) + "\n";
    if (const auto below = member_list(command, language); !below.empty())
        out += section(language, "cli.man.commands") + below;
    if (command != nullptr && !command->options.empty())
        out +=
            section(language, "cli.man.options") + option_list(command->options, command, language);
    out += section(language, "cli.man.global") + option_list(global_options(), nullptr, language);
    out += exit_codes(language);
    out += section(language, "cli.man.see_also");
    out += command == nullptr ? ".BR kontord (8),\n.BR kontor.toml (5)\n" : ".BR kontor (1)\n";
    return out;
}

}  // namespace kontor::cli
