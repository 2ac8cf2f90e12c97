#pragma once

#include <atomic>

#include "sync/base/result.hpp"

namespace kontor::host {

/// A system library that is opened when something of it is needed for the first time, for what a
/// program does rarely or not at once: with those behind it, libcurl alone would take a quarter of
/// the time in which the daemon starts. It is never closed. Thread-safe.
class LateLibrary {
public:
    /// `name` is its soname, and must outlive it.
    explicit constexpr LateLibrary(const char* name) : name_(name) {}
    LateLibrary(const LateLibrary&) = delete;
    LateLibrary& operator=(const LateLibrary&) = delete;

    /// kUnavailable with the linker's reason.
    [[nodiscard]] Result<> open() const;

    /// The function of this name. Throws std::runtime_error if the library cannot be opened or has
    /// none: the program is not installed whole.
    template <class F>
    [[nodiscard]] F* function(const char* name) const {
        return reinterpret_cast<F*>(find(name));
    }

private:
    [[nodiscard]] void* find(const char* name) const;

    const char* name_;
    mutable std::atomic<void*> handle_{nullptr};
};

}  // namespace kontor::host
