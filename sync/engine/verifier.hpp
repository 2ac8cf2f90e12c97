#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/remote/remote.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// Why two sides may differ although nothing is wrong. Names (see to_string) are stable.
enum class VerifyReason : std::uint8_t {
    kNone,           ///< nothing that is known explains it
    kUnsent,         ///< changed, made or deleted here and not sent yet
    kConflict,       ///< a person has been asked
    kBlocked,        ///< the remote refused it
    kInFlight,       ///< sent; the answer is not known, or not read back yet
    kOneWay,         ///< by the mapping or the catalogue this never goes that way
    kKeptOtherwise,  ///< what we sent or took is kept there in another form
    kShortened,      ///< both agree, but the remote cannot hold all that is here
    kWaits,          ///< refers to a record that is not here: not yet, or not any more
    kNotCompared,    ///< not compared since the mapping changed, or the remote did not show it
    kNotFetched,     ///< changed there; the next sync brings it
    kDetached,       ///< by policy or decision no longer synced
    kNoAccess,       ///< exists there, we may not see it
    kUndecided,      ///< it has been asked whether it is a record that is here
};
[[nodiscard]] std::string_view to_string(VerifyReason reason);

/// One difference. Values are in the remote's own form.
struct VerifyFinding {
    enum class Kind : std::uint8_t { kValue, kOnlyHere, kOnlyThere };
    Kind kind = Kind::kValue;
    VerifyReason reason = VerifyReason::kNone;
    std::string stream, entity;
    std::int64_t record = 0;           ///< 0 if it does not exist here
    std::string ext_id;                ///< "" if it does not exist there
    std::string column, remote_field;  ///< of kValue
    Value ours, theirs;                ///< of kValue
    std::string detail;                ///< the conflict's id, or the remote's code; "" if none
};
[[nodiscard]] std::string_view to_string(VerifyFinding::Kind kind);

struct VerifyCounts {
    std::string stream, entity;
    bool ready = true;          ///< false: not loaded yet, or not read since a restore: left out
    bool whole = false;         ///< all of it, no sample
    std::int64_t compared = 0;  ///< records that both sides have
    std::int64_t equal = 0;     ///< of these, without any difference in what is shown
    std::int64_t values = 0;    ///< compared, one a field
    /// Values that the remote's answers left out, and by the remote's field: of these nothing is
    /// known.
    std::int64_t not_shown = 0;
    std::map<std::string, std::int64_t> not_shown_fields;
    std::int64_t differ = 0;                         ///< values without a reason
    std::int64_t only_here = 0;                      ///< records without a reason
    std::int64_t only_there = 0;                     ///< records without a reason
    std::map<VerifyReason, std::int64_t> explained;  ///< differences with one

    [[nodiscard]] std::int64_t unexplained() const { return differ + only_here + only_there; }
};

struct VerifyOptions {
    std::vector<std::string> streams;  ///< only these streams or entities; empty = all
    /// So many records of each stream, chosen by chance among those that both sides should have;
    /// 0 = all records, and those that only one side has. So is a stream compared whose records
    /// the remote does not give by id.
    std::int64_t sample = 0;
    /// The same seed chooses the same records, as long as they exist.
    std::uint64_t seed = 0;
};

struct VerifyReport {
    VerifyOptions options;
    std::vector<VerifyCounts> streams;

    [[nodiscard]] std::int64_t unexplained() const;
};

/// Compares the replica with a remote, field by field, and only reads: neither side, no cursor and
/// no table changes. What the remote shows is compared in its own form with what the replica knows;
/// a difference that this does not explain is read by id once more, and counts only if it still is
/// there and no change that the next sync brings accounts for it.
///
/// Synchronous, on the caller's thread. Memory: a few bits for each link, and what one page needs.
/// `db` may be, and should be, a handle opened with Access::kReadOnly. `finding` is called for each
/// difference, those with a reason too. kNotFound without such a connection or stream; kMismatch if
/// another organisation answers; kCancelled.
class Verifier {
public:
    struct Ports {
        const replica::Database& db;
        remote::Remote& remote;
        Observer& observer;
        const std::atomic<bool>& cancelled;
        std::function<void(const VerifyFinding&)> finding;
    };
    Verifier(Ports ports, const ConnectionSettings& settings)
        : ports_(std::move(ports)), settings_(settings) {}

    [[nodiscard]] Result<VerifyReport> run(const VerifyOptions& options);

private:
    Ports ports_;
    const ConnectionSettings& settings_;
};

}  // namespace kontor::engine
