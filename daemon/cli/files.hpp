#pragma once

#include <string>
#include <string_view>

#include "daemon/cli/failure.hpp"

namespace kontor::cli {

/// Creates the folder and its parents with mode 0700; an existing one is left as it is.
[[nodiscard]] Outcome<> make_private_folder(messages::Language language, const std::string& path);

/// Replaces a file as a whole, with mode 0600 from its first byte on. After a failure the old file
/// is still there.
[[nodiscard]] Outcome<> write_private_file(messages::Language language, const std::string& path,
                                           std::string_view bytes);

/// A file of at most 1 MiB.
[[nodiscard]] Outcome<std::string> read_small_file(messages::Language language,
                                                   const std::string& path);

/// Overwrites a text that held a secret, in a way that the compiler keeps.
void wipe(std::string& text) noexcept;

}  // namespace kontor::cli
