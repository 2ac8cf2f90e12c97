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
    int finish(const std::string& first_page) { return pass_on(1, first_page); }
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

void put_number(std::string& bytes, std::size_t at, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes[at++] = static_cast<char>(number >> shift);
}

/// What SQLite keeps in the first page for its own purposes, as of a file that was just written:
/// the same however it was read, so that it tells no change where there is none. Not in WAL mode:
/// such a file can be read where nobody may write.
std::string first_page_of_image(std::string page) {
    constexpr std::size_t kWriteVersion = 18;
    constexpr std::size_t kReadVersion = 19;
    constexpr std::size_t kChangeCounter = 24;
    constexpr std::size_t kSchemaCookie = 40;
    constexpr std::size_t kVersionValidFor = 92;
    constexpr std::size_t kVersionNumber = 96;
    page[kWriteVersion] = page[kReadVersion] = 1;
    put_number(page, kChangeCounter, 1);
    put_number(page, kSchemaCookie, 1);
    put_number(page, kVersionValidFor, 1);
    put_number(page, kVersionNumber, static_cast<std::uint32_t>(sqlite3_libversion_number()));
    return page;
}

/// The page in which SQLite keeps its locks: of no content, and written by nobody.
std::uint32_t lock_page(std::uint32_t page_bytes) {
    // With 0 it only asks.
    const auto at =
        static_cast<std::uint32_t>(sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, 0));
    return at / page_bytes + 1;
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
    ImageSize out;
    out.page_bytes = page_bytes_of(sink.first_page());
    if (out.page_bytes == 0) return fail(Errc::kCorrupt, "the database is empty");
    out.pages = static_cast<std::uint32_t>(sink.size() / out.page_bytes);
    // The backup interface leaves it out; in a file it is there, and zeros.
    if (const auto page = lock_page(out.page_bytes); page <= out.pages)
        if (auto done = visit(page, std::string(out.page_bytes, '\0')); !done) return pass(done);
    if (sink.finish(first_page_of_image(sink.first_page())) != SQLITE_OK)
        return tl::unexpected<Error>(sink.result().error());
    return out;
}

Result<ImageSize> read_pages(const replica::Database& db,
                             const std::function<bool(std::uint32_t)>& wanted,
                             const PageVisitor& visit) {
    const auto page_bytes = db.scalar("PRAGMA page_size");
    const auto pages = db.scalar("PRAGMA page_count");
    if (!page_bytes || !pages)
        return tl::unexpected<Error>(page_bytes ? pages.error() : page_bytes.error());
    const ImageSize out{static_cast<std::uint32_t>(*page_bytes),
                        static_cast<std::uint32_t>(*pages)};
    // Through SQLite's own descriptor: to close another one would end the locks of this process.
    sqlite3_file* file = nullptr;
    int rc = sqlite3_file_control(db.raw(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc != SQLITE_OK || file == nullptr || file->pMethods == nullptr)
        return fail(Errc::kStorage, "the database has no file");
    std::string bytes(out.page_bytes, '\0');
    for (std::uint32_t page = 1; page <= out.pages; ++page) {
        if (!wanted(page)) continue;
        const auto at = static_cast<sqlite3_int64>(page - 1) * out.page_bytes;
        rc = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), at);
        // Beyond the end of the file are zeros.
        if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
            return tl::unexpected<Error>(replica::storage_error(db.raw(), rc, "read the database"));
        if (page == lock_page(out.page_bytes)) bytes.assign(bytes.size(), '\0');
        auto done = visit(page, page == 1 ? first_page_of_image(bytes) : bytes);
        if (!done) return pass(done);
    }
    return out;
}

}  // namespace kontor::backup
