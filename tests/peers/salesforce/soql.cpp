#include "tests/peers/salesforce/soql.hpp"

#include <algorithm>
#include <charconv>

#include "tests/peers/base/times.hpp"

namespace kontor::peer::salesforce {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '-' || c == '+';
}

struct Token {
    enum class Kind { kEnd, kWord, kText, kSign } kind = Kind::kEnd;
    std::string text;
};

[[noreturn]] void malformed(const std::string& why) {
    throw ApiError{400, "MALFORMED_QUERY", why};
}

class Parser {
public:
    explicit Parser(std::string_view text) : rest_(text) { next(); }

    Query query() {
        Query out;
        expect("SELECT");
        fields(out);
        expect("FROM");
        out.object = word();
        if (take("WHERE")) out.where = any();
        if (take("ORDER")) {
            expect("BY");
            do {
                Query::Order order{word(), true};
                if (take("DESC")) order.ascending = false;
                take("ASC");
                out.order.push_back(std::move(order));
            } while (take(","));
        }
        if (take("LIMIT")) {
            const std::string number = word();
            std::from_chars(number.data(), number.data() + number.size(), out.limit);
        }
        if (token_.kind != Token::Kind::kEnd) malformed("unexpected token: " + token_.text);
        return out;
    }

private:
    void fields(Query& out) {
        do {
            out.fields.push_back(word());
        } while (take(","));
        if (!take("(")) return;
        expect(")");
        out.count = out.fields.size() == 1 && same_word(out.fields[0], "count");
        if (!out.count) malformed("unknown function");
        out.fields.clear();
    }

    Condition any() { return joined(Condition::Kind::kOr, "OR", &Parser::all); }
    Condition all() { return joined(Condition::Kind::kAnd, "AND", &Parser::one); }

    Condition joined(Condition::Kind kind, const char* word, Condition (Parser::*part)()) {
        Condition first = (this->*part)();
        if (!same_word(token_.text, word) || token_.kind != Token::Kind::kWord) return first;
        Condition out;
        out.kind = kind;
        out.parts.push_back(std::move(first));
        while (take(word)) out.parts.push_back((this->*part)());
        return out;
    }

    Condition one() {
        if (++depth_ > 100) malformed("too deep");
        Condition out;
        if (take("NOT")) {
            out.kind = Condition::Kind::kNot;
            out.parts.push_back(one());
        } else if (take("(")) {
            out = any();
            expect(")");
        } else {
            out.field = word();
            out.op = take("NOT") ? "NOT " : "";
            out.op += token_.text;
            for (char& c : out.op) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
            next();
            if (out.op == "IN" || out.op == "NOT IN") {
                expect("(");
                do {
                    out.values.push_back(literal());
                } while (take(","));
                expect(")");
            } else {
                out.values.push_back(literal());
            }
        }
        --depth_;
        return out;
    }

    Json literal() {
        const Token token = token_;
        if (token.kind == Token::Kind::kText) {
            next();
            return token.text;
        }
        const std::string text = word();
        if (same_word(text, "true") || same_word(text, "false")) return lower(text[0]) == 't';
        if (same_word(text, "null")) return nullptr;
        if (parse_date(text)) return text;
        if (const auto s = parse_stamp(text)) {
            std::int64_t ms = *s * 1000;
            if (text.size() > 23 && text[19] == '.') ms += std::atoi(text.substr(20, 3).c_str());
            return format_stamp(ms);
        }
        Json number = Json::parse(text, nullptr, false);
        if (!number.is_number()) malformed("unexpected token: " + text);
        return number;
    }

    std::string word() {
        if (token_.kind != Token::Kind::kWord) malformed("unexpected token: " + token_.text);
        std::string out = token_.text;
        next();
        return out;
    }
    bool take(std::string_view wanted) {
        if (token_.kind == Token::Kind::kText || !same_word(token_.text, wanted)) return false;
        next();
        return true;
    }
    void expect(std::string_view wanted) {
        if (!take(wanted)) malformed("expecting " + std::string(wanted) + ", found " + token_.text);
    }

    void next() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
        token_ = {};
        if (rest_.empty()) return;
        if (rest_[0] == '\'') return text();
        std::size_t size = 0;
        while (size < rest_.size() && is_word(rest_[size])) ++size;
        token_.kind = size > 0 ? Token::Kind::kWord : Token::Kind::kSign;
        if (size == 0) {
            size = 1;
            if (rest_.size() > 1 && rest_[1] == '=' && rest_[0] != '=') size = 2;
        }
        token_.text = rest_.substr(0, size);
        rest_.remove_prefix(size);
    }
    void text() {
        token_.kind = Token::Kind::kText;
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '\'') {
                rest_.remove_prefix(i + 1);
                return;
            }
            if (rest_[i] == '\\' && i + 1 < rest_.size()) {
                const char c = rest_[++i];
                token_.text += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
            } else {
                token_.text += rest_[i];
            }
        }
        malformed("unterminated string");
    }

    std::string_view rest_;
    Token token_;
    int depth_ = 0;
};

