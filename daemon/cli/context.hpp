#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "daemon/cli/api.hpp"
#include "daemon/cli/io.hpp"
#include "daemon/cli/parse.hpp"
#include "daemon/cli/table.hpp"

namespace kontor::cli {

enum class Paint : unsigned char { kPlain, kBold, kDim, kGreen, kYellow, kRed };

/// What one run of a command has to work with. One thread; everything given must outlive it.
class Context {
public:
    struct Parts {
        const Invocation& invocation;
        messages::Language language;
        Io& io;
        Api& api;
        const Cancel& cancel;
    };
    explicit Context(const Parts& parts);

    [[nodiscard]] const Invocation& args() const { return parts_.invocation; }
    [[nodiscard]] messages::Language language() const { return parts_.language; }
    [[nodiscard]] Io& io() { return parts_.io; }
    [[nodiscard]] Api& api() { return parts_.api; }
    [[nodiscard]] const Cancel& cancel() const { return parts_.cancel; }

    [[nodiscard]] bool json() const { return json_; }
    [[nodiscard]] bool quiet() const { return quiet_; }
    /// Whether a person can be asked: both ends are a terminal and --no-input was not given.
    [[nodiscard]] bool may_ask() const;

    /// A text of the catalogue in the person's language.
    [[nodiscard]] std::string text(std::string_view key, const messages::Args& args = {}) const;
    /// The text of that key, or `fallback` if the catalogue has none.
    [[nodiscard]] std::string text_or(const std::string& key, std::string_view fallback) const;

    /// What the daemon told in English (and keeps so), in the person's language.
    [[nodiscard]] std::string said(std::string_view english) const;
    /// A word of the API's (created, partial …) in the person's language; as it is if the catalogue
    /// does not have it.
    [[nodiscard]] std::string word(const std::string& code) const;

    /// Data, to stdout. A line break is added.
    void print(std::string_view line);
    /// As it is, to stdout.
    void write(std::string_view bytes);
    /// One JSON document on one line (on a terminal indented), to stdout.
    void print_json(const nlohmann::json& document);
    /// One JSON object on one line, for streams.
    void print_line(const nlohmann::json& document);
    /// A table, fitted to the terminal.
    void print(const Table& table);
    /// What is not data, to stderr; nothing with --quiet or --json.
    void note(std::string_view line);
    void warn(std::string_view line);

    /// Coloured if stdout (or stderr) shows colours, else as it is.
    [[nodiscard]] std::string paint(Paint paint, std::string_view text) const;
    [[nodiscard]] std::string paint_err(Paint paint, std::string_view text) const;

    /// Asks and reads a line; a usage failure naming `flag` where nobody can be asked; kInterrupted
    /// on Ctrl-C. Empty input gives `preset`.
    [[nodiscard]] Outcome<std::string> ask(std::string_view question, std::string_view flag,
                                           const std::string& preset = {}, bool hidden = false);
    /// Yes or no; `preset` is what Enter means.
    [[nodiscard]] Outcome<bool> confirm(std::string_view question, std::string_view flag,
                                        bool preset);

    [[nodiscard]] tl::unexpected<Failure> interrupted() const;
    /// An error as events and reports carry it, in the person's language. `connection`: whose.
    [[nodiscard]] Failure failure_in(const nlohmann::json& error,
                                     const std::string& connection) const;

private:
    Parts parts_;
    bool json_;
    bool quiet_;
    bool colour_out_;
    bool colour_err_;
};

/// Whether a stream shows colours: a terminal, unless NO_COLOR, TERM=dumb or --no-color.
[[nodiscard]] bool shows_colour(const Io& io, bool terminal, bool refused);

/// Writes a failure to stderr: text with a hint, or one JSON object.
void report(const Failure& failure, messages::Language language, bool json, bool colour, Io& io);

}  // namespace kontor::cli
