#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kontor::host {

/// Base64 of RFC 4648, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// nullopt if it is malformed.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace kontor::host
