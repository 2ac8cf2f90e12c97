#pragma once
// Conditions over records, shared by COQL, bulk read criteria and search.

#include <optional>
#include <string>
#include <vector>

#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

/// A field of the module, or one of the record that a lookup of it points to.
struct FieldPath {
    std::size_t field = 0;
    const Module* joined_module = nullptr;
    std::size_t joined_field = 0;

    const Field& target(const Module& module) const {
        return joined_module != nullptr ? joined_module->fields[joined_field]
                                        : module.fields[field];
    }
};

/// `Last_Name` or `Account_Name.Account_Name` (`Account_Name.id` works as well).
std::optional<FieldPath> resolve_path(const Org& org, const Module& module, std::string_view name);

/// A value in a form that can be compared: null, whole number, other number or text.
struct Comparable {
    enum class Kind { null, whole, real, text } kind = Kind::null;
    std::int64_t whole = 0;
    double real = 0;
    std::string text;
    std::vector<std::string> many;  ///< multi-select values, beside `text` joined by ';'
};

/// -1, 0, 1; null sorts before everything; text ignores ASCII case.
int compare(const Comparable& a, const Comparable& b);

/// Interprets the text of a query's literal by the type of the field; nothing if it does not fit.
std::optional<Comparable> parse_operand(const Field& field, std::string_view text);

enum class Operator {
    equal,
    not_equal,
    greater,
    greater_equal,
    less,
    less_equal,
    like,
    not_like,
    in,
    not_in,
    between,
    not_between,
    is_null,
    is_not_null,
    starts_with,
    contains,
};

struct Condition {
    enum class Kind { all, any, test } kind = Kind::all;
    std::vector<Condition> parts;  ///< for all and any; an empty `all` is true
    FieldPath path;
    Operator op = Operator::equal;
    std::vector<Comparable> operands;
};

class Evaluator {
public:
    Evaluator(const Org& org, const Module& module) : org_(org), module_(module) {}

    Comparable value(const FieldPath& path, const RowReader& reader) const;
    bool matches(const Condition& condition, const RowReader& reader) const;

private:
    bool test(const Condition& condition, const RowReader& reader) const;

    const Org& org_;
    const Module& module_;
};

/// Largest lower bound that `condition` certainly puts on a system field (kId: slot number,
/// kModifiedTime: instant); nothing when there is none.
std::optional<std::int64_t> lower_bound_of(const Condition& condition, std::size_t field);

}  // namespace kontor::peer::zoho
