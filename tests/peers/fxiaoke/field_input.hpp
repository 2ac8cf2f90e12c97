#pragma once
// Values on the wire.

#include <string>

#include "tests/peers/fxiaoke/model.hpp"

namespace kontor::peer::fxiaoke {

bool is_person(const std::string& type);
bool is_empty(const Json& value);
/// Employees as the old generation writes them, or back.
Json people(const Json& list, bool to_open_ids);

}  // namespace kontor::peer::fxiaoke