// Text compares without regard to case, but for ids.
int compared(const Json& a, const Json& b, bool exact) {
    if (a.is_string() && b.is_string()) {
        std::string x = a.get<std::string>(), y = b.get<std::string>();
        if (!exact) {
            std::ranges::transform(x, x.begin(), lower);
            std::ranges::transform(y, y.begin(), lower);
        }
        return x < y ? -1 : x > y ? 1 : 0;
    }
    if (a.is_number() && b.is_number()) {
        const double x = a.get<double>(), y = b.get<double>();
        return x < y ? -1 : x > y ? 1 : 0;
    }
    if (a.is_null() != b.is_null()) return a.is_null() ? -1 : 1;
    return a == b ? 0 : a < b ? -1 : 1;
}

bool holds(const Condition& condition, const Object& object, const Json& values) {
    using Kind = Condition::Kind;
    const auto part = [&](const Condition& each) { return holds(each, object, values); };
    if (condition.kind == Kind::kAnd) return std::ranges::all_of(condition.parts, part);
    if (condition.kind == Kind::kOr) return std::ranges::any_of(condition.parts, part);
    if (condition.kind == Kind::kNot) return !part(condition.parts[0]);
    const Json& value = values.at(condition.field);
    const std::string type = object.type(condition.field);
    const bool exact = type == "id" || type == "reference";
    const auto is = [&](const Json& each) { return compared(value, each, exact) == 0; };
    if (condition.op == "IN") return std::ranges::any_of(condition.values, is);
    if (condition.op == "NOT IN") return std::ranges::none_of(condition.values, is);
    const Json& wanted = condition.values[0];
    if (condition.op == "=") return is(wanted);
    if (condition.op == "!=") return !is(wanted);
    if (value.is_null()) return false;
    const int order = compared(value, wanted, exact);
    if (condition.op == "<") return order < 0;
    if (condition.op == "<=") return order <= 0;
    if (condition.op == ">") return order > 0;
    if (condition.op == ">=") return order >= 0;
    malformed("unknown operator " + condition.op);
}

void no_such_field(const std::string& field, const Object& object) {
    throw ApiError{400, "INVALID_FIELD",
                   "No such column '" + field + "' on entity '" + object.name + "'"};
}

// Names are taken without regard to case; answers have the object's own.
void name_fields(Condition& condition, const Object& object) {
    for (Condition& each : condition.parts) name_fields(each, object);
    if (condition.kind != Condition::Kind::kCompare) return;
    const Json* field = object.field(condition.field);
    if (field == nullptr) no_such_field(condition.field, object);
    if (!field->value("filterable", true))
        throw ApiError{400, "INVALID_FIELD",
                       "field '" + condition.field + "' can not be filtered in a query call"};
}

}  // namespace

Query parse_soql(std::string_view text) {
    return Parser(text).query();
}

std::vector<std::string> run_query(Org& org, const Query& query, bool all) {
    Object* object = org.find_object(query.object);
    if (object == nullptr || object->hidden)
        throw ApiError{400, "INVALID_TYPE",
                       "sObject type '" + query.object + "' is not supported."};
    for (const std::string& field : query.fields)
        if (object->field(field) == nullptr) no_such_field(field, *object);
    std::optional<Condition> where = query.where;
    if (where) name_fields(*where, *object);
    for (const auto& order : query.order)
        if (object->field(order.field) == nullptr) no_such_field(order.field, *object);
    std::vector<const Record*> found;
    for (const auto& [id, record] : org.table(object->name)) {
        if (record.visible_ms > org.now_ms() || (record.deleted() && !all)) continue;
        if (!where || holds(*where, *object, record.values)) found.push_back(&record);
    }
    std::ranges::stable_sort(found, [&](const Record* a, const Record* b) {
        for (const auto& order : query.order) {
            const std::string type = object->type(order.field);
            const int way = compared(a->values.at(order.field), b->values.at(order.field),
                                     type == "id" || type == "reference");
            if (way != 0) return order.ascending == (way < 0);
        }
        return false;
    });
    if (found.size() > query.limit) found.resize(query.limit);
    std::vector<std::string> out;
    out.reserve(found.size());
    for (const Record* each : found) out.push_back(each->values.at("Id").get<std::string>());
    return out;
}

Json shown(const Org&, const Object& object, const Record& record,
           const std::vector<std::string>& fields) {
    const std::string id = record.values.at("Id");
    Json out{{"attributes",
              {{"type", object.name},
               {"url", "/services/data/v60.0/sobjects/" + object.name + "/" + id}}}};
    for (const std::string& field : fields) out[field] = record.values.value(field, Json());
    return out;
}

}  // namespace kontor::peer::salesforce
