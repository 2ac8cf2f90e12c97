#include "tests/simulation/disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace kontor::simulation {

/// One file. `durable` is what a power cut leaves for sure; `unsynced` came after.
struct Disk::File {
    struct Write {
        std::size_t at = 0;
        std::string bytes;  ///< empty: cut to `at`
    };
    std::string data;
    std::string durable;
    std::vector<Write> unsynced;
    std::vector<Handle*> handles;
    std::vector<std::unique_ptr<std::array<char, 32768>>> shared_memory;  ///< of the WAL index

    void fill(const std::string& bytes) {
        data = durable = bytes;
        unsynced.clear();
        for (auto& region : shared_memory) region->fill(0);
    }
};

struct Disk::Handle {
    sqlite3_file base{};
    Disk* disk = nullptr;
    std::shared_ptr<File>* file = nullptr;
    int lock = SQLITE_LOCK_NONE;
    unsigned shm_shared = 0, shm_exclusive = 0;  ///< bit masks of the WAL's lock slots
    bool delete_on_close = false;
    bool commits = false;  ///< the frame whose header was written last
    std::string* path = nullptr;
};

namespace {

constexpr std::size_t kSector = 512;
constexpr sqlite3_int64 kJulianOfEpochMs = 210'866'760'000'000;  // 1970-01-01

void apply(std::string& data, std::size_t at, std::string_view bytes) {
    if (data.size() < at + bytes.size()) data.resize(at + bytes.size(), '\0');
    std::memcpy(data.data() + at, bytes.data(), bytes.size());
}

}  // namespace

/// The functions that SQLite calls.
struct Vfs {
    using Handle = Disk::Handle;
    using File = Disk::File;

    static Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
    static File& file_of(sqlite3_file* file) { return **of(file).file; }
    static Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

    // --- a file

    static int close(sqlite3_file* raw) {
        Handle& handle = of(raw);
        std::erase((*handle.file)->handles, &handle);
        if ((*handle.file)->handles.empty()) (*handle.file)->shared_memory.clear();
        if (handle.delete_on_close) handle.disk->files_.erase(*handle.path);
        delete handle.file;
        delete handle.path;
        return SQLITE_OK;
    }
    static int read(sqlite3_file* raw, void* out, int amount, sqlite3_int64 at) {
        if (of(raw).disk->dead_) return SQLITE_IOERR_READ;
        const std::string& data = file_of(raw).data;
        const auto begin = std::min<std::size_t>(static_cast<std::size_t>(at), data.size());
        const auto there =
            std::min<std::size_t>(static_cast<std::size_t>(amount), data.size() - begin);
        std::memcpy(out, data.data() + begin, there);
        if (there == static_cast<std::size_t>(amount)) return SQLITE_OK;
        std::memset(static_cast<char*>(out) + there, 0, static_cast<std::size_t>(amount) - there);
        return SQLITE_IOERR_SHORT_READ;
    }
    /// A frame of the log is a header and a page; the header of the one that ends a transaction
    /// has a size of the database, in its second word.
    static StepKind kind_of(Handle& handle, std::string_view bytes) {
        constexpr std::size_t kHeader = 24;
        if (!handle.path->ends_with("-wal")) return StepKind::kWrite;
        if (bytes.size() == kHeader) {
            handle.commits = bytes.substr(4, 4) != std::string_view("\0\0\0\0", 4);
            return StepKind::kFrame;
        }
        return handle.commits ? StepKind::kWrite : StepKind::kFrame;
    }
    static int write(sqlite3_file* raw, const void* in, int amount, sqlite3_int64 at) {
        const std::string_view bytes(static_cast<const char*>(in),
                                     static_cast<std::size_t>(amount));
        of(raw).disk->note_step(kind_of(of(raw), bytes));
        if (of(raw).disk->dead_) return SQLITE_IOERR_WRITE;
        if (!of(raw).disk->has_room()) return SQLITE_FULL;
        File& file = file_of(raw);
        apply(file.data, static_cast<std::size_t>(at), bytes);
        file.unsynced.push_back({static_cast<std::size_t>(at), std::string(bytes)});
        of(raw).disk->trace_->mix(static_cast<std::uint64_t>(at));
        of(raw).disk->trace_->mix(static_cast<std::uint64_t>(amount));
        return SQLITE_OK;
    }
    static int truncate(sqlite3_file* raw, sqlite3_int64 size) {
        of(raw).disk->note_step(StepKind::kWrite);
        if (of(raw).disk->dead_) return SQLITE_IOERR_TRUNCATE;
        file_of(raw).data.resize(static_cast<std::size_t>(size));
        file_of(raw).unsynced.push_back({static_cast<std::size_t>(size), ""});
        of(raw).disk->trace_->mix(static_cast<std::uint64_t>(size));
        return SQLITE_OK;
    }
    static int sync(sqlite3_file* raw, int) {
        of(raw).disk->note_step(StepKind::kSync);
        if (of(raw).disk->dead_) return SQLITE_IOERR_FSYNC;
        File& file = file_of(raw);
        for (const auto& one : file.unsynced) {
            if (one.bytes.empty())
                file.durable.resize(one.at);
            else
                apply(file.durable, one.at, one.bytes);
        }
        file.unsynced.clear();
        return SQLITE_OK;
    }
    static int file_size(sqlite3_file* raw, sqlite3_int64* out) {
        if (of(raw).disk->dead_) return SQLITE_IOERR_FSTAT;
        *out = static_cast<sqlite3_int64>(file_of(raw).data.size());
        return SQLITE_OK;
    }
    static bool others_hold(const Handle& self, int level) {
        return std::ranges::any_of((*self.file)->handles, [&](const Handle* other) {
            return other != &self && other->lock >= level;
        });
    }
    static int lock(sqlite3_file* raw, int level) {
        Handle& self = of(raw);
        if (self.lock >= level) return SQLITE_OK;
        if (level == SQLITE_LOCK_SHARED && others_hold(self, SQLITE_LOCK_PENDING))
            return SQLITE_BUSY;
        if (level >= SQLITE_LOCK_RESERVED && others_hold(self, SQLITE_LOCK_RESERVED))
            return SQLITE_BUSY;
        if (level == SQLITE_LOCK_EXCLUSIVE && others_hold(self, SQLITE_LOCK_SHARED)) {
            self.lock = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        self.lock = level;
        return SQLITE_OK;
    }
    static int unlock(sqlite3_file* raw, int level) {
        of(raw).lock = std::min(of(raw).lock, level);
        return SQLITE_OK;
    }
    static int check_reserved(sqlite3_file* raw, int* out) {
        *out = others_hold(of(raw), SQLITE_LOCK_RESERVED) ? 1 : 0;
        return SQLITE_OK;
    }
    static int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) { return 4096; }
    static int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    // --- shared memory of the write-ahead log

