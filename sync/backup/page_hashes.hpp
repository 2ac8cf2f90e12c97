#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sync/backup/image.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// The first half of a page's SHA-256: 128 bits tell pages apart.
using PageHash = std::array<unsigned char, 16>;

/// The hashes of all pages of one image. A plain value.
class PageHashes {
public:
    /// Remembers the page; true if it is new or not what it was. Pages count from 1.
    bool put(std::uint32_t page, std::string_view bytes);
    void resize(std::uint32_t pages) { hashes_.resize(pages); }
    [[nodiscard]] std::uint32_t pages() const { return static_cast<std::uint32_t>(hashes_.size()); }
    /// SHA-256 over all of them, hex: equal contents of equal files.
    [[nodiscard]] std::string content() const;

    [[nodiscard]] std::string_view bytes() const;
    [[nodiscard]] static PageHashes from_bytes(std::string_view bytes);

private:
    std::vector<PageHash> hashes_;
};

/// What a file of that page size holds. kNotFound, kStorage, kCorrupt (it ends within a page).
[[nodiscard]] Result<PageHashes> hash_file(const std::string& path, std::uint32_t page_bytes);

}  // namespace kontor::backup
