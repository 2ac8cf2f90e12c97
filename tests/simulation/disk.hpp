#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/clock.hpp"
#include "tests/simulation/time.hpp"
#include "tests/simulation/trace.hpp"

struct sqlite3_vfs;

namespace kontor::simulation {

/// What a power cut leaves of the writes since the last sync.
enum class Left {
    kAll,      ///< no power cut: the process was killed, and the system has written on
    kNothing,  ///< none
    kSome,     ///< any of them, possibly torn
};

enum class StepKind {
    kFrame,  ///< a write into the log that ends no transaction: alone, it changes nothing
    kWrite,
    kSync,
    kRequest
};

/// A device's disk in memory, as an SQLite VFS: files, locks and shared memory for WAL, the
/// device's time, and randomness from the seed. It knows what has reached the platter: after a
/// power cut, what was synced is there, and of the rest any part, possibly torn.
///
/// Single-threaded. Handles opened on it must be closed before it goes.
class Disk {
public:
    /// `name`: of the VFS, unique in the process.
    Disk(std::string name, const Clock& clock, std::uint64_t seed, Trace& trace,
         bool is_default = false);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    [[nodiscard]] const std::string& vfs() const { return name_; }
    [[nodiscard]] Trace& trace() const { return *trace_; }
    /// Also under handles that are open and idle: they find another file.
    void put(const std::string& path, const std::string& bytes);
    [[nodiscard]] std::string get(const std::string& path) const;

    /// The power goes at the `writes`-th write from now (0: at once). From then on all fails.
    void cut_power_after(std::uint64_t writes);
    [[nodiscard]] bool dead() const { return dead_; }
    /// Power is back. No handle may be open.
    void restart(Left left = Left::kSome);
    /// Called before each write and sync is carried out; it may cut the power.
    void watch(std::function<void(StepKind)> watcher) { watcher_ = std::move(watcher); }

    /// As new, but for handles that are open and idle: they find empty files.
    void move_to(const Clock& clock, std::uint64_t seed, Trace& trace);

    /// There is no room for the next `writes` writes.
    void fill_for(std::uint64_t writes) { full_for_ = writes; }
    /// Writes refused for want of room since the last call.
    std::uint64_t take_refused() { return std::exchange(refused_, 0); }

    struct File;
    struct Handle;

private:
    friend struct Vfs;
    bool has_room();
    void note_step(StepKind kind);

    std::string name_;
    const Clock* clock_;
    std::uint64_t seed_;
    Dice dice_;
    Trace* trace_;
    std::unique_ptr<sqlite3_vfs> registered_;
    std::map<std::string, std::shared_ptr<File>> files_;
    std::uint64_t writes_ = 0;
    std::uint64_t power_cut_at_ = UINT64_MAX;
    bool dead_ = false;
    std::uint64_t full_for_ = 0;
    std::uint64_t refused_ = 0;
    std::function<void(StepKind)> watcher_;
};

/// The disk that SQLite uses where no other is named (temporary databases), and from which alone it
/// seeds its random numbers. One in a process.
class DefaultDisk {
public:
    DefaultDisk();
    /// SQLite's random numbers start afresh.
    void seed(std::uint64_t seed);

private:
    WorldTime time_;
    DeviceClock clock_{time_, 0};
    Trace trace_;
    Disk disk_;
};

}  // namespace kontor::simulation
