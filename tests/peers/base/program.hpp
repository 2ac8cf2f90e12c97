#pragma once
// What the peers' programs share.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace kontor::peer {

/// A private folder that goes when the peer goes, unless the user named one.
class Folder {
public:
    /// Throws std::runtime_error if it cannot be made. `program` begins a temporary one's name.
    Folder(const std::string& named, const std::string& program);
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::string& path() const { return path_; }

private:
    bool kept_;
    std::string path_;
};

/// NAME=VALUE texts. Throws std::invalid_argument.
std::vector<std::pair<std::string, std::string>> split_switches(
    const std::vector<std::string>& texts);

/// Milliseconds since the Unix epoch.
std::int64_t system_ms();
/// A clock that runs from this instant on. Throws std::invalid_argument.
std::function<std::int64_t()> clock_from(const std::string& instant);

}  // namespace kontor::peer
