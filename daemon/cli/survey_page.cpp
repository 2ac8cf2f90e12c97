#include "daemon/cli/survey_page.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"

namespace kontor::cli {
namespace {

using nlohmann::json;

constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;--bar:#0b66c3}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--paper:#0d1117;--line:#30363d;--bar:#58a6ff}}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}caption{text-align:left;color:var(--soft)}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.score{font-size:2.4rem;font-weight:600}.soft{color:var(--soft)}
.bar{display:block;height:.8rem;background:var(--bar);min-width:1px}td.b{width:40%}
@media print{body{max-width:none}}
)css";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

class Page {
public:
    explicit Page(messages::Language language) : language_(language) {}

    std::string make(const json& report) {
        const auto title = escaped(in_language(object_at(report, "title")));
        out_ = "<!DOCTYPE html>\n<html lang=\"" + std::string(messages::to_string(language_)) +
               "\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" "
               "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>" +
               title + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<main>\n<h1>" +
               title + "</h1>\n";
        head(report);
        groups("feedback.page.months", list_at(report, "months"));
        for (const auto& [name, list] : object_at(report, "segments").items())
            groups("feedback.segment." + name, list);
        for (const auto& question : list_at(report, "questions")) ask(question);
        texts(object_at(report, "texts"));
        out_ += "</main>\n<footer class=\"soft\"><p>" + text("feedback.page.made") + " " +
                escaped(text_at(report, "made_at")) + "</p></footer>\n</body>\n</html>\n";
        return std::move(out_);
    }

private:
    std::string text(std::string_view key, const messages::Args& args = {}) const {
        return escaped(messages::render(language_, key, args));
    }
    std::string in_language(const json& words) const {
        return text_at(words, messages::to_string(language_));
    }

    void head(const json& report) {
        const auto& score = object_at(report, "score");
        if (const auto measure = text_at(report, "measure"); !measure.empty()) {
            out_ += "<p><span class=\"score\">" + escaped(figure_text(score)) +
                    "</span><br><span class=\"soft\">" + text("feedback.measure." + measure) +
                    ", n = " + text_at(score, "n") + ". " + text("feedback.page.interval") +
                    "</span></p>\n";
            if (flag_at(score, "few")) out_ += "<p>" + text("feedback.few") + "</p>\n";
        }
        json rate{{"n", integer_at(report, "invited")}};
        if (has(report, "response_rate")) rate["csat"] = report["response_rate"];
        out_ += "<table><caption>" + text("feedback.page.response") + "</caption>\n";
        row("feedback.page.invited", text_at(report, "invited"));
        row("feedback.page.answered", text_at(report, "answered"));
        row("feedback.page.rate", figure_text(rate));
        row("feedback.page.imported", text_at(report, "imported"));
        if (const auto& follow = object_at(report, "follow_ups"); integer_at(follow, "made") > 0)
            row("feedback.page.closed",
                text_at(follow, "closed") + " / " + text_at(follow, "made"));
        for (const auto& [channel, count] : object_at(report, "channels").items())
            out_ += "<tr><th scope=\"row\">" + text("feedback.page.channel") + ": " +
                    escaped(channel_name(language_, channel)) + "</th><td class=\"n\">" +
                    count.dump() + "</td></tr>\n";
        out_ += "</table>\n";
    }

    void row(std::string_view key, const std::string& value) {
        out_ += "<tr><th scope=\"row\">" + text(key) + "</th><td class=\"n\">" + escaped(value) +
                "</td></tr>\n";
    }

    // `share`: 0 … 1.
    void bar_row(const std::string& name, const std::string& figure, double share) {
        const auto width = std::to_string(static_cast<int>(std::clamp(share, 0.0, 1.0) * 100));
        out_ += "<tr><th scope=\"row\">" + escaped(name) + "</th><td class=\"n\">" +
                escaped(figure) +
                "</td><td class=\"b\"><span class=\"bar\" style=\"width:" + width +
                "%\"></span></td></tr>\n";
    }

