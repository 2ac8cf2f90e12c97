#include "sync/backup/image.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

namespace kontor::backup {
namespace {

// The backup interface writes to a database, which lies in a file system of ours that has one file
// and hands on what is written. Enough for a database without journal that is written once.
class Sink {
public:
    explicit Sink(const PageVisitor& visit) : visit_(visit) {}

    int write(std::string_view bytes, std::int64_t offset) {
        if (failed_) return SQLITE_IOERR_WRITE;
        size_ = std::max(size_, offset + static_cast<std::int64_t>(bytes.size()));
        if (offset == 0) {
            first_page_.assign(bytes);  // written again at the end, with the counter of changes
            return SQLITE_OK;
        }
        const auto page =
            static_cast<std::uint32_t>(offset / static_cast<std::int64_t>(bytes.size())) + 1;
        return pass_on(page, bytes);
    }

    int read(char* to, std::size_t bytes, std::int64_t offset) const {
        const auto at = static_cast<std::size_t>(offset);
        if (at + bytes <= first_page_.size()) {
            std::memcpy(to, first_page_.data() + at, bytes);
            return SQLITE_OK;
        }
        // Beyond the end SQLite expects zeros. What was handed on is not there to be read again.
        if (offset < size_) return SQLITE_IOERR_READ;
        std::memset(to, 0, bytes);
        return SQLITE_IOERR_SHORT_READ;
    }

    void truncate(std::int64_t size) { size_ = size; }
    [[nodiscard]] std::int64_t size() const { return size_; }
    [[nodiscard]] const std::string& first_page() const { return first_page_; }
    int finish() { return pass_on(1, first_page_); }
    [[nodiscard]] const Result<>& result() const { return result_; }

private:
    int pass_on(std::uint32_t page, std::string_view bytes) {
        result_ = visit_(page, bytes);
        failed_ = !result_;
        return failed_ ? SQLITE_IOERR_WRITE : SQLITE_OK;
    }

    const PageVisitor& visit_;
    std::string first_page_;
    std::int64_t size_ = 0;
    Result<> result_;
    bool failed_ = false;
};

struct SinkFile {
    sqlite3_file base;
    Sink* sink;
};

Sink& sink_of(sqlite3_file* file) {
    return *reinterpret_cast<SinkFile*>(file)->sink;
}

constexpr int kSectorBytes = 4096;

constexpr sqlite3_io_methods make_methods() {
    sqlite3_io_methods out{};
    out.iVersion = 1;
    out.xClose = [](sqlite3_file*) { return SQLITE_OK; };
    out.xRead = [](sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
        return sink_of(file).read(static_cast<char*>(to), static_cast<std::size_t>(bytes), offset);
    };
    out.xWrite = [](sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
        return sink_of(file).write(
            {static_cast<const char*>(from), static_cast<std::size_t>(bytes)}, offset);
    };
    out.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
        sink_of(file).truncate(size);
        return SQLITE_OK;
    };
    out.xSync = [](sqlite3_file*, int) { return SQLITE_OK; };
    out.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
        *size = sink_of(file).size();
        return SQLITE_OK;
    };
    out.xLock = [](sqlite3_file*, int) { return SQLITE_OK; };
    out.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
    out.xCheckReservedLock = [](sqlite3_file*, int* held) {
        *held = 0;
        return SQLITE_OK;
    };
    out.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
    out.xSectorSize = [](sqlite3_file*) { return kSectorBytes; };
    out.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };
    return out;
}
constexpr sqlite3_io_methods kMethods = make_methods();

