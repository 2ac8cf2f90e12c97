#pragma once

#include <string>

#include "sync/base/result.hpp"

namespace kontor::app {

/// Looks at a file's header before SQLite opens it for writing (which would already change it):
/// kCorrupt if it is no replica, kTooNew. A missing or empty file, or one with a write-ahead log
/// beside it (whose header SQLite must read), is left to replica::migrate().
[[nodiscard]] Result<> recognise_replica(const std::string& path);

}  // namespace kontor::app
