#pragma once

#include <string>
#include <string_view>

#include "daemon/cli/failure.hpp"

namespace kontor::cli {

/// Who may read what is made: its owner, or everybody (what holds no secrets).
enum class Readers : unsigned char { kOwner, kAll };

/// Creates the folder and its parents; existing ones are left as they are.
[[nodiscard]] Outcome<> make_folder(messages::Language language, const std::string& path,
                                    Readers readers);

/// False too where it cannot be looked at.
[[nodiscard]] bool is_folder(const std::string& path);

/// Replaces a file as a whole. After a failure the old file is still there.
[[nodiscard]] Outcome<> write_file(messages::Language language, const std::string& path,
                                   std::string_view bytes, Readers readers);

/// A file of at most 1 MiB.
[[nodiscard]] Outcome<std::string> read_small_file(messages::Language language,
                                                   const std::string& path);

/// Overwrites a text that held a secret, in a way that the compiler keeps.
void wipe(std::string& text) noexcept;

}  // namespace kontor::cli
