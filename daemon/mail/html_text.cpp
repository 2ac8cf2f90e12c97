#include "daemon/mail/html_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "connectors/host/ascii.hpp"

namespace kontor::mail {
namespace {

constexpr int kQuotesMax = 8;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_blank(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::string utf8(std::uint32_t c) {
    std::string out;
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (c >> 18));
        out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
    return out;
}

/// What `&name;` stands for; "" if it is not known.
std::string character_of(std::string_view name) {
    if (name.starts_with('#')) {
        const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
        const auto digits = name.substr(hex ? 2 : 1);
        std::uint32_t c = 0;
        const auto* end = digits.data() + digits.size();
        const auto [at, failed] = std::from_chars(digits.data(), end, c, hex ? 16 : 10);
        const bool text = c >= 0x20 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        return failed == std::errc() && at == end && text ? utf8(c) : "";
    }
    constexpr std::pair<std::string_view, const char*> kNamed[] = {
        {"amp", "&"},    {"lt", "<"},    {"gt", ">"},     {"quot", "\""},  {"apos", "'"},
        {"nbsp", " "},   {"ndash", "–"}, {"mdash", "—"},  {"hellip", "…"}, {"rsquo", "’"},
        {"lsquo", "‘"},  {"ldquo", "“"}, {"rdquo", "”"},  {"auml", "ä"},   {"ouml", "ö"},
        {"uuml", "ü"},   {"szlig", "ß"}, {"eacute", "é"}, {"egrave", "è"}, {"agrave", "à"},
        {"ccedil", "ç"}, {"ensp", " "},  {"emsp", " "},   {"zwnj", ""},    {"copy", "©"},
        {"Auml", "Ä"},   {"Ouml", "Ö"},  {"Uuml", "Ü"}};
    for (const auto& [known, stands_for] : kNamed)
        if (known == name) return stands_for;
    return "";
}

/// Text as it is shown: blanks run together, lines begin where blocks do.
class Page {
public:
    void add(std::string_view text) {
        for (const char c : text) {
            if (is_blank(c)) {
                gap_ = true;
                continue;
            }
            if (line_empty_) {
                for (int i = 0; i < std::min(quotes_, kQuotesMax); ++i) out_ += "> ";
            } else if (gap_) {
                out_ += ' ';
            }
            gap_ = line_empty_ = false;
            out_ += c;
        }
    }
    void end_line() {
        if (!line_empty_) out_ += '\n';
        line_empty_ = true;
        gap_ = false;
    }
    /// A break is a line of its own where the line is empty.
    void break_line() {
        if (line_empty_) out_ += '\n';
        end_line();
    }
    void quote(bool begins) {
        end_line();
        if (begins)
            ++quotes_;
        else if (quotes_ > 0)
            --quotes_;
    }
    std::string take() {
        end_line();
        return std::move(out_);
    }

private:
    std::string out_;
    int quotes_ = 0;
    bool line_empty_ = true, gap_ = false;
};

bool is_block(std::string_view tag) {
    constexpr std::string_view kBlocks[] = {"p",     "div", "tr",  "li",     "ul", "ol",
                                            "table", "h1",  "h2",  "h3",     "h4", "h5",
                                            "h6",    "hr",  "pre", "section"};
    return std::ranges::find(kBlocks, tag) != std::end(kBlocks);
}

bool is_hidden(std::string_view tag) {
    return tag == "style" || tag == "script" || tag == "head" || tag == "title";
}

/// Where the element ends that began before `at`.
std::size_t end_of(const std::string& folded, std::string_view tag, std::size_t at) {
    const auto end = folded.find("</" + std::string(tag), at);
    return end == std::string::npos ? folded.size() : end;
}

}  // namespace

std::string text_of_html(std::string_view html) {
    const auto folded = host::ascii_lower(std::string(html));
    Page page;
    for (std::size_t at = 0; at < html.size();) {
        if (html[at] == '&') {
            const auto end = html.substr(at, 12).find(';');
            const auto stands_for = end == std::string_view::npos
                                        ? std::string()
                                        : character_of(html.substr(at + 1, end - 1));
            page.add(stands_for.empty() ? "&" : stands_for);
            at += stands_for.empty() ? 1 : end + 1;
            continue;
        }
        if (html[at] != '<') {
            const auto end = std::min(html.find_first_of("<&", at), html.size());
            page.add(html.substr(at, end - at));
            at = end;
            continue;
        }
        if (html.substr(at).starts_with("<!--")) {
            const auto end = html.find("-->", at);
            at = end == std::string_view::npos ? html.size() : end + 3;
            continue;
        }
        const bool closes = at + 1 < html.size() && html[at + 1] == '/';
        const auto name_at = at + (closes ? 2 : 1);
        auto name_end = name_at;
        while (name_end < html.size() &&
               (is_letter(html[name_end]) || (html[name_end] >= '1' && html[name_end] <= '6')))
            ++name_end;
        const auto tag = std::string_view(folded).substr(name_at, name_end - name_at);
        if (tag.empty() && !closes && !html.substr(at).starts_with("<!")) {
            page.add("<");
            ++at;
            continue;
        }
        const auto end = html.find('>', at);
        at = end == std::string_view::npos ? html.size() : end + 1;
        if (!closes && is_hidden(tag))
            at = end_of(folded, tag, at);
        else if (tag == "br")
            page.break_line();
        else if (tag == "blockquote")
            page.quote(!closes);
        else if (is_block(tag))
            page.end_line();
    }
    return page.take();
}

}  // namespace kontor::mail
