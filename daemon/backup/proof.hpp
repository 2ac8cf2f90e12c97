#pragma once

#include <string>

#include "sync/backup/manifest.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// Opens a database that was put together from a backup, as this version opens its own (older ones
/// are brought up to date): SQLite finds no damage, catalogue, tables, triggers and indexes fit,
/// and each entity has as many records as the manifest says. kCorrupt with the reason
/// `backup_damaged` if not.
[[nodiscard]] Result<> prove_database(const std::string& path, const Manifest& manifest,
                                      Random& random);

}  // namespace kontor::backup
