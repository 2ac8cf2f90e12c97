#pragma once

#include <optional>
#include <string>

#include "sync/base/value.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/remote/description.hpp"

namespace kontor::merge {

/// Flaw::code of a reference that leads to no record.
inline constexpr std::string_view kReferenceCode = "KONTOR_REFERENCE";

/// Why a value must not be sent.
struct Flaw {
    /// KONTOR_VALUE, KONTOR_REQUIRED, KONTOR_CHOICE, KONTOR_LENGTH, kReferenceCode
    std::string code;
    std::string message;  ///< goes on from the field's name: "is not a number"
};

/// C6. What the remote would refuse `value` for, as far as the mapping and the remote's description
/// tell (`described` may be null): a required field without a value, a value that is not on the
/// list, one that is longer than the field, one of a wrong type. Pure.
[[nodiscard]] std::optional<Flaw> flaw_of(const FieldMapping& field,
                                          const remote::FieldSpec* described, const Value& value);

}  // namespace kontor::merge
