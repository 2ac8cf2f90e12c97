#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace kontor::replica {

/// In which order the threads of one process write to one replica.
///
/// SQLite admits one writer at a time, and whoever finds it busy polls, with longer and longer
/// pauses: somebody who edits would wait much longer than the transaction in his way lasts, or
/// behind one after the other. Here the threads queue instead. Somebody who edits goes before the
/// engine, and the engine can tell that somebody waits, so as to end a long transaction early.
/// After kFavoursMax turns it has its own, however many edit.
///
/// Other processes cannot queue. SQLite's busy handler polls every 100 ms in the end, so once the
/// engine has written for a while (Pace::work), it leaves the file alone for longer than that, and
/// whoever polls gets in. That makes a plain busy timeout enough at any time (docs/sql.md).
///
/// Thread-safe; must outlive the handles that were opened with it.
class WriteTurn {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr int kFavoursMax = 64;
    struct Pace {
        std::chrono::milliseconds work{2'000};
        std::chrono::milliseconds rest{105};
    };
    WriteTurn() : WriteTurn(Pace{}) {}
    explicit WriteTurn(Pace pace) : pace_(pace) {}

    /// Waits for the turn. `yields`: the engine, which lets others go first. False if it has not
    /// come within `patience`; then there is nothing to give back.
    [[nodiscard]] bool take(bool yields, std::chrono::milliseconds patience);
    void give();

    /// True if somebody who edits waits.
    [[nodiscard]] bool wanted() const;

private:
    [[nodiscard]] bool may_take(bool yields) const;
    [[nodiscard]] Clock::time_point rested_at() const;

    const Pace pace_;
    mutable std::mutex mutex_;
    std::condition_variable free_;
    bool taken_ = false;
    bool by_engine_ = false;
    int edits_waiting_ = 0;
    int yielding_ = 0;  // engines that wait
    int favours_ = 0;   // turns that went to edits while an engine waited
    Clock::time_point taken_at_{};
    Clock::time_point given_at_{};  // by the engine
    Clock::duration worked_{};      // by the engine since it last rested
};

}  // namespace kontor::replica
