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

/// An entity of which there are not as many records as its history accounts for: something made or
/// removed some without it.
struct Miscount {
    std::string entity;
    std::int64_t records = 0;   ///< there are
    std::int64_t expected = 0;  ///< by the counts before and the history since
    bool operator==(const Miscount&) const = default;
};

struct Extended {
    Manifest manifest;
    bool new_base = false;
    bool whole = true;            ///< all pages were read
    std::int64_t pages_read = 0;  ///< of the replica
    std::int64_t pages_changed = 0;
    std::int64_t pages_missed = 0;   ///< changed, while they were known not to be: see ChangedPages
    std::int64_t bytes_written = 0;  ///< base or delta
    /// Where all was read and counted, and the counts before are known.
    std::vector<Miscount> miscounted = {};
};

/// Where a chain lies.
struct ChainFiles {
    std::string folder;
    /// Two caches outside of it: the hashes of the newest point's pages, and ChangedPages' file.
    std::string hashes;
    std::string changed;
};

/// Adds the replica as it is now. Others may write to it meanwhile. Reads only pages that may have
/// changed, if those are known; once a day all of them. Begins with a new base if there is none, if
/// the deltas have grown to half of the base, or if anything here is not as it was left. Nothing
/// that was valid before is lost on failure. `db` is outside of a transaction. One caller at a time
/// (the lock of the caller). kFull, kStorage and what read_image() says.
[[nodiscard]] Result<Extended> extend_chain(const ChainFiles& files, const replica::Database& db,
                                            const PointLabel& label);

/// Where counts differ from those that were expected; what was not expected at all is not told.
[[nodiscard]] std::vector<Miscount> compare_counts(
    const std::map<std::string, std::int64_t>& records,
    const std::map<std::string, std::int64_t>& expected);

/// How many records there are of each entity.
[[nodiscard]] Result<std::map<std::string, std::int64_t>> count_records(
    const replica::Database& db);

/// All points of a chain, oldest first. kNotFound if there is none, kCorrupt, kTooNew.
[[nodiscard]] Result<std::vector<Manifest>> points_of(const std::string& folder);

/// Writes the database of one point (the newest if nullopt) to `path` and compares its content with
/// the manifest's; kCorrupt with the reason `backup_damaged` if it is not the same, and nothing
/// stays at `path`.
[[nodiscard]] Result<Manifest> assemble(const std::string& folder,
                                        std::optional<std::int64_t> point, const std::string& path);

}  // namespace kontor::backup
