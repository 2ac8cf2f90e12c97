#pragma once
// Filters of a query.

#include <string>

#include "tests/peers/fxiaoke/tenant.hpp"

namespace kontor::peer::fxiaoke {

/// The value of a field, nothing where it has none; not copied, for queries ask for it very often.
const Json& value_at(const Json& values, const std::string& name);

/// Whether a record fits one filter {field_name, operator, field_values}. Throws Refusal for an
/// unknown operator or field.
bool fits(const Object& object, const Json& values, const Json& filter);

/// Orders two values of a field: numbers by value, all else as texts; nothing comes first.
int compare(const Json& a, const Json& b);

}  // namespace kontor::peer::fxiaoke