/// A file system with the sink as its only file; known to SQLite while it lives.
class SinkVfs {
public:
    explicit SinkVfs(Sink& sink) : name_("kontor-pages-" + std::to_string(address(this))) {
        sqlite3_vfs* usual = sqlite3_vfs_find(nullptr);
        vfs_ = *usual;  // its clock and randomness
        vfs_.szOsFile = sizeof(SinkFile);
        vfs_.zName = name_.c_str();
        vfs_.pNext = nullptr;
        vfs_.pAppData = &sink;
        vfs_.xOpen = [](sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags,
                        int* out_flags) {
            auto* made = reinterpret_cast<SinkFile*>(file);
            made->base.pMethods = nullptr;
            if (name == nullptr || (flags & SQLITE_OPEN_MAIN_DB) == 0) return SQLITE_CANTOPEN;
            made->base.pMethods = &kMethods;
            made->sink = static_cast<Sink*>(self->pAppData);
            if (out_flags != nullptr) *out_flags = flags;
            return SQLITE_OK;
        };
        vfs_.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_OK; };
        vfs_.xAccess = [](sqlite3_vfs*, const char*, int, int* there) {
            *there = 0;
            return SQLITE_OK;
        };
        vfs_.xFullPathname = [](sqlite3_vfs*, const char* name, int bytes, char* out) {
            sqlite3_snprintf(bytes, out, "%s", name);
            return SQLITE_OK;
        };
        sqlite3_vfs_register(&vfs_, 0);
    }
    ~SinkVfs() { sqlite3_vfs_unregister(&vfs_); }
    SinkVfs(const SinkVfs&) = delete;
    SinkVfs& operator=(const SinkVfs&) = delete;
    [[nodiscard]] const char* name() const { return name_.c_str(); }

private:
    static std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }
    std::string name_;
    sqlite3_vfs vfs_{};
};

struct CloseDatabase {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};

/// Copies all pages; the error if SQLite had one.
Result<> copy(const replica::Database& from, sqlite3* to) {
    sqlite3_backup* run = sqlite3_backup_init(to, "main", from.raw(), "main");
    if (run == nullptr)
        return tl::unexpected<Error>(
            replica::storage_error(to, sqlite3_extended_errcode(to), "read the database"));
    // All in one step: with several, a write by another handle starts the copy again.
    const int stepped = sqlite3_backup_step(run, -1);
    const int finished = sqlite3_backup_finish(run);
    if (stepped == SQLITE_DONE && finished == SQLITE_OK) return {};
    const int rc = finished != SQLITE_OK ? finished : stepped;
    return tl::unexpected<Error>(replica::storage_error(nullptr, rc, "read the database"));
}

std::uint32_t page_bytes_of(std::string_view first_page) {
    // From SQLite's file format: two bytes at 16, big-endian; 1 stands for 65536.
    if (first_page.size() < 100) return 0;
    const auto value = (static_cast<unsigned char>(first_page[16]) << 8) |
                       static_cast<unsigned char>(first_page[17]);
    return value == 1 ? 65536U : static_cast<std::uint32_t>(value);
}

}  // namespace

Result<ImageSize> read_image(const replica::Database& db, const PageVisitor& visit) {
    Sink sink(visit);
    const SinkVfs vfs(sink);
    sqlite3* raw = nullptr;
    const int rc = sqlite3_open_v2("image", &raw,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                                   vfs.name());
    std::unique_ptr<sqlite3, CloseDatabase> to(raw);
    if (rc != SQLITE_OK)
        return tl::unexpected<Error>(replica::storage_error(raw, rc, "open an image"));
    // Pages beyond the small cache are written as they come.
    sqlite3_exec(raw, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=64;",
                 nullptr, nullptr, nullptr);
    auto copied = copy(db, raw);
    to.reset();
    if (!sink.result()) return tl::unexpected<Error>(sink.result().error());
    if (!copied) return pass(copied);
    if (sink.finish() != SQLITE_OK) return tl::unexpected<Error>(sink.result().error());
    ImageSize out;
    out.page_bytes = page_bytes_of(sink.first_page());
    if (out.page_bytes == 0) return fail(Errc::kCorrupt, "the database is empty");
    out.pages = static_cast<std::uint32_t>(sink.size() / out.page_bytes);
    return out;
}

}  // namespace kontor::backup
