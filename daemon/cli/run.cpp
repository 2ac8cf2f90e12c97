#include "daemon/cli/run.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "config/load.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/help.hpp"

namespace kontor::cli {
namespace {

using messages::Language;

Language language_of(const std::vector<std::string>& words, const Io& io) {
    if (const auto wanted = raw_option(words, "lang")) return messages::language_from(*wanted);
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
        if (const auto value = io.env(name).value_or(""); !value.empty())
            return messages::language_from(value);
    return Language::kEnglish;
}

std::string socket_of(const Invocation& invocation, const Io& io) {
    if (auto given = invocation.option("socket"); !given.empty()) return given;
    // A file that is wrong still says where the socket is not; `kontor config check` tells the
    // rest.
    config::Flags flags;
    flags.config = invocation.option("config");
    const auto own = config::load(flags, io.env, geteuid() == 0).config.daemon;
    // A machine-wide daemon serves those who may use its socket and have no replica of their own:
    // of the others, none means it when kontord happens not to run.
    constexpr const char* kSystemSocket = "/run/kontor/kontor.sock";
    const bool has_own = access(own.socket.c_str(), F_OK) == 0 ||
                         access((own.state_dir + "/replica.db").c_str(), F_OK) == 0;
    return !has_own && access(kSystemSocket, F_OK) == 0 ? kSystemSocket : own.socket;
}

void print_version(const Invocation& invocation, Io& io) {
    if (invocation.has("json"))
        io.out << nlohmann::json{{"name", "kontor"}, {"version", KONTOR_VERSION}}.dump() << '\n';
    else
        io.out << "kontor " << KONTOR_VERSION << '\n';
}

tl::unexpected<Failure> no_command(Language language, const CommandSpec* group) {
    const std::string path = group == nullptr ? "" : " " + std::string(group->path);
    return usage(language, "cli.usage.missing_argument", {{"name", "COMMAND"}},
                 messages::render(language, "cli.usage.see_help", {{"command", "kontor" + path}}));
}

Outcome<Exit> execute(const Invocation& invocation, Language language, Io& io,
                      const Cancel& cancel) {
    if (invocation.has("version")) {
        print_version(invocation, io);
        return Exit::kOk;
    }
    const auto* command = invocation.command;
    const bool bold = shows_colour(io, io.out_terminal, invocation.has("no-color"));
    if (invocation.has("help")) {
        io.out << help_text(command, language, bold);
        return Exit::kOk;
    }
    if (command == nullptr || command->run == nullptr) {
        if (invocation.has("json")) return no_command(language, command);
        io.err << help_text(command, language, false);
        return Exit::kUsage;
    }
    HttpClient http(socket_of(invocation, io), cancel);
    Api api(http, language);
    Context context({invocation, language, io, api, cancel});
    return command->run(context);
}

}  // namespace

int run(const std::vector<std::string>& words, Io& io, const Cancel& cancel) {
    const auto language = language_of(words, io);
    const bool as_json = raw_flag(words, "json");
    const bool colour = shows_colour(io, io.err_terminal, raw_flag(words, "no-color"));

    const auto invocation = parse(language, words);
    auto done = invocation ? execute(*invocation, language, io, cancel)
                           : Outcome<Exit>(tl::unexpected<Failure>(invocation.error()));
    io.out.flush();
    if (done && !io.out.good())
        done = tl::unexpected<Failure>(
            failed(language, Exit::kFailed, "storage", "cli.output_failed"));
    if (done) return static_cast<int>(*done);
    report(done.error(), language, as_json, colour, io);
    return static_cast<int>(done.error().exit);
}

}  // namespace kontor::cli
