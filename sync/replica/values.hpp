#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"

namespace kontor::replica {

/// `value` as the field's column keeps it: instants in canonical form; whole numbers, 0 or 1 and
/// ids also where they were given as text ("42", "true", "contact:42"); everything else as given.
/// Null suits every field. kInvalid says what the field wants; whether a reference's target exists
/// is not looked at, nor whether a choice is on the list (see known_choice).
[[nodiscard]] Result<Value> check_value(const Field& field, const Value& value);

/// True if the field's text is JSON: a list, or anything.
[[nodiscard]] bool keeps_json(const Field& field);

/// False for a text that is not on the list of a choice field that has one.
[[nodiscard]] bool known_choice(const Field& field, const Value& value);

/// A reference to any entity, "contact:42".
struct AnyReference {
    std::string_view entity;
    std::int64_t id = 0;
};
[[nodiscard]] std::optional<AnyReference> parse_any_reference(std::string_view text);

/// The candidate that was probably meant: closest by edits and close enough; "" if none is.
[[nodiscard]] std::string nearest(std::string_view typed,
                                  const std::vector<std::string>& candidates);

}  // namespace kontor::replica
