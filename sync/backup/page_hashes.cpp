#include "sync/backup/page_hashes.hpp"

#include <openssl/sha.h>

#include <cstring>

#include "sync/backup/file.hpp"

namespace kontor::backup {

bool PageHashes::put(std::uint32_t page, std::string_view bytes) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> full{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), full.data());
    PageHash hash;
    std::memcpy(hash.data(), full.data(), hash.size());
    const bool is_new = page > hashes_.size();
    if (is_new) hashes_.resize(page);
    auto& known = hashes_[page - 1];
    if (!is_new && known == hash) return false;
    known = hash;
    return true;
}

std::string PageHashes::content() const {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> full{};
    const auto all = bytes();
    SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), full.data());
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : full) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

std::string_view PageHashes::bytes() const {
    return {reinterpret_cast<const char*>(hashes_.data()), hashes_.size() * sizeof(PageHash)};
}

PageHashes PageHashes::from_bytes(std::string_view bytes) {
    PageHashes out;
    out.hashes_.resize(bytes.size() / sizeof(PageHash));
    std::memcpy(out.hashes_.data(), bytes.data(), out.hashes_.size() * sizeof(PageHash));
    return out;
}

Result<PageHashes> hash_file(const std::string& path, std::uint32_t page_bytes) {
    auto in = File::open(path);
    if (!in) return pass(in);
    PageHashes out;
    std::string page(page_bytes, '\0');
    for (std::uint32_t number = 1;; ++number) {
        const auto got = in->read(page);
        if (!got) return tl::unexpected<Error>(got.error());
        if (*got == 0) return out;
        if (*got != page.size())
            return fail(Errc::kCorrupt, path + " ends within a page",
                        {{"reason", "backup_damaged"}});
        out.put(number, page);
    }
}

}  // namespace kontor::backup
