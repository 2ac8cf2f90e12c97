#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "connectors/host/unique_fd.hpp"
#include "sync/base/log.hpp"

namespace kontor::app {

/// One thing that happened, as the API's clients are told.
struct Event {
    std::int64_t id = 0;
    std::string type;  ///< sync.progress, sync.finished, replica.changed …
    std::string json;  ///< one object on one line
};

/// The last events on disk: after a restart their numbers go on, and a client that comes back is
/// given what it missed. Files of one line an event, appended without waiting for the disk.
///
/// Numbers go on without a gap after an orderly end and after a killed process. After a power cut,
/// or if something could not be written, nobody knows which numbers were given out: then they jump
/// to the clock's milliseconds, above all that were, and what came before is a gap.
///
/// Never fails: without a disk the daemon goes on. Not thread-safe.
class EventStore {
public:
    /// `boot_id`: changes with each start of the machine. `log` must outlive it.
    EventStore(std::string folder, std::string boot_id, Logger& log);

    struct Kept {
        std::deque<Event> events;  ///< numbered without gaps; at most `capacity`
        std::int64_t next_id = 0;
    };
    /// What was kept; call once, before append(). `clock_ms` is the least number to jump to. Mostly
    /// it writes nothing: what the last start left holds until there is an event.
    [[nodiscard]] Kept open(std::int64_t clock_ms, std::size_t capacity);
    /// `event` has the number after the last one's.
    void append(const Event& event);
    /// The orderly end.
    void close();

private:
    void drop_before(std::int64_t id);
    void start_file(std::int64_t first_id);
    void failed(int error);
    [[nodiscard]] std::string mark_path() const { return folder_ + "/mark"; }
    [[nodiscard]] std::string mark_of_this_boot() const { return "boot " + boot_id_ + "\n"; }
    void unmark();
    void begin();

    const std::string folder_;
    const std::string boot_id_;
    Logger& log_;
    std::size_t capacity_ = 0;
    std::vector<std::int64_t> files_;  ///< the first number of each, oldest first
    host::UniqueFd file_;
    std::size_t in_file_ = 0;
    bool clean_ = false;  ///< the mark says that the last start has come to its orderly end
    bool begun_ = false;  ///< the mark was made that speaks for this start
    bool lost_ = false;   ///< the last event is not on disk
    bool told_ = false;
};

/// This start of the machine, from the kernel; "" if it does not say.
[[nodiscard]] std::string boot_id();

}  // namespace kontor::app
