#include "plugins/csv/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/csv/workbook.hpp"

namespace kontor::csv {
namespace {

constexpr std::size_t kUnpackSize = 1u << 16;

}  // namespace

struct Part::Impl {
    struct Free {
        void operator()(archive* raw) const { archive_read_free(raw); }
    };
    const sdk::HostFile& file;
    const std::int64_t size;
    std::int64_t at = 0;
    std::vector<char> buffer = std::vector<char>(kUnpackSize);
    std::unique_ptr<archive, Free> reader{archive_read_new()};

    // libarchive is C: nothing may be thrown through it.
    static la_ssize_t read(archive*, void* self, const void** out) noexcept {
        auto& it = *static_cast<Impl*>(self);
        *out = it.buffer.data();
        try {
            const std::size_t got = it.file.read(it.at, it.buffer.data(), it.buffer.size());
            it.at += static_cast<std::int64_t>(got);
            return static_cast<la_ssize_t>(got);
        } catch (...) {
            return -1;
        }
    }
    static la_int64_t seek(archive*, void* self, la_int64_t offset, int whence) noexcept {
        auto& it = *static_cast<Impl*>(self);
        const std::int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? it.at : it.size;
        if (from + offset < 0) return ARCHIVE_FATAL;
        return it.at = from + offset;
    }
};

Part::Part(const sdk::HostFile& file, std::int64_t size, std::string_view name)
    : impl_(std::make_unique<Impl>(Impl{file, size})),
      unpacked_max_(std::max(kRatioFrom, size * kRatioMax)) {
    char magic[4] = {};
    if (file.read(0, magic, sizeof magic) < sizeof magic) throw Unreadable(Reason::kNotWorkbook);
    const std::string_view head(magic, sizeof magic);
    if (head == "\xD0\xCF\x11\xE0") throw Unreadable(Reason::kProtected);
    if (head != std::string_view("PK\3\4", 4)) throw Unreadable(Reason::kNotWorkbook);
    if (size > kWorkbookBytesMax) throw Unreadable(Reason::kTooLarge);
    archive* const raw = impl_->reader.get();
    archive_read_support_format_zip_seekable(raw);
    archive_read_set_callback_data(raw, impl_.get());
    archive_read_set_read_callback(raw, &Impl::read);
    archive_read_set_seek_callback(raw, &Impl::seek);
    if (archive_read_open1(raw) != ARCHIVE_OK) throw Unreadable(Reason::kNotWorkbook);
    archive_entry* entry = nullptr;
    for (std::size_t entries = 0;; ++entries) {
        const int status = archive_read_next_header(raw, &entry);
        if (status == ARCHIVE_EOF) return;
        if (status < ARCHIVE_WARN) throw Unreadable(Reason::kNotWorkbook);
        if (entries >= kEntriesMax) throw Unreadable(Reason::kTooLarge);
        const char* const path = archive_entry_pathname(entry);
        if (path == nullptr || path != name) continue;
        if (archive_entry_is_encrypted(entry) != 0) throw Unreadable(Reason::kProtected);
        found_ = true;
        return;
    }
}

Part::~Part() = default;

std::size_t Part::read(char* buffer, std::size_t size) {
    if (!found_) return 0;
    const la_ssize_t got = archive_read_data(impl_->reader.get(), buffer, size);
    if (got < 0) throw Unreadable(Reason::kNotWorkbook);
    unpacked_ += got;
    if (unpacked_ > unpacked_max_) throw Unreadable(Reason::kTooLarge);
    return static_cast<std::size_t>(got);
}

std::string Part::read_all(std::size_t max) {
    std::string out;
    std::vector<char> piece(kUnpackSize);
    while (const std::size_t got = read(piece.data(), piece.size())) {
        if (out.size() + got > max) throw Unreadable(Reason::kTooLarge);
        out.append(piece.data(), got);
    }
    return out;
}

}  // namespace kontor::csv
