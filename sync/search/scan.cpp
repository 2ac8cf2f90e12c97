#include "sync/search/scan.hpp"

#include <algorithm>

#include "sync/search/fold.hpp"

namespace kontor::search {
namespace {

constexpr std::uint32_t kJoinersMax = 3;  // "+86 (138" has three between 6 and 1 at most
constexpr std::size_t kEmailPartMax = 64;

bool joins_digits(char32_t c) {
    switch (c) {
        case ' ':
        case '-':
        case '+':
        case '.':
        case '/':
        case '(':
        case ')':
        case 0xA0:    // no-break space
        case 0x2010:  // hyphens and dashes
        case 0x2011:
        case 0x2012:
        case 0x2013:
        case 0x2014:
        case 0x3000:  // ideographic space
        case 0xFF08:  // full-width brackets, hyphen, plus
        case 0xFF09:
        case 0xFF0B:
        case 0xFF0D:
            return true;
        default:
            return false;
    }
}

bool is_blank(char32_t c) {
    return c == ' ' || c == 0xA0 || c == 0x3000;
}

class Scanner {
public:
    Scanner(std::string_view source, Scan& out) : source_(source), out_(out) {}

    void run() {
        for (std::size_t at = 0; at < source_.size();) {
            const std::size_t begin = at;
            const char32_t c = next_code_point(source_, at);
            step(c, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at));
        }
        end_word();
        end_digits();
    }

private:
    void step(char32_t c, std::uint32_t begin, std::uint32_t end) {
        const Folded folded = fold(c);
        if (folded.kind == CharClass::kIgnored) return;
        if (folded.kind == CharClass::kDigit)
            digit(folded.text[0], begin);
        else if (folded.kind != CharClass::kSeparator || !joins_digits(c) ||
                 ++joiners_ > kJoinersMax)
            end_digits();

        switch (folded.kind) {
            case CharClass::kHan:
                end_word();
                add({UnitKind::kHan, after_han_, 0, 0, begin, end}, folded.view());
                after_han_ = true;
                return;
            case CharClass::kLetter:
            case CharClass::kDigit:
                word_character(folded, begin, end);
                after_han_ = false;
                return;
            default:
                end_word();
                if (!is_blank(c)) after_han_ = false;
        }
    }

    void add(Unit unit, std::string_view text) {
        unit.text = static_cast<std::uint32_t>(out_.folded.size());
        unit.text_size = static_cast<std::uint32_t>(text.size());
        out_.folded.append(text);
        out_.units.push_back(unit);
    }

    void word_character(const Folded& folded, std::uint32_t begin, std::uint32_t end) {
        const bool digit = folded.kind == CharClass::kDigit;
        if (!in_word_) {
            in_word_ = true;
            add({digit ? UnitKind::kNumber : UnitKind::kWord, false, 0, 0, begin, end},
                folded.view());
            return;
        }
        Unit& word = out_.units.back();
        if (!digit) word.kind = UnitKind::kWord;
        word.end = end;
        if (word.text_size + folded.size > kWordBytesMax) return;
        out_.folded.append(folded.view());
        word.text_size += folded.size;
    }

    void end_word() { in_word_ = false; }

    void digit(char value, std::uint32_t begin) {
        if (!in_digits_) out_.runs.push_back({static_cast<std::uint32_t>(out_.digits.size()), 0});
        in_digits_ = true;
        joiners_ = 0;
        out_.digits.push_back(value);
        out_.digit_at.push_back(begin);
        ++out_.runs.back().count;
    }

    void end_digits() { in_digits_ = false; }

    std::string_view source_;
    Scan& out_;
    bool in_word_ = false;
    bool after_han_ = false;
    bool in_digits_ = false;
    std::uint32_t joiners_ = 0;
};

bool in_local_part(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-' || c == '+' || c == '%';
}
std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

void find_emails(std::string_view source, std::vector<Email>& out) {
    std::size_t from = 0;
    for (auto at = source.find('@'); at != std::string_view::npos; at = source.find('@', at + 1)) {
        std::size_t begin = at;
        while (begin > from && at - begin < kEmailPartMax && in_local_part(source[begin - 1]))
            --begin;
        from = at + 1;
        if (begin < at) out.push_back({lower(source.substr(begin, at - begin))});
    }
}

}  // namespace

void scan(std::string_view source, Scan& into) {
    into.folded.clear();
    into.units.clear();
    into.digits.clear();
    into.digit_at.clear();
    into.runs.clear();
    into.emails.clear();
    Scanner(source, into).run();
    find_emails(source, into.emails);
}

std::string_view cut_text(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
    return text.substr(0, bytes);
}

}  // namespace kontor::search
