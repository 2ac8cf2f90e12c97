#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::backup {

/// What a whole database file is made of.
struct ImageSize {
    std::uint32_t page_bytes = 0;
    std::uint32_t pages = 0;
    bool operator==(const ImageSize&) const = default;
};

/// Receives one page, counted from 1. A page may come twice, and page 1 comes last; the later one
/// counts. An error ends the reading.
using PageVisitor = std::function<Result<>(std::uint32_t page, std::string_view bytes)>;

/// Reads the database as one file of one moment, while others write to it, through SQLite's backup
/// interface and without a copy on disk. `db` must not be in use otherwise; within a Snapshot the
/// image is of that moment. Bytes of memory: some hundred pages. Errors: those of `visit`,
/// kStorage, kCorrupt, kBusy.
/// Source: https://www.sqlite.org/backup.html, https://www.sqlite.org/vfs.html
[[nodiscard]] Result<ImageSize> read_image(const replica::Database& db, const PageVisitor& visit);

/// Reads some pages of the same image, out of the database's file and nothing else: within a
/// snapshot whose moment that file holds (ChangedPages::Moment::in_file). Each page is visited
/// once, in order.
[[nodiscard]] Result<ImageSize> read_pages(const replica::Database& db,
                                           const std::function<bool(std::uint32_t)>& wanted,
                                           const PageVisitor& visit);

}  // namespace kontor::backup
