#include "tests/peers/zoho/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <memory>
#include <new>

namespace kontor::peer::zoho {

namespace {

la_ssize_t append(struct archive*, void* target, const void* buffer, std::size_t length) {
    static_cast<std::string*>(target)->append(static_cast<const char*>(buffer), length);
    return static_cast<la_ssize_t>(length);
}

}  // namespace

std::string make_zip(const std::string& name, std::string_view content, int level) {
    std::string out;
    const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(),
                                                             archive_write_free);
    archive_write_set_format_zip(writer.get());
    const std::string option = std::to_string(level);
    if (level == 0) {
        archive_write_zip_set_compression_store(writer.get());
    } else {
        archive_write_set_format_option(writer.get(), "zip", "compression-level", option.c_str());
    }
    archive_write_set_bytes_per_block(writer.get(), 0);
    if (archive_write_open(writer.get(), &out, nullptr, append, nullptr) != ARCHIVE_OK) return {};
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_write_header(writer.get(), entry.get());
    archive_write_data(writer.get(), content.data(), content.size());
    archive_write_close(writer.get());
    return out;
}

std::string gzipped(std::string_view text) {
    z_stream stream{};
    constexpr int kGzipWindow = 15 + 16;
    if (deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::vector<std::pair<std::string, std::string>> read_zip(std::string_view zip, std::size_t limit) {
    std::vector<std::pair<std::string, std::string>> files;
    const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
    archive_read_support_format_zip(reader.get());
    if (archive_read_open_memory(reader.get(), zip.data(), zip.size()) != ARCHIVE_OK) return {};
    std::size_t total = 0;
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
        const char* name = archive_entry_pathname(entry);
        files.emplace_back(name == nullptr ? "" : name, "");
        char buffer[65536];
        la_ssize_t got = 0;
        while ((got = archive_read_data(reader.get(), buffer, sizeof buffer)) > 0) {
            total += static_cast<std::size_t>(got);
            if (total > limit) return {};
            files.back().second.append(buffer, static_cast<std::size_t>(got));
        }
        if (got < 0) return {};
    }
    return files;
}

}  // namespace kontor::peer::zoho
