#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/event_store.hpp"

namespace kontor::app {

/// The last events, numbered without gaps, from one start of the daemon to the next too as far as
/// the store knows. Thread-safe.
class EventLog {
public:
    static constexpr std::size_t kCapacity = 4'096;

    /// In memory alone.
    explicit EventLog(std::int64_t first_id, std::size_t capacity = kCapacity);
    /// On disk too; `store` must outlive it. `clock_ms`: see EventStore::open().
    EventLog(EventStore& store, std::int64_t clock_ms, std::size_t capacity = kCapacity);
    ~EventLog();
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;

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
    EventStore* const store_ = nullptr;
    std::int64_t next_ = 0;
    std::int64_t next_subscription_ = 1;
    std::map<std::int64_t, std::function<void()>> subscribers_;
};

}  // namespace kontor::app
