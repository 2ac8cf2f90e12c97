#include "sync/base/random.hpp"

#include <sys/random.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace kontor {

std::string Random::uid() {
    // Two statements: the order of function arguments is not specified.
    const auto high = static_cast<unsigned long long>(next());
    const auto low = static_cast<unsigned long long>(next());
    std::array<char, 33> out{};
    std::snprintf(out.data(), out.size(), "%016llx%016llx", high, low);
    return {out.data(), 32};
}

std::uint64_t SystemRandom::next() {
    // Sealing history takes two numbers for each entry: a call of the kernel for each would be a
    // fifth of it. So many bytes come whole, even when a signal arrives. (Nothing of ours forks
    // without running another program.)
    constexpr std::size_t kNumbers = 256 / sizeof(std::uint64_t);
    thread_local std::array<std::uint64_t, kNumbers> drawn{};
    thread_local std::size_t left = 0;
    if (left == 0) {
        if (getrandom(drawn.data(), sizeof drawn, 0) != static_cast<ssize_t>(sizeof drawn))
            throw std::runtime_error("getrandom failed");
        left = kNumbers;
    }
    return std::exchange(drawn[--left], 0);
}

}  // namespace kontor
