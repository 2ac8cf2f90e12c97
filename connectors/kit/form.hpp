#pragma once

#include <string>

#include "sync/base/value.hpp"
#include "sync/remote/description.hpp"

namespace kontor::kit {

/// What is wrong with the form in which a value crossed the boundary (docs/connector-abi.md): the
/// form that it should have; "" if it is canonical. Null and absent always are.
[[nodiscard]] std::string wrong_form(const remote::FieldSpec& field, const Value& value);

}  // namespace kontor::kit
