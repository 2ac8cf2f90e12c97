#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// The hash chain over history. Every sealed entry has a leaf, SHA-256(salt ‖ content); a link of
/// kontor_chain covers the entries since the link before: SHA-256(hash before ‖ seq and leaf of
/// each). So a changed, missing or inserted entry shows, and yet a person can be erased: content
/// and salt go, the leaf stays and says nothing. Removing entries from the end, links and all,
/// shows only against a hash kept elsewhere (ChainReport::head).
///
/// Seals what came after the last link, up to entry `until`; true if that was anything. Needs an
/// open write transaction; the engine calls it when it absorbs, after it has emptied
/// kontor_replaced.
[[nodiscard]] Result<bool> seal_history(const Database& db, Random& random,
                                        std::int64_t until = INT64_MAX);

struct ChainReport {
    std::optional<std::int64_t> first_bad;  ///< entry, or first entry of a stretch, that is wrong
    std::int64_t sealed = 0;                ///< entries looked at
    std::int64_t erased = 0;                ///< of these, without content
    std::int64_t unsealed = 0;              ///< entries after the last link
    std::string head;                       ///< hash of the last link in hex, "" if none
};

/// Checks the whole chain in one pass; reads only. Stops at the first bad entry.
[[nodiscard]] Result<ChainReport> verify_history(const Database& db);

/// Removes all old values of a record from history (their rule becomes `erased`, and they cannot be
/// undone), and its tombstone's image: a person's request. What is current stays. Needs an open
/// write transaction. True if there was anything.
[[nodiscard]] Result<bool> erase_history(const Database& db, std::int64_t entity,
                                         std::int64_t record);

}  // namespace kontor::replica
