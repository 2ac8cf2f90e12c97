#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "sync/base/value.hpp"

namespace kontor::simulation {

/// A hash of everything that happens, in order: two runs of one seed must end with the same. Can
/// also be printed, to read what led to a failure.
class Trace {
public:
    explicit Trace(bool print = false) : print_(print) {}

    void mix(std::uint64_t word) {
        hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15ULL;
        hash_ ^= hash_ >> 29U;
    }
    void mix(std::string_view bytes) {
        mix(bytes.size());
        for (std::uint64_t word = 0; !bytes.empty(); word = 0) {
            const auto taken = std::min(bytes.size(), sizeof word);
            std::memcpy(&word, bytes.data(), taken);
            mix(word);
            bytes.remove_prefix(taken);
        }
    }
    void mix(const ValueView& value) {
        mix(static_cast<std::uint64_t>(value.kind));
        mix(static_cast<std::uint64_t>(value.integer));
        mix(value.text);
    }
    /// One line of what happened.
    void note(std::string_view line) {
        mix(line);
        if (print_) std::printf("    %.*s\n", static_cast<int>(line.size()), line.data());
    }
    [[nodiscard]] bool prints() const { return print_; }
    [[nodiscard]] std::uint64_t hash() const { return hash_; }

private:
    bool print_;
    std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

}  // namespace kontor::simulation
