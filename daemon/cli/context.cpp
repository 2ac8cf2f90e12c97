#include "daemon/cli/context.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/json_view.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {
namespace {

std::string_view code_of(Paint paint) {
    switch (paint) {
        case Paint::kBold:
            return "1";
        case Paint::kDim:
            return "2";
        case Paint::kGreen:
            return "32";
        case Paint::kYellow:
            return "33";
        case Paint::kRed:
            return "31";
        default:
            return "0";
    }
}

std::string painted(bool on, Paint paint, std::string_view text) {
    if (!on || paint == Paint::kPlain) return std::string(text);
    return "\x1b[" + std::string(code_of(paint)) + "m" + std::string(text) + "\x1b[0m";
}

std::string dump(const nlohmann::json& document, int indent) {
    return document.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

bool shows_colour(const Io& io, bool terminal, bool refused) {
    if (!terminal || refused) return false;
    if (!io.env("NO_COLOR").value_or("").empty()) return false;
    return io.env("TERM").value_or("") != "dumb";
}

Context::Context(const Parts& parts)
    : parts_(parts),
      json_(parts.invocation.has("json")),
      quiet_(parts.invocation.has("quiet")),
      colour_out_(shows_colour(parts.io, parts.io.out_terminal, parts.invocation.has("no-color"))),
      colour_err_(shows_colour(parts.io, parts.io.err_terminal, parts.invocation.has("no-color"))) {
}

bool Context::may_ask() const {
    return parts_.io.in_terminal && parts_.io.err_terminal && !args().has("no-input");
}

std::string Context::text(std::string_view key, const messages::Args& args) const {
    return messages::render(parts_.language, key, args);
}

std::string Context::text_or(const std::string& key, std::string_view fallback) const {
    return messages::find(key) == nullptr ? std::string(fallback) : text(key);
}

std::string Context::said(std::string_view english) const {
    return messages::localized(parts_.language, english);
}

std::string Context::word(const std::string& code) const {
    return text_or("word." + code, code);
}

void Context::print(std::string_view line) {
    parts_.io.out << line << '\n';
}
void Context::write(std::string_view bytes) {
    parts_.io.out << bytes;
}

void Context::print_json(const nlohmann::json& document) {
    parts_.io.out << dump(document, parts_.io.out_terminal ? 2 : -1) << '\n';
}

void Context::print_line(const nlohmann::json& document) {
    parts_.io.out << dump(document, -1) << '\n';
    parts_.io.out.flush();
}

void Context::print(const Table& table) {
    parts_.io.out << render_table(
        table, {.width_max = parts_.io.columns, .bold_titles = colour_out_, .titles = true});
}

void Context::note(std::string_view line) {
    if (quiet_ || json_) return;
    parts_.io.err << line << '\n';
    parts_.io.err.flush();
}

void Context::warn(std::string_view line) {
    parts_.io.err << paint_err(Paint::kYellow, line) << '\n';
    parts_.io.err.flush();
}

std::string Context::paint(Paint paint, std::string_view text) const {
    return painted(colour_out_, paint, text);
}

std::string Context::paint_err(Paint paint, std::string_view text) const {
    return painted(colour_err_, paint, text);
}

Outcome<std::string> Context::ask(std::string_view question, std::string_view flag,
                                  const std::string& preset, bool hidden) {
    if (!may_ask()) return usage(language(), "cli.ask.missing", {{"flag", std::string(flag)}});
    parts_.io.err << question;
    if (!preset.empty()) parts_.io.err << " [" << preset << "]";
    parts_.io.err << ": ";
    parts_.io.err.flush();
    auto line = parts_.io.read_line(hidden);
    if (cancel().requested()) return interrupted();
    if (!line) return usage(language(), "cli.ask.missing", {{"flag", std::string(flag)}});
    return line->empty() ? preset : *line;
}

Outcome<bool> Context::confirm(std::string_view question, std::string_view flag, bool preset) {
    auto answer = ask(std::string(question) + (preset ? " [Y/n]" : " [y/N]"), flag);
    if (!answer) return tl::unexpected<Failure>(std::move(answer.error()));
    if (answer->empty()) return preset;
    return *answer == "y" || *answer == "Y" || *answer == "yes" || *answer == "是";
}

Failure Context::failure_in(const nlohmann::json& error, const std::string& connection) const {
    const auto code = errc_of(text_at(error, "code"));
    if (!code) {
        Failure other;
        other.message = text_at(error, "message");
        return other;
    }
    Error known{*code, text_at(error, "detail"), {}, {}};
    for (const auto& [name, value] : object_at(error, "args").items())
        known.args[name] = cell(value);
    known.args.emplace("connection", connection);
    return failure_of(language(), known);
}

tl::unexpected<Failure> Context::interrupted() const {
    return tl::unexpected<Failure>(
        failed(parts_.language, Exit::kInterrupted, "cancelled", "cli.interrupted"));
}

void report(const Failure& failure, messages::Language language, bool json, bool colour, Io& io) {
    if (json) {
        nlohmann::json object{{"message_type", "error"},
                              {"code", failure.code},
                              {"message", failure.message},
                              {"hint", failure.hint},
                              {"exit", static_cast<int>(failure.exit)},
                              {"args", failure.args}};
        io.err << dump(object, -1) << '\n';
    } else {
        io.err << painted(colour, Paint::kRed, "kontor:") << ' ' << printable(failure.message)
               << '\n';
        if (!failure.hint.empty())
            io.err << messages::render(language, "cli.hint", {{"hint", printable(failure.hint)}})
                   << '\n';
    }
    io.err.flush();
}

}  // namespace kontor::cli
