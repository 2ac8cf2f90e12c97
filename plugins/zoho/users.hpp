#pragma once

#include <vector>

#include "plugins/zoho/metadata.hpp"

namespace kontor::zoho {

/// The fields of the stream "users", which Zoho serves from its own interface without metadata.
[[nodiscard]] std::vector<Field> user_fields();

}  // namespace kontor::zoho
