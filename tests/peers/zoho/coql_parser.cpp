#include "tests/peers/zoho/coql_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "tests/peers/zoho/api_error.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::size_t kMaxColumns = 50;
constexpr std::size_t kMaxCriteria = 25;
constexpr std::size_t kMaxOrder = 10;
constexpr std::size_t kMaxTokens = 10000;
constexpr int kMaxWhereDepth = 25;

struct Token {
    enum class Kind { word, text, number, symbol, end } kind = Kind::end;
    std::string text;
    std::size_t at = 0;
};

std::string lowered(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

[[noreturn]] void syntax_error(std::string_view clause, const Token& near) {
    refuse(400, "SYNTAX_ERROR", "error occurred while parsing the query",
           {{"clause", clause}, {"line", 1}, {"column", near.at + 1}, {"near", near.text}});
}

[[noreturn]] void invalid_query(std::string_view column, std::string_view op,
                                std::string_view reason) {
    refuse(400, "INVALID_QUERY", "invalid query formed",
           {{"column_name", column}, {"operator", op}, {"reason", reason}});
}

[[noreturn]] void too_many(std::string_view clause, std::size_t limit) {
    refuse(400, "LIMIT_EXCEEDED", "limit exceeded", {{"clause", clause}, {"limit", limit}});
}

bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$' || c == ':' || c == '+' || c == '-';
}

std::vector<Token> tokenize(std::string_view text) {
    std::vector<Token> out;
    std::size_t i = 0;
    while (i < text.size()) {
        const char c = text[i];
        Token token;
        token.at = i;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            ++i;
            continue;
        }
        if (c == '\'') {
            token.kind = Token::Kind::text;
            for (++i; i < text.size() && text[i] != '\''; ++i) {
                if (text[i] == '\\' && i + 1 < text.size()) ++i;
                token.text += text[i];
            }
            if (i == text.size()) {
                token.text = "'";
                syntax_error("WHERE", token);
            }
            ++i;
        } else if (word_char(c)) {
            while (i < text.size() && word_char(text[i])) token.text += text[i++];
            const char first = token.text.front();
            const bool digit = (first >= '0' && first <= '9') || first == '-' || first == '+';
            token.kind = digit ? Token::Kind::number : Token::Kind::word;
        } else {
            token.kind = Token::Kind::symbol;
            token.text = c;
            ++i;
            const bool two = i < text.size() && ((c == '<' && (text[i] == '=' || text[i] == '>')) ||
                                                 ((c == '>' || c == '!') && text[i] == '='));
            if (two) token.text += text[i++];
        }
        out.push_back(std::move(token));
        if (out.size() > kMaxTokens) too_many("query", kMaxTokens);
    }
    Token end;
    end.at = text.size();
    out.push_back(end);
    return out;
}

class Parser {
public:
    Parser(const Org& org, std::string_view text) : org_(org), tokens_(tokenize(text)) {}

    CoqlQuery parse() {
        expect("select", "SELECT");
        std::vector<std::string> names = column_names();
        expect("from", "FROM");
        if (peek().kind != Token::Kind::word) syntax_error("FROM", peek());
        const std::string module_name = next().text;
        query_.module = org_.catalogue.find(module_name);
        if (query_.module == nullptr || !query_.module->stores_records || query_.module->hidden)
            invalid_query(module_name, "", "the module name given seems to be invalid");
        for (std::string& name : names) {
            const FieldPath path = field(name, "");
            query_.columns.push_back({std::move(name), path});
        }
        if (accept("where")) {
            query_.has_where = true;
            query_.where = disjunction(0);
        }
        if (accept("order")) order_by();
        if (accept("limit")) limit();
        if (accept("offset")) query_.offset = whole("OFFSET");
        if (peek().kind != Token::Kind::end) syntax_error("WHERE", peek());
        return std::move(query_);
    }

private:
    const Token& peek() const { return tokens_[at_]; }
    const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
    bool is(std::string_view word) const {
        return (peek().kind == Token::Kind::word || peek().kind == Token::Kind::symbol) &&
               lowered(peek().text) == word;
    }
    bool accept(std::string_view word) {
        if (!is(word)) return false;
        next();
        return true;
    }
    void expect(std::string_view word, std::string_view clause) {
        if (!accept(word)) syntax_error(clause, peek());
    }

    FieldPath field(const std::string& name, std::string_view op) const {
        const auto path = resolve_path(org_, *query_.module, name);
        if (!path) invalid_query(name, op, "the column name given seems to be invalid");
        return *path;
    }

    std::vector<std::string> column_names() {
        std::vector<std::string> names;
        do {
            if (peek().kind != Token::Kind::word) syntax_error("SELECT", peek());
            names.push_back(next().text);
            if (accept("as")) next();
        } while (accept(","));
        if (names.size() > kMaxColumns) too_many("SELECT", kMaxColumns);
        return names;
    }

