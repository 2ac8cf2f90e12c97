#pragma once

#include <string>
#include <vector>

#include "sync/backup/chain.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// Opens a database that was put together from a backup, as this version opens its own (older ones
/// are brought up to date): SQLite finds no damage, catalogue, tables, triggers and indexes fit,
/// and each entity has as many records as were counted. kCorrupt with the reason `backup_damaged`
/// if not. Where the manifest's numbers were not counted but follow from the history, another
/// number says nothing against the backup, but that the history lacks something: these come back.
[[nodiscard]] Result<std::vector<Miscount>> prove_database(const std::string& path,
                                                           const Manifest& manifest,
                                                           Random& random);

/// What to tell of it: an English sentence of the catalogue.
[[nodiscard]] std::string miscount_text(const Miscount& miscount);

}  // namespace kontor::backup
