#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// One run of a backup.
struct RunEntry {
    std::string at;        ///< UTC, begun
    std::string snapshot;  ///< "" if it failed
    std::string shows;     ///< UTC, the moment that it holds
    std::int64_t ms = 0;
    std::int64_t bytes_added = 0;
    std::string error;                    ///< "" = it worked
    std::vector<std::string> notes = {};  ///< what is wrong besides: sentences of the catalogue
};

/// One try to restore a backup.
struct DrillEntry {
    std::string at;
    std::string snapshot;
    std::string shows;
    std::int64_t ms = 0;
    std::int64_t bytes = 0;               ///< of the database
    std::string error;                    ///< "" = proven
    std::vector<std::string> notes = {};  ///< what is wrong besides: sentences of the catalogue
};

/// What is known here of one repository, in a file of JSON. A plain value.
struct Ledger {
    std::optional<RunEntry> last_run;
    std::optional<RunEntry> last_good_run;
    std::vector<DrillEntry> drills;  ///< oldest first, the newest 200
    bool pruning = false;            ///< old ones were to be dropped, and nobody saw the end of it

    void add(RunEntry run);
    void add(DrillEntry drill);
    /// The newest drill of that backup; nullptr if nobody tried.
    [[nodiscard]] const DrillEntry* drill_of(const std::string& snapshot) const;
    [[nodiscard]] bool proven(const std::string& snapshot) const;
    [[nodiscard]] const DrillEntry* last_proof() const;
    /// How old what the last good run holds is; nullopt if there was none. Never negative, whatever
    /// the clock was.
    [[nodiscard]] std::optional<std::chrono::seconds> behind(Instant now) const;
};

/// As the file, the API and the command line show them.
[[nodiscard]] nlohmann::json entry_json(const RunEntry& run);
[[nodiscard]] nlohmann::json entry_json(const DrillEntry& drill);

/// What the file says. What is no ledger counts as an empty one: nothing is proven.
[[nodiscard]] Ledger parse_ledger(std::string_view text);
[[nodiscard]] std::string to_json(const Ledger& ledger);
/// Empty if there is no file. kStorage.
[[nodiscard]] Result<Ledger> load_ledger(const std::string& path);
[[nodiscard]] Result<> save_ledger(const std::string& path, const Ledger& ledger);

}  // namespace kontor::backup
