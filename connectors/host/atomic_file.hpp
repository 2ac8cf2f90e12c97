#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sync/base/result.hpp"

namespace kontor::host {

enum class Durability { kSynced, kQuick };

/// Replaces `path` (mode 0600) as a whole: a reader, or the next start after a crash, sees the old
/// bytes or the new ones. kSynced also survives a power cut. kFull, kReadOnly or kStorage on
/// failure, and then nothing has changed.
[[nodiscard]] Result<> replace_file(const std::string& path, std::string_view bytes,
                                    Durability durability = Durability::kSynced);

/// The whole file; nullopt if there is none; kStorage if unreadable or larger than `max` bytes.
[[nodiscard]] Result<std::optional<std::string>> read_file(const std::string& path,
                                                           std::size_t max);

/// Creates the folder and its parents with mode 0700; an existing one is left as it is.
[[nodiscard]] Result<> make_private_folder(const std::string& path);

/// The Error for a failed system call: kFull, kReadOnly, kPermission, kNotFound or kStorage.
[[nodiscard]] Error system_error(std::string doing, int error_number);

}  // namespace kontor::host
