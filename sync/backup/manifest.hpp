#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sync/backup/image.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// The newest layout that this version reads and the one that it writes.
inline constexpr int kFormat = 1;

/// What one point of a backup holds. Stored as JSON beside it.
struct Manifest {
    int format = kFormat;
    std::string chain;       ///< 32 hex digits; a base and its deltas have the same
    std::int64_t point = 0;  ///< 0 = the base, n = the base and the first n deltas
    std::string at;          ///< UTC, of the moment that it shows
    std::string replica_id;
    std::int64_t epoch = 0;
    std::int64_t schema_version = 0;
    std::int64_t history_seq = 0;  ///< last entry of the history
    std::string made_by;           ///< Kontor's version
    ImageSize size;
    std::string content;  ///< SHA-256 over the pages' hashes, hex
    /// Number of each entity. Empty if it is not known.
    std::map<std::string, std::int64_t> records;
    /// They were counted, for all was read; else they follow from the point before and the history.
    bool counted = true;
    bool operator==(const Manifest&) const = default;
};

[[nodiscard]] std::string to_json(const Manifest& manifest);
/// kCorrupt if it is no manifest, kTooNew.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text);

}  // namespace kontor::backup
