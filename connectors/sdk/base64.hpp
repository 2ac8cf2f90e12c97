#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kontor::sdk {

/// The bytes of a base64 text (RFC 4648, with padding); line breaks are skipped. nullopt if it is
/// malformed.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace kontor::sdk
