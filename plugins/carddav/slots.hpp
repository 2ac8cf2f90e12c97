#pragma once

/// Which of several telephone numbers, e-mail addresses and postal addresses of a card stands in
/// which field: by type, in the card's order, the preferred one first. Pure.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plugins/carddav/vcard.hpp"

namespace kontor::carddav {

/// Parameter that binds a property to a field where its place among others would not: a second
/// e-mail address without a first.
inline constexpr const char* kPin = "X-KONTOR-FIELD";

/// A field that one of several properties fills.
struct Slot {
    std::string_view field, property;
    std::string_view type;  ///< of a property that is added for it
};
[[nodiscard]] std::span<const Slot> slots();

/// The property that stands in a field of slots(), or in "work_address" and "home_address"; nullopt
/// if none does.
[[nodiscard]] std::optional<std::size_t> slot_of(const Card& card, std::string_view field);

/// The value with its encoding and character set undone, escapes kept. "" if the character set is
/// none that is known here.
[[nodiscard]] std::string decoded(const Property& property);
/// A whole value as people see it, in UTF-8; of a telephone URI the number.
[[nodiscard]] std::string readable(const Property& property, std::string_view version);

}  // namespace kontor::carddav