    static int shm_map(sqlite3_file* raw, int region, int size, int extend, void volatile** out) {
        if (of(raw).disk->dead_) return SQLITE_IOERR_SHMMAP;
        auto& memory = file_of(raw).shared_memory;
        const auto index = static_cast<std::size_t>(region);
        *out = nullptr;
        if (size != static_cast<int>(sizeof(std::array<char, 32768>))) return SQLITE_IOERR_SHMSIZE;
        while (memory.size() <= index && extend != 0) {
            memory.push_back(std::make_unique<std::array<char, 32768>>());
            memory.back()->fill(0);
        }
        if (index < memory.size()) *out = memory[index]->data();
        return SQLITE_OK;
    }
    static int shm_lock(sqlite3_file* raw, int offset, int count, int flags) {
        Handle& self = of(raw);
        const unsigned mask = ((1U << static_cast<unsigned>(count)) - 1U)
                              << static_cast<unsigned>(offset);
        if ((flags & SQLITE_SHM_UNLOCK) != 0) {
            self.shm_shared &= ~mask;
            self.shm_exclusive &= ~mask;
            return SQLITE_OK;
        }
        const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
        for (const Handle* other : (*self.file)->handles)
            if (other != &self && ((other->shm_exclusive & mask) != 0 ||
                                   (exclusive && (other->shm_shared & mask) != 0)))
                return SQLITE_BUSY;
        (exclusive ? self.shm_exclusive : self.shm_shared) |= mask;
        return SQLITE_OK;
    }
    static void shm_barrier(sqlite3_file*) {}
    static int shm_unmap(sqlite3_file* raw, int) {
        of(raw).shm_shared = of(raw).shm_exclusive = 0;
        return SQLITE_OK;
    }

    // --- the disk

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* raw, int flags,
                    int* flags_out) {
        Disk& disk = disk_of(vfs);
        raw->pMethods = nullptr;
        if (disk.dead_) return SQLITE_CANTOPEN;
        static std::uint64_t temporary = 0;
        const std::string name = path != nullptr ? path : "temp-" + std::to_string(++temporary);
        auto& file = disk.files_[name];
        if (!file) {
            if (path != nullptr && (flags & SQLITE_OPEN_CREATE) == 0) {
                disk.files_.erase(name);
                return SQLITE_CANTOPEN;
            }
            file = std::make_shared<File>();
        }
        auto* handle = new (raw) Handle;
        handle->base.pMethods = &kMethods;
        handle->disk = &disk;
        handle->file = new std::shared_ptr<File>(file);
        handle->path = new std::string(name);
        handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
        file->handles.push_back(handle);
        if (flags_out != nullptr) *flags_out = flags;
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* vfs, const char* path, int) {
        Disk& disk = disk_of(vfs);
        disk.note_step(StepKind::kWrite);
        if (disk.dead_) return SQLITE_IOERR_DELETE;
        return disk.files_.erase(path) > 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
    }
    static int access(sqlite3_vfs* vfs, const char* path, int, int* out) {
        *out = disk_of(vfs).files_.contains(path) ? 1 : 0;
        return SQLITE_OK;
    }
    static int full_pathname(sqlite3_vfs*, const char* path, int size, char* out) {
        sqlite3_snprintf(size, out, "%s", path);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs* vfs, int size, char* out) {
        // Always the same, so that it does not matter how often it was asked before.
        Dice dice(disk_of(vfs).seed_);
        for (int i = 0; i < size; ++i) out[i] = static_cast<char>(dice.roll(256));
        return size;
    }
    static int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
    static int current_time_64(sqlite3_vfs* vfs, sqlite3_int64* out) {
        *out = kJulianOfEpochMs + disk_of(vfs).clock_->now().time_since_epoch().count();
        return SQLITE_OK;
    }
    static int current_time(sqlite3_vfs* vfs, double* out) {
        sqlite3_int64 now = 0;
        current_time_64(vfs, &now);
        *out = static_cast<double>(now) / 86'400'000.0;
        return SQLITE_OK;
    }
    static int last_error(sqlite3_vfs*, int, char*) { return 0; }

    static const sqlite3_io_methods kMethods;
};

