#include "daemon/event_log.hpp"

#include <utility>

namespace kontor::app {

EventLog::EventLog(std::int64_t first_id, std::size_t capacity)
    : capacity_(capacity), next_(first_id) {}

EventLog::EventLog(EventStore& store, std::int64_t clock_ms, std::size_t capacity)
    : capacity_(capacity), store_(&store) {
    auto kept = store.open(clock_ms, capacity);
    events_ = std::move(kept.events);
    next_ = kept.next_id;
}

EventLog::~EventLog() {
    if (store_ != nullptr) store_->close();
}

std::int64_t EventLog::publish(std::string type, std::string json) {
    const std::lock_guard lock(mutex_);
    Event event{next_++, std::move(type), std::move(json)};
    const auto id = event.id;
    if (store_ != nullptr) store_->append(event);
    events_.push_back(std::move(event));
    if (events_.size() > capacity_) events_.pop_front();
    for (const auto& [key, notify] : subscribers_) notify();
    return id;
}

EventLog::Page EventLog::after(std::int64_t since, std::size_t limit) const {
    const std::lock_guard lock(mutex_);
    Page page;
    const auto first = next_ - static_cast<std::int64_t>(events_.size());
    // A client of an earlier process, or of one whose clock was ahead, has missed something too.
    page.gap = since + 1 < first || since >= next_;
    auto at = page.gap ? first : since + 1;
    for (; at < next_ && page.events.size() < limit; ++at)
        page.events.push_back(events_[static_cast<std::size_t>(at - first)]);
    return page;
}

std::int64_t EventLog::newest() const {
    const std::lock_guard lock(mutex_);
    return next_ - 1;
}

std::int64_t EventLog::subscribe(std::function<void()> notify) {
    const std::lock_guard lock(mutex_);
    subscribers_.emplace(next_subscription_, std::move(notify));
    return next_subscription_++;
}

void EventLog::unsubscribe(std::int64_t subscription) {
    const std::lock_guard lock(mutex_);
    subscribers_.erase(subscription);
}

}  // namespace kontor::app
