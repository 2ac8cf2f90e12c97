#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace kontor::simulation {

/// Which seed a process is at. In memory that it shares with its parent, which reads there what
/// became of a child that could not say it any more.
struct UnderWay {
    std::atomic<std::uint64_t> seed{0};
    std::atomic<bool> busy{false};  ///< a seed is being run
    std::atomic<bool> told{false};  ///< the process has said itself where it ended
};

/// It tells a process to end: nothing is wrong with the seed.
[[nodiscard]] bool is_order(int signal);

/// Memory for it that children share. Never given back.
[[nodiscard]] UnderWay* share_under_way();

/// From now on this process names its seed, and how to repeat it, if a signal or a sanitizer ends
/// it in the midst of one. `repeat`: the command, to which the seed is added.
void name_seed_at_end(UnderWay& under_way, const std::string& repeat);

/// In a child whose end its parent awaits.
void name_no_seed();

/// "seed N FAILED", why, and how to repeat it: of a seed that has ended its process.
[[nodiscard]] std::string told_of_crash(std::uint64_t seed, const std::string& why,
                                        const std::string& repeat);

/// While it lives, the process is at this seed, and ends if that takes longer than `seconds` (0: as
/// long as it takes).
class AtSeed {
public:
    AtSeed(UnderWay& under_way, std::uint64_t seed, unsigned seconds);
    ~AtSeed();
    AtSeed(const AtSeed&) = delete;
    AtSeed& operator=(const AtSeed&) = delete;
    /// From now on it takes as long as it takes.
    void take_time();

private:
    UnderWay& under_way_;
};

}  // namespace kontor::simulation