    void groups(const std::string& key, const json& list) {
        if (list.empty()) return;
        out_ += "<h2>" + text(key) + "</h2>\n<table>\n";
        for (const auto& group : list) {
            const auto& score = object_at(group, "score");
            auto name = text_at(group, "name");
            if (name.empty()) name = messages::render(language_, "feedback.page.unknown");
            const auto& value = figure_in(score);
            const double share = value.is_null()         ? 0
                                 : score.contains("nps") ? (value.get<double>() + 100) / 200
                                                         : value.get<double>() / 100;
            bar_row(name, figure_text(score) + ", n = " + text_at(score, "n"), share);
        }
        out_ += "</table>\n";
    }

    void ask(const json& question) {
        out_ += "<h2>" + escaped(in_language(object_at(question, "text"))) + "</h2>\n";
        const auto n = integer_at(question, "n");
        if (text_at(question, "kind") == "text") {
            out_ += "<p>" + text("feedback.page.texts", {{"count", std::to_string(n)}}) + "</p>\n";
            return;
        }
        out_ += "<table><caption>n = " + std::to_string(n) + "</caption>\n";
        const auto bar = [&](const std::string& name, std::int64_t count) {
            bar_row(name, std::to_string(count),
                    n == 0 ? 0 : static_cast<double>(count) / static_cast<double>(n));
        };
        for (const auto& choice : list_at(question, "choices"))
            bar(in_language(object_at(choice, "label")), integer_at(choice, "count"));
        const auto& counts = object_at(question, "counts");
        // By number: "10" comes after "9".
        for (int value = 0; value <= 10; ++value)
            if (const auto name = std::to_string(value); counts.contains(name))
                bar(name, integer_at(counts, name));
        out_ += "</table>\n";
    }

    void words_line(std::string_view key, const json& words) {
        if (words.empty()) return;
        std::string line;
        for (const auto& word : words)
            line +=
                (line.empty() ? "" : ", ") + text_at(word, "word") + " " + text_at(word, "count");
        out_ += "<p>" + text(key) + ": " + escaped(line) + "</p>\n";
    }

    // The words stand beside each figure: nobody has to believe it.
    void texts(const json& texts) {
        if (integer_at(texts, "n") == 0) return;
        out_ += "<h2>" + text("feedback.page.written") +
                "</h2>\n<table><caption>n = " + text_at(texts, "n") + "</caption>\n";
        for (const auto& [mood, count] : object_at(texts, "moods").items())
            row("feedback.mood." + mood, count.dump());
        out_ += "</table>\n";
        words_line("feedback.praise", list_at(texts, "praise"));
        words_line("feedback.blame", list_at(texts, "blame"));
        out_ += "<table>\n";
        for (const auto& theme : list_at(texts, "themes")) {
            out_ += "<tr><th scope=\"row\">" + escaped(in_language(object_at(theme, "label"))) +
                    "</th><td class=\"n\">n = " + text_at(theme, "n") + ", +" +
                    text_at(theme, "praise") + ", −" + text_at(theme, "blame") + "</td><td>";
            std::string line;
            for (const auto& word : list_at(theme, "words"))
                line += (line.empty() ? "" : ", ") + text_at(word, "word");
            out_ += escaped(line) + "</td></tr>\n";
        }
        out_ += "</table>\n";
    }

    messages::Language language_;
    std::string out_;
};

const json& first_of(const json& score) {
    static const json nothing;
    for (const auto* name : {"nps", "csat", "easy"})
        if (score.contains(name)) return score[name];
    return nothing;
}

}  // namespace

const json& figure_in(const json& score) {
    static const json nothing;
    const auto& figure = first_of(score);
    return figure.is_object() ? figure["value"] : nothing;
}

std::string figure_text(const json& score) {
    const auto& figure = first_of(score);
    if (!figure.is_object()) return "–";
    const std::string unit = score.contains("nps") ? "" : " %";
    auto out = text_at(figure, "value") + unit;
    if (has(figure, "low") && !figure["low"].is_null())
        out += " (" + text_at(figure, "low") + " … " + text_at(figure, "high") + ")";
    return out;
}

std::string channel_name(messages::Language language, const std::string& channel) {
    const auto key = "feedback.channel." + channel;
    return messages::find(key) == nullptr ? channel : messages::render(language, key);
}

std::string survey_page(messages::Language language, const json& report) {
    return Page(language).make(report);
}

}  // namespace kontor::cli
