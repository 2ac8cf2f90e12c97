#pragma once
// Filters of a query.

#include <string>

#include "tests/peers/fxiaoke/tenant.hpp"

namespace kontor::peer::fxiaoke {

/// Whether a record fits one filter {field_name, operator, field_values}. Throws Refusal for an
/// unknown operator or field.
bool fits(const Object& object, const Json& values, const Json& filter);

/// Orders two values of a field: numbers by value, all else as texts; nothing comes first.
int compare(const Json& a, const Json& b);

}  // namespace kontor::peer::fxiaoke
