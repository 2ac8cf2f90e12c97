#include "sync/base/random.hpp"

#include <sys/random.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace kontor {

std::string Random::uid() {
    std::array<char, 33> out{};
    std::snprintf(out.data(), out.size(), "%016llx%016llx", static_cast<unsigned long long>(next()),
                  static_cast<unsigned long long>(next()));
    return {out.data(), 32};
}

std::uint64_t SystemRandom::next() {
    std::uint64_t value = 0;
    if (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value))
        throw std::runtime_error("getrandom failed");
    return value;
}

}  // namespace kontor
