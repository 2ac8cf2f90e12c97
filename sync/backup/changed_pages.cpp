#include "sync/backup/changed_pages.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "sync/backup/file.hpp"
#include "sync/backup/json_number.hpp"
#include "sync/backup/write_ahead_log.hpp"

namespace kontor::backup {

namespace {

using nlohmann::json;

// With more the whole file is read nearly as fast, and noting them costs more than it is worth.
constexpr std::size_t kPagesMax = 65'536;
constexpr std::chrono::milliseconds kTick{2};  // of file times: 10 ms at most
constexpr int kTicksMax = 30;
constexpr std::chrono::milliseconds kPatience{2'000};

/// A file's identity and what changes with each write to it.
struct Stamp {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0;
    std::int64_t written_s = 0, written_ns = 0;  // mtime
    std::int64_t changed_s = 0, changed_ns = 0;  // ctime
    bool operator==(const Stamp&) const = default;

    [[nodiscard]] bool same_file(const Stamp& other) const {
        return device == other.device && inode == other.inode;
    }
    [[nodiscard]] bool before(const struct timespec& time) const {
        const std::pair now{std::int64_t{time.tv_sec}, std::int64_t{time.tv_nsec}};
        return std::pair{written_s, written_ns} < now && std::pair{changed_s, changed_ns} < now;
    }
};

std::optional<Stamp> stamp_of(const std::string& path) {
    struct stat is {};
    if (::stat(path.c_str(), &is) != 0) return std::nullopt;
    return Stamp{is.st_dev,          is.st_ino,         is.st_size,        is.st_mtim.tv_sec,
                 is.st_mtim.tv_nsec, is.st_ctim.tv_sec, is.st_ctim.tv_nsec};
}

std::string this_boot() {
    return read_whole("/proc/sys/kernel/random/boot_id").value_or("");
}

/// What the file holds.
struct Notes {
    std::string boot;
    Stamp file;                      // of the database; a witness only if `witness`
    bool witness = false;            // whoever has written to it since has changed its stamp
    std::optional<LogPosition> log;  // nullopt: it held nothing
    std::string point;               // `since_point` counts from there; "" = unknown
    std::string token;               // of a snapshot; "" = none
    PageSet since_point;             // to the snapshot, if there is one
    PageSet since_snapshot;
    std::string whole_at;
    bool distrusted = false;
    bool operator==(const Notes&) const = default;

    [[nodiscard]] bool idle() const { return point.empty() && token.empty(); }
    void forget() {
        point.clear();
        token.clear();
        since_point = {};
        since_snapshot = {};
        log.reset();
        witness = false;
    }
};

json to_json(const LogPosition& log) {
    return {{"salts", log.salts}, {"frames", log.frames}, {"checksum", log.checksum}};
}

json to_json(const PageSet& set) {
    return {{"pages", set.pages}, {"all_above", set.all_above}};
}

json to_json(const Stamp& stamp) {
    return {{"device", stamp.device},
            {"inode", stamp.inode},
            {"size", stamp.size},
            {"written_s", stamp.written_s},
            {"written_ns", stamp.written_ns},
            {"changed_s", stamp.changed_s},
            {"changed_ns", stamp.changed_ns}};
}

json to_json(const Notes& notes) {
    json out{{"boot", notes.boot},
             {"file", to_json(notes.file)},
             {"witness", notes.witness},
             {"point", notes.point},
             {"token", notes.token},
             {"since_point", to_json(notes.since_point)},
             {"since_snapshot", to_json(notes.since_snapshot)},
             {"whole_at", notes.whole_at},
             {"distrusted", notes.distrusted}};
    if (notes.log) out["log"] = to_json(*notes.log);
    return out;
}

LogPosition log_position(const json& in) {
    LogPosition out;
    take_number(in.at("frames"), out.frames);
    for (std::size_t i = 0; i < out.salts.size(); ++i) {
        take_number(in.at("salts").at(i), out.salts[i]);
        take_number(in.at("checksum").at(i), out.checksum[i]);
    }
    return out;
}

PageSet page_set(const json& in) {
    PageSet out;
    take_number(in.at("all_above"), out.all_above);
    for (const auto& each : in.at("pages").get_ref<const json::array_t&>()) {
        std::uint32_t page = 0;
        take_number(each, page);
        out.pages.insert(page);
    }
    return out;
}

Stamp stamp(const json& in) {
    Stamp out;
    take_number(in.at("device"), out.device);
    take_number(in.at("inode"), out.inode);
    take_number(in.at("size"), out.size);
    take_number(in.at("written_s"), out.written_s);
    take_number(in.at("written_ns"), out.written_ns);
    take_number(in.at("changed_s"), out.changed_s);
    take_number(in.at("changed_ns"), out.changed_ns);
    return out;
}

/// Empty ones if it is no such file.
Notes parse_notes(const std::string& text) {
    try {
        const auto in = json::parse(text);
        Notes out;
        in.at("boot").get_to(out.boot);
        out.file = stamp(in.at("file"));
        in.at("witness").get_to(out.witness);
        in.at("point").get_to(out.point);
        in.at("token").get_to(out.token);
        out.since_point = page_set(in.at("since_point"));
        out.since_snapshot = page_set(in.at("since_snapshot"));
        in.at("whole_at").get_to(out.whole_at);
        in.at("distrusted").get_to(out.distrusted);
        if (in.contains("log")) out.log = log_position(in.at("log"));
        return out;
    } catch (const json::exception&) {
        return {};
    }
}

/// The notes while nobody else has them.
class Held {
public:
    enum class How : std::uint8_t {
        kCreate,  ///< and wait while others have them
        kWait,
        kAtOnce  ///< or not at all
    };
    /// nullopt if they are not there, or cannot be had.
    static std::optional<Held> open(const std::string& file, How how) {
        if (how != How::kCreate && !std::filesystem::exists(file)) return std::nullopt;
        const int fd =
            ::open((file + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (fd < 0) return std::nullopt;
        Held out(file, fd);
        while (::flock(fd, LOCK_EX | (how == How::kAtOnce ? LOCK_NB : 0)) != 0)
            if (errno != EINTR) return std::nullopt;
        const auto text = read_whole(file);
        if (text) out.notes = out.kept_ = parse_notes(*text);
        return out;
    }
    Held(Held&& other) noexcept
        : notes(std::move(other.notes)),
          file_(std::move(other.file_)),
          fd_(std::exchange(other.fd_, -1)),
          kept_(std::move(other.kept_)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
        if (fd_ >= 0) ::close(fd_);
    }

    /// What is not kept is known anew the next time: older notes are as true as newer ones.
    void keep() {
        if (notes == kept_) return;
        const auto fresh = file_ + ".new";
        auto out = File::create(fresh);
        // Not synced: after a power cut they are not believed anyway.
        if (!out || !out->append(to_json(notes).dump()) ||
            std::rename(fresh.c_str(), file_.c_str()) != 0)
            return;
        kept_ = notes;
    }
    /// The file system's time now.
    [[nodiscard]] std::optional<struct timespec> now() const {
        struct stat is {};
        if (::futimens(fd_, nullptr) != 0 || ::fstat(fd_, &is) != 0) return std::nullopt;
        device_ = is.st_dev;
        return is.st_mtim;
    }
    /// The database's stamp, and whether a later write must change it.
    [[nodiscard]] std::optional<Stamp> look_at(const std::string& database, bool& witness) const {
        const auto time = now();  // first: a write that the stamp does not show is later than it
        const auto stamp = stamp_of(database);
        witness = stamp && time && stamp->device == device_ && stamp->before(*time);
        return stamp;
    }

    Notes notes;

private:
    Held(std::string file, int fd) : file_(std::move(file)), fd_(fd) {}
    std::string file_;
    int fd_;
    Notes kept_;
    mutable std::uint64_t device_ = 0;
};

/// Notes what was committed. False: it is not known, and everything is forgotten.
bool note_commits(const Held& held, Notes& notes, const std::string& database) {
    bool witness = false;
    const auto stamp = held.look_at(database, witness);
    if (!stamp || !stamp->same_file(notes.file) || notes.boot != this_boot()) return false;
    auto read = read_log(database + "-wal", notes.log);
    if (!read || read->kind == LogRead::Kind::kBroken) return false;
    if (read->kind != LogRead::Kind::kContinues) {
        // The stamp once more, now that the log is known to be another one.
        const auto after = stamp_of(database);
        if (!notes.witness || !after || *after != notes.file) return false;
    }
    auto& to = notes.token.empty() ? notes.since_point : notes.since_snapshot;
    to.pages.insert(read->pages.begin(), read->pages.end());
    // Pages that were cut off and came back may be written nowhere.
    if (read->least_size) to.all_above = std::min(to.all_above, *read->least_size);
    if (notes.since_point.pages.size() + notes.since_snapshot.pages.size() > kPagesMax)
        return false;
    if (read->kind == LogRead::Kind::kEmpty)
        notes.log.reset();
    else
        notes.log = read->end;
    notes.file = *stamp;
    notes.witness = witness;
    return true;
}

void look_into(Held& held, const std::string& database) {
    if (held.notes.idle()) return;
    if (!note_commits(held, held.notes, database)) held.notes.forget();
}

/// From here on, whatever was before.
bool begin_anew(const Held& held, Notes& notes, const std::string& database) {
    notes.forget();
    const auto stamp = held.look_at(database, notes.witness);
    notes.boot = this_boot();
    if (!stamp || notes.boot.empty()) return false;
    notes.file = *stamp;
    const auto read = read_log(database + "-wal", std::nullopt);
    if (!read) return false;
    if (read->kind == LogRead::Kind::kAnother) notes.log = read->end;
    return true;
}

/// Looks until a later write to the database must be seen in its times.
void wait_for_witness(Held& held, const std::string& database) {
    for (int ticks = 0; ticks < kTicksMax && !held.notes.idle() && !held.notes.witness; ++ticks) {
        std::this_thread::sleep_for(kTick);
        look_into(held, database);
    }
}

/// A snapshot that has begun: BEGIN alone takes the moment of the first thing read.
Result<replica::Snapshot> moment_of(const replica::Database& db) {
    auto out = replica::Snapshot::begin(db);
    if (!out) return out;
    if (auto read = db.scalar("SELECT count(*) FROM kontor_meta"); !read)
        return tl::unexpected<Error>(read.error());
    return out;
}

/// What a log holds as SQLite sees it, and how much of that the database's file has.
struct WrittenBack {
    int frames = -1;
    int written = -1;
    [[nodiscard]] bool all() const { return frames >= 0 && frames == written; }
};

Result<WrittenBack> write_all_back(const replica::Database& db) {
    WrittenBack out;
    const int rc = sqlite3_wal_checkpoint_v2(db.raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             &out.frames, &out.written);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        return tl::unexpected<Error>(replica::storage_error(db.raw(), rc, "write back the log"));
    return out;
}

Result<replica::Database> open_beside(const replica::Database& db) {
    return replica::Database::open(
        db.path(), {.access = replica::Access::kLocal, .busy_timeout = kPatience, .cache_kib = 64});
}

}  // namespace

void PageSet::add(const PageSet& other) {
    pages.insert(other.pages.begin(), other.pages.end());
    all_above = std::min(all_above, other.all_above);
}

void ChangedPages::look() const {
    // Whoever has them looks as well; a backup that begins may have them for seconds.
    auto held = Held::open(file_, Held::How::kAtOnce);
    if (!held) return;
    look_into(*held, database_);
    held->keep();
}

Result<> ChangedPages::write_back(const replica::Database& writer,
                                  const replica::Database& reader) const {
    // As in look(). Without the notes the log is written back all the same: that costs no more than
    // their proof.
    auto held = Held::open(file_, Held::How::kAtOnce);
    if (held) look_into(*held, database_);
    // While somebody reads the log, it does not begin anew: what is written back meanwhile changes
    // the database's file, and the log still proves that it is known.
    const auto pin =
        held && !held->notes.idle() ? moment_of(reader) : replica::Snapshot::begin(reader);
    const auto done = write_all_back(writer);
    if (held) {
        look_into(*held, database_);
        wait_for_witness(*held, database_);
        held->keep();
    }
    if (!done) return tl::unexpected<Error>(done.error());
    return {};
}

Result<ChangedPages::Moment> ChangedPages::begin(const replica::Database& db,
                                                 const std::string& point,
                                                 const std::string& token) const {
    const auto plainly = [&]() -> Result<Moment> {
        auto snapshot = moment_of(db);
        if (!snapshot) return pass(snapshot);
        return Moment{std::move(*snapshot), std::nullopt, false, {}, true};
    };
    auto held = Held::open(file_, Held::How::kCreate);
    if (!held) return plainly();
    auto& notes = held->notes;
    // Most of the log is written back before anybody has to wait.
    auto writer = open_beside(db);
    const auto checkpointer = open_beside(db);
    if (checkpointer) {
        look_into(*held, database_);
        if (auto pin = moment_of(db); pin) {
            static_cast<void>(write_all_back(*checkpointer));
            look_into(*held, database_);
            wait_for_witness(*held, database_);
        }
    }
    std::optional<replica::Transaction> alone;
    if (writer)
        if (auto begun = replica::Transaction::begin(*writer); begun)
            alone.emplace(std::move(*begun));

    look_into(*held, database_);
    std::optional<PageSet> changed;
    if (!point.empty() && notes.point == point) {
        if (!notes.token.empty()) notes.since_point.add(notes.since_snapshot);
        notes.since_snapshot = {};
        changed = notes.since_point;
    } else if (!begin_anew(*held, notes, database_)) {
        notes.forget();
        held->keep();
        alone.reset();
        return plainly();
    }
    // What is committed between here and the snapshot, if others may write, is noted as later.
    notes.token = token;
    WrittenBack back;
    if (alone && checkpointer) back = write_all_back(*checkpointer).value_or(WrittenBack{});
    // A commit of a writer that was killed is one only after a recovery, which may be still to
    // come.
    const auto seen = notes.log ? static_cast<int>(notes.log->frames) : 0;
    if (back.frames != seen) {
        changed.reset();
        notes.forget();
    }
    auto snapshot = moment_of(db);
    if (!snapshot) return pass(snapshot);
    look_into(*held, database_);
    if (alone) wait_for_witness(*held, database_);
    held->keep();
    return Moment{std::move(*snapshot), std::move(changed), back.all(), notes.whole_at,
                  !notes.distrusted};
}

void ChangedPages::settle(const std::string& token, const std::string& point,
                          const std::string& whole_at) const {
    auto held = Held::open(file_, Held::How::kWait);
    if (!held || held->notes.token != token || token.empty()) return;
    look_into(*held, database_);
    auto& notes = held->notes;
    if (notes.token != token) {  // forgotten just now
        held->keep();
        return;
    }
    notes.point = point;
    notes.token.clear();
    notes.since_point = std::move(notes.since_snapshot);
    notes.since_snapshot = {};
    if (!whole_at.empty()) notes.whole_at = whole_at;
    held->keep();
}

void ChangedPages::distrust() const {
    auto held = Held::open(file_, Held::How::kWait);
    if (!held) return;
    held->notes.forget();
    held->notes.distrusted = true;
    held->keep();
}

}  // namespace kontor::backup
