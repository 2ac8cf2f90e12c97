#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/backup/program.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// One backup in a repository.
struct Snapshot {
    std::string id;           ///< restic's, 64 hex digits
    std::int64_t number = 0;  ///< counted within one tag; clocks may go wrong, this does not
    Instant at{};             ///< by the clock of the machine that made it
    std::string host;
    std::vector<std::string> tags;
    bool operator==(const Snapshot&) const = default;
};

/// Begins the tag that holds a backup's number.
inline constexpr std::string_view kNumberTag = "number-";

struct Stored {
    std::string snapshot;          ///< id, or how it begins: 8 hex digits and more
    std::int64_t bytes_added = 0;  ///< to the repository, before compression
    std::int64_t bytes_total = 0;  ///< of all files in it
};

// What restic writes. Pure, and ready for anything: another version may say it in another way, and
// what it says of a repository comes from whoever can write there. What cannot be read is
// kProtocol. Source: https://restic.readthedocs.io/en/v0.14.0/075_scripting.html

/// What `restic backup --json` says, line by line. Lines that are no JSON object, or of a kind that
/// is not needed, are passed over.
class StoreReport {
public:
    /// `progress` gets a share from 0 to 1; may be empty.
    explicit StoreReport(std::function<void(double)> progress) : progress_(std::move(progress)) {}
    void add(std::string_view line);
    [[nodiscard]] Result<Stored> stored() const;

private:
    std::function<void(double)> progress_;
    Result<Stored> stored_;
};

/// `restic snapshots --json`, in the order of number and time.
[[nodiscard]] Result<std::vector<Snapshot>> read_snapshots(std::string_view text);

/// `restic forget --dry-run --json`: the ids of what would go.
[[nodiscard]] Result<std::vector<std::string>> read_removed(std::string_view text);

/// Why restic has ended with another code than 0, by the words that it used.
[[nodiscard]] Error restic_error(const Ended& ended, const std::string& backup,
                                 const std::string& target);

/// Whether restic, by the end of its standard error, tries in vain: what is refused once is refused
/// again.
[[nodiscard]] bool tries_in_vain(std::string_view errors);

}  // namespace kontor::backup
