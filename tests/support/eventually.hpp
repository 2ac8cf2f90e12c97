#pragma once

#include <chrono>
#include <thread>

namespace kontor::test {

/// Waits for what other threads or programs do, until `true_now()` is; false after a minute. That
/// is far more than anything takes, for on a loaded machine everything takes long.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate true_now) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!true_now()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace kontor::test
