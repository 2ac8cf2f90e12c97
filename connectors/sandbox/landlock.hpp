#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::sandbox {

/// The newest version of Landlock's interface whose rights are known here.
inline constexpr int kLandlockKnown = 6;

/// Asks the kernel for its version of Landlock: at least 1, or -1 with errno set. Tests bring one
/// that tells of other kernels.
using LandlockQuery = std::function<long()>;
[[nodiscard]] long query_landlock();

/// How much of Landlock can be used: 0 = none (the kernel has none, it is switched off, or a filter
/// of system calls hides it), else the version, at most kLandlockKnown. Files: 1; moving between
/// folders: 2 (Debian 12); truncating: 3; TCP: 4; devices: 5; signals and abstract sockets: 6.
[[nodiscard]] int landlock_level(const LandlockQuery& query = query_landlock);

/// Takes from this process, for good, every right that this version of Landlock knows, except
/// reading below `readable` (paths that are not there are passed over). Needs no_new_privs.
/// Nothing is done at level 0. kInternal names the step that failed.
[[nodiscard]] Result<> restrict_files(int level, const std::vector<std::string>& readable);

}  // namespace kontor::sandbox
