#pragma once

#include <string>
#include <utility>

#include "daemon/cli/failure.hpp"

namespace kontor::cli {

/// A folder for as long as the command runs.
class ScratchFolder {
public:
    [[nodiscard]] static Outcome<ScratchFolder> make(messages::Language language);
    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ~ScratchFolder();
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace kontor::cli
