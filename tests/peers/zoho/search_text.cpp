#include "tests/peers/zoho/search_text.hpp"

#include <array>

#include "tests/peers/zoho/api_error.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr int kMaxSearchDepth = 20;
constexpr std::size_t kMaxTests = 15;

constexpr std::array<std::pair<std::string_view, Operator>, 11> kOperators = {{
    {"equals", Operator::equal},
    {"not_equal", Operator::not_equal},
    {"starts_with", Operator::starts_with},
    {"contains", Operator::contains},
    {"greater_than", Operator::greater},
    {"greater_equal", Operator::greater_equal},
    {"less_than", Operator::less},
    {"less_equal", Operator::less_equal},
    {"in", Operator::in},
    {"between", Operator::between},
    {"equal", Operator::equal},
}};

class Parser {
public:
    Parser(const Org& org, const Module& module, std::string_view text)
        : org_(org), module_(module), text_(text) {}

    Condition parse() {
        Condition out = group(0);
        if (at_ != text_.size()) fail("unexpected text");
        return out;
    }

private:
    [[noreturn]] void fail(std::string_view reason) const {
        refuse(400, "INVALID_QUERY", "invalid query formed", {{"reason", reason}});
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    Condition group(int depth) {
        if (depth > kMaxSearchDepth) fail("criteria nested too deeply");
        Condition out;
        out.parts.push_back(element(depth));
        bool any = false;
        while (peek() != ')' && at_ < text_.size()) {
            const std::string_view rest = text_.substr(at_);
            const bool is_or = rest.starts_with("or");
            if (!is_or && !rest.starts_with("and")) fail("and or or expected");
            if (out.parts.size() > 1 && is_or != any) fail("brackets needed");
            any = is_or;
            at_ += is_or ? 2 : 3;
            out.parts.push_back(element(depth));
        }
        out.kind = any ? Condition::Kind::any : Condition::Kind::all;
        return out;
    }

    Condition element(int depth) {
        if (peek() != '(') fail("bracket expected");
        ++at_;
        Condition out = peek() == '(' ? group(depth + 1) : test();
        if (peek() != ')') fail("closing bracket expected");
        ++at_;
        return out;
    }

    std::string word(std::string_view stop) {
        std::string out;
        while (at_ < text_.size() && stop.find(text_[at_]) == std::string_view::npos) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            out += text_[at_++];
        }
        return out;
    }

    Condition test() {
        if (++tests_ > kMaxTests) fail("too many criteria");
        const std::string name = word(":)");
        if (peek() != ':') fail("operator expected");
        ++at_;
        const std::string op = word(":)");
        if (peek() != ':') fail("value expected");
        ++at_;
        const std::string value = word(")");
        Condition out;
        out.kind = Condition::Kind::test;
        const auto path = resolve_path(org_, module_, name);
        if (!path) fail("unknown field " + name);
        out.path = *path;
        bool known = false;
        for (const auto& [text, code] : kOperators) {
            if (text == op) {
                out.op = code;
                known = true;
            }
        }
        if (!known) fail("unknown operator " + op);
        const bool list = out.op == Operator::in || out.op == Operator::between;
        std::string_view rest = value;
        while (true) {
            const std::size_t comma = list ? rest.find(',') : std::string_view::npos;
            const auto operand = parse_operand(path->target(module_), rest.substr(0, comma));
            if (!operand) fail("value does not fit " + name);
            out.operands.push_back(*operand);
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
        if (out.op == Operator::between && out.operands.size() != 2) fail("two values expected");
        return out;
    }

    const Org& org_;
    const Module& module_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t tests_ = 0;
};

}  // namespace

Condition parse_search_criteria(const Org& org, const Module& module, std::string_view text) {
    return Parser(org, module, text).parse();
}

}  // namespace kontor::peer::zoho
