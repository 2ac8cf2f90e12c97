#include "sync/replica/write_turn.hpp"

#include <algorithm>

namespace kontor::replica {

bool WriteTurn::may_take(bool yields) const {
    if (taken_) return false;
    const bool engine_next = favours_ >= kFavoursMax && yielding_ > 0;
    return yields ? edits_waiting_ == 0 || engine_next : !engine_next;
}

WriteTurn::Clock::time_point WriteTurn::rested_at() const {
    return worked_ >= pace_.work ? given_at_ + pace_.rest : given_at_;
}

bool WriteTurn::take(bool yields, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    int& waiting = yields ? yielding_ : edits_waiting_;
    ++waiting;
    const auto deadline = Clock::now() + patience;
    while (true) {
        const auto now = Clock::now();
        const auto start = yields ? rested_at() : now;
        if (may_take(yields) && now >= start) break;
        if (now >= deadline) {
            --waiting;
            // Others may have waited for us alone.
            free_.notify_all();
            return false;
        }
        free_.wait_until(lock, now < start ? std::min(start, deadline) : deadline);
    }
    --waiting;
    taken_ = true;
    by_engine_ = yields;
    favours_ = yields || yielding_ == 0 ? 0 : favours_ + 1;
    taken_at_ = Clock::now();
    if (yields && taken_at_ - given_at_ >= pace_.rest) worked_ = {};
    return true;
}

void WriteTurn::give() {
    {
        const std::lock_guard lock(mutex_);
        taken_ = false;
        if (by_engine_) {
            given_at_ = Clock::now();
            worked_ += given_at_ - taken_at_;
        }
    }
    free_.notify_all();
}

bool WriteTurn::wanted() const {
    const std::lock_guard lock(mutex_);
    return edits_waiting_ > 0;
}

}  // namespace kontor::replica
