#pragma once

#include <string>
#include <string_view>

#include "sync/base/result.hpp"

namespace kontor::host {

/// SHA-256 as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// The same of a file's content; kStorage and the like if it cannot be read.
[[nodiscard]] Result<std::string> sha256_file(const std::string& path);

}  // namespace kontor::host
