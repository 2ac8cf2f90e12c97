#pragma once

#include <string>
#include <string_view>

#include "sync/base/result.hpp"

namespace kontor::host {

/// SHA-256 as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// "md5", "sha1" or "sha256" in lower-case hex digits, as servers want them in sign-ins; throws
/// std::runtime_error for anything else.
[[nodiscard]] std::string digest_hex(std::string_view algorithm, std::string_view bytes);
/// HMAC (RFC 2104) by "md5", "sha1", "sha256" or "sha512", as "hex" (small letters), "base64" or
/// the "raw" bytes; throws std::runtime_error for anything else.
[[nodiscard]] std::string hmac(std::string_view algorithm, std::string_view key,
                               std::string_view text, std::string_view form);
/// SHA-256 of a file's content; kStorage and the like if it cannot be read.
[[nodiscard]] Result<std::string> sha256_file(const std::string& path);

}  // namespace kontor::host
