#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace kontor::app {

/// One thing that happened, as the API's clients are told.
struct Event {
    std::int64_t id = 0;
    std::string type;  ///< sync.progress, sync.finished, replica.changed …
    std::string json;  ///< one object on one line
};

/// The last events of this process, numbered without gaps. Ids start at the clock's milliseconds,
/// so that they also rise from one start of the daemon to the next. Thread-safe.
class EventLog {
public:
    explicit EventLog(std::int64_t first_id, std::size_t capacity = 4'096);

    std::int64_t publish(std::string type, std::string json);

    struct Page {
        std::vector<Event> events;
        bool gap = false;  ///< events between `since` and the first one given are lost
    };
    /// Events after `since`, at most `limit`.
    [[nodiscard]] Page after(std::int64_t since, std::size_t limit) const;
    /// Id of the newest event; one less than the first id if there is none yet.
    [[nodiscard]] std::int64_t newest() const;

    /// `notify` is called after each publish(), on the publisher's thread, until unsubscribe(). It
    /// must return quickly and must not call back into this object.
    std::int64_t subscribe(std::function<void()> notify);
    void unsubscribe(std::int64_t subscription);

private:
    mutable std::mutex mutex_;
    std::deque<Event> events_;
    const std::size_t capacity_;
    std::int64_t next_;
    std::int64_t next_subscription_ = 1;
    std::map<std::int64_t, std::function<void()>> subscribers_;
};

}  // namespace kontor::app
