#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sync/engine/sql.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::engine {

/// As which version a list has shown records, by id.
using ListedVersions = std::map<std::string, std::string, std::less<>>;

/// Records of one stream that a pull leaves to be read by id. Few are in memory: put_aside() moves
/// them to a temporary table, so that their number costs no memory of ours. Throws Failure.
class Rereads {
public:
    Rereads(Sql& sql, std::int64_t stream) : sql_(sql), stream_(stream) {}

    /// `batch`: where the list has shown them.
    void add(std::vector<std::string> ids, std::span<const remote::RecordView> batch);
    [[nodiscard]] bool empty() const { return ids_.empty() && !put_aside_; }
    /// Of those in memory.
    [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }
    void put_aside();

    struct Some {
        std::vector<std::string> ids;
        ListedVersions listed;
    };
    /// What is in memory, or a part of what was put aside; again until it is empty().
    [[nodiscard]] Some take();

private:
    Sql& sql_;
    const std::int64_t stream_;
    std::vector<std::string> ids_;
    ListedVersions listed_;  ///< of these
    bool put_aside_ = false;
};

}  // namespace kontor::engine
