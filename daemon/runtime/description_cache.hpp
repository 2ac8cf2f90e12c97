#pragma once

#include <atomic>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"
#include "sync/remote/description.hpp"

namespace kontor::app {

/// What a remote said of its streams, and when.
struct Description {
    Instant at{};
    std::vector<remote::StreamSpec> streams;
};

/// Keeps descriptions in files, so that a start needs no network. Thread-safe for different
/// connections.
class DescriptionCache {
public:
    explicit DescriptionCache(std::string folder) : folder_(std::move(folder)) {}

    /// nullopt if there is none, or none that can be used.
    [[nodiscard]] std::optional<Description> load(const std::string& connection) const;
    [[nodiscard]] Result<> save(const std::string& connection,
                                const Description& description) const;
    /// Another number after each save.
    [[nodiscard]] std::uint64_t edition() const { return edition_.load(); }

private:
    [[nodiscard]] std::string path_of(const std::string& connection) const;
    std::string folder_;
    mutable std::atomic<std::uint64_t> edition_{0};
};

/// In the form of docs/connector-abi.md ("describe").
[[nodiscard]] nlohmann::json to_json(const std::vector<remote::StreamSpec>& streams);

}  // namespace kontor::app
