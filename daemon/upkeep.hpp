#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/databases.hpp"
#include "daemon/loop.hpp"
#include "daemon/watches.hpp"
#include "daemon/work_pool.hpp"
#include "sync/base/log.hpp"

namespace kontor::app {

/// Looks after the replica's file: notices edits, whoever makes them, and keeps the write-ahead log
/// short. Sleeps while nothing is written. Loop thread, except as said.
class Upkeep {
public:
    struct Parts {
        Loop& loop;
        WorkPool& pool;
        Databases& databases;
        Logger& log;
        std::int64_t wal_bytes_max = 0;  ///< the log is emptied from half of it on
        /// Local edits were committed since the last call. Called on the pool.
        std::function<void()> edited;
    };
    Upkeep(Parts parts, const std::string& folder, const std::string& file);

    /// Something was or may have been written. Any thread.
    void touched();

    enum class Checkpoint {
        kQuietly,  ///< writes back what it can while others write; the file keeps its size
        kWhole,    ///< all, and empties the file; others wait for that
    };
    /// Writes the log back into the database, as far as readers allow. Any thread.
    static void checkpoint(Databases& databases, Logger& log, Checkpoint how);

private:
    void look_soon();
    void look();
    void notice();

    Parts parts_;
    std::atomic<std::int64_t> seen_{-1};  // last history entry looked at
    std::atomic<bool> looking_{false};    // a look is planned or under way
    std::atomic<bool> again_{false};      // written meanwhile
    std::unique_ptr<Loop::Timer> look_timer_;
    std::unique_ptr<Loop::Timer> idle_timer_;
    FileWatch watch_;
};

}  // namespace kontor::app
