#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

namespace kontor::backup {

/// A whole number out of JSON that others may have written; json::exception if it is none, or does
/// not fit: what it became then would be anything.
template <class Number>
void take_number(const nlohmann::json& from, Number& to) {
    const bool fits = from.is_number_unsigned()  ? std::in_range<Number>(from.get<std::uint64_t>())
                      : from.is_number_integer() ? std::in_range<Number>(from.get<std::int64_t>())
                                                 : false;
    if (!fits) throw nlohmann::json::other_error::create(501, "a number that does not fit", &from);
    from.get_to(to);
}

}  // namespace kontor::backup
