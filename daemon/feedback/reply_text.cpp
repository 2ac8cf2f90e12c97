#include "daemon/feedback/reply_text.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "connectors/host/ascii.hpp"

namespace kontor::feedback {
namespace {

constexpr std::size_t kLinkTokenChars = 52;  // of a link
constexpr std::size_t kHeaderLines = 6;

std::string tidy_line(std::string_view line) {
    std::string out(line);
    // Blanks that do not break lines, and marks that nobody sees.
    for (const std::string_view mark : {"\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\x8B", "\xEF\xBB\xBF"})
        for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at))
            out.replace(at, mark.size(), " ");
    const auto last = out.find_last_not_of(" \t\r");
    out.resize(last == std::string::npos ? 0 : last + 1);
    out.erase(0, std::min(out.find_first_not_of(" \t"), out.size()));
    return out;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        out.push_back(tidy_line(text.substr(at, end - at)));
        at = end + 1;
    }
    return out;
}

bool begins_with_any(const std::string& text, std::span<const std::string_view> words) {
    return std::ranges::any_of(words, [&](auto word) { return text.starts_with(word); });
}

bool ends_with_any(const std::string& text, std::span<const std::string_view> words) {
    return std::ranges::any_of(words, [&](auto word) { return text.ends_with(word); });
}

bool is_quoted(const std::string& line) {
    return line.starts_with('>');
}

// "-----Original Message-----", "---- 回复的原邮件 ----", Outlook's long line.
bool is_ruler(const std::string& line) {
    const auto first = line.find_first_not_of('-');
    if (first != std::string::npos && first >= 4 && line.ends_with("---")) return true;
    return line.size() >= 10 && line.find_first_not_of('_') == std::string::npos;
}

// "From: …" with the original's other headers after it.
bool is_header_block(std::span<const std::string> lines) {
    constexpr std::array<std::string_view, 7> kFrom{
        "from:", "发件人:", "发件人：", "寄件者:", "寄件者：", "von:", "de :"};
    constexpr std::array<std::string_view, 14> kOther{
        "sent:", "date:",    "to:",    "subject:",  "发送时间", "收件人",   "主题",
        "日期",  "寄件日期", "收件者", "gesendet:", "betreff:", "envoyé :", "objet :"};
    const auto bare = [](std::string line) {
        std::erase(line, '*');  // Outlook's bold in plain text
        return host::ascii_lower(line);
    };
    if (!begins_with_any(bare(lines.front()), kFrom)) return false;
    const auto rest = lines.subspan(1, std::min(kHeaderLines, lines.size() - 1));
    return std::ranges::any_of(
        rest, [&](const std::string& line) { return begins_with_any(bare(line), kOther); });
}

/// Whether it names a sender or a date, as who quotes does.
bool names_original(const std::string& text) {
    int numbers = 0;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (text[at] >= '0' && text[at] <= '9' &&
            (at == 0 || text[at - 1] < '0' || text[at - 1] > '9'))
            ++numbers;
    return numbers >= 2 || text.find('@') != std::string::npos;
}

/// How many lines the announcement of a quotation takes, "On … wrote:"; 0: it is none. `certain`:
/// whatever follows it.
std::size_t announcement(std::span<const std::string> lines, bool& certain) {
    constexpr std::array<std::string_view, 7> kVerbs{"wrote",   "写道",     "寫道",      "schrieb",
                                                     "a écrit", "escribió", "ha scritto"};
    constexpr std::size_t kWrapped = 3;
    std::string whole;
    for (std::size_t count = 1; count <= std::min(kWrapped, lines.size()); ++count) {
        if (lines[count - 1].empty() || is_quoted(lines[count - 1])) return 0;
        whole += (count > 1 ? " " : "") + lines[count - 1];
        auto said = host::ascii_lower(whole);
        const std::string_view colon = said.ends_with(':') ? ":" : "：";
        if (!said.ends_with(colon) || !names_original(said)) continue;
        said.resize(said.size() - colon.size());
        while (said.ends_with(' ')) said.pop_back();
        certain = ends_with_any(said, kVerbs);
        const bool says = std::ranges::any_of(
            kVerbs, [&](auto verb) { return said.find(verb) != std::string::npos; });
        if (says) return count;
    }
    return 0;
}

bool has_personal_link(const std::string& line) {
    for (const std::string_view path : {"/s/", "/u/"})
        for (auto at = line.find(path); at != std::string::npos; at = line.find(path, at + 1)) {
            const auto token = std::string_view(line).substr(at + path.size(), kLinkTokenChars);
            const bool whole =
                token.size() == kLinkTokenChars && std::ranges::all_of(token, [](char c) {
                    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
                });
            if (whole) return true;
        }
    return false;
}

bool is_advertisement(const std::string& line) {
    constexpr std::array<std::string_view, 9> kBegins{
        "sent from my ", "sent from outlook", "get outlook for ", "发自我的",      "發自我的",
        "从我的",        "来自我的",          "von meinem ",      "envoyé de mon "};
    return begins_with_any(host::ascii_lower(line), kBegins);
}

}  // namespace

std::string own_words(std::string_view text) {
    const auto lines = lines_of(text);
    const std::span<const std::string> all(lines);
    std::vector<std::string> kept;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const auto& line = lines[at];
        if (line == "--" || is_ruler(line) || is_header_block(all.subspan(at))) break;
        bool certain = false;
        if (const auto count = announcement(all.subspan(at), certain); count > 0) {
            auto next = at + count;
            while (next < lines.size() && lines[next].empty()) ++next;
            const bool quoted = next < lines.size() && is_quoted(lines[next]);
            if (!quoted && certain) break;
            if (quoted) {
                at = next;
                continue;
            }
        }
        if (is_quoted(line) || has_personal_link(line)) continue;
        if (line.empty() && (kept.empty() || kept.back().empty())) continue;
        kept.push_back(line);
    }
    while (!kept.empty() && (kept.back().empty() || is_advertisement(kept.back()))) kept.pop_back();
    std::string out;
    for (const auto& line : kept) out += (out.empty() ? "" : "\n") + line;
    return out;
}

}  // namespace kontor::feedback
