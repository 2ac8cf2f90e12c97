#pragma once

#include <string>
#include <utility>

#include "sync/base/result.hpp"

namespace kontor::backup {

/// A folder (mode 0700) that goes with its content at the end of its life. Movable.
class Scratch {
public:
    /// Empty: what a killed process left there is removed.
    [[nodiscard]] static Result<Scratch> make(std::string path);
    Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Scratch& operator=(Scratch&&) = delete;
    ~Scratch();
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    explicit Scratch(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace kontor::backup