const sqlite3_io_methods Vfs::kMethods{.iVersion = 2,
                                       .xClose = close,
                                       .xRead = read,
                                       .xWrite = write,
                                       .xTruncate = truncate,
                                       .xSync = sync,
                                       .xFileSize = file_size,
                                       .xLock = lock,
                                       .xUnlock = unlock,
                                       .xCheckReservedLock = check_reserved,
                                       .xFileControl = file_control,
                                       .xSectorSize = sector_size,
                                       .xDeviceCharacteristics = device_characteristics,
                                       .xShmMap = shm_map,
                                       .xShmLock = shm_lock,
                                       .xShmBarrier = shm_barrier,
                                       .xShmUnmap = shm_unmap,
                                       .xFetch = nullptr,
                                       .xUnfetch = nullptr};

Disk::Disk(std::string name, const Clock& clock, std::uint64_t seed, Trace& trace, bool is_default)
    : name_(std::move(name)),
      clock_(&clock),
      seed_(seed),
      dice_(seed),
      trace_(&trace),
      registered_(std::make_unique<sqlite3_vfs>()) {
    sqlite3_vfs& vfs = *registered_;
    vfs = {};
    vfs.iVersion = 2;
    vfs.szOsFile = static_cast<int>(sizeof(Handle));
    vfs.mxPathname = 256;
    vfs.zName = name_.c_str();
    vfs.pAppData = this;
    vfs.xOpen = Vfs::open;
    vfs.xDelete = Vfs::remove;
    vfs.xAccess = Vfs::access;
    vfs.xFullPathname = Vfs::full_pathname;
    vfs.xRandomness = Vfs::randomness;
    vfs.xSleep = Vfs::sleep;
    vfs.xCurrentTime = Vfs::current_time;
    vfs.xGetLastError = Vfs::last_error;
    vfs.xCurrentTimeInt64 = Vfs::current_time_64;
    sqlite3_vfs_register(&vfs, is_default ? 1 : 0);
}

Disk::~Disk() {
    sqlite3_vfs_unregister(registered_.get());
}

void Disk::put(const std::string& path, const std::string& bytes) {
    auto& file = files_[path];
    if (!file) file = std::make_shared<File>();
    file->fill(bytes);
}

void Disk::move_to(const Clock& clock, std::uint64_t seed, Trace& trace) {
    clock_ = &clock;
    seed_ = seed;
    dice_ = Dice(seed);
    trace_ = &trace;
    std::erase_if(files_, [](const auto& file) { return file.second->handles.empty(); });
    for (auto& [path, file] : files_) file->fill("");
    writes_ = full_for_ = refused_ = 0;
    power_cut_at_ = UINT64_MAX;
    dead_ = false;
    watcher_ = {};
}

std::string Disk::get(const std::string& path) const {
    return files_.at(path)->data;
}

void Disk::cut_power_after(std::uint64_t writes) {
    power_cut_at_ = writes_ + writes;
    dead_ = writes == 0;
}

bool Disk::has_room() {
    if (full_for_ == 0) return true;
    --full_for_;
    ++refused_;
    return false;
}

void Disk::note_step(StepKind kind) {
    if (watcher_) watcher_(kind);
    if (++writes_ >= power_cut_at_) dead_ = true;
}

void Disk::restart(Left left) {
    const bool torn = left == Left::kSome;
    for (auto& [path, file] : files_) {
        for (const File::Write& one : file->unsynced) {
            if (left == Left::kNothing || (torn && dice_.percent(50))) continue;
            if (one.bytes.empty()) {
                file->durable.resize(one.at);
                continue;
            }
            for (std::size_t at = 0; at < one.bytes.size(); at += kSector)
                if (!torn || dice_.percent(80))
                    apply(file->durable, one.at + at,
                          std::string_view(one.bytes).substr(at, kSector));
        }
        file->unsynced.clear();
        file->data = file->durable;
        file->shared_memory.clear();
    }
    power_cut_at_ = UINT64_MAX;
    dead_ = false;
}

DefaultDisk::DefaultDisk() : disk_("kontor-sim-default", clock_, 0, trace_, true) {}

void DefaultDisk::seed(std::uint64_t seed) {
    disk_.move_to(clock_, seed, trace_);
    sqlite3_randomness(0, nullptr);
}

}  // namespace kontor::simulation
