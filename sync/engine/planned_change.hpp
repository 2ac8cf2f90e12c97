#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/value.hpp"

namespace kontor::engine {

/// A value that would be another one.
struct PlannedValue {
    std::string column;        ///< ours
    std::string remote_field;  ///< theirs; "" for a change here
    /// For a change here as the column has it, else in the remote's own form. Absent: nothing is
    /// known, or the record is new. Of a conflict, `old` is ours and `now` theirs.
    Value old, now;
};

/// One change that a dry run found, or a record that it found held up.
struct PlannedChange {
    enum class Side : std::uint8_t { kHere, kThere };
    Side side = Side::kHere;
    std::string stream = {};
    std::string entity = {};
    std::int64_t record = 0;                ///< 0 if it does not exist here yet
    std::string ext_id = {};                ///< "" if it does not exist there yet
    std::string op = {};                    ///< create update delete, or conflict blocked: held up
    std::vector<std::string> fields = {};   ///< our columns, on both sides
    std::vector<PlannedValue> values = {};  ///< not of a deletion
    bool values_left_out = false;           ///< there was no room for them
    /// Why it is held up: a conflict's rule, or the code and words of the refusal.
    std::string code = {}, reason = {};
    std::int64_t conflict = 0;  ///< of a conflict that is open already
};

/// What a dry run found, in the order in which it is told: all of it counted, the first part kept.
class PlannedChanges {
public:
    static constexpr std::size_t kKeptMax = 100'000;
    /// Together; further ones are kept without values.
    static constexpr std::size_t kValueBytesMax = 64U << 20U;

    void add(PlannedChange change);
    /// Counts what would not be kept, so that nobody has to put it together.
    void count_only(std::int64_t more) { total_ += more; }
    [[nodiscard]] bool has_room() const { return kept_.size() < kKeptMax; }

    [[nodiscard]] const std::vector<PlannedChange>& kept() const { return kept_; }
    [[nodiscard]] std::int64_t total() const { return total_; }
    /// Of these, records that are held up.
    [[nodiscard]] std::int64_t held_up() const { return held_up_; }

private:
    std::vector<PlannedChange> kept_;
    std::int64_t total_ = 0;
    std::int64_t held_up_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace kontor::engine
