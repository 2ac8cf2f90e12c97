#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace kontor {

/// Where chance comes from: back-off jitter, keys. Not for cryptographic secrets.
/// Implementations say whether they are thread-safe.
class Random {
public:
    virtual ~Random() = default;
    [[nodiscard]] virtual std::uint64_t next() = 0;

    /// 128 random bits as 32 lower-case hex digits.
    [[nodiscard]] std::string uid();
};

/// Replays the same sequence from the same seed. Not thread-safe.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    [[nodiscard]] std::uint64_t next() override { return engine_(); }

private:
    std::mt19937_64 engine_;
};

/// The operating system's randomness. Thread-safe.
class SystemRandom final : public Random {
public:
    [[nodiscard]] std::uint64_t next() override;
};

}  // namespace kontor
