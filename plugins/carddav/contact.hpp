#pragma once

/// What of a vCard is mapped to fields, in both directions. docs/carddav.md has the table.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "plugins/carddav/vcard.hpp"

namespace kontor::carddav {

/// Values by field name: canonical texts (connectors/sdk/canonical.hpp); nullopt is blank.
using Values = std::map<std::string, std::optional<std::string>, std::less<>>;

/// The fields of an address book, as describe() tells them.
[[nodiscard]] const std::vector<sdk::FieldSpec>& contact_fields();

/// Field that holds UID: Kontor's key of the records that it creates.
inline constexpr const char* kUidField = "uid";

/// The value of each field.
[[nodiscard]] Values read_contact(const Card& card);
[[nodiscard]] std::string uid_of(const Card& card);

/// Writes what differs into the card: only the lines of the properties in question, and REV if it
/// has one (`now_ms`: UTC). Unknown field names are ignored. False if the card is of a version that
/// is only read (2.1).
[[nodiscard]] bool write_contact(Card& card, const Values& changes, std::int64_t now_ms);

/// True if the changes take away the only name. A card must have one: FN would still say it, and
/// it would come back.
[[nodiscard]] bool would_lose_name(const Card& card, const Values& changes);

/// A new card of version 3.0, which every server and program takes.
[[nodiscard]] Card new_contact(std::string_view uid, const Values& values, std::int64_t now_ms);

}  // namespace kontor::carddav
