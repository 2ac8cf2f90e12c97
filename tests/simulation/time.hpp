#pragma once

#include <chrono>
#include <cstdint>

#include "sync/base/clock.hpp"
#include "sync/base/random.hpp"

namespace kontor::simulation {

using std::chrono::milliseconds;

/// Chance, from a seed. Each part of the world has dice of its own, so that a step that is dropped
/// from a scenario does not change what the others draw.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
    /// 0 … below - 1; `below` 0 counts as 1.
    std::uint64_t roll(std::uint64_t below) { return random_.next() % (below == 0 ? 1 : below); }
    bool percent(unsigned chance) { return roll(100) < chance; }
    milliseconds upto(milliseconds longest) {
        return milliseconds{
            static_cast<std::int64_t>(roll(static_cast<std::uint64_t>(longest.count()) + 1))};
    }
    Random& random() { return random_; }

private:
    SeededRandom random_;
};

/// The one true time. Everybody else's clock is this plus a skew.
struct WorldTime {
    Instant now = *parse_instant("2026-05-20T10:00:00Z");
    milliseconds passed{0};

    void advance(milliseconds by) {
        now += by;
        passed += by;
    }
};

/// A laptop's clock: wrong by a skew that may jump; its steady time goes on evenly, and a little
/// with each look, so that work takes time.
class DeviceClock final : public Clock {
public:
    DeviceClock(WorldTime& world, std::uint64_t seed) : world_(world), dice_(seed) {}
    [[nodiscard]] Instant now() const override { return world_.now + skew_; }
    [[nodiscard]] milliseconds steady() const override {
        world_.advance(dice_.upto(milliseconds{7}));
        return world_.passed;
    }
    void jump(milliseconds by) { skew_ += by; }
    [[nodiscard]] milliseconds skew() const { return skew_; }

private:
    WorldTime& world_;
    mutable Dice dice_;
    milliseconds skew_{0};
};

}  // namespace kontor::simulation
