#include "daemon/cli/completion.hpp"

#include <functional>
#include <vector>

#include "daemon/cli/help.hpp"

namespace kontor::cli {
namespace {

using messages::Language;
using messages::render;

std::vector<const CommandSpec*> visible() {
    std::vector<const CommandSpec*> out;
    for (const auto& spec : command_table())
        if (!spec.hidden) out.push_back(&spec);
    return out;
}

std::string last_word(std::string_view path) {
    const auto at = path.rfind(' ');
    return std::string(at == std::string_view::npos ? path : path.substr(at + 1));
}

std::string member_words(const CommandSpec* group) {
    std::string words;
    for (const auto& spec : command_table())
        if (belongs_to(spec, group)) words += (words.empty() ? "" : " ") + last_word(spec.path);
    return words;
}

/// A shell word in single quotes.
std::string shell_word(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    }
    return out + "'";
}

// ---- bash -----------------------------------------------------------------------------------

/// The bash command that fills COMPREPLY for one place.
std::string bash_reply(Complete complete, std::string_view words) {
    switch (complete) {
        case Complete::kFile:
            return "COMPREPLY=($(compgen -f -- \"$cur\"))";
        case Complete::kFolder:
            return "COMPREPLY=($(compgen -d -- \"$cur\"))";
        case Complete::kConnection:
            return "COMPREPLY=($(compgen -W \"$(kontor __complete connection 2>/dev/null)\" -- "
                   "\"$cur\"))";
        case Complete::kEntity:
            return "COMPREPLY=($(compgen -W \"$(kontor __complete entity 2>/dev/null)\" -- "
                   "\"$cur\"))";
        case Complete::kWords:
            return "COMPREPLY=($(compgen -W " + shell_word(words) + " -- \"$cur\"))";
        default:
            return "COMPREPLY=()";
    }
}

std::string bash_values(std::span<const OptionSpec> options) {
    std::string out;
    for (const auto& option : options)
        if (!option.value.empty())
            out += "        --" + std::string(option.name) + ") " +
                   bash_reply(option.complete, option.words) + "; return ;;\n";
    return out;
}

std::string bash_script() {
    std::string groups;
    std::string cases;
    for (const auto* spec : visible()) {
        const std::string path(spec->path);
        std::string options;
        for (const auto& option : spec->options) options += " --" + std::string(option.name);
        cases += "    " + shell_word(path) + ")\n";
        if (!member_words(spec).empty()) {
            groups += (groups.empty() ? "" : "|") + path;
            cases += "        COMPREPLY=($(compgen -W " + shell_word(member_words(spec)) +
                     " -- \"$cur\"))\n        ;;\n";
            continue;
        }
        if (const auto values = bash_values(spec->options); !values.empty())
            cases += "        case $prev in\n" + values + "        esac\n";
        cases +=
            "        if [[ $cur == -* ]]; then\n            COMPREPLY=($(compgen -W \"$global" +
            options + "\" -- \"$cur\"))\n            return\n        fi\n";
        std::string places;
        for (std::size_t i = 0; i < spec->arguments.size(); ++i) {
            const auto& argument = spec->arguments[i];
            if (argument.complete == Complete::kNothing) continue;
            places += "        " + std::to_string(i) + ") " +
                      bash_reply(argument.complete, argument.words) + " ;;\n";
        }
        if (!places.empty()) cases += "        case $place in\n" + places + "        esac\n";
        cases += "        ;;\n";
    }
    std::string global;
    for (const auto& option : global_options())
        global += (global.empty() ? "--" : " --") + std::string(option.name);

    return "# bash completion for kontor\n"
           "_kontor() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local global=" +
           shell_word(global) +
           "\n"
           "    local command= place=0 i word\n"
           "    COMPREPLY=()\n"
           "    for ((i = 1; i < COMP_CWORD; ++i)); do\n"
           "        word=${COMP_WORDS[i]}\n"
           "        [[ $word == -* ]] && continue\n"
           "        if [[ -z $command ]]; then\n"
           "            command=$word\n"
           "        else\n"
           "            case $command in\n"
           "            " +
           groups +
           ") command+=\" $word\" ;;\n"
           "            *) place=$((place + 1)) ;;\n"
           "            esac\n"
           "        fi\n"
           "    done\n"
           "    case $prev in\n" +
           bash_values(global_options()) +
           "    esac\n"
           "    case $command in\n"
           "    '')\n"
           "        COMPREPLY=($(compgen -W " +
           shell_word(member_words(nullptr)) +
           "\" $global\" -- \"$cur\"))\n"
           "        ;;\n" +
           cases +
           "    esac\n"
           "}\n"
           "complete -F _kontor kontor\n";
}

// ---- zsh ------------------------------------------------------------------------------------

/// Text inside a zsh option description.
std::string zsh_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_action(Complete complete, std::string_view words) {
    switch (complete) {
        case Complete::kFile:
            return "_files";
        case Complete::kFolder:
            return "_files -/";
        case Complete::kConnection:
            return "_kontor_names connection";
        case Complete::kEntity:
            return "_kontor_names entity";
        case Complete::kWords:
            return "(" + std::string(words) + ")";
        default:
            return " ";
    }
}

std::string zsh_option(const OptionSpec& option, const CommandSpec* command) {
    const std::string name(option.name);
    std::string out = option.repeat ? "*" : "";
    out += "--" + name + (option.value.empty() ? "" : "=") + "[" +
           zsh_text(option_text(option, command, Language::kEnglish)) + "]";
    if (!option.value.empty())
        out += ":" + zsh_text(option.value) + ":" + zsh_action(option.complete, option.words);
    return "        " + shell_word(out) + " \\\n";
}

std::string zsh_describe(const CommandSpec* group) {
    std::string out;
    for (const auto& spec : command_table())
        if (belongs_to(spec, group))
            out += " " + shell_word(zsh_text(last_word(spec.path)) + ":" +
                                    zsh_text(render(Language::kEnglish,
                                                    "cli.command." + text_key(spec.path))));
    return out;
}

std::string zsh_script() {
    std::string cases;
    std::string groups;
    for (const auto* spec : visible()) {
        const std::string path(spec->path);
        cases += "    " + shell_word(path) + ")\n";
        if (!member_words(spec).empty()) {
            groups += (groups.empty() ? "" : "|") + path;
            cases += "        commands=(" + zsh_describe(spec) +
                     ")\n        _describe command commands\n        ;;\n";
            continue;
        }
        cases += "        _arguments \\\n";
        for (const auto& option : spec->options) cases += zsh_option(option, spec);
        for (const auto& option : global_options()) cases += zsh_option(option, nullptr);
        for (const auto& argument : spec->arguments)
            cases += "        " +
                     shell_word(std::string(argument.repeat ? "*" : "") +
                                (argument.required ? ":" : "::") + zsh_text(argument.name) + ":" +
                                zsh_action(argument.complete, argument.words)) +
                     " \\\n";
        cases += "        && return 0\n        ;;\n";
    }
    return "#compdef kontor\n"
           "_kontor_names() {\n"
           "    local -a names=(${(f)\"$(kontor __complete $1 2>/dev/null)\"})\n"
           "    compadd -a names\n"
           "}\n"
           "_kontor() {\n"
           "    local -a commands\n"
           "    local command=\n"
           "    if (( CURRENT == 2 )); then\n"
           "        commands=(" +
           zsh_describe(nullptr) +
           ")\n"
           "        _describe command commands\n"
           "        return\n"
           "    fi\n"
           "    command=$words[2]\n"
           "    shift words; (( CURRENT-- ))\n"
           "    case $command in\n"
           "    " +
           groups +
           ")\n"
           "        if (( CURRENT > 2 )); then\n"
           "            command+=\" $words[2]\"\n"
           "            shift words; (( CURRENT-- ))\n"
           "        fi ;;\n"
           "    esac\n"
           "    case $command in\n" +
           cases +
           "    esac\n"
           "}\n"
           "_kontor \"$@\"\n";
}

// ---- fish -----------------------------------------------------------------------------------

std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string fish_action(Complete complete, std::string_view words) {
    switch (complete) {
        case Complete::kFile:
            return " -F";
        case Complete::kFolder:
            return " -a '(__fish_complete_directories)'";
        case Complete::kConnection:
            return " -a '(kontor __complete connection 2>/dev/null)'";
        case Complete::kEntity:
            return " -a '(kontor __complete entity 2>/dev/null)'";
        case Complete::kWords:
            return " -a " + fish_quoted(words);
        default:
            return "";
    }
}

std::string fish_option(const OptionSpec& option, const CommandSpec* command,
                        const std::string& condition) {
    std::string out = "complete -c kontor" + condition + " -l " + std::string(option.name);
    if (option.letter != 0) out += std::string(" -s ") + option.letter;
    if (!option.value.empty()) out += " -r" + fish_action(option.complete, option.words);
    return out + " -d " + fish_quoted(option_text(option, command, Language::kEnglish)) + "\n";
}

std::string fish_script() {
    std::string out = "# fish completion for kontor\ncomplete -c kontor -f\n";
    for (const auto& option : global_options()) out += fish_option(option, nullptr, "");
    for (const auto* spec : visible()) {
        const auto word = last_word(spec->path);
        std::string before = " -n __fish_use_subcommand";
        std::string inside = " -n " + fish_quoted("__fish_seen_subcommand_from " + word);
        if (const auto at = spec->path.rfind(' '); at != std::string_view::npos) {
            const std::string group(spec->path.substr(0, at));
            const auto in_group = "__fish_seen_subcommand_from " + group;
            before =
                " -n " + fish_quoted(in_group + "; and not __fish_seen_subcommand_from " + word);
            inside = " -n " + fish_quoted(in_group + "; and __fish_seen_subcommand_from " + word);
        }
        out += "complete -c kontor" + before + " -a " + word + " -d " +
               fish_quoted(render(Language::kEnglish, "cli.command." + text_key(spec->path))) +
               "\n";
        for (const auto& option : spec->options) out += fish_option(option, spec, inside);
        for (const auto& argument : spec->arguments)
            if (argument.complete != Complete::kNothing)
                out += "complete -c kontor" + inside +
                       fish_action(argument.complete, argument.words) + "\n";
    }
    return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
    if (shell == "bash") return bash_script();
    if (shell == "zsh") return zsh_script();
    if (shell == "fish") return fish_script();
    return {};
}

}  // namespace kontor::cli
