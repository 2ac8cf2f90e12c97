#include "sync/base/random.hpp"

#include <sys/random.h>

#include <array>
#include <cstdio>
#include <stdexcept>

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
    std::uint64_t value = 0;
    if (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value))
        throw std::runtime_error("getrandom failed");
    return value;
}

}  // namespace kontor
