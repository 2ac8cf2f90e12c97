#include "tests/peers/zoho/criteria.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tests/peers/zoho/output.hpp"

namespace kontor::peer::zoho {

namespace {

std::string fold(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

template <typename Number>
std::optional<Number> whole_text(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Comparable of_whole(std::int64_t value) {
    Comparable out;
    out.kind = Comparable::Kind::whole;
    out.whole = value;
    return out;
}

Comparable of_text(std::string text) {
    Comparable out;
    out.kind = Comparable::Kind::text;
    out.text = std::move(text);
    return out;
}

std::optional<Comparable> of_number(std::string_view text) {
    if (const auto whole = whole_text<std::int64_t>(text)) return of_whole(*whole);
    const auto real = whole_text<double>(text);
    if (!real) return std::nullopt;
    Comparable out;
    out.kind = Comparable::Kind::real;
    out.real = *real;
    return out;
}

/// The stored form of a value as something comparable.
Comparable of_stored(const Field& field, std::string_view stored) {
    if (stored.empty() || stored == "null") return {};
    if (field.type == Type::datetime || is_number(field.type))
        return of_number(stored.front() == '"' ? stored.substr(1, stored.size() - 2) : stored)
            .value_or(Comparable{});
    if (stored.front() == '[') {
        Comparable out = of_text({});
        for (const auto& item : nlohmann::json::parse(stored, nullptr, false)) {
            if (!item.is_string()) continue;
            out.many.push_back(item.get<std::string>());
            out.text += (out.text.empty() ? "" : ";") + out.many.back();
        }
        return out;
    }
    return of_text(unquote_json(stored));
}

/// SQL LIKE with % alone, ignoring ASCII case.
bool like(std::string_view text, std::string_view pattern) {
    std::size_t t = 0;
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '%') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '%') ++p;
    return p == pattern.size();
}

bool same(const Comparable& value, const Comparable& operand) {
    if (value.many.empty()) return compare(value, operand) == 0;
    return std::any_of(value.many.begin(), value.many.end(),
                       [&](const std::string& one) { return fold(one) == fold(operand.text); }) ||
           compare(value, operand) == 0;
}

}  // namespace

std::optional<FieldPath> resolve_path(const Org& org, const Module& module, std::string_view name) {
    FieldPath path;
    const std::size_t dot = name.find('.');
    const auto field = module.find_index(name.substr(0, dot));
    if (!field) return std::nullopt;
    path.field = *field;
    if (dot == std::string_view::npos) return path;
    const Field& lookup = module.fields[*field];
    if (lookup.type != Type::lookup) return std::nullopt;
    path.joined_module = org.catalogue.find(lookup.target);
    if (path.joined_module == nullptr) return std::nullopt;
    const auto joined = path.joined_module->find_index(name.substr(dot + 1));
    if (!joined) return std::nullopt;
    path.joined_field = *joined;
    return path;
}

int compare(const Comparable& a, const Comparable& b) {
    using Kind = Comparable::Kind;
    if (a.kind == Kind::null || b.kind == Kind::null)
        return static_cast<int>(a.kind != Kind::null) - static_cast<int>(b.kind != Kind::null);
    if (a.kind == Kind::text || b.kind == Kind::text) {
        const std::string x = fold(a.text);
        const std::string y = fold(b.text);
        return x < y ? -1 : static_cast<int>(x > y);
    }
    if (a.kind == Kind::whole && b.kind == Kind::whole)
        return a.whole < b.whole ? -1 : static_cast<int>(a.whole > b.whole);
    const double x = a.kind == Kind::whole ? static_cast<double>(a.whole) : a.real;
    const double y = b.kind == Kind::whole ? static_cast<double>(b.whole) : b.real;
    return x < y ? -1 : static_cast<int>(x > y);
}

std::optional<Comparable> parse_operand(const Field& field, std::string_view text) {
    if (field.type == Type::datetime) {
        const auto instant = parse_instant(text);
        if (!instant) return std::nullopt;
        return of_whole(*instant);
    }
    if (field.type == Type::date && !parse_date(text)) return std::nullopt;
    if (is_number(field.type)) return of_number(text);
    if (field.type == Type::boolean && text != "true" && text != "false") return std::nullopt;
    return of_text(std::string(text));
}

Comparable Evaluator::value(const FieldPath& path, const RowReader& reader) const {
    std::string stored;
    const Field& field = module_.fields[path.field];
    if (field.api_name == "Converted__s") return of_text(reader.converted() ? "true" : "false");
    reader.append(path.field, stored);
    if (path.joined_module == nullptr) {
        if (stored.empty() && field.type == Type::boolean) stored = "false";
        return of_stored(field, stored);
    }
    const std::string id = unquote_json(stored);
    if (!org_.record_visible(id)) return {};
    const auto slot = org_.slot_of(*path.joined_module, id);
    if (!slot) return {};
    return of_stored(path.joined_module->fields[path.joined_field],
                     org_.store(*path.joined_module).value(*slot, path.joined_field));
}

bool Evaluator::test(const Condition& condition, const RowReader& reader) const {
    const Comparable v = value(condition.path, reader);
    const bool null =
        v.kind == Comparable::Kind::null || (v.kind == Comparable::Kind::text && v.text.empty());
    const auto& operands = condition.operands;
    const auto any_same = [&] {
        return std::any_of(operands.begin(), operands.end(),
                           [&](const Comparable& o) { return same(v, o); });
    };
    switch (condition.op) {
        case Operator::is_null:
            return null;
        case Operator::is_not_null:
            return !null;
        case Operator::equal:
            return !null && same(v, operands[0]);
        case Operator::not_equal:
            return null || !same(v, operands[0]);
        case Operator::greater:
            return !null && compare(v, operands[0]) > 0;
        case Operator::greater_equal:
            return !null && compare(v, operands[0]) >= 0;
        case Operator::less:
            return !null && compare(v, operands[0]) < 0;
        case Operator::less_equal:
            return !null && compare(v, operands[0]) <= 0;
        case Operator::like:
            return !null && like(fold(v.text), fold(operands[0].text));
        case Operator::not_like:
            return null || !like(fold(v.text), fold(operands[0].text));
        case Operator::in:
            return !null && any_same();
        case Operator::not_in:
            return null || !any_same();
        case Operator::between:
            return !null && compare(v, operands[0]) >= 0 && compare(v, operands[1]) <= 0;
        case Operator::not_between:
            return null || compare(v, operands[0]) < 0 || compare(v, operands[1]) > 0;
        case Operator::starts_with:
            return !null && fold(v.text).starts_with(fold(operands[0].text));
        case Operator::contains:
            return !null && fold(v.text).find(fold(operands[0].text)) != std::string::npos;
    }
    return false;
}

bool Evaluator::matches(const Condition& condition, const RowReader& reader) const {
    const auto holds = [&](const Condition& part) { return matches(part, reader); };
    switch (condition.kind) {
        case Condition::Kind::all:
            return std::all_of(condition.parts.begin(), condition.parts.end(), holds);
        case Condition::Kind::any:
            return std::any_of(condition.parts.begin(), condition.parts.end(), holds);
        case Condition::Kind::test:
            break;
    }
    return test(condition, reader);
}

std::optional<std::int64_t> lower_bound_of(const Condition& condition, std::size_t field) {
    if (condition.kind == Condition::Kind::all) {
        std::optional<std::int64_t> best;
        for (const auto& part : condition.parts) {
            const auto bound = lower_bound_of(part, field);
            if (bound && (!best || *bound > *best)) best = bound;
        }
        return best;
    }
    if (condition.kind != Condition::Kind::test || condition.path.joined_module != nullptr ||
        condition.path.field != field || condition.operands.empty() ||
        condition.operands[0].kind != Comparable::Kind::whole)
        return std::nullopt;
    switch (condition.op) {
        case Operator::equal:
        case Operator::greater:
        case Operator::greater_equal:
        case Operator::between:
            return condition.operands[0].whole;
        default:
            return std::nullopt;
    }
}

}  // namespace kontor::peer::zoho
