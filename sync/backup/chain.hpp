#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/backup/manifest.hpp"
#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::backup {

/// A folder with a replica at several moments: one whole file and, for each later moment, the pages
/// that have changed since the one before. All of it may be copied as it is: a file never changes
/// once it is there, save `manifest.json`, whose replacement makes a new point valid.
///
///     base.db  base.json  manifest.json  deltas/00000/00000001.pages …
///
/// A delta is one line of JSON (its point's manifest), then for each page its number and a length
/// (4 bytes each, big-endian) and so many bytes: the page, or, if they are fewer, a zstd frame
/// with the base's page of that number as its prefix. A database of that point is the base with
/// these pages put in their places, in the order of the deltas, cut to its number of pages.

/// What the moment to be added is called.
struct PointLabel {
    std::string at;        ///< UTC
    std::string made_by;   ///< Kontor's version
    std::string chain_id;  ///< of a chain that has to be begun: 32 hex digits, never used before
};

struct Extended {
    Manifest manifest;
    bool new_base = false;
    std::int64_t pages_changed = 0;
    std::int64_t bytes_written = 0;  ///< base or delta
};

/// Adds the replica as it is now. Others may write to it meanwhile. Begins with a new base if
/// there is none, if the deltas have grown to half of the base, or if anything here is not as it
/// was left. Nothing that was valid before is lost on failure. `hashes` is a file outside of
/// `folder`, with what is needed to know changed pages: a cache. One caller at a time (the lock of
/// the caller). kFull, kStorage and what read_image() says.
[[nodiscard]] Result<Extended> extend_chain(const std::string& folder, const std::string& hashes,
                                            const replica::Database& db, const PointLabel& label);

/// All points of a chain, oldest first. kNotFound if there is none, kCorrupt, kTooNew.
[[nodiscard]] Result<std::vector<Manifest>> points_of(const std::string& folder);

/// Writes the database of one point (the newest if nullopt) to `path` and compares its content with
/// the manifest's; kCorrupt with the reason `backup_damaged` if it is not the same, and nothing
/// stays at `path`.
[[nodiscard]] Result<Manifest> assemble(const std::string& folder,
                                        std::optional<std::int64_t> point, const std::string& path);

}  // namespace kontor::backup
