#include "bench/floor/csv.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstdio>
#include <cstdlib>

namespace floor_bench {

namespace {
constexpr std::size_t kChunk = 1 << 20;
}

CsvInZip::CsvInZip(const std::string& path) : archive_(archive_read_new()) {
    archive_read_support_format_zip(archive_);
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(archive_, path.c_str(), kChunk) == ARCHIVE_OK &&
        archive_read_next_header(archive_, &entry) == ARCHIVE_OK)
        return;
    std::fprintf(stderr, "%s: %s\n", path.c_str(), archive_error_string(archive_));
    std::exit(1);
}

CsvInZip::~CsvInZip() {
    archive_read_free(archive_);
}

bool CsvInZip::next(std::vector<std::string_view>& row) {
    while (!parse(row))
        if (!refill()) return false;
    return true;
}

// False if the buffer does not hold a whole row. Unquotes in place, once the row's end is known.
bool CsvInZip::parse(std::vector<std::string_view>& row) {
    row.clear();
    std::size_t at = begin_;
    const std::size_t size = buffer_.size();
    std::size_t quoted = 0;  // fields with doubled quotes, as a bound for the second pass
    while (at < size) {
        const std::size_t start = at;
        std::size_t stop = 0;
        if (buffer_[at] == '"') {
            for (++at;; ++at) {
                at = buffer_.find('"', at);
                if (at == std::string::npos || at + 1 >= size) return false;
                if (buffer_[at + 1] != '"') break;
                ++at;
                ++quoted;
            }
            row.emplace_back(buffer_.data() + start + 1, at - start - 1);
            stop = at + 1;
        } else {
            stop = at;
            while (stop < size && buffer_[stop] != ',' && buffer_[stop] != '\n') ++stop;
            row.emplace_back(buffer_.data() + start, stop - start);
        }
        if (stop >= size) return false;
        at = stop + 1;
        if (buffer_[stop] != '\n') continue;
        begin_ = at;
        for (auto& field : row) {
            if (quoted == 0) break;
            std::size_t from = field.find("\"\"");
            if (from == std::string_view::npos) continue;
            char* const text = buffer_.data() + (field.data() - buffer_.data());
            std::size_t to = from;
            for (; from < field.size(); ++from) {
                text[to++] = text[from];
                if (text[from] == '"') ++from;
            }
            field = std::string_view(text, to);
        }
        return true;
    }
    return false;
}

bool CsvInZip::refill() {
    if (ended_) return false;
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kChunk);
    const la_ssize_t got = archive_read_data(archive_, buffer_.data() + had, kChunk);
    if (got < 0) {
        std::fprintf(stderr, "ZIP: %s\n", archive_error_string(archive_));
        std::exit(1);
    }
    buffer_.resize(had + static_cast<std::size_t>(got));
    ended_ = got == 0;
    return !ended_;
}

}  // namespace floor_bench