    Condition disjunction(int depth) {
        if (depth > kMaxWhereDepth) too_many("WHERE", kMaxWhereDepth);
        Condition first = factor(depth);
        if (!is("and") && !is("or")) return first;
        Condition out;
        const bool any = is("or");
        out.kind = any ? Condition::Kind::any : Condition::Kind::all;
        out.parts.push_back(std::move(first));
        next();
        out.parts.push_back(factor(depth));
        // More than two criteria need brackets.
        if (is("and") || is("or")) syntax_error("WHERE", peek());
        return out;
    }

    Condition factor(int depth) {
        if (!accept("(")) return test();
        Condition inner = disjunction(depth + 1);
        expect(")", "WHERE");
        return inner;
    }

    std::string literal(std::string_view column) {
        const Token& token = next();
        if (token.kind == Token::Kind::text || token.kind == Token::Kind::number) return token.text;
        const std::string word = lowered(token.text);
        if (word == "true" || word == "false") return word;
        if (token.kind == Token::Kind::word) invalid_query(column, "", "value must be quoted");
        syntax_error("WHERE", token);
    }

    Comparable operand(const Condition& test, const std::string& column, std::string_view op) {
        const auto value = parse_operand(test.path.target(*query_.module), literal(column));
        if (!value) invalid_query(column, op, "the value does not fit the column's data type");
        return *value;
    }

    Condition test() {
        if (++criteria_ > kMaxCriteria) too_many("WHERE", kMaxCriteria);
        if (peek().kind != Token::Kind::word) syntax_error("WHERE", peek());
        const std::string column = next().text;
        Condition out;
        out.kind = Condition::Kind::test;
        out.path = field(column, lowered(peek().text));
        if (out.path.target(*query_.module).type == Type::textarea)
            invalid_query(column, lowered(peek().text), "multi-line fields cannot be compared");
        if (accept("is")) {
            out.op = accept("not") ? Operator::is_not_null : Operator::is_null;
            expect("null", "WHERE");
            return out;
        }
        const bool negated = accept("not");
        if (accept("like")) {
            out.op = negated ? Operator::not_like : Operator::like;
            out.operands.push_back(operand(out, column, "like"));
        } else if (accept("in")) {
            out.op = negated ? Operator::not_in : Operator::in;
            expect("(", "WHERE");
            do out.operands.push_back(operand(out, column, "in"));
            while (accept(","));
            expect(")", "WHERE");
            const auto most = static_cast<std::size_t>(org_.switches.number("coql_in_max"));
            if (out.operands.size() > most) too_many("WHERE", most);
        } else if (accept("between")) {
            out.op = negated ? Operator::not_between : Operator::between;
            out.operands.push_back(operand(out, column, "between"));
            expect("and", "WHERE");
            out.operands.push_back(operand(out, column, "between"));
        } else {
            if (negated) syntax_error("WHERE", peek());
            comparison(out, column);
        }
        return out;
    }

    void comparison(Condition& out, const std::string& column) {
        static constexpr std::array<std::pair<std::string_view, Operator>, 7> kSymbols = {{
            {"=", Operator::equal},
            {"!=", Operator::not_equal},
            {"<>", Operator::not_equal},
            {">", Operator::greater},
            {">=", Operator::greater_equal},
            {"<", Operator::less},
            {"<=", Operator::less_equal},
        }};
        const Token& symbol = next();
        const auto found = std::find_if(kSymbols.begin(), kSymbols.end(),
                                        [&](const auto& s) { return s.first == symbol.text; });
        if (found == kSymbols.end()) syntax_error("WHERE", symbol);
        out.op = found->second;
        out.operands.push_back(operand(out, column, symbol.text));
    }

    void order_by() {
        expect("by", "ORDER BY");
        do {
            if (peek().kind != Token::Kind::word) syntax_error("ORDER BY", peek());
            CoqlOrder order;
            order.path = field(next().text, "order by");
            if (accept("desc")) {
                order.ascending = false;
            } else {
                accept("asc");
            }
            query_.order.push_back(order);
        } while (accept(","));
        if (query_.order.size() > kMaxOrder) too_many("ORDER BY", kMaxOrder);
    }

    std::int64_t whole(std::string_view clause) {
        const Token& token = next();
        std::int64_t value = 0;
        const auto* end = token.text.data() + token.text.size();
        const auto [stop, error] = std::from_chars(token.text.data(), end, value);
        if (token.kind != Token::Kind::number || error != std::errc() || stop != end || value < 0)
            syntax_error(clause, token);
        return value;
    }

    void limit() {
        query_.limit = whole("LIMIT");
        if (!accept(",")) return;
        query_.offset = query_.limit;
        query_.limit = whole("LIMIT");
    }

    const Org& org_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::size_t criteria_ = 0;
    CoqlQuery query_;
};

}  // namespace

CoqlQuery parse_coql(const Org& org, std::string_view text) {
    return Parser(org, text).parse();
}

}  // namespace kontor::peer::zoho
